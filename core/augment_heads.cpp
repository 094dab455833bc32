// Which heads stand where: closed-form heads grade every exit point, the family is tried briefly at the promising ones, and the kinds
// that a search would use are trained in full.
#include <algorithm>
#include <cmath>

#include "augmenter.h"
#include "features/layout.h"

namespace offramp {
namespace {

constexpr int64_t kQualifyVisits = 24'000;           // rows times epochs of the brief training
constexpr double kQualifyViewMacs = 3e12;            // that extracting views may cost, for the brief training
constexpr double kMostHeadShare = 0.08, kMostSmallHeadShare = 0.2, kSmallHead = 1e6;  // of the backbone's MACs that a head may cost
constexpr size_t kMostConvFinalists = 3, kMostPooledFinalists = 2, kMostPooledFittedFinalists = 1;  // the last cross-fitted, each six times
constexpr size_t kMostTableFinalists = 3;            // trained on stored features, which costs no backbone
constexpr double kUntrainedHarm = 3;                 // of a convolutional head after the brief training, to that after the full one
constexpr FoldMask kGradeStop = 0b1000;

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
  const auto choose = [&](bool convolutional, size_t most, double harm) -> Status {
    Outcomes some = ranked;
    std::erase_if(some.candidates, [&](const ExitCandidate& c) { return qualifying[size_t(c.head)].kind.body.empty() == convolutional; });
    SearchOptions limits = options.search;
    limits.max_drop = std::min(1.0, harm * limits.max_drop);
    OFFRAMP_TRY(const std::vector<int32_t> best, choose_promising(some, limits, some.candidates.size()));
    // A second kind at the same point adds little to a plan; another point may.
    std::set<int32_t> points, choices;
    for (int32_t choice : best)
      if (points.size() < most && points.insert(qualifying[size_t(choice)].exit_point).second) choices.insert(choice);
    for (int32_t choice : choices) finalists.push_back(qualifying[size_t(choice)]);
    return {};
  };
  // Convolutions learn long after heads on pooled features have settled, so after a brief training the two are ranked apart, and
  // convolutions as if more harm were allowed: in the end they do less, and early ones then beat later ones that learn faster.
  OFFRAMP_RETURN_IF_ERROR(choose(true, kMostConvFinalists, kUntrainedHarm));
  OFFRAMP_RETURN_IF_ERROR(choose(false, cross_fitted ? kMostPooledFittedFinalists : kMostPooledFinalists, 1));
  viewed = int64_t(finalists.size());
  // Passes over stored features cost nothing beside views, so that heads there see many more of them.
  OFFRAMP_RETURN_IF_ERROR(choose(false, kMostTableFinalists, 1));
  return begin_training();
}

}  // namespace offramp
