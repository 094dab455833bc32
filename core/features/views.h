// Augmented views of rows, run through the backbone again: features of samples a little different from those at hand.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "features/features.h"

namespace offramp {

// What may be done to a model's input without changing its class.
struct ViewPolicy {
  bool flip = false;                      // along the last axis, left and right
  int64_t shift_rows = 0, shift_columns = 0;  // at most so many places either way; edges are repeated
  float noise = 0;                        // deviation, in deviations of the sample
  float gain = 0;                         // scaled by 1 - gain to 1 + gain
  float mix = 0;                          // share of rows blended with another row; then the backbone answers for the blend
  bool none() const { return !flip && shift_rows == 0 && shift_columns == 0 && noise == 0 && gain == 0 && mix == 0; }
};
std::string to_string(const ViewPolicy& policy);  // "flip, shift 4 x 4, noise 0.1"

// Changes one sample in place. Shapes: [channels, rows, columns] with rows 1 for signals. The same seed gives the same view.
void change_sample(std::span<float> sample, int64_t channels, int64_t rows, int64_t columns, const ViewPolicy& policy, uint64_t seed);

struct ViewOptions {
  ViewPolicy policy = {};
  int64_t distinct = 1;  // views of a row before they repeat; view 0 is the row as it is, and the only one of 1
  int64_t keep = 0;      // so many views of a row, for when they repeat: see kept_bytes()
  int64_t epochs = 1;    // that read the rows; where fewer views are kept than there are, each is read by turns for a part of them
  uint64_t seed = 0;
  std::span<const uint8_t> folds = {};  // by row: rows are blended within their fold, so that held-out ones stay unseen
  bool answers = false;  // the backbone's logits too; they always come with blended rows
  SessionOptions session = {};
};

// What is wanted of an exit point.
struct ViewPoint {
  ExitPoint point;
  bool pooled = true, map = true;
};
// Bytes that keeping one view of a row takes.
int64_t kept_bytes(const Graph& graph, std::span<const ViewPoint> points);

// Runs the backbone up to the deepest of some exit points, or to its end where its answers are wanted.
class ViewSource {
 public:
  // `inputs` gives model inputs [n, ...] of rows. `rows`: how many there are.
  using Inputs = std::function<Result<Tensor>(std::span<const int32_t> rows)>;
  static Result<std::unique_ptr<ViewSource>> create(const Graph& graph, std::span<const ViewPoint> points, int64_t rows, Inputs inputs,
                                                    const ViewOptions& options);
  // The view of an epoch. The same (row, epoch) gives the same values, whatever else is asked for with it.
  // Errors: as `inputs` and Session::run.
  Result<ViewBatch> read(std::span<const int32_t> rows, int64_t epoch);
  int64_t view_of(int64_t epoch) const;

 private:
  Result<ViewBatch> extract(std::span<const int32_t> rows, int64_t view);
  void choose_partners(std::span<const int32_t> rows, int64_t view, ViewBatch& batch) const;
  Status blend(Tensor& inputs, int64_t view, const ViewBatch& batch) const;
  Result<ViewBatch> read_kept(std::span<const int32_t> rows, int64_t view);
  int64_t by_turns() const;  // views that are kept beside view 0, at least one
  int64_t place_of(int64_t view) const;
  void change(Tensor& inputs, std::span<const int32_t> rows, int64_t view) const;

  ViewOptions options_;
  Inputs inputs_;
  std::unique_ptr<Session> session_;
  struct Point {
    Dims shape;  // as heads see it
    bool pooled, map;
    size_t width() const;  // values of a row
  };
  std::vector<Point> points_;
  bool channels_last_ = false;
  int64_t rows_ = 0, rows_per_run_ = 1;
  bool answers_ = false;              // logits are an output
  // By point: gap_gmp, grid and map in halves, [keep * rows, width]; empty if views are not kept.
  std::vector<std::vector<uint16_t>> kept_;
  std::vector<float> kept_logits_;    // [keep * rows, classes]
  std::vector<int32_t> have_;         // by place and row: the view, or -1
  int64_t missing_ = 0;               // places with none; when none is and all views have places, the session goes
  std::vector<std::vector<int32_t>> by_fold_;
};

}  // namespace offramp
