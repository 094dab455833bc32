// Tensors: sharing and detaching, shapes from outside, rows, and half floats over their whole range.
#include "base/tensor.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

namespace offramp {
namespace {

TEST_CASE("a tensor is zero-filled, 64-byte aligned, and readable past its end") {
  const Tensor tensor(DType::kF32, {2, 3});
  CHECK(tensor.elements() == 6);
  CHECK(tensor.bytes() == 24);
  CHECK(reinterpret_cast<uintptr_t>(tensor.raw()) % 64 == 0);
  for (size_t i = 0; i < tensor.bytes() + 128; ++i) CHECK(tensor.raw()[i] == std::byte{0});
  CHECK(Tensor().elements() == 0);
  CHECK(Tensor(DType::kI64, {}).elements() == 1);
  CHECK(Tensor(DType::kI64, {3, 0}).bytes() == 0);
}

TEST_CASE("copies share their bytes until one is written") {
  Tensor a = Tensor::of<float>({2}, std::vector<float>{1, 2});
  const Tensor b = a;
  CHECK(a.raw() == b.raw());
  a.mutable_data<float>()[0] = 9;
  CHECK(a.raw() != b.raw());
  CHECK(b.data<float>()[0] == 1);
  CHECK(a.data<float>()[1] == 2);
  const std::byte* own = a.raw();
  a.mutable_data<float>()[1] = 8;
  CHECK(a.raw() == own);
}

TEST_CASE("reshaping shares, rows copy") {
  const Tensor a = Tensor::of<int32_t>({3, 2}, std::vector<int32_t>{1, 2, 3, 4, 5, 6});
  const Tensor flat = a.reshaped({6});
  CHECK(flat.raw() == a.raw());
  CHECK(flat.dims() == Dims{6});
  const Tensor middle = a.rows(1, 3);
  CHECK(middle.dims() == Dims{2, 2});
  CHECK(std::vector<int32_t>(middle.data<int32_t>().begin(), middle.data<int32_t>().end()) ==
        std::vector<int32_t>{3, 4, 5, 6});
  CHECK(a.rows(1, 1).elements() == 0);
  CHECK(Tensor(DType::kF32, {0, 4}).rows(0, 0).elements() == 0);
}

TEST_CASE("shapes from outside are checked before memory is asked for") {
  CHECK(*checked_element_count({}) == 1);
  CHECK(*checked_element_count({1 << 14, 1 << 14}) == kMaxTensorElements);
  CHECK(*checked_element_count({0, 5}) == 0);
  const auto refused = [](Dims dims) {
    const auto count = checked_element_count(dims);
    REQUIRE_FALSE(count.ok());
    CHECK(count.error().code == ErrorCode::kLimitExceeded);
    return count.error().message;
  };
  CHECK(refused({-1, 5}) == "negative dimension in shape [-1, 5]");
  CHECK(refused({1 << 14, 1 << 14, 2}) == "shape [16384, 16384, 2] has more than 268435456 elements");
  CHECK(refused({0, INT64_MAX}) == "shape [0, 9223372036854775807] has more than 268435456 elements");
  CHECK(refused({INT64_MAX, INT64_MAX}) ==
        "shape [9223372036854775807, 9223372036854775807] has more than 268435456 elements");
  CHECK_FALSE(Tensor::create(DType::kF32, {1 << 20, 1 << 20}).ok());
  CHECK(Tensor::create(DType::kU8, {3})->bytes() == 3);
}

TEST_CASE("types have their sizes and names") {
  const std::vector<std::tuple<DType, size_t, std::string>> types = {
      {DType::kF32, 4, "f32"}, {DType::kF64, 8, "f64"},  {DType::kF16, 2, "f16"}, {DType::kI64, 8, "i64"},
      {DType::kI32, 4, "i32"}, {DType::kI16, 2, "i16"},  {DType::kI8, 1, "i8"},   {DType::kU16, 2, "u16"},
      {DType::kU8, 1, "u8"},   {DType::kBool, 1, "bool"}};
  for (const auto& [dtype, bytes, name] : types) {
    CHECK(byte_size(dtype) == bytes);
    CHECK(to_string(dtype) == name);
  }
  CHECK(to_string(Dims{1, 16, 28}) == "[1, 16, 28]");
}

// The definition: sign, five bits of exponent, ten of fraction.
double half_by_definition(uint16_t half) {
  const int exponent = (half >> 10) & 31, fraction = half & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST_CASE("all 65536 half floats convert to float as defined and back to themselves") {
  int wrong = 0;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = uint16_t(bits);
    const float value = half_to_float(half);
    if ((bits & 0x7fff) > 0x7c00) {
      wrong += !std::isnan(value) || !std::isnan(half_to_float(float_to_half(value)));
    } else if ((bits & 0x7fff) == 0x7c00) {
      wrong += !std::isinf(value) || (value < 0) != (bits > 0x8000) || float_to_half(value) != half;
    } else {
      wrong += double(value) != half_by_definition(half) || std::signbit(value) != (bits >= 0x8000) ||
               float_to_half(value) != half;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("floats round to the nearest half, ties to even") {
  int wrong = 0;
  for (uint32_t bits = 0; bits + 1 < 0x7c00; ++bits) {
    const float low = half_to_float(uint16_t(bits)), high = half_to_float(uint16_t(bits + 1));
    const float middle = low + (high - low) / 2;  // exact: a half has 13 bits fewer than a float
    const auto even = uint16_t(bits % 2 == 0 ? bits : bits + 1);
    wrong += float_to_half(middle) != even;
    wrong += float_to_half(std::nextafter(middle, 0.0f)) != bits;
    wrong += float_to_half(std::nextafter(middle, INFINITY)) != bits + 1;
    wrong += float_to_half(-middle) != (even | 0x8000);
  }
  CHECK(wrong == 0);
  CHECK(float_to_half(65504.0f) == 0x7bff);
  CHECK(float_to_half(65519.99f) == 0x7bff);
  CHECK(float_to_half(65520.0f) == 0x7c00);
  CHECK(float_to_half(1e30f) == 0x7c00);
  CHECK(float_to_half(-INFINITY) == 0xfc00);
  CHECK(float_to_half(1e-30f) == 0);
}

}  // namespace
}  // namespace offramp
