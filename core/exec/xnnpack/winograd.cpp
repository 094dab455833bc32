#include "exec/xnnpack/winograd.h"

#include "exec/xnnpack/elementwise_loop.h"

namespace offramp::xnnpack {
namespace {

// G g for a column of three filter weights.
std::array<float, 4> filter_points(float a, float b, float c) {
  return {a, 0.5f * (a + b + c), 0.5f * (a - b + c), c};
}

struct Place {
  size_t sample, row, column;
};
Place place_of(const TileGrid& grid, size_t tile) {
  const size_t within = tile % grid.tiles();
  return {tile / grid.tiles(), within / grid.columns(), within % grid.columns()};
}

}  // namespace

std::array<Tensor, kWinogradPoints> transform_filter(const Tensor& filter) {
  const int64_t pairs = filter.dims()[0] * filter.dims()[1];
  std::array<Tensor, kWinogradPoints> matrices;
  std::array<float*, kWinogradPoints> to = {};
  for (size_t p = 0; p < kWinogradPoints; ++p) {
    matrices[p] = Tensor(DType::kF32, {filter.dims()[0], filter.dims()[1]});
    to[p] = matrices[p].mutable_data<float>().data();
  }
  const float* g = filter.data<float>().data();
  for (int64_t pair = 0; pair < pairs; ++pair, g += 9) {
    std::array<std::array<float, 4>, 3> columns;
    for (size_t x = 0; x < 3; ++x) columns[x] = filter_points(g[x], g[3 + x], g[6 + x]);
    for (size_t y = 0; y < 4; ++y) {
      const auto row = filter_points(columns[0][y], columns[1][y], columns[2][y]);
      for (size_t x = 0; x < 4; ++x) to[4 * y + x][pair] = row[x];
    }
  }
  return matrices;
}

void transform_input(const TileGrid& grid, const float* x, const float* zeros, size_t first, size_t count,
                     size_t capacity, float* factors) {
  const size_t plane = capacity * grid.channels;
  for (size_t t = 0; t < count; ++t) {
    const Place place = place_of(grid, first + t);
    const float* d[16];
    for (size_t i = 0; i < 16; ++i) {
      const size_t row = 2 * place.row + i / 4, column = 2 * place.column + i % 4;
      const bool inside = row >= grid.top && row < grid.top + grid.height && column >= grid.left &&
                          column < grid.left + grid.width;
      const size_t pixel = (place.sample * grid.height + row - grid.top) * grid.width + column - grid.left;
      d[i] = inside ? x + pixel * grid.channels : zeros;
    }
    float* v = factors + t * grid.channels;
    OFFRAMP_ELEMENTWISE
    for (size_t c = 0; c < grid.channels; ++c) {
      // Columns first, then rows: B^T d B.
      const float a0 = d[0][c] - d[8][c], a1 = d[1][c] - d[9][c], a2 = d[2][c] - d[10][c], a3 = d[3][c] - d[11][c];
      const float b0 = d[4][c] + d[8][c], b1 = d[5][c] + d[9][c], b2 = d[6][c] + d[10][c], b3 = d[7][c] + d[11][c];
      const float e0 = d[8][c] - d[4][c], e1 = d[9][c] - d[5][c], e2 = d[10][c] - d[6][c], e3 = d[11][c] - d[7][c];
      const float f0 = d[4][c] - d[12][c], f1 = d[5][c] - d[13][c], f2 = d[6][c] - d[14][c], f3 = d[7][c] - d[15][c];
      v[0 * plane + c] = a0 - a2;
      v[1 * plane + c] = a1 + a2;
      v[2 * plane + c] = a2 - a1;
      v[3 * plane + c] = a1 - a3;
      v[4 * plane + c] = b0 - b2;
      v[5 * plane + c] = b1 + b2;
      v[6 * plane + c] = b2 - b1;
      v[7 * plane + c] = b1 - b3;
      v[8 * plane + c] = e0 - e2;
      v[9 * plane + c] = e1 + e2;
      v[10 * plane + c] = e2 - e1;
      v[11 * plane + c] = e1 - e3;
      v[12 * plane + c] = f0 - f2;
      v[13 * plane + c] = f1 + f2;
      v[14 * plane + c] = f2 - f1;
      v[15 * plane + c] = f1 - f3;
    }
  }
}

void transform_output(const TileGrid& grid, const float* products, const float* bias, size_t first, size_t count,
                      size_t capacity, float low, float high, float* y) {
  const size_t plane = capacity * grid.out_channels;
  const auto bounded = [low, high](float value) {
    value = value < low ? low : value;
    return value > high ? high : value;
  };
  for (size_t t = 0; t < count; ++t) {
    const Place place = place_of(grid, first + t);
    const size_t row = 2 * place.row, column = 2 * place.column;
    const bool below = row + 1 < grid.out_height, beside = column + 1 < grid.out_width;
    float* at = y + ((place.sample * grid.out_height + row) * grid.out_width + column) * grid.out_channels;
    // Pixels beyond the edge are written over one that is kept, before it.
    float* right = beside ? at + grid.out_channels : at;
    float* down = below ? at + grid.out_width * grid.out_channels : at;
    float* diagonal = below ? (beside ? down + grid.out_channels : down) : right;
    const float* m = products + t * grid.out_channels;
    OFFRAMP_ELEMENTWISE
    for (size_t c = 0; c < grid.out_channels; ++c) {
      const auto p = [&](size_t i) { return m[i * plane + c]; };
      const float a0 = p(0) + p(4) + p(8), a1 = p(1) + p(5) + p(9), a2 = p(2) + p(6) + p(10), a3 = p(3) + p(7) + p(11);
      const float b0 = p(4) - p(8) - p(12), b1 = p(5) - p(9) - p(13), b2 = p(6) - p(10) - p(14), b3 = p(7) - p(11) - p(15);
      diagonal[c] = bounded(b1 - b2 - b3 + bias[c]);
      down[c] = bounded(b0 + b1 + b2 + bias[c]);
      right[c] = bounded(a1 - a2 - a3 + bias[c]);
      at[c] = bounded(a0 + a1 + a2 + bias[c]);
    }
  }
}

}  // namespace offramp::xnnpack
