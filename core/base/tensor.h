// Tensor: a typed, dense, row-major array. Copies share their bytes; writing detaches.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/half.h"
#include "base/result.h"

namespace offramp {

enum class DType : uint8_t { kF32, kF64, kF16, kI64, kI32, kI16, kI8, kU16, kU8, kBool };
size_t byte_size(DType dtype);
std::string_view to_string(DType dtype);  // "f32", "i64", "bool", ...

using Dims = std::vector<int64_t>;
std::string to_string(const Dims& dims);  // "[1, 16, 28, 28]"
// Product of dims. Errors: kLimitExceeded if negative or beyond kMaxTensorElements.
Result<int64_t> checked_element_count(const Dims& dims);
// The same for dims already known to be sane.
int64_t element_count(const Dims& dims);

// A cap for tensors that untrusted input may ask for: 2^28 elements, 1 GiB of f32.
inline constexpr int64_t kMaxTensorElements = int64_t{1} << 28;

template <class T> struct DTypeOf;
template <> struct DTypeOf<float> { static constexpr DType value = DType::kF32; };
template <> struct DTypeOf<double> { static constexpr DType value = DType::kF64; };
template <> struct DTypeOf<int64_t> { static constexpr DType value = DType::kI64; };
template <> struct DTypeOf<int32_t> { static constexpr DType value = DType::kI32; };
template <> struct DTypeOf<int16_t> { static constexpr DType value = DType::kI16; };
template <> struct DTypeOf<int8_t> { static constexpr DType value = DType::kI8; };
template <> struct DTypeOf<uint16_t> { static constexpr DType value = DType::kU16; };
template <> struct DTypeOf<uint8_t> { static constexpr DType value = DType::kU8; };
template <> struct DTypeOf<bool> { static constexpr DType value = DType::kBool; };

class Tensor {
 public:
  Tensor() = default;  // f32, no elements: dims [0]
  // Zero-filled. Precondition: dims were checked (see create).
  Tensor(DType dtype, Dims dims);
  template <class T>
  static Tensor of(Dims dims, std::span<const T> values) {
    Tensor t(DTypeOf<T>::value, std::move(dims));
    OFFRAMP_CHECK(int64_t(values.size()) == t.elements());
    std::copy(values.begin(), values.end(), t.mutable_data<T>().begin());
    return t;
  }
  template <class T>
  static Tensor of(Dims dims, const std::vector<T>& values) { return of<T>(std::move(dims), std::span<const T>(values)); }
  // Elements that somebody else owns, who keeps them alive, and readable for a tail beyond them, as long as the view and
  // its copies. Writing detaches from them.
  static Tensor view(DType dtype, Dims dims, const std::byte* elements);
  // Zero-filled, for dims from untrusted input. Errors: kLimitExceeded.
  static Result<Tensor> create(DType dtype, Dims dims);

  DType dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int64_t elements() const { return elements_; }
  size_t bytes() const { return size_t(elements_) * byte_size(dtype_); }

  template <class T> std::span<const T> data() const {
    OFFRAMP_CHECK(DTypeOf<T>::value == dtype_);
    return {reinterpret_cast<const T*>(raw()), size_t(elements_)};
  }
  template <class T> std::span<T> mutable_data() {
    OFFRAMP_CHECK(DTypeOf<T>::value == dtype_);
    return {reinterpret_cast<T*>(mutable_raw()), size_t(elements_)};
  }
  const std::byte* raw() const { return buffer_.get(); }
  std::byte* mutable_raw();  // detaches from other copies first

  // The same elements under other dims. Precondition: equal element counts.
  Tensor reshaped(Dims dims) const;
  // Rows [begin, end) of the leading dimension, copied.
  Tensor rows(int64_t begin, int64_t end) const;

 private:
  DType dtype_ = DType::kF32;
  Dims dims_ = {0};
  int64_t elements_ = 0;
  bool borrowed_ = false;  // buffer_ owns nothing
  std::shared_ptr<std::byte> buffer_;  // 64-byte aligned, with a readable tail: XNNPACK reads past the end
};

}  // namespace offramp
