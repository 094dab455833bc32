// Encodings of boundary tensors. Expected numbers: NumPy's, by the definition of ONNX's DynamicQuantizeLinear.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/encoding.h"
#include "base/rng.h"

namespace offramp {
namespace {

struct Known {
  std::vector<float> values;
  float scale;
  int zero_point;
  std::vector<uint8_t> bytes;
};
const Known kKnown[] = {
    {{-1.5f, 0, 0.25f, 0.75f, 3.1f, 2.0f}, 0x1.278df4p-6f, 83, {0, 83, 97, 125, 255, 194}},
    {{2, 4, 8}, 0x1.010102p-5f, 0, {64, 127, 255}},
    {{-2, -4}, 0x1.010102p-6f, 255, {128, 0}},
    {{0.1f, 0.2f, 0.3f}, 0x1.34679cp-10f, 0, {85, 170, 255}},
    {{0, 0}, 1, 0, {0, 0}},
    {{}, 1, 0, {}},
};

std::vector<float> round_trip(const std::vector<float>& values, Encoding encoding) {
  const auto bytes = encode(values, encoding);
  REQUIRE(bytes.ok());
  CHECK(int64_t(bytes->size()) == encoded_bytes(encoding, int64_t(values.size())));
  std::vector<float> back(values.size());
  REQUIRE(decode(*bytes, encoding, back).ok());
  return back;
}

}  // namespace

TEST_CASE("encoding: u8 as NumPy has it") {
  for (const Known& known : kKnown) {
    const ByteScale known_scale = byte_scale_of(known.values);
    CHECK(known_scale.scale == known.scale);
    CHECK(int(known_scale.zero_point) == known.zero_point);
    const auto bytes = encode(known.values, Encoding::kU8);
    REQUIRE(bytes.ok());
    REQUIRE(bytes->size() == known.bytes.size() + 8);
    float scale = 0;
    std::memcpy(&scale, bytes->data(), 4);
    CHECK(scale == known.scale);
    CHECK(int((*bytes)[4]) == known.zero_point);
    const std::vector<float> back = round_trip(known.values, Encoding::kU8);
    for (size_t i = 0; i < back.size(); ++i) {
      CHECK((*bytes)[8 + i] == known.bytes[i]);
      CHECK(back[i] == (float(known.bytes[i]) - float(known.zero_point)) * known.scale);
    }
  }
}

TEST_CASE("encoding: f16 as NumPy has it, but clamped") {
  const auto bytes = encode(std::vector{0.1f, 1.0f / 3, 65519.0f, 1e-7f, -2.5f, 1e30f, -1e30f}, Encoding::kF16);
  REQUIRE(bytes.ok());
  CHECK(*bytes == std::vector<uint8_t>{0x66, 0x2e, 0x55, 0x35, 0xff, 0x7b, 0x02, 0x00, 0x00, 0xc1, 0xff, 0x7b, 0xff, 0xfb});
  CHECK(round_trip({0.5f, -2.5f, 1e30f}, Encoding::kF16) == std::vector{0.5f, -2.5f, 65504.0f});
}

TEST_CASE("encoding: f32 changes nothing, u8 errs by half a step at most, and zero stays zero") {
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    std::vector<float> values = {0};
    const float size = std::ldexp(1.0f, int(rng.below(60)) - 30);
    for (uint32_t k = 1 + rng.below(50); k > 0; --k) values.push_back(rng.normal() * size + (rng.below(2) ? size : 0));
    CHECK(round_trip(values, Encoding::kF32) == values);
    const std::vector<float> back = round_trip(values, Encoding::kU8);
    const float step = byte_scale_of(values).scale;
    CHECK(back[0] == 0);
    // The zero point is rounded too, so one end of the range may lie half a step outside.
    for (size_t k = 0; k < values.size(); ++k) CHECK(std::fabs(back[k] - values[k]) <= 1.001f * step);
  }
  // The whole range of f32.
  const float most = std::numeric_limits<float>::max();
  for (float v : round_trip({most, -most}, Encoding::kU8)) CHECK(std::isfinite(v));
}

TEST_CASE("encoding: bytes that are none") {
  std::vector<float> into(3);
  const auto refusal = [&](std::vector<uint8_t> bytes, Encoding encoding) { return decode(bytes, encoding, into).error().to_string(); };
  CHECK(refusal({1, 2}, Encoding::kF16) == "a boundary tensor of 3 elements in f16 has 6 bytes, got 2");
  CHECK(refusal({}, Encoding::kU8) == "a boundary tensor of 3 elements in u8 has 11 bytes, got 0");
  CHECK(refusal({0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3}, Encoding::kU8) ==
        "a boundary tensor in u8 needs a positive scale and a zero point up to 255, got 0.000000 and 0");
  CHECK(refusal({0, 0, 0x80, 0x3f, 0, 1, 0, 0, 1, 2, 3}, Encoding::kU8) ==
        "a boundary tensor in u8 needs a positive scale and a zero point up to 255, got 1.000000 and 256");
  CHECK(refusal({0, 0, 0, 0x7c, 0, 0}, Encoding::kF16) == "element 1 of a boundary tensor is not finite");
  CHECK(encode(std::vector{1.0f, NAN}, Encoding::kU8).error().to_string() == "element 1 of a boundary tensor is not finite");
}

TEST_CASE("encoding: rows travel alone") {
  Tensor tensor = Tensor::of<float>({2, 2}, std::vector{1.0f, 2.0f, 100.0f, 200.0f});
  REQUIRE(transmit_rows(tensor, Encoding::kU8).ok());
  const std::vector<float> first = round_trip({1, 2}, Encoding::kU8), second = round_trip({100, 200}, Encoding::kU8);
  CHECK(tensor.data<float>()[0] == first[0]);
  CHECK(tensor.data<float>()[3] == second[1]);
  tensor = Tensor::of<float>({2, 1}, std::vector{1.0f, INFINITY});
  CHECK(transmit_rows(tensor, Encoding::kF16).error().to_string() == "row 1: element 0 of a boundary tensor is not finite");
}

}  // namespace offramp
