// The matrix product behind head training: fast enough to train in a browser, and the same bits on every host.
#pragma once
#include <cstdint>

namespace offramp {

// Element (i, j) is data[i * row_stride + j * column_stride], so a transpose is a swap of strides.
struct MatrixView {
  const float* data;
  int64_t row_stride;
  int64_t column_stride;
};
inline MatrixView row_major(const float* data, int64_t columns) { return {data, columns, 1}; }
inline MatrixView transposed(const float* data, int64_t columns) { return {data, 1, columns}; }

// c += a * b, with a [m, k], b [k, n], c row-major [m, n] with rows `c_stride` apart.
// Each element is summed in the order of k within blocks of 256, and the blocks in order; never fused, never reordered.
void matmul_add(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, float* c, int64_t c_stride);

}  // namespace offramp
