// Pooling of maps, signals and vectors into feature vectors.
#include <algorithm>

#include "features/features.h"

namespace offramp {
namespace {

constexpr int64_t kMaxGridFeatures = 512;
constexpr int kLanes = 8;

// Sum and maximum of a contiguous range, in a fixed order that vectorises.
struct SumMax {
  float sum, max;
};
SumMax reduce(const float* values, int64_t count) {
  float sums[kLanes] = {}, maxima[kLanes];
  for (float& m : maxima) m = values[0];
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      const float v = values[i + lane];
      sums[lane] += v;
      maxima[lane] = v > maxima[lane] ? v : maxima[lane];
    }
  for (int lane = 0; i < count; ++i, ++lane) {
    sums[lane] += values[i];
    maxima[lane] = values[i] > maxima[lane] ? values[i] : maxima[lane];
  }
  SumMax total = {0, maxima[0]};
  for (int lane = 0; lane < kLanes; ++lane) {
    total.sum += sums[lane];
    total.max = maxima[lane] > total.max ? maxima[lane] : total.max;
  }
  return total;
}

int64_t spatial_size(const Dims& dims) {
  int64_t size = 1;
  for (size_t i = 2; i < dims.size(); ++i) size *= dims[i];
  return size;
}

// One channel's grid cells, row-major; `height` is 1 for signals.
void pool_grid(const float* map, int64_t width, const GridAxis& rows, const GridAxis& columns, float* out) {
  const float scale = 1.0f / float(rows.kernel * columns.kernel);
  for (int64_t r = 0; r < rows.cells; ++r)
    for (int64_t c = 0; c < columns.cells; ++c) {
      float sum = 0;
      for (int64_t y = r * rows.stride; y < r * rows.stride + rows.kernel; ++y)
        for (int64_t x = c * columns.stride; x < c * columns.stride + columns.kernel; ++x) sum += map[y * width + x];
      *out++ = sum * scale;
    }
}

}  // namespace

std::string_view to_string(Pooling pooling) {
  switch (pooling) {
    case Pooling::kGap: return "gap";
    case Pooling::kGapGmp: return "gap_gmp";
    case Pooling::kGrid: return "grid";
  }
  return "?";
}

std::vector<GridAxis> grid_of(int64_t channels, std::span<const int64_t> spatial) {
  int64_t most = spatial.size() == 1 ? 16 : 4;
  const auto cells = [&](int64_t size) { return std::min(most, size); };
  const auto features = [&] {
    int64_t n = channels;
    for (int64_t size : spatial) n *= cells(size);
    return n;
  };
  while (most > 1 && features() > kMaxGridFeatures) --most;
  std::vector<GridAxis> axes;
  for (int64_t size : spatial) {
    const int64_t count = cells(size), stride = size / count;
    axes.push_back({count, size - (count - 1) * stride, stride});
  }
  return axes;
}

int64_t feature_length(Pooling pooling, const Dims& shape) {
  const int64_t channels = shape[0];
  switch (pooling) {
    case Pooling::kGap: return channels;
    case Pooling::kGapGmp: return 2 * channels;
    case Pooling::kGrid: break;
  }
  int64_t length = channels;
  for (const GridAxis& axis : grid_of(channels, std::span(shape).subspan(1))) length *= axis.cells;
  return length;
}

Tensor pool_features(const Tensor& map, Pooling pooling) {
  const Dims& dims = map.dims();
  const int64_t rows = dims[0], channels = dims[1], size = spatial_size(dims);
  const Dims shape(dims.begin() + 1, dims.end());
  Tensor pooled(DType::kF32, {rows, feature_length(pooling, shape)});
  const float* in = map.data<float>().data();
  float* out = pooled.mutable_data<float>().data();
  if (pooling == Pooling::kGrid) {
    auto axes = grid_of(channels, std::span(dims).subspan(2));
    while (axes.size() < 2) axes.insert(axes.begin(), {1, 1, 1});
    const int64_t width = dims.size() > 2 ? dims.back() : 1;
    const int64_t cells = axes[0].cells * axes[1].cells;
    for (int64_t c = 0; c < rows * channels; ++c) pool_grid(in + c * size, width, axes[0], axes[1], out + c * cells);
    return pooled;
  }
  const int64_t columns = pooled.dims()[1];
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < channels; ++c) {
      const SumMax total = reduce(in + (r * channels + c) * size, size);
      out[r * columns + c] = total.sum / float(size);
      if (pooling == Pooling::kGapGmp) out[r * columns + channels + c] = total.max;
    }
  return pooled;
}

void HalfMatrix::append(std::span<const float> row_values) {
  OFFRAMP_CHECK(columns_ > 0 && int64_t(row_values.size()) % columns_ == 0);
  for (float value : row_values) values_.push_back(float_to_half(value));
}

void HalfMatrix::read_row(int64_t row, float* out) const {
  const uint16_t* in = values_.data() + row * columns_;
  for (int64_t i = 0; i < columns_; ++i) out[i] = half_to_float(in[i]);
}

}  // namespace offramp
