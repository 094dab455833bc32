// Which heads stand where: closed-form heads grade every exit point, the family is tried briefly at the promising ones, and the kinds
// that a search would use are trained in full.
#include <algorithm>
#include <cmath>

#include "augmenter.h"
#include "exec/threads.h"
#include "features/layout.h"

namespace offramp {
namespace {

constexpr int64_t kQualifyVisits = 24'000;           // rows times epochs of the brief training
constexpr double kQualifyViewMacs = 3e12;            // that extracting views may cost, for the brief training
constexpr double kTrainViewMacs = 12e12;             // and for the full one
constexpr double kTrainHeadMacs = 8e12;              // that the heads themselves may cost there, forward and back
constexpr int64_t kKeptBytes = int64_t{800} << 20;   // for views that come up again
constexpr int64_t kTrainingBytes = 1'200'000'000;    // aimed at for weights twice, features and kept views together
constexpr int64_t kLeastKeptBytes = int64_t{64} << 20;
constexpr float kBlended = 0.6f;                     // share of rows that are blended with another, in a view
constexpr double kMostHeadShare = 0.08, kMostSmallHeadShare = 0.2, kSmallHead = 1e6;  // of the backbone's MACs that a head may cost
constexpr size_t kMostConvFinalists = 3, kMostPooledFinalists = 2, kMostPooledFittedFinalists = 1;  // the last cross-fitted, each six times
constexpr double kUntrainedHarm = 3;                 // of a convolutional head after the brief training, to that after the full one
constexpr int64_t kScoreRows = 128;                  // per step
constexpr double kProbeMacs = 5e11;                  // that choosing views may cost
constexpr double kMostViewLoss = 0.02;               // of the backbone's accuracy, by a view that keeps the class
constexpr FoldMask kGradeStop = 0b1000, kLastFold = 1u << (kFolds - 1);

// Of a fit in cross-fitting: the fifth of the rows that it is trained without, and answers for.
FoldMask graded_folds(int fit) { return 0b11u << (2 * fit); }

// A tenth of the rows tells when to stop, and is held out of training with those that the fit is graded on.
FamilyJob fold_job(int32_t point, const HeadKind& kind, FoldMask graded, FoldMask stop) { return {point, kind, graded | stop, stop}; }

}  // namespace

Dims Augmenter::State::point_shape(int32_t exit_point) const {
  const ExitPoint& point = exit_points[size_t(exit_point)];
  return head_shape(point.shape, has_channels_last(graph, point.value));
}

// Closed-form heads at one exit point.
Status Augmenter::State::screen_next() {
  const auto point = int32_t(done);
  double best = 0;
  for (Pooling pooling : {Pooling::kGapGmp, Pooling::kGrid}) {
    if (pooling == Pooling::kGrid && train().grid[size_t(point)].columns() == 0) continue;
    OFFRAMP_TRY(const Head head, fit_ridge({"ridge", pooling}, train(), point, classes, fit_rows).within("exit point " + exit_points[size_t(point)].at));
    Tensor graded = head_logits(head, select(), point);
    if (cross_fitted) graded = rows_of(graded, grade_rows);
    ExitCandidate candidate;
    candidate.exit_point = candidate.head = point;
    candidate.score = Score::kMargin;
    candidate.backbone_cost = double(exit_points[size_t(point)].macs);
    candidate.head_cost = double(head.macs());
    // Regression outputs lie near 0 and 1; a sharper softmax spreads their margins.
    fill_rows(candidate, graded, 0.1f);
    best = std::max(best, accuracy_of(candidate.predictions, screened.labels));
    screened.candidates.push_back(std::move(candidate));
  }
  screen_accuracy.push_back(best);
  if (++done < total) return {};
  OFFRAMP_TRY(std::vector<int32_t> promising, choose_promising(screened, options.search, size_t(options.promising)));
  std::sort(promising.begin(), promising.end());
  // Of the others, the paper's heads read the average.
  for (int32_t i = 0; i < int32_t(exit_points.size()); ++i)
    if (!std::binary_search(promising.begin(), promising.end(), i))
      for (FeatureTable& table : tables) table.keep_gap(i);
  return choose_qualifying(promising);
}

// What is left for views beside weights and features.
int64_t Augmenter::State::kept_budget() const {
  int64_t bytes = 2 * int64_t(sizeof(float)) * costs.parameters;
  for (const FeatureTable& table : tables) bytes += table.bytes();
  return std::clamp(kTrainingBytes - bytes, kLeastKeptBytes, kKeptBytes);
}

TrainOptions Augmenter::State::brief_training() const {
  TrainOptions brief = options.train;
  brief.epochs = int(std::clamp<int64_t>(kQualifyVisits / train().rows(), 2, std::max(2, brief.epochs / 3)));
  return brief;
}

Status Augmenter::State::choose_qualifying(const std::vector<int32_t>& promising) {
  OFFRAMP_RETURN_IF_ERROR(choose_views());
  const TrainOptions brief = brief_training();
  // Where a large backbone cannot give views anew for every epoch they are kept, and maps then of as many points as fit, the first ones.
  const double pass = double(exit_points[size_t(promising.back())].macs) * double(train().rows());
  int64_t room = pass * brief.epochs > kQualifyViewMacs ? kept_budget() / train().rows() : INT64_MAX;
  const auto kept_of = [&](int32_t point, bool map) {
    const ViewPoint view = {exit_points[size_t(point)], !map, map};
    return kept_bytes(graph, std::span(&view, 1));
  };
  for (int32_t point : promising) room -= kept_of(point, false);
  const double backbone = double(costs.macs);
  const double most_macs = std::max(kMostHeadShare * backbone, std::min(kSmallHead, kMostSmallHeadShare * backbone));
  for (int32_t point : promising) {
    const Dims shape = point_shape(point);
    const size_t before = qualifying.size();
    const bool maps = body_map(shape).channels > 0 && kept_of(point, true) <= room;
    if (maps) room -= kept_of(point, true);
    for (const HeadKind& kind : head_family()) {
      if (kind.pooling == Pooling::kGap) continue;  // the paper's; never better than with the maximum beside the average
      if (!kind.body.empty() && !maps) continue;
      if (kind.pooling == Pooling::kGrid && grid_length(shape) == 0) continue;
      if (double(network_of(kind, shape, classes).macs()) <= most_macs || (kind.body.empty() && kind.hidden == 0)) qualifying.push_back({point, kind});
    }
    OFFRAMP_CHECK(qualifying.size() > before);
  }
  return begin_qualify();
}

Status Augmenter::State::begin_qualify() {
  const TrainOptions brief = brief_training();
  OFFRAMP_RETURN_IF_ERROR(open_source(qualifying, 0, brief.epochs, kQualifyViewMacs));
  std::vector<FamilyJob> jobs;
  for (const HeadChoice& choice : qualifying) {
    const int32_t at = position_in_source(choice.exit_point);
    jobs.push_back(cross_fitted ? fold_job(at, choice.kind, kGradeFolds, kGradeStop) : fold_job(at, choice.kind, 0, kLastFold));
  }
  return begin_family(std::move(jobs), brief, Phase::kQualify);
}

Status Augmenter::State::begin_family(std::vector<FamilyJob> jobs, const TrainOptions& how, Phase next) {
  std::vector<Dims> shapes;
  for (int32_t point : source_points) shapes.push_back(point_shape(point));
  trainer = std::make_unique<FamilyTrainer>([this](std::span<const int32_t> rows, int64_t view) { return source->read(rows, view); }, train().labels,
                                            train().logits.data<float>(), folds, std::move(shapes), std::move(jobs), how);
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
  fold_heads = std::move(trained);
  return begin_score();
}

Status Augmenter::State::begin_rank() {
  prepare_logits(qualified.size(), select().rows());
  std::vector<ScoringItem> items;
  for (size_t i = 0; i < qualified.size(); ++i) items.push_back({qualifying[i].exit_point, &qualified[i], ~FoldMask{0}, &logits[i]});
  phase = Phase::kRank;
  return begin_scoring(cross_fitted ? 0 : 1, grade_rows, std::move(items));
}

// The kinds that the search would use if heads stayed as they are are trained in full.
Status Augmenter::State::finish_rank() {
  Outcomes ranked = empty_outcomes(select(), double(costs.macs), classes, grade_rows);
  for (size_t i = 0; i < qualified.size(); ++i) {
    const Tensor graded = cross_fitted ? rows_of(logits[i], grade_rows) : logits[i];
    ExitCandidate candidate;
    candidate.exit_point = qualifying[i].exit_point;
    candidate.head = int32_t(i);
    candidate.score = Score::kMargin;
    candidate.backbone_cost = double(exit_points[size_t(candidate.exit_point)].macs);
    candidate.head_cost = double(qualified[i].macs());
    fill_rows(candidate, graded, fit_temperature(graded, ranked.labels));
    qualified_accuracy.push_back(accuracy_of(candidate.predictions, ranked.labels));
    ranked.candidates.push_back(std::move(candidate));
  }
  logits.clear();
  // Convolutions learn long after heads on pooled features have settled, so after a brief training the two are ranked apart, and
  // convolutions as if more harm were allowed: in the end they do less, and early ones then beat later ones that learn faster.
  std::vector<int32_t> choices;
  for (const auto& [convolutional, most] : {std::pair{true, kMostConvFinalists}, std::pair{false, cross_fitted ? kMostPooledFittedFinalists : kMostPooledFinalists}}) {
    Outcomes some = ranked;
    std::erase_if(some.candidates, [&, want = convolutional](const ExitCandidate& c) { return qualifying[size_t(c.head)].kind.body.empty() == want; });
    SearchOptions limits = options.search;
    if (convolutional) limits.max_drop = std::min(1.0, kUntrainedHarm * limits.max_drop);
    OFFRAMP_TRY(const std::vector<int32_t> best, choose_promising(some, limits, some.candidates.size()));
    // A second kind at the same point adds little to a plan; another point may.
    std::set<int32_t> points;
    for (int32_t choice : best)
      if (points.size() < most && points.insert(qualifying[size_t(choice)].exit_point).second) choices.push_back(choice);
  }
  std::sort(choices.begin(), choices.end());
  for (int32_t choice : choices) finalists.push_back(qualifying[size_t(choice)]);
  return begin_training();
}

Status Augmenter::State::begin_training() {
  TrainOptions full = options.train;
  if (!epochs_given) {
    double epoch = 0;  // MACs of all heads and fits
    for (const HeadChoice& choice : finalists)
      epoch += 3 * double(train().rows()) * (cross_fitted ? kFits + 1 : 1) *
               double(network_of(choice.kind, point_shape(choice.exit_point), classes).macs());
    full.epochs = int(std::clamp(kTrainHeadMacs / epoch, double(kLeastEpochs), double(full.epochs)));
  }
  OFFRAMP_RETURN_IF_ERROR(open_source(finalists, 0, full.epochs, kTrainViewMacs));
  std::vector<FamilyJob> jobs;
  for (const HeadChoice& choice : finalists) {
    const int32_t at = position_in_source(choice.exit_point);
    for (int fit = 0; cross_fitted && fit < kFits; ++fit)
      jobs.push_back(fold_job(at, choice.kind, graded_folds(fit), 1u << (2 * fit + 2) % kFolds));
    jobs.push_back(fold_job(at, choice.kind, 0, kLastFold));
  }
  return begin_family(std::move(jobs), full, Phase::kTrain);
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

Status Augmenter::State::open_source(std::span<const HeadChoice> choices, size_t part, int epochs, double macs) {
  std::vector<ViewPoint> wanted;
  source.reset();
  source_points.clear();
  for (int32_t point = 0; point < int32_t(exit_points.size()); ++point) {
    ViewPoint view = {exit_points[size_t(point)], false, false};
    for (const HeadChoice& choice : choices)
      if (choice.exit_point == point) (choice.kind.body.empty() ? view.pooled : view.map) = true;
    if (!view.pooled && !view.map) continue;
    wanted.push_back(view);
    source_points.push_back(point);
  }
  ViewOptions how;
  how.seed = options.train.seed;
  how.session.backend = options.backend;
  if (part == 0) how.folds = folds;
  if (epochs > 1) {
    // A fresh view for every epoch if that is affordable; else some views by turns, kept for when they come up again.
    const double rows = double(tables[part].rows());
    const double each = (views.mix > 0 ? double(costs.macs) : double(wanted.back().point.macs)) * rows;
    how.distinct = std::clamp<int64_t>(int64_t(macs / each), 1, epochs);
    how.keep = how.distinct < epochs;
    if (how.keep) how.distinct = std::clamp<int64_t>(int64_t(double(kept_budget()) / (double(kept_bytes(graph, wanted)) * rows)), 1, how.distinct);
    if (how.distinct > 1) how.policy = views;
  }
  OFFRAMP_TRY(source, ViewSource::create(graph, wanted, tables[part].rows(),
                                         [this, part](std::span<const int32_t> rows) { return options.preprocess.apply(raw[part].gather(rows)); }, how));
  return {};
}

int32_t Augmenter::State::position_in_source(int32_t exit_point) const {
  return int32_t(std::find(source_points.begin(), source_points.end(), exit_point) - source_points.begin());
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

// Views that the backbone itself does not mind: each kind alone, on train rows, from strong to weak.
Status Augmenter::State::choose_views() {
  const Shape& shape = *graph.value(graph.inputs[0]).shape;
  if (shape.size() < 3 || shape.size() > 4) return {};
  const int64_t rows = std::clamp<int64_t>(int64_t(kProbeMacs / (8 * double(costs.macs))), 0, std::min<int64_t>(400, train().rows()));
  if (rows < 50) return {};
  std::vector<int32_t> some, labels;
  for (int64_t i = 0; i < rows; ++i) some.push_back(int32_t(i * train().rows() / rows));
  for (int32_t row : some) labels.push_back(train().labels[size_t(row)]);
  const std::vector<ViewPoint> last = {{exit_points.back(), true, false}};
  const auto accuracy_with = [&](const ViewPolicy& policy) -> Result<double> {
    ViewOptions how;
    how.policy = policy;
    how.distinct = 2;
    how.seed = options.train.seed;
    how.session.backend = options.backend;
    how.answers = true;
    OFFRAMP_TRY(const auto probe, ViewSource::create(graph, last, train().rows(),
                                                     [this](std::span<const int32_t> r) { return options.preprocess.apply(raw[0].gather(r)); }, how));
    OFFRAMP_TRY(const ViewBatch batch, probe->read(some, policy.none() ? 0 : 1));
    return accuracy_of(row_predictions(batch.logits), labels);
  };
  OFFRAMP_TRY(const double plain, accuracy_with({}));
  const auto allowed = [&](const ViewPolicy& policy) -> Result<bool> {
    OFFRAMP_TRY(const double reached, accuracy_with(policy));
    return reached >= plain - kMostViewLoss;
  };
  const bool last_channels = has_channels_last(graph, graph.inputs[0]);
  const size_t rank = shape.size();
  const int64_t height = rank == 3 ? 1 : shape[last_channels ? 1 : 2].size, width = shape[last_channels ? rank - 2 : rank - 1].size;
  if (rank == 4) {
    OFFRAMP_TRY(views.flip, allowed({.flip = true}));
  }
  for (int64_t share : {8, 16, 32}) {
    if (views.shift_columns == 0 && width / share > 0) {
      OFFRAMP_TRY(const bool fine, allowed({.shift_columns = width / share}));
      if (fine) views.shift_columns = width / share;
    }
    if (views.shift_rows == 0 && height / share > 0) {
      OFFRAMP_TRY(const bool fine, allowed({.shift_rows = height / share}));
      if (fine) views.shift_rows = height / share;
    }
  }
  for (float noise : {0.2f, 0.1f})
    if (views.noise == 0) {
      OFFRAMP_TRY(const bool fine, allowed({.noise = noise}));
      if (fine) views.noise = noise;
    }
  OFFRAMP_TRY(const bool gain, allowed({.gain = 0.2f}));
  if (gain) views.gain = 0.2f;
  views.mix = kBlended;  // the backbone itself says what a blend is
  return {};
}

}  // namespace offramp
