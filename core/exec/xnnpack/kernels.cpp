#include "exec/xnnpack/kernels.h"

#include <cmath>

#include "exec/reference/approximations.h"
#include "exec/reference/lines.h"
#include "exec/xnnpack/elementwise_loop.h"

namespace offramp::xnnpack {
namespace {

// Written as min and max instructions are defined, so that NaN passes as XNNPACK lets it pass.
inline float clamp(float value, float low, float high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

}  // namespace

void add_clamped(const float* a, const float* b, size_t count, float low, float high, float* y) {
  OFFRAMP_ELEMENTWISE
  for (size_t i = 0; i < count; ++i) y[i] = clamp(a[i] + b[i], low, high);
}

void scale_clamped(const float* x, size_t count, float scale, float shift, float low, float high, float* y) {
  OFFRAMP_ELEMENTWISE
  for (size_t i = 0; i < count; ++i) y[i] = clamp(x[i] * scale + shift, low, high);
}

void scale_columns(const float* x, const float* scale, const float* shift, size_t rows, size_t columns, float low,
                   float high, float* y) {
  for (size_t r = 0; r < rows; ++r, x += columns, y += columns)
    OFFRAMP_ELEMENTWISE
    for (size_t c = 0; c < columns; ++c) y[c] = clamp(x[c] * scale[c] + shift[c], low, high);
}

void scale_rows(const float* x, const float* scale, const float* shift, size_t rows, size_t channels, size_t columns,
                float low, float high, float* y) {
  for (size_t r = 0; r < rows; ++r, x += columns, y += columns) {
    scale_clamped(x, columns, scale[r % channels], shift[r % channels], low, high, y);
  }
}

void gelu(const float* x, size_t count, float* y) {
  OFFRAMP_ELEMENTWISE
  for (size_t i = 0; i < count; ++i) y[i] = reference::gelu(x[i]);
}

void erf(const float* x, size_t count, float* y) {
  OFFRAMP_ELEMENTWISE
  for (size_t i = 0; i < count; ++i) y[i] = reference::error_function(x[i]);
}

void normalise_rows(const float* x, const float* scale, const float* shift, size_t rows, size_t columns, float epsilon,
                    float* y) {
  for (size_t r = 0; r < rows; ++r, x += columns, y += columns) {
    const float mean = reference::mean_over(x, int64_t(columns));
    const float inverse = 1.0f / std::sqrt(reference::variance_over(x, int64_t(columns), mean) + epsilon);
    OFFRAMP_ELEMENTWISE
    for (size_t c = 0; c < columns; ++c) y[c] = (x[c] - mean) * inverse * scale[c];
    if (!shift) continue;
    OFFRAMP_ELEMENTWISE
    for (size_t c = 0; c < columns; ++c) y[c] += shift[c];
  }
}

}  // namespace offramp::xnnpack
