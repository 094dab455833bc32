// Trains many heads together on views of the rows, so that one backbone pass feeds all of them.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/archive.h"
#include "heads/heads.h"

namespace offramp {

// Rows are dealt into so many folds, groups and classes kept even; bit f of a mask stands for fold f.
inline constexpr int kFolds = 10;
using FoldMask = uint32_t;
// Where one fit is graded on the rows it was trained without: those rows.
inline constexpr FoldMask kGradeFolds = 0b111;

// A head to train.
struct FamilyJob {
  int32_t point = 0;     // position in ViewBatch::points
  HeadKind kind;
  FoldMask held = 0;     // folds that are not trained on
  FoldMask stop = 0;     // of these, those whose loss tells the best epoch
};

// View 0 is the rows as they are; the same (row, view) gives the same values whatever else is in the batch.
using ViewReader = std::function<Result<ViewBatch>(std::span<const int32_t> rows, int64_t view)>;

class FamilyTrainer {
 public:
  // Shapes: labels and folds [rows], teacher [rows, classes] logits, all of which outlive the trainer; `shapes` by point.
  // One epoch sees every row once, in a view of its own.
  FamilyTrainer(ViewReader views, std::span<const int32_t> labels, std::span<const float> teacher, std::span<const uint8_t> folds,
                std::vector<Dims> shapes, std::vector<FamilyJob> jobs, const TrainOptions& options);
  ~FamilyTrainer();
  int64_t total_steps() const;
  bool done() const;
  // One batch. Errors: those of the reader.
  Status step();
  std::vector<Head> take();  // by job, when done
  // How far training is, between two steps. Read into a trainer of the same rows, jobs and options before its first step, it goes on
  // as the one that wrote it. Errors: those of the reader of views; what the archive refuses is told by the archive.
  Status archive(Archive& a);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace offramp
