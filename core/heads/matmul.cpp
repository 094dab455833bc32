// Packs blocks of both operands and multiplies them by a register tile in GCC vector extensions: 128-bit lanes are
// what SSE and wasm SIMD share, and multiply and add stay apart (no fused step) because wasm has none.
#include "heads/matmul.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace offramp {
namespace {

typedef float V4 __attribute__((vector_size(16)));

constexpr int64_t kTileRows = 4;
constexpr int64_t kTileColumns = 8;
constexpr int64_t kDepth = 256;    // part of the numeric contract, see the header
constexpr int64_t kRows = 64;      // a packed block of a: 64 KiB
constexpr int64_t kColumns = 256;  // a packed block of b: 256 KiB

V4 load(const float* p) {
  V4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// Panels of `width` rows of a (or columns of b), each laid out depth-major; short panels are filled up with zeros.
template <int64_t width>
void pack(const float* source, int64_t step, int64_t depth_step, int64_t count, int64_t depth, float* out) {
  for (int64_t first = 0; first < count; first += width, out += width * depth) {
    const int64_t live = std::min(width, count - first);
    const float* panel = source + first * step;
    if (live < width) std::fill(out, out + width * depth, 0.0f);
    if (step == 1) {
      for (int64_t p = 0; p < depth; ++p)
        for (int64_t i = 0; i < live; ++i) out[p * width + i] = panel[p * depth_step + i];
    } else {
      for (int64_t i = 0; i < live; ++i)
        for (int64_t p = 0; p < depth; ++p) out[p * width + i] = panel[i * step + p * depth_step];
    }
  }
}

// out[4][8] = the product of one panel of each operand.
void multiply_tile(const float* a, const float* b, int64_t depth, float* out) {
  V4 c00{}, c01{}, c10{}, c11{}, c20{}, c21{}, c30{}, c31{};
  for (int64_t p = 0; p < depth; ++p, a += kTileRows, b += kTileColumns) {
    const V4 b0 = load(b);
    const V4 b1 = load(b + 4);
    c00 += a[0] * b0;
    c01 += a[0] * b1;
    c10 += a[1] * b0;
    c11 += a[1] * b1;
    c20 += a[2] * b0;
    c21 += a[2] * b1;
    c30 += a[3] * b0;
    c31 += a[3] * b1;
  }
  const V4 tile[8] = {c00, c01, c10, c11, c20, c21, c30, c31};
  std::memcpy(out, tile, sizeof tile);
}

void add_block(int64_t rows, int64_t columns, int64_t depth, const float* a, const float* b, float* c,
               int64_t c_stride) {
  float tile[kTileRows * kTileColumns];
  for (int64_t j = 0; j < columns; j += kTileColumns) {
    const int64_t live_columns = std::min(kTileColumns, columns - j);
    for (int64_t i = 0; i < rows; i += kTileRows) {
      const int64_t live_rows = std::min(kTileRows, rows - i);
      multiply_tile(a + i * depth, b + j * depth, depth, tile);
      for (int64_t y = 0; y < live_rows; ++y)
        for (int64_t x = 0; x < live_columns; ++x) c[(i + y) * c_stride + j + x] += tile[y * kTileColumns + x];
    }
  }
}

int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

}  // namespace

void matmul_add(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, float* c, int64_t c_stride) {
  const int64_t depth_cap = std::min(k, kDepth);
  std::vector<float> packed_a(size_t(round_up(std::min(m, kRows), kTileRows) * depth_cap));
  std::vector<float> packed_b(size_t(round_up(std::min(n, kColumns), kTileColumns) * depth_cap));
  for (int64_t j = 0; j < n; j += kColumns) {
    const int64_t columns = std::min(kColumns, n - j);
    for (int64_t p = 0; p < k; p += kDepth) {
      const int64_t depth = std::min(kDepth, k - p);
      pack<kTileColumns>(b.data + p * b.row_stride + j * b.column_stride, b.column_stride, b.row_stride, columns, depth,
                         packed_b.data());
      for (int64_t i = 0; i < m; i += kRows) {
        const int64_t rows = std::min(kRows, m - i);
        pack<kTileRows>(a.data + i * a.row_stride + p * a.column_stride, a.row_stride, a.column_stride, rows, depth,
                        packed_a.data());
        add_block(rows, columns, depth, packed_a.data(), packed_b.data(), c + i * c_stride + j, c_stride);
      }
    }
  }
}

}  // namespace offramp
