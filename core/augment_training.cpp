// Heads in training, all of them on the same batches, and what trained ones say of rows.
#include <algorithm>
#include <cmath>

#include "augmenter.h"
#include "exec/threads.h"

namespace offramp {
namespace {

constexpr double kTrainViewMacs = 12e12;             // that extracting views may cost, for the full training
constexpr double kTrainHeadMacs = 8e12;              // that the heads themselves may cost there, forward and back
constexpr double kTableMacs = 4e11;                  // likewise, of heads trained on stored features
constexpr int64_t kScoreRows = 128;                  // per step

}  // namespace

// Reads from `source`, or from the table if there is none.
Status Augmenter::State::begin_family(std::vector<FamilyJob> jobs, const TrainOptions& how, Phase next) {
  std::vector<Dims> shapes;
  for (int32_t point : source_points) shapes.push_back(point_shape(point));
  const auto read = [this](std::span<const int32_t> rows, int64_t view) -> Result<ViewBatch> {
    if (source) return source->read(rows, view);
    ViewBatch batch;
    for (int32_t point : source_points) batch.points.push_back(read_table(train(), point, rows));
    return batch;
  };
  trainer = std::make_unique<FamilyTrainer>(read, train().labels, train().logits.data<float>(), folds, std::move(shapes), std::move(jobs), how);
  phase = next;
  done = 0;
  total = trainer->total_steps();
  return {};
}

// One batch of the heads in training; finished ones are scored.
Status Augmenter::State::train_next() {
  OFFRAMP_RETURN_IF_ERROR(trainer->step());
  ++done;
  if (!trainer->done()) return {};
  std::vector<Head> trained = trainer->take();
  trainer.reset();
  for (const Head& head : trained)
    for (const auto* weights : {&head.w1, &head.b1})
      for (float w : *weights)
        if (!std::isfinite(w)) return internal_error("head " + head.kind.name + " diverged in training");
  if (phase == Phase::kQualify) {
    qualified = std::move(trained);
    return begin_rank();
  }
  std::move(trained.begin(), trained.end(), std::back_inserter(fold_heads));
  return phase == Phase::kTrain ? begin_table_training() : begin_score();
}

std::span<const HeadChoice> Augmenter::State::viewed_finalists() const { return std::span(finalists).first(size_t(viewed)); }

// As many epochs as are allowed for all heads and fits together.
int Augmenter::State::affordable_epochs(std::span<const HeadChoice> choices, double macs, int most) const {
  double epoch = 0;
  for (const HeadChoice& choice : choices)
    epoch += 3 * double(train().rows()) * (cross_fitted ? kFits + 1 : 1) * double(network_of(choice.kind, point_shape(choice.exit_point), classes).macs());
  return int(std::clamp(macs / epoch, double(kLeastEpochs), double(most)));
}

std::vector<FamilyJob> Augmenter::State::finalist_jobs(std::span<const HeadChoice> choices) const {
  std::vector<FamilyJob> jobs;
  for (const HeadChoice& choice : choices) {
    const int32_t at = position_in_source(choice.exit_point);
    for (int fit = 0; cross_fitted && fit < kFits; ++fit)
      jobs.push_back(fold_job(at, choice.kind, graded_folds(fit), 1u << (2 * fit + 2) % kFolds));
    jobs.push_back(fold_job(at, choice.kind, 0, kLastFold));
  }
  return jobs;
}

Status Augmenter::State::begin_training() {
  TrainOptions full = options.train;
  if (!epochs_given) full.epochs = affordable_epochs(viewed_finalists(), kTrainHeadMacs, full.epochs);
  OFFRAMP_RETURN_IF_ERROR(open_source(viewed_finalists(), 0, full.epochs, kTrainViewMacs));
  return begin_family(finalist_jobs(viewed_finalists()), full, Phase::kTrain);
}

Status Augmenter::State::begin_table_training() {
  const auto choices = std::span(finalists).subspan(size_t(viewed));
  TrainOptions how = options.train;
  how.epochs = affordable_epochs(choices, kTableMacs, automatic_epochs());
  source.reset();
  source_points.clear();
  for (const HeadChoice& choice : choices) source_points.push_back(choice.exit_point);
  return begin_family(finalist_jobs(choices), how, Phase::kTrainTable);
}

// Cross-fitted, each row is scored by the heads that were trained without it.
Status Augmenter::State::begin_score() {
  prepare_logits(finalists.size(), select().rows());
  std::vector<ScoringItem> items;
  const size_t fits = fold_heads.size() / finalists.size();
  for (size_t i = 0; i < finalists.size(); ++i) {
    if (!cross_fitted) items.push_back({finalists[i].exit_point, &fold_heads[i], ~FoldMask{0}, &logits[i]});
    for (size_t fit = 0; cross_fitted && fit < kFits; ++fit)
      items.push_back({finalists[i].exit_point, &fold_heads[i * fits + fit], graded_folds(int(fit)), &logits[i]});
  }
  phase = Phase::kScore;
  return begin_scoring(cross_fitted ? 0 : 1, {}, std::move(items));
}

Status Augmenter::State::collect_candidates() {
  const size_t fits = fold_heads.size() / finalists.size();
  for (size_t i = 0; i < finalists.size(); ++i) {
    Head head = std::move(fold_heads[i * fits + fits - 1]);
    head.temperature = fit_temperature(logits[i], outcomes.labels);
    heads.push_back({finalists[i].exit_point, std::move(head), accuracy_of(row_predictions(logits[i]), outcomes.labels), false});
    add_candidates(int32_t(heads.size()) - 1, logits[i]);
  }
  fold_heads.clear();
  logits.clear();
  source.reset();
  phase = Phase::kPaper;
  done = 0;
  total = int64_t(exit_points.size());
  return {};
}

// The paper's heads: linear on the global average, at every exit point, on the rows as they are.
Status Augmenter::State::paper_next() {
  const auto point = int32_t(done);
  const auto train_without = [&](FoldMask held) {
    std::vector<int32_t> rows;
    for (int32_t row = 0; row < int32_t(train().rows()); ++row)
      if (!(held >> folds[size_t(row)] & 1)) rows.push_back(row);
    HeadTrainer trainer_of_one(head_family()[0], train(), point, classes, options.train, std::move(rows));
    while (!trainer_of_one.done()) trainer_of_one.step();
    return trainer_of_one.take();
  };
  Head head = train_without(0);
  Tensor scored = head_logits(head, select(), point);
  for (int fit = 0; cross_fitted && fit < kFits; ++fit) {
    const FoldMask held = graded_folds(fit);
    const Tensor fitted = head_logits(train_without(held), train(), point);
    for (int32_t row = 0; row < int32_t(train().rows()); ++row)
      if (held >> folds[size_t(row)] & 1)
        std::copy_n(fitted.data<float>().begin() + int64_t(row) * classes, classes, scored.mutable_data<float>().begin() + int64_t(row) * classes);
  }
  heads.push_back({point, std::move(head), accuracy_of(row_predictions(scored), outcomes.labels), true});
  add_candidates(int32_t(heads.size()) - 1, scored);
  return ++done < total ? Status() : begin_search();
}

// Each with memory of its own: they are written on several threads.
void Augmenter::State::prepare_logits(size_t count, int64_t rows) {
  logits.clear();
  for (size_t i = 0; i < count; ++i) logits.emplace_back(DType::kF32, Dims{rows, classes});
}

Status Augmenter::State::begin_scoring(size_t part, std::vector<int32_t> rows, std::vector<ScoringItem> items) {
  scoring = std::move(items);
  scoring_part = part;
  scoring_at = 0;
  scored_rows = std::move(rows);
  if (scored_rows.empty())
    for (int64_t row = 0; row < tables[part].rows(); ++row) scored_rows.push_back(int32_t(row));
  done = 0;
  total = int64_t(scored_rows.size());
  // Heads on pooled features read the table; only maps must be extracted again.
  std::vector<HeadChoice> with_maps;
  for (const ScoringItem& item : scoring)
    if (!item.head->body.empty()) with_maps.push_back({item.exit_point, item.head->kind});
  source.reset();
  return with_maps.empty() ? Status() : open_source(with_maps, part);
}

Status Augmenter::State::score_next() {
  const size_t end = std::min(scored_rows.size(), scoring_at + size_t(kScoreRows));
  const std::span<const int32_t> rows = std::span(scored_rows).subspan(scoring_at, end - scoring_at);
  ViewBatch maps;
  if (source) {
    OFFRAMP_TRY(maps, source->read(rows, 0));
  }
  in_parallel(scoring.size(), [&](size_t i) {
    const ScoringItem& item = scoring[i];
    std::vector<int32_t> positions;
    for (size_t r = 0; r < rows.size(); ++r)
      if (scoring_part != 0 || item.folds >> folds[size_t(rows[r])] & 1) positions.push_back(int32_t(r));
    if (positions.empty()) return;
    PointBatch batch;
    if (item.head->body.empty()) {
      std::vector<int32_t> numbers;
      for (int32_t p : positions) numbers.push_back(rows[size_t(p)]);
      batch = read_table(tables[scoring_part], item.exit_point, numbers);
    } else {
      batch.map = rows_of(maps.points[size_t(position_in_source(item.exit_point))].map, positions);
    }
    const Tensor scored = item.head->logits(batch);
    for (size_t p = 0; p < positions.size(); ++p)
      std::copy_n(scored.data<float>().begin() + int64_t(p) * classes, classes,
                  item.logits->mutable_data<float>().begin() + int64_t(rows[size_t(positions[p])]) * classes);
  });
  scoring_at = end;
  done = int64_t(end);
  if (end < scored_rows.size()) return {};
  source.reset();
  if (phase == Phase::kRank) return finish_rank();
  if (phase == Phase::kCertify) return finish_certify();
  return phase == Phase::kScore ? collect_candidates() : finish_evaluation();
}

}  // namespace offramp
