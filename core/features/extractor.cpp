// One backbone pass per sample with all exit points as outputs, pooled at once.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "features/features.h"
#include "features/layout.h"
#include "graph/operators.h"

namespace offramp {
namespace {

Status check_finite(const Tensor& logits, int64_t first_row) {
  const auto values = logits.data<float>();
  const int64_t classes = logits.dims()[1];
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      return invalid_data("row " + std::to_string(first_row + int64_t(i) / classes) +
                          ": the model's answer is not finite; check the sample and its preprocessing");
  return {};
}

}  // namespace

Result<std::unique_ptr<FeatureExtractor>> FeatureExtractor::create(const Graph& graph, std::vector<ExitPoint> exit_points,
                                                                   const SessionOptions& options) {
  Graph tapped = graph;
  // From here on a point's shape is the one that heads see.
  int64_t map_bytes = 0;  // of one row
  for (ExitPoint& point : exit_points) {
    const bool last = has_channels_last(graph, point.value);
    tapped.outputs.push_back(add_channels_first(tapped, point.value, point.shape.size() + 1, last));
    point.shape = head_shape(point.shape, last);
    map_bytes += element_count(point.shape) * int64_t(sizeof(float));
  }
  OFFRAMP_RETURN_IF_ERROR(infer_shapes(tapped));
  auto extractor = std::make_unique<FeatureExtractor>();
  OFFRAMP_TRY(extractor->session_, Session::create(std::move(tapped), options));
  extractor->exit_points_ = std::move(exit_points);
  if (map_bytes > 0) extractor->rows_per_run_ = std::max<int64_t>(1, kMaxMapBytes / map_bytes);
  return extractor;
}

Status FeatureExtractor::extract(const Tensor& inputs, std::span<const int32_t> labels, FeatureTable& into) {
  if (inputs.dims().empty() || inputs.dims()[0] != int64_t(labels.size()))
    return invalid_argument("expected one label per sample, got " + std::to_string(labels.size()) + " for shape " +
                            to_string(inputs.dims()));
  const int64_t rows = inputs.dims()[0];
  if (rows <= rows_per_run_) return extract_run(inputs, labels, into);
  for (int64_t begin = 0; begin < rows; begin += rows_per_run_) {
    const int64_t end = std::min(begin + rows_per_run_, rows);
    OFFRAMP_RETURN_IF_ERROR(extract_run(inputs.rows(begin, end), labels.subspan(size_t(begin), size_t(end - begin)), into));
  }
  return {};
}

Status FeatureExtractor::extract_run(const Tensor& inputs, std::span<const int32_t> labels, FeatureTable& into) {
  OFFRAMP_TRY(std::vector<Tensor> outputs, session_->run(std::span(&inputs, 1)));
  OFFRAMP_RETURN_IF_ERROR(check_finite(outputs[0], into.rows()));
  prepare(into);
  for (size_t i = 0; i < exit_points_.size(); ++i) {
    into.gap_gmp[i].append_clamped(pool_features(outputs[i + 1], Pooling::kGapGmp).data<float>());
    if (into.grid[i].columns() > 0) into.grid[i].append_clamped(pool_features(outputs[i + 1], Pooling::kGrid).data<float>());
  }
  into.labels.insert(into.labels.end(), labels.begin(), labels.end());
  into.logit_chunks.push_back(std::move(outputs[0]));
  return {};
}

void FeatureExtractor::prepare(FeatureTable& table) const {
  if (!table.gap_gmp.empty()) return;
  for (const ExitPoint& point : exit_points_) {
    table.gap_gmp.emplace_back(feature_length(Pooling::kGapGmp, point.shape));
    table.grid.emplace_back(grid_length(point.shape));
  }
}

void FeatureTable::finish() {
  if (logit_chunks.empty()) return;
  Dims dims = logit_chunks[0].dims();
  dims[0] = rows();
  logits = Tensor(DType::kF32, dims);
  std::byte* out = logits.mutable_raw();
  for (const Tensor& chunk : logit_chunks) {
    std::memcpy(out, chunk.raw(), chunk.bytes());
    out += chunk.bytes();
  }
  logit_chunks.clear();
}

std::vector<ExitPoint> thin_exit_points(std::vector<ExitPoint> points, std::span<const Dims> shapes, int64_t values) {
  std::vector<int64_t> lengths;
  int64_t total = 0;
  for (const Dims& shape : shapes) {
    lengths.push_back(feature_length(Pooling::kGapGmp, shape) + grid_length(shape));
    total += lengths.back();
  }
  while (total > values && points.size() > 1) {
    // The one whose neighbours are nearest to each other is missed least; the last is not between two.
    size_t least = 0;
    int64_t nearest = INT64_MAX;
    for (size_t i = 0; i + 1 < points.size(); ++i) {
      const int64_t distance = points[i + 1].macs - (i > 0 ? points[i - 1].macs : 0);
      if (distance < nearest) {
        nearest = distance;
        least = i;
      }
    }
    total -= lengths[least];
    points.erase(points.begin() + int64_t(least));
    lengths.erase(lengths.begin() + int64_t(least));
  }
  return points;
}

int64_t FeatureTable::gap_columns(int32_t exit_point) const {
  const int64_t columns = gap_gmp[size_t(exit_point)].columns();
  return size_t(exit_point) < gap_only.size() && gap_only[size_t(exit_point)] ? columns : columns / 2;
}

int64_t FeatureTable::bytes() const {
  int64_t sum = 0;
  for (const std::vector<HalfMatrix>* matrices : {&gap_gmp, &grid})
    for (const HalfMatrix& matrix : *matrices) sum += matrix.bytes();
  return sum;
}

void FeatureTable::keep_gap(int32_t exit_point) {
  if (gap_gmp.empty()) return;
  gap_gmp[size_t(exit_point)].keep_first_columns(gap_columns(exit_point));
  gap_only.resize(gap_gmp.size());
  gap_only[size_t(exit_point)] = 1;
  grid[size_t(exit_point)] = HalfMatrix();
}

Tensor rows_of(const Tensor& tensor, std::span<const int32_t> rows) {
  Dims dims = tensor.dims();
  const int64_t width = dims[0] > 0 ? tensor.elements() / dims[0] : 0;
  dims[0] = int64_t(rows.size());
  Tensor out(DType::kF32, dims);
  for (size_t i = 0; i < rows.size(); ++i)
    std::copy_n(tensor.data<float>().begin() + rows[i] * width, width, out.mutable_data<float>().begin() + int64_t(i) * width);
  return out;
}

PointBatch read_table(const FeatureTable& table, int32_t exit_point, std::span<const int32_t> rows) {
  PointBatch batch;
  const auto read = [&](const HalfMatrix& matrix, int64_t width) {
    Tensor to(DType::kF32, {int64_t(rows.size()), width});
    for (size_t i = 0; i < rows.size(); ++i) matrix.read_row(rows[i], to.mutable_data<float>().data() + int64_t(i) * width);
    return to;
  };
  batch.gap_gmp = read(table.gap_gmp[size_t(exit_point)], 2 * table.gap_columns(exit_point));
  const HalfMatrix& grid = table.grid[size_t(exit_point)];
  if (grid.columns() > 0) batch.grid = read(grid, grid.columns());
  return batch;
}

}  // namespace offramp
