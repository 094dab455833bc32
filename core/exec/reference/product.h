// The matrix product that several kernels are made of, blocked so that sums stay in registers.
#pragma once
#include <cstdint>

namespace offramp::reference {

// A matrix as element strides, so that transposition costs nothing.
struct Matrix {
  const float* data;
  int64_t row_stride, column_stride;
};

// out [rows, columns] += a [rows, depth] * b [depth, columns]. The rows of b and out are contiguous and begin b_stride
// and out_stride elements apart.
void add_product(Matrix a, const float* b, int64_t b_stride, float* out, int64_t out_stride, int64_t rows,
                 int64_t depth, int64_t columns);

// to [columns, rows] = from [rows, columns]
void transpose(const float* from, int64_t rows, int64_t columns, float* to);

}  // namespace offramp::reference
