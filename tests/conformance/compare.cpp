#include "conformance/compare.h"

#include <cmath>
#include <cstring>

namespace offramp {
namespace {

constexpr double kRelative = 1e-3, kAbsolute = 1e-5;

std::string describe(const Tensor& tensor) { return std::string(to_string(tensor.dtype())) + " " + to_string(tensor.dims()); }

bool agree(double got, double expected) {
  if (std::isnan(expected) || std::isnan(got)) return std::isnan(expected) && std::isnan(got);
  return got == expected || std::fabs(got - expected) <= kAbsolute + kRelative * std::fabs(expected);
}

template <class T, class Widen>
std::string first_difference(const Tensor& got, const Tensor& expected, Widen widen) {
  const auto* g = reinterpret_cast<const T*>(got.raw());
  const auto* e = reinterpret_cast<const T*>(expected.raw());
  for (int64_t i = 0; i < expected.elements(); ++i)
    if (!agree(widen(g[i]), widen(e[i])))
      return "element " + std::to_string(i) + " is " + std::to_string(widen(g[i])) + ", expected " +
             std::to_string(widen(e[i]));
  return {};
}

}  // namespace

std::string difference(const Tensor& got, const Tensor& expected) {
  if (got.dtype() != expected.dtype() || got.dims() != expected.dims())
    return "is " + describe(got) + ", expected " + describe(expected);
  const auto widen = [](auto value) { return double(value); };
  switch (expected.dtype()) {
    case DType::kF64: return first_difference<double>(got, expected, widen);
    case DType::kF32: return first_difference<float>(got, expected, widen);
    case DType::kF16: return first_difference<uint16_t>(got, expected, [](uint16_t h) { return double(half_to_float(h)); });
    default: break;
  }
  const size_t size = byte_size(expected.dtype());
  for (int64_t i = 0; i < expected.elements(); ++i)
    if (std::memcmp(got.raw() + size_t(i) * size, expected.raw() + size_t(i) * size, size) != 0)
      return "element " + std::to_string(i) + " differs";
  return {};
}

}  // namespace offramp
