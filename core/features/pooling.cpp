// Pooling of maps, signals and vectors into feature vectors.
#include <algorithm>
#include <cstring>

#include "base/half.h"
#include "features/features.h"

namespace offramp {
namespace {

constexpr int64_t kMaxGridFeatures = 512;
constexpr int64_t kMaxBodyValues = 40'000;
constexpr int64_t kWideMap = 16, kLongSignal = 128;  // from there on a body sees a map or signal pooled
  // of one row's map
// Four lanes that every target has, so that native and wasm add in the same order.
typedef float V4 __attribute__((vector_size(16)));

V4 load(const float* values) {
  V4 v;
  std::memcpy(&v, values, sizeof v);
  return v;
}

float sum_lanes(V4 v) { return (v[0] + v[1]) + (v[2] + v[3]); }

// Sum and maximum of a contiguous range.
struct SumMax {
  float sum, max;
};
SumMax reduce(const float* values, int64_t count) {
  V4 sums[2] = {}, maxima[2] = {V4{} + values[0], V4{} + values[0]};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int half = 0; half < 2; ++half) {
      const V4 v = load(values + i + 4 * half);
      sums[half] += v;
      maxima[half] = v > maxima[half] ? v : maxima[half];
    }
  const V4 max = maxima[0] > maxima[1] ? maxima[0] : maxima[1];
  SumMax total = {sum_lanes(sums[0] + sums[1]), std::max(std::max(max[0], max[1]), std::max(max[2], max[3]))};
  for (; i < count; ++i) {
    total.sum += values[i];
    total.max = std::max(total.max, values[i]);
  }
  return total;
}

int64_t spatial_size(const Dims& dims) {
  int64_t size = 1;
  for (size_t i = 2; i < dims.size(); ++i) size *= dims[i];
  return size;
}

float sum(const float* values, int64_t count) {
  V4 lanes = {};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) lanes += load(values + i);
  float rest = 0;
  for (; i < count; ++i) rest += values[i];
  return sum_lanes(lanes) + rest;
}

// One channel's grid cells, row-major; `rows.kernel` is 1 for signals. `strip` has a map's width of scratch: the sums of
// a row of cells down each column, which overlapping cells share.
void pool_grid(const float* map, const GridAxis& rows, const GridAxis& columns, std::span<float> strip, float* out) {
  const size_t width = strip.size();
  const float scale = 1.0f / float(rows.kernel * columns.kernel);
  for (int64_t r = 0; r < rows.cells; ++r) {
    const float* top = map + size_t(r * rows.stride) * width;
    std::copy(top, top + width, strip.begin());
    for (int64_t y = 1; y < rows.kernel; ++y)
      for (size_t x = 0; x < width; ++x) strip[x] += top[size_t(y) * width + x];
    for (int64_t c = 0; c < columns.cells; ++c) *out++ = sum(&strip[size_t(c * columns.stride)], columns.kernel) * scale;
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
    std::vector<float> strip(size_t(dims.size() > 2 ? dims.back() : 1));
    const int64_t cells = axes[0].cells * axes[1].cells;
    for (int64_t c = 0; c < rows * channels; ++c) pool_grid(in + c * size, axes[0], axes[1], strip, out + c * cells);
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

int64_t grid_length(const Dims& shape) {
  const int64_t length = feature_length(Pooling::kGrid, shape);
  return length > feature_length(Pooling::kGap, shape) ? length : 0;
}

BodyMap body_map(const Dims& shape) {
  BodyMap map;
  if (shape.size() < 2 || shape.size() > 3) return map;
  map.channels = shape[0];
  const bool signal = shape.size() == 2;
  map.height = signal ? 1 : shape[1];
  map.width = shape.back();
  const int64_t shorter = signal ? map.width : std::min(map.height, map.width);
  const int64_t most = signal ? kLongSignal : kWideMap;
  int64_t pool = shorter >= most ? 2 : 1;
  while (shorter / pool > most) pool *= 2;
  map.pool_width = pool;
  if (!signal) map.pool_height = pool;
  const auto values = [&] { return map.channels * (map.height / map.pool_height) * (map.width / map.pool_width); };
  while (values() > kMaxBodyValues && map.height / map.pool_height + map.width / map.pool_width > 4) {
    if (map.height / map.pool_height >= map.width / map.pool_width) map.pool_height *= 2;
    else map.pool_width *= 2;
  }
  map.height /= map.pool_height;
  map.width /= map.pool_width;
  return map;
}

Tensor pool_body_map(const Tensor& in) {
  const Dims& dims = in.dims();
  const Dims shape(dims.begin() + 1, dims.end());
  const BodyMap map = body_map(shape);
  const int64_t rows = dims[0], height = shape.size() == 2 ? 1 : shape[1], width = shape.back();
  Tensor out(DType::kF32, {rows, map.height, map.width, map.channels});
  const float* from = in.data<float>().data();
  float* to = out.mutable_data<float>().data();
  const float share = 1.0f / float(map.pool_height * map.pool_width);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < map.channels; ++c, from += height * width)
      for (int64_t y = 0; y < map.height; ++y)
        for (int64_t x = 0; x < map.width; ++x) {
          float sum = 0;
          for (int64_t dy = 0; dy < map.pool_height; ++dy)
            for (int64_t dx = 0; dx < map.pool_width; ++dx) sum += from[(y * map.pool_height + dy) * width + x * map.pool_width + dx];
          to[((r * map.height + y) * map.width + x) * map.channels + c] = sum * share;
        }
  return out;
}

void HalfMatrix::append(std::span<const float> row_values) {
  std::vector<uint16_t> halves;
  halves.reserve(row_values.size());
  for (float value : row_values) halves.push_back(float_to_half(value));
  append_halves(halves);
}

void HalfMatrix::append_clamped(std::span<const float> row_values) {
  std::vector<float> clamped(row_values.begin(), row_values.end());
  for (float& v : clamped) v = std::clamp(v, -kHalfMax, kHalfMax);
  append(clamped);
}

void HalfMatrix::append_halves(std::span<const uint16_t> row_values) {
  OFFRAMP_CHECK(columns_ > 0 && int64_t(row_values.size()) % columns_ == 0);
  for (const uint16_t* from = row_values.data(); from != row_values.data() + row_values.size(); from += columns_, ++rows_) {
    if (rows_ % kBlockRows == 0) blocks_.emplace_back().reserve(rows_ > 0 ? size_t(kBlockRows * columns_) : 0);
    blocks_.back().insert(blocks_.back().end(), from, from + columns_);
  }
}

std::span<const uint16_t> HalfMatrix::halves(int64_t row) const {
  return {blocks_[size_t(row / kBlockRows)].data() + row % kBlockRows * columns_, size_t(columns_)};
}

void HalfMatrix::read_row(int64_t row, float* out) const {
  for (uint16_t half : halves(row)) *out++ = half_to_float(half);
}

void HalfMatrix::keep_first_columns(int64_t count) {
  OFFRAMP_CHECK(count >= 0 && count <= columns_);
  for (std::vector<uint16_t>& block : blocks_) {
    std::vector<uint16_t> kept;
    kept.reserve(size_t(kBlockRows * count));
    for (size_t from = 0; from < block.size(); from += size_t(columns_)) kept.insert(kept.end(), block.begin() + int64_t(from), block.begin() + int64_t(from) + count);
    block = std::move(kept);
  }
  columns_ = count;
}

}  // namespace offramp
