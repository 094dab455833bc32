#include "exec/reference/product.h"

#include <algorithm>

namespace offramp::reference {
namespace {

// Eight columns are two vectors of 128 bits; four rows of them leave registers for a and b.
constexpr int kRows = 4, kColumns = 8;

template <int kBlockRows, int kBlockColumns>
void add_block(Matrix a, const float* b, int64_t b_stride, float* out, int64_t out_stride, int64_t depth) {
  float sums[kBlockRows][kBlockColumns] = {};
  for (int64_t k = 0; k < depth; ++k, b += b_stride)
    for (int r = 0; r < kBlockRows; ++r) {
      const float factor = a.data[r * a.row_stride + k * a.column_stride];
      for (int c = 0; c < kBlockColumns; ++c) sums[r][c] += factor * b[c];
    }
  for (int r = 0; r < kBlockRows; ++r)
    for (int c = 0; c < kBlockColumns; ++c) out[r * out_stride + c] += sums[r][c];
}

template <int kBlockRows>
void add_rows(Matrix a, const float* b, int64_t b_stride, float* out, int64_t out_stride, int64_t depth,
              int64_t columns) {
  int64_t c = 0;
  for (; c + kColumns <= columns; c += kColumns)
    add_block<kBlockRows, kColumns>(a, b + c, b_stride, out + c, out_stride, depth);
  for (; c < columns; ++c) add_block<kBlockRows, 1>(a, b + c, b_stride, out + c, out_stride, depth);
}

}  // namespace

void add_product(Matrix a, const float* b, int64_t b_stride, float* out, int64_t out_stride, int64_t rows,
                 int64_t depth, int64_t columns) {
  int64_t r = 0;
  const auto from = [&](int64_t row) { return Matrix{a.data + row * a.row_stride, a.row_stride, a.column_stride}; };
  for (; r + kRows <= rows; r += kRows)
    add_rows<kRows>(from(r), b, b_stride, out + r * out_stride, out_stride, depth, columns);
  for (; r < rows; ++r) add_rows<1>(from(r), b, b_stride, out + r * out_stride, out_stride, depth, columns);
}

void transpose(const float* from, int64_t rows, int64_t columns, float* to) {
  constexpr int64_t kTile = 16;  // so that both sides stay in the cache
  for (int64_t r0 = 0; r0 < rows; r0 += kTile)
    for (int64_t c0 = 0; c0 < columns; c0 += kTile)
      for (int64_t r = r0; r < std::min(rows, r0 + kTile); ++r)
        for (int64_t c = c0; c < std::min(columns, c0 + kTile); ++c) to[c * rows + r] = from[r * columns + c];
}

}  // namespace offramp::reference
