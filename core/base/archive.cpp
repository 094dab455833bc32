#include "base/archive.h"

#include <cstring>

#include "base/json.h"
#include "base/sha256.h"

namespace offramp {
namespace {

constexpr std::string_view kMagic = "offramp record\n";
constexpr size_t kKindBytes = 16, kHeaderBytes = kMagic.size() + kKindBytes + sizeof(uint32_t), kChecksumBytes = 64;

}  // namespace

Archive::Frame::Frame(Archive& archive, const char* name, size_t number) : archive_(archive) {
  archive_.frames_.push_back(std::string(name) + " " + std::to_string(number));
}

void Archive::refuse(std::string message, ErrorCode code) {
  if (ok()) status_ = Error{code, std::move(message), frames_};
}

void Archive::refuse_value(const char* name, const std::string& expected, const std::string& found) {
  refuse(std::string(name) + ": expected " + expected + ", got " + found);
}

int64_t Archive::integer(const char* name, int64_t value, int64_t low, int64_t high) {
  int64_t found = value;
  raw(name, &found, sizeof found);
  if (!ok() || (found >= low && found <= high)) return found;
  refuse_value(name, std::to_string(low) + " to " + std::to_string(high), std::to_string(found));
  return value;
}

double Archive::real(const char* name, double value, double low, double high) {
  double found = value;
  raw(name, &found, sizeof found);
  if (!ok() || (found >= low && found <= high)) return found;
  refuse_value(name, Json(low).dump() + " to " + Json(high).dump(), Json(found).dump());
  return value;
}

void Archive::array(const char* name, void* data, size_t size, size_t item_bytes) {
  if (count(name, size, item_bytes, size, size) == size) raw(name, data, size * item_bytes);
}

void Archive::owner(const char* what, const std::string& expected) {
  std::string found = expected;
  text(what, found, expected.size());
  if (found != expected) refuse(std::string("it is of ") + what + "; begin without it", ErrorCode::kInvalidArgument);
}

void Archive::rest(const char* name, size_t bytes) {
  if (reading_ && ok() && from_.size() - at_ != bytes) refuse_value(name, std::to_string(bytes) + " more bytes", std::to_string(from_.size() - at_));
}

void Archive::raw(const char* name, void* data, size_t bytes) {
  if (!ok() || bytes == 0) return;
  if (!reading_) {
    const auto* from = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), from, from + bytes);
  } else if (from_.size() - at_ < bytes) {
    rest(name, bytes);
  } else {
    std::memcpy(data, from_.data() + at_, bytes);
    at_ += bytes;
  }
}

size_t Archive::count(const char* name, size_t size, size_t item_bytes, size_t least, size_t most) {
  uint64_t found = size;
  raw(name, &found, sizeof found);
  const size_t left = reading_ ? (from_.size() - at_) / item_bytes : SIZE_MAX;
  if (ok() && (found < least || found > most))
    refuse_value(name, (least == most ? "" : std::to_string(least) + " to ") + std::to_string(most) + " values", std::to_string(found));
  else if (ok() && found > left)
    refuse_value(name, std::to_string(found) + " values", std::to_string(left));
  return ok() ? size_t(found) : 0;
}

void Archive::text(const char* name, std::string& value, size_t most) {
  value.resize(count(name, value.size(), 1, 0, most));
  raw(name, value.data(), value.size());
}

Status Archive::finish() {
  if (ok() && at_ < from_.size()) refuse(std::to_string(from_.size() - at_) + " bytes too many");
  return status_;
}

std::vector<uint8_t> seal_record(const char* kind, uint32_t version, const std::vector<uint8_t>& body) {
  std::vector<uint8_t> record(kHeaderBytes);
  record.reserve(kHeaderBytes + body.size() + kChecksumBytes);
  std::memcpy(record.data(), kMagic.data(), kMagic.size());
  std::memcpy(record.data() + kMagic.size(), kind, std::strlen(kind));
  std::memcpy(record.data() + kMagic.size() + kKindBytes, &version, sizeof version);
  record.insert(record.end(), body.begin(), body.end());
  const std::string checksum = sha256_hex(record);
  record.insert(record.end(), checksum.begin(), checksum.end());
  return record;
}

Result<std::span<const uint8_t>> open_record(const char* kind, uint32_t version, std::span<const uint8_t> record) {
  std::string head(kMagic);
  head += kind;
  head.resize(kMagic.size() + kKindBytes);
  if (record.size() < kHeaderBytes + kChecksumBytes || std::memcmp(record.data(), head.data(), head.size()) != 0)
    return invalid_data("not a record of " + std::string(kind));
  uint32_t written = 0;
  std::memcpy(&written, record.data() + head.size(), sizeof written);
  if (written != version)
    return invalid_argument("it is a record of version " + std::to_string(written) + ", this Offramp goes on from version " + std::to_string(version));
  const auto whole = record.first(record.size() - kChecksumBytes);
  const std::string checksum = sha256_hex(whole);
  if (std::memcmp(record.data() + whole.size(), checksum.data(), kChecksumBytes) != 0)
    return invalid_data("its checksum does not fit: it was damaged or cut short");
  return whole.subspan(kHeaderBytes);
}

}  // namespace offramp
