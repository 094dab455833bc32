// Pooled features of every exit point, one backbone pass per sample. Full maps are never kept.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analysis/exit_points.h"
#include "base/tensor.h"
#include "exec/session.h"

namespace offramp {

// How a map [C, H, W], a signal [C, L] or a vector [C] becomes a feature vector.
enum class Pooling {
  kGap,     // global average: C
  kGapGmp,  // global average, then global maximum: 2C
  kGrid,    // average over a grid of up to 4x4 cells or 16 bins, channel-major: C * cells
};
std::string_view to_string(Pooling pooling);  // "gap", "gap_gmp", "grid"

// One AveragePool's geometry along an axis: cells of `kernel`, every `stride`; they may overlap but cover the axis.
struct GridAxis {
  int64_t cells, kernel, stride;
};
// For spatial dims of 1 or 2 axes and C channels; fewer cells where C * cells would pass 512.
std::vector<GridAxis> grid_of(int64_t channels, std::span<const int64_t> spatial);
// Length of the feature vector for an exit point's shape.
int64_t feature_length(Pooling pooling, const Dims& shape);
// Of the grid, or 0 where it would be one cell: that is GAP, and not kept twice.
int64_t grid_length(const Dims& shape);
// Shapes: map [n, C, ...spatial] f32 -> [n, feature_length] f32. The definition that heads are trained on; a stage
// computes the same with ONNX's pooling operators.
Tensor pool_features(const Tensor& map, Pooling pooling);

// What a convolutional head takes of a map or signal: average-pooled first, so that its first layer does not cost as much as
// the backbone's. Height is 1 for signals; channels is 0 for vectors, which have no such form.
struct BodyMap {
  int64_t pool_height = 1, pool_width = 1;  // kernel and stride; what does not fill a cell is left out
  int64_t height = 0, width = 0, channels = 0;
  int64_t values() const { return height * width * channels; }
};
BodyMap body_map(const Dims& shape);
// Shapes: map [n, C, ...spatial] f32 -> [n, height, width, C].
Tensor pool_body_map(const Tensor& map);

// What heads at one exit point read, of a batch of rows.
struct PointBatch {
  Tensor gap_gmp, grid;  // [n, feature_length]
  Tensor map;            // [n, height, width, channels]; empty where the point has none
};

// What a view of some rows gives: batches by exit point, and the backbone's logits if the view has its own.
struct ViewBatch {
  std::vector<PointBatch> points;
  Tensor logits;  // [n, classes], or empty: those of the rows as they are
  // Of blended rows, by row: the other row, and the share of the row itself. Empty if none is blended.
  std::vector<int32_t> partners;
  std::vector<float> shares;
};

// Rows x columns, f16: features need no more, and it halves what bounds the number of rows.
class HalfMatrix {
 public:
  explicit HalfMatrix(int64_t columns = 0) : columns_(columns) {}
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  void append(std::span<const float> row_values);  // a multiple of columns() values
  // Beyond what halves hold a feature is as good as at the limit.
  void append_clamped(std::span<const float> row_values);
  void read_row(int64_t row, float* out) const;
  // The same as they are kept.
  void append_halves(std::span<const uint16_t> row_values);
  std::span<const uint16_t> halves(int64_t row) const;
  int64_t bytes() const { return rows_ * columns_ * int64_t(sizeof(uint16_t)); }
  // Forgets the other columns and their memory.
  void keep_first_columns(int64_t count);

 private:
  // In blocks of so many rows: one long vector would hold up to twice its size as it grows.
  static constexpr int64_t kBlockRows = 256;
  int64_t columns_, rows_ = 0;
  std::vector<std::vector<uint16_t>> blocks_;
};

// Everything later steps need of one part of the rows.
struct FeatureTable {
  std::vector<int32_t> labels;
  Tensor logits;                     // backbone's, f32 [rows, classes]; set by finish()
  std::vector<HalfMatrix> gap_gmp;   // by exit point; its first half is GAP
  std::vector<HalfMatrix> grid;      // by exit point; without columns where the grid is one cell
  std::vector<uint8_t> gap_only;     // by exit point: the rest was let go; empty: of none
  std::vector<Tensor> logit_chunks;  // until finish()
  int64_t rows() const { return int64_t(labels.size()); }
  int64_t gap_columns(int32_t exit_point) const;
  int64_t bytes() const;  // of all features
  // To be called after the last row, before anything reads `logits`.
  void finish();
  // Forgets all features of an exit point but GAP.
  void keep_gap(int32_t exit_point);
};

// Shapes: [n, ...] f32 -> the given rows of it.
Tensor rows_of(const Tensor& tensor, std::span<const int32_t> rows);
// Rows of a table as heads read them; without maps, which no table has. Maxima that were let go are 0.
PointBatch read_table(const FeatureTable& table, int32_t exit_point, std::span<const int32_t> rows);

// The exit points whose features of a row have at most `values` values together: all, or as many as fit, so that they stay as evenly
// spaced in MACs as they can; at least one. Point shapes as heads see them.
std::vector<ExitPoint> thin_exit_points(std::vector<ExitPoint> points, std::span<const Dims> shapes, int64_t values);

class FeatureExtractor {
 public:
  // The graph must be in normal form, with one input and one output [N, classes].
  static Result<std::unique_ptr<FeatureExtractor>> create(const Graph& graph, std::vector<ExitPoint> exit_points, const SessionOptions& options);

  // Appends a batch, running at most rows_per_run() rows at a time: the features are the same as row by row. Shapes: inputs
  // f32 [n, ...] as the model's input.
  // Errors: kInvalidArgument for a wrong shape; kInvalidData naming the row whose logits are not finite, and then rows
  // before it may have been appended.
  Status extract(const Tensor& inputs, std::span<const int32_t> labels, FeatureTable& into);
  // Gives an empty table its columns, as the first extract() does.
  void prepare(FeatureTable& table) const;
  // As many as keep the maps of all exit points within kMaxMapBytes, and at least one.
  int64_t rows_per_run() const { return rows_per_run_; }
  static constexpr int64_t kMaxMapBytes = int64_t{64} << 20;

 private:
  Status extract_run(const Tensor& inputs, std::span<const int32_t> labels, FeatureTable& into);

  std::unique_ptr<Session> session_;
  std::vector<ExitPoint> exit_points_;
  int64_t rows_per_run_ = 1;
};

}  // namespace offramp
