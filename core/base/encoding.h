// How a tensor travels between targets: as it is, as half floats, or as bytes with one scale and zero point.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace offramp {

enum class Encoding { kF32, kF16, kU8 };
std::string_view to_string(Encoding encoding);  // "f32", "f16", "u8"

// Of a tensor of so many elements, what describes it included.
int64_t encoded_bytes(Encoding encoding, int64_t elements);

// A u8 tensor's element q stands for (q - zero_point) * scale.
struct ByteScale {
  float scale = 1;
  uint8_t zero_point = 0;
};
// The range covers all values and 0, which stays exact. Precondition: values are finite.
// Source: ONNX's DynamicQuantizeLinear.
ByteScale byte_scale_of(std::span<const float> values);

// Little-endian. f16 rounds to nearest even and clamps to +-65504; u8 is the scale as f32, the zero point as i32, then one byte
// an element. Errors: kInvalidData naming the first element that is not finite.
Result<std::vector<uint8_t>> encode(std::span<const float> values, Encoding encoding);
// The inverse. Errors: kInvalidData for another number of bytes than `into` needs, a scale that is not positive and finite, a
// zero point outside 0 to 255, or values that are not finite.
Status decode(std::span<const uint8_t> bytes, Encoding encoding, std::span<float> into);

// Each row (of the leading dimension) of an f32 tensor as its receiver sees it: encoded and decoded alone.
// Errors: as encode, within "row N".
Status transmit_rows(Tensor& tensor, Encoding encoding);

}  // namespace offramp
