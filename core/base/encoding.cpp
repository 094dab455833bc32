#include "base/encoding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/half.h"

namespace offramp {
namespace {

constexpr size_t kScaleBytes = 8;  // scale and zero point

void put_u32(uint8_t* out, uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = uint8_t(value >> (8 * i));
}

uint32_t get_u32(const uint8_t* in) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= uint32_t(in[i]) << (8 * i);
  return value;
}

Status check_finite(std::span<const float> values) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i])) return invalid_data("element " + std::to_string(i) + " of a boundary tensor is not finite");
  return {};
}

uint8_t quantised(float value, const ByteScale& s) {
  return uint8_t(std::clamp(std::nearbyint(value / s.scale) + float(s.zero_point), 0.0f, 255.0f));
}

}  // namespace

std::string_view to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::kF32: return "f32";
    case Encoding::kF16: return "f16";
    case Encoding::kU8: return "u8";
  }
  return "?";
}

int64_t encoded_bytes(Encoding encoding, int64_t elements) {
  switch (encoding) {
    case Encoding::kF32: return 4 * elements;
    case Encoding::kF16: return 2 * elements;
    case Encoding::kU8: return elements + int64_t(kScaleBytes);
  }
  return 0;
}

ByteScale byte_scale_of(std::span<const float> values) {
  float low = 0, high = 0;
  for (float value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Halved, since the whole range of f32 has no width in f32.
  const float scale = (high * 0.5f - low * 0.5f) / 127.5f;
  if (!(scale > 0)) return {};
  return {scale, uint8_t(std::clamp(std::nearbyint(-low / scale), 0.0f, 255.0f))};
}

Result<std::vector<uint8_t>> encode(std::span<const float> values, Encoding encoding) {
  OFFRAMP_RETURN_IF_ERROR(check_finite(values));
  std::vector<uint8_t> bytes(size_t(encoded_bytes(encoding, int64_t(values.size()))));
  uint8_t* out = bytes.data();
  switch (encoding) {
    case Encoding::kF32:
      for (float value : values) put_u32(out, std::bit_cast<uint32_t>(value)), out += 4;
      break;
    case Encoding::kF16:
      for (float value : values) {
        const uint16_t half = float_to_half(std::clamp(value, -kHalfMax, kHalfMax));
        *out++ = uint8_t(half);
        *out++ = uint8_t(half >> 8);
      }
      break;
    case Encoding::kU8: {
      const ByteScale s = byte_scale_of(values);
      put_u32(out, std::bit_cast<uint32_t>(s.scale));
      put_u32(out + 4, s.zero_point);
      out += kScaleBytes;
      for (float value : values) *out++ = quantised(value, s);
      break;
    }
  }
  return bytes;
}

Status decode(std::span<const uint8_t> bytes, Encoding encoding, std::span<float> into) {
  const int64_t wanted = encoded_bytes(encoding, int64_t(into.size()));
  if (int64_t(bytes.size()) != wanted)
    return invalid_data("a boundary tensor of " + std::to_string(into.size()) + " elements in " + std::string(to_string(encoding)) +
                        " has " + std::to_string(wanted) + " bytes, got " + std::to_string(bytes.size()));
  const uint8_t* in = bytes.data();
  switch (encoding) {
    case Encoding::kF32:
      for (float& value : into) value = std::bit_cast<float>(get_u32(in)), in += 4;
      break;
    case Encoding::kF16:
      for (float& value : into) value = half_to_float(uint16_t(in[0] | in[1] << 8)), in += 2;
      break;
    case Encoding::kU8: {
      const float scale = std::bit_cast<float>(get_u32(in));
      const uint32_t zero_point = get_u32(in + 4);
      if (!(scale > 0 && std::isfinite(scale)) || zero_point > 255)
        return invalid_data("a boundary tensor in u8 needs a positive scale and a zero point up to 255, got " + std::to_string(scale) +
                            " and " + std::to_string(zero_point));
      in += kScaleBytes;
      // At the ends of f32's range rounding may step outside of it.
      for (float& value : into)
        value = std::clamp((float(*in++) - float(zero_point)) * scale, -std::numeric_limits<float>::max(), std::numeric_limits<float>::max());
      break;
    }
  }
  return check_finite(into);
}

Status transmit_rows(Tensor& tensor, Encoding encoding) {
  if (encoding == Encoding::kF32 || tensor.elements() == 0) return {};
  const size_t rows = size_t(tensor.dims()[0]);
  const auto values = tensor.mutable_data<float>();
  const size_t length = values.size() / rows;
  for (size_t row = 0; row < rows; ++row) {
    const auto own = values.subspan(row * length, length);
    const std::string frame = "row " + std::to_string(row);
    OFFRAMP_TRY(const std::vector<uint8_t> bytes, encode(own, encoding).within(frame));
    OFFRAMP_RETURN_IF_ERROR(decode(bytes, encoding, own).within(frame));
  }
  return {};
}

}  // namespace offramp
