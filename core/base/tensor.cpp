#include "base/tensor.h"

#include <cstdlib>
#include <cstring>

namespace offramp {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kTailBytes = 128;  // XNN_EXTRA_BYTES is 16 to 128 depending on the kernels built

constexpr size_t kCountsBytes = 64;  // for the counts that shared_ptr keeps

// Keeps a shared_ptr's counts at the end of the memory that it owns, and frees both.
template <class T>
struct TailAllocator {
  using value_type = T;
  std::byte *memory, *tail;
  TailAllocator(std::byte* block, std::byte* end) : memory(block), tail(end) {}
  template <class U>
  TailAllocator(const TailAllocator<U>& other) : memory(other.memory), tail(other.tail) {}
  T* allocate(size_t count) {
    static_assert(sizeof(T) <= kCountsBytes);
    OFFRAMP_CHECK(count == 1);
    return reinterpret_cast<T*>(tail);
  }
  void deallocate(T*, size_t) { std::free(memory); }
  template <class U>
  bool operator==(const TailAllocator<U>& other) const { return memory == other.memory; }
};

// One piece of memory per tensor, aligned by hand: allocators that align leave gaps, in which small objects settle and
// keep the memory of released tensors from becoming one, and do not reuse what fits exactly.
std::shared_ptr<std::byte> allocate(size_t bytes) {
  const size_t padded = (bytes + kTailBytes + kAlignment - 1) / kAlignment * kAlignment;
  auto* block = static_cast<std::byte*>(std::malloc(kAlignment + padded + kCountsBytes));
  OFFRAMP_CHECK(block != nullptr);
  std::byte* memory = block + (kAlignment - reinterpret_cast<uintptr_t>(block) % kAlignment);
  std::memset(memory, 0, padded);
  return {memory, [](std::byte*) {}, TailAllocator<std::byte>(block, memory + padded)};
}

}  // namespace

size_t byte_size(DType dtype) {
  switch (dtype) {
    case DType::kF64: case DType::kI64: return 8;
    case DType::kF32: case DType::kI32: return 4;
    case DType::kF16: case DType::kI16: case DType::kU16: return 2;
    case DType::kI8: case DType::kU8: case DType::kBool: return 1;
  }
  return 1;
}

std::string_view to_string(DType dtype) {
  switch (dtype) {
    case DType::kF32: return "f32";
    case DType::kF64: return "f64";
    case DType::kF16: return "f16";
    case DType::kI64: return "i64";
    case DType::kI32: return "i32";
    case DType::kI16: return "i16";
    case DType::kI8: return "i8";
    case DType::kU16: return "u16";
    case DType::kU8: return "u8";
    case DType::kBool: return "bool";
  }
  return "?";
}

std::string to_string(const Dims& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

Result<int64_t> checked_element_count(const Dims& dims) {
  int64_t count = 1;
  for (int64_t dim : dims) {
    if (dim < 0) return limit_exceeded("negative dimension in shape " + to_string(dims));
    // A zero anywhere must not hide an absurd dimension elsewhere, so each is capped by itself too.
    if (dim > kMaxTensorElements || (dim > 0 && count > kMaxTensorElements / dim))
      return limit_exceeded("shape " + to_string(dims) + " has more than " + std::to_string(kMaxTensorElements) +
                            " elements");
    count *= dim;
  }
  return count;
}

int64_t element_count(const Dims& dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return count;
}

Tensor Tensor::view(DType dtype, Dims dims, const std::byte* elements) {
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.dims_ = std::move(dims);
  tensor.elements_ = element_count(tensor.dims_);
  tensor.buffer_ = {const_cast<std::byte*>(elements), [](std::byte*) {}};
  tensor.borrowed_ = true;
  return tensor;
}

Tensor::Tensor(DType dtype, Dims dims)
    : dtype_(dtype), dims_(std::move(dims)), elements_(element_count(dims_)), buffer_(allocate(bytes())) {}

Result<Tensor> Tensor::create(DType dtype, Dims dims) {
  OFFRAMP_RETURN_IF_ERROR([&]() -> Status {
    auto count = checked_element_count(dims);
    return count ? Status() : Status(std::move(count).error());
  }());
  return Tensor(dtype, std::move(dims));
}

std::byte* Tensor::mutable_raw() {
  if (!buffer_) buffer_ = allocate(0);
  if (borrowed_ || buffer_.use_count() > 1) {
    auto own = allocate(bytes());
    std::memcpy(own.get(), buffer_.get(), bytes());
    buffer_ = std::move(own);
    borrowed_ = false;
  }
  return buffer_.get();
}

Tensor Tensor::reshaped(Dims dims) const {
  OFFRAMP_CHECK(element_count(dims) == elements_);
  Tensor copy = *this;
  copy.dims_ = std::move(dims);
  return copy;
}

Tensor Tensor::rows(int64_t begin, int64_t end) const {
  OFFRAMP_CHECK(!dims_.empty() && 0 <= begin && begin <= end && end <= dims_[0]);
  Dims dims = dims_;
  dims[0] = end - begin;
  Tensor part(dtype_, dims);
  const size_t row_bytes = dims_[0] > 0 ? bytes() / size_t(dims_[0]) : 0;
  if (part.bytes() > 0) std::memcpy(part.mutable_raw(), raw() + row_bytes * size_t(begin), part.bytes());
  return part;
}

}  // namespace offramp
