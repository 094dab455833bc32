#include "exec/xnnpack/kernels.h"

#include <cstring>

namespace offramp::xnnpack {
namespace {

// Written as min and max instructions are defined, so that NaN passes as XNNPACK lets it pass.
inline float clamp(float value, float low, float high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

// Lanes by hand: a loop that may work in place is not turned into vector instructions.
typedef float V4 __attribute__((vector_size(16)));
constexpr size_t kLanes = 4;

inline V4 load(const float* values) {
  V4 lanes;
  std::memcpy(&lanes, values, sizeof lanes);
  return lanes;
}
inline void store(float* values, V4 lanes) { std::memcpy(values, &lanes, sizeof lanes); }
inline V4 clamp(V4 value, V4 low, V4 high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

}  // namespace

void add_clamped(const float* a, const float* b, size_t count, float low, float high, float* y) {
  const V4 lows = V4{} + low, highs = V4{} + high;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(y + i, clamp(load(a + i) + load(b + i), lows, highs));
  for (; i < count; ++i) y[i] = clamp(a[i] + b[i], low, high);
}

void scale_clamped(const float* x, size_t count, float scale, float shift, float low, float high, float* y) {
  const V4 lows = V4{} + low, highs = V4{} + high;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(y + i, clamp(load(x + i) * scale + shift, lows, highs));
  for (; i < count; ++i) y[i] = clamp(x[i] * scale + shift, low, high);
}

void scale_columns(const float* x, const float* scale, const float* shift, size_t rows, size_t columns, float low,
                   float high, float* y) {
  const V4 lows = V4{} + low, highs = V4{} + high;
  for (size_t r = 0; r < rows; ++r, x += columns, y += columns) {
    size_t c = 0;
    for (; c + kLanes <= columns; c += kLanes)
      store(y + c, clamp(load(x + c) * load(scale + c) + load(shift + c), lows, highs));
    for (; c < columns; ++c) y[c] = clamp(x[c] * scale[c] + shift[c], low, high);
  }
}

void scale_rows(const float* x, const float* scale, const float* shift, size_t rows, size_t channels, size_t columns,
                float low, float high, float* y) {
  for (size_t r = 0; r < rows; ++r, x += columns, y += columns) {
    scale_clamped(x, columns, scale[r % channels], shift[r % channels], low, high, y);
  }
}

}  // namespace offramp::xnnpack
