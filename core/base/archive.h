// Archive: one list of fields that both writes a state to bytes and reads it back, so that the two cannot differ.
// Little-endian, as every host of ours is. Bytes being read are hostile: each count is compared with what is left before memory is taken.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace offramp {

class Archive {
 public:
  Archive() = default;                                                           // writes
  explicit Archive(std::span<const uint8_t> bytes) : from_(bytes), reading_(true) {}  // reads; the bytes outlive it
  bool reading() const { return reading_; }
  // After the first error nothing is read any more: fields keep what they have.
  bool ok() const { return status_.ok(); }
  void refuse(std::string message, ErrorCode code = ErrorCode::kInvalidData);
  // Of reading: all bytes must have been used. Errors: kInvalidData naming the place, or whatever was refused first.
  Status finish();
  std::vector<uint8_t> take() { return std::move(bytes_); }  // written

  // The names of fields are those of messages.
  template <class T>
    requires std::is_arithmetic_v<T>
  void number(const char* name, T& value) { raw(name, &value, sizeof value); }
  // Refused outside [low, high], and if it is not a number.
  template <class T>
    requires std::is_arithmetic_v<T>
  void number(const char* name, T& value, std::type_identity_t<T> low, std::type_identity_t<T> high) {
    if constexpr (std::is_integral_v<T>) value = T(integer(name, int64_t(value), int64_t(low), int64_t(high)));
    else value = T(real(name, double(value), double(low), double(high)));
  }
  void flag(const char* name, bool& value) { value = integer(name, value, 0, 1) == 1; }
  // As many values as `values` has already.
  template <class T>
  void fixed(const char* name, std::vector<T>& values) { array(name, values.data(), values.size(), sizeof(T)); }
  // `least` to `most` values.
  template <class T>
  void list(const char* name, std::vector<T>& values, size_t least, size_t most) {
    values.resize(count(name, values.size(), sizeof(T), least, most));
    raw(name, values.data(), values.size() * sizeof(T));
  }
  void text(const char* name, std::string& value, size_t most);
  // Hashes and the like: refused as kInvalidArgument if it is not `expected`, for then all is of `what` instead ("another model").
  void owner(const char* what, const std::string& expected);
  // How many items follow, each of at least `item_bytes`; 0 after an error.
  size_t count(const char* name, size_t size, size_t item_bytes, size_t least, size_t most);
  // Of reading: refused unless so many bytes follow, and nothing else.
  void rest(const char* name, size_t bytes);
  // Bytes as they are. Refused if fewer are left.
  void raw(const char* name, void* data, size_t bytes);

  // Until it goes, messages say that they are within it: "head 3".
  class [[nodiscard]] Frame {
   public:
    Frame(Archive& archive, const char* name, size_t number);
    ~Frame() { archive_.frames_.pop_back(); }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

   private:
    Archive& archive_;
  };

 private:
  void refuse_value(const char* name, const std::string& expected, const std::string& found);
  int64_t integer(const char* name, int64_t value, int64_t low, int64_t high);
  double real(const char* name, double value, double low, double high);
  void array(const char* name, void* data, size_t size, size_t item_bytes);

  std::vector<uint8_t> bytes_;
  std::span<const uint8_t> from_;
  size_t at_ = 0;
  bool reading_ = false;
  Status status_;
  std::vector<std::string> frames_;
};

// A record is a file's worth of an archive: what it is, its version, and a checksum over it. `kind` has at most 16 characters.
std::vector<uint8_t> seal_record(const char* kind, uint32_t version, const std::vector<uint8_t>& body);
// The body. Errors: kInvalidData if it is no such record or damaged; kInvalidArgument if of another version.
Result<std::span<const uint8_t>> open_record(const char* kind, uint32_t version, std::span<const uint8_t> record);

}  // namespace offramp
