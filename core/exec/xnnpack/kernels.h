// Loops of our own for what XNNPACK would need several passes over memory for. Written so that the compiler turns them
// into vector instructions; every result depends on its own element or row alone, so batches and threads change
// nothing.
#pragma once
#include <cstddef>

#include "exec/xnnpack/thread_pool.h"

namespace offramp::xnnpack {

// y = clamp(a + b, low, high); y may be a or b.
void add_clamped(const float* a, const float* b, size_t count, float low, float high, float* y);
// y = clamp(x * scale + shift, low, high); y may be x.
void scale_clamped(const float* x, size_t count, float scale, float shift, float low, float high, float* y);
// y[r, c] = clamp(x[r, c] * scale[c] + shift[c], low, high); y may be x.
void scale_columns(const float* x, const float* scale, const float* shift, size_t rows, size_t columns, float low,
                   float high, float* y);
// y[r, i] = clamp(x[r, i] * scale[r % channels] + shift[r % channels], low, high); y may be x.
void scale_rows(const float* x, const float* scale, const float* shift, size_t rows, size_t channels, size_t columns,
                float low, float high, float* y);

// y = gelu(x), y = erf(x), as the reference kernels compute them; y may be x.
void gelu(const float* x, size_t count, float* y);
void erf(const float* x, size_t count, float* y);
// Every row of `columns` elements: (x - mean) / sqrt(variance + epsilon) * scale [+ shift]; y may be x.
void normalise_rows(const float* x, const float* scale, const float* shift, size_t rows, size_t columns, float epsilon,
                    float* y);

// Calls body(begin, end) for pieces of [0, count) on the session's threads.
template <class Body>
void in_parallel(size_t count, size_t grain, const Body& body) {
  if (count == 0) return;
  pthreadpool_parallelize_1d_tile_1d(
      thread_pool(), [](void* context, size_t begin, size_t size) { (*static_cast<const Body*>(context))(begin, begin + size); },
      const_cast<Body*>(&body), count, grain, /*flags=*/0);
}

}  // namespace offramp::xnnpack
