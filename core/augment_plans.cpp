// From heads to plans: candidates for the search, the search itself, and one look at the test rows.
#include <algorithm>
#include <cmath>

#include "augmenter.h"
#include "heads/gate.h"

namespace offramp {
namespace {

constexpr size_t kTestPart = 2, kCertifyPart = 3;
constexpr const char* kNotFinished = "another plan, of those there are, can be made when the first is finished";

void use_heads(const Outcomes& outcomes, const std::vector<PlannedExit>& exits, std::set<int32_t>& used) {
  for (const PlannedExit& exit : exits) used.insert(outcomes.candidates[size_t(exit.candidate)].head);
}

}  // namespace

std::vector<int32_t> row_predictions(const Tensor& logits) {
  const auto values = logits.data<float>();
  const size_t classes = size_t(logits.dims()[1]);
  std::vector<int32_t> predictions;
  for (size_t r = 0; r < size_t(logits.dims()[0]); ++r) {
    const auto row = values.subspan(r * classes, classes);
    predictions.push_back(int32_t(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return predictions;
}

double accuracy_of(const std::vector<int32_t>& predictions, const std::vector<int32_t>& labels) {
  int64_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) right += predictions[i] == labels[i];
  return labels.empty() ? 0 : double(right) / double(labels.size());
}

void fill_rows(ExitCandidate& candidate, const Tensor& logits, float temperature) {
  const size_t classes = size_t(logits.dims()[1]);
  std::vector<float> probabilities(classes);
  candidate.predictions = row_predictions(logits);
  candidate.scores.clear();
  for (size_t r = 0; r < candidate.predictions.size(); ++r)
    candidate.scores.push_back(
        score_row(logits.data<float>().subspan(r * classes, classes), temperature, candidate.score, probabilities, candidate.gate));
}

Outcomes empty_outcomes(const FeatureTable& table, double base_cost, int32_t classes, std::span<const int32_t> rows) {
  Outcomes outcomes;
  outcomes.labels = table.labels;
  outcomes.base_predictions = row_predictions(table.logits);
  outcomes.base_cost = base_cost;
  outcomes.classes = classes;
  if (rows.empty()) return outcomes;
  Outcomes some = outcomes;
  some.labels.clear();
  some.base_predictions.clear();
  for (int32_t row : rows) {
    some.labels.push_back(outcomes.labels[size_t(row)]);
    some.base_predictions.push_back(outcomes.base_predictions[size_t(row)]);
  }
  return some;
}

Answers answer_rows(const Outcomes& outcomes, const std::vector<PlannedExit>& exits) {
  Answers answers = {outcomes.end(), std::vector<int32_t>(outcomes.labels.size(), int32_t(exits.size()))};
  for (size_t row = 0; row < outcomes.labels.size(); ++row)
    for (size_t e = 0; e < exits.size(); ++e) {
      const ExitCandidate& candidate = outcomes.candidates[size_t(exits[e].candidate)];
      if (candidate.scores[row] < exits[e].threshold) continue;
      answers.predictions[row] = candidate.predictions[row];
      answers.exits[row] = int32_t(e);
      break;
    }
  return answers;
}

Result<std::vector<int32_t>> choose_promising(const Outcomes& screened, const SearchOptions& options, size_t most) {
  std::vector<int32_t> chosen;
  const auto add = [&](int32_t head) {
    if (chosen.size() < most && std::find(chosen.begin(), chosen.end(), head) == chosen.end()) chosen.push_back(head);
  };
  SearchOptions quick = options;
  quick.levels = std::min(options.levels, 48);
  quick.allowance = false;
  quick.max_exits = std::min(options.max_exits, 2);
  quick.min_accuracy.reset();  // trained heads may reach what these do not
  OFFRAMP_TRY(const SearchResult joint, search_exits(screened, quick));
  for (const PlannedExit& exit : joint.chosen.exits) add(screened.candidates[size_t(exit.candidate)].head);

  // Heads will get better, so plans somewhat past the limit count too, the nearest to it first; half of the places at most.
  std::vector<const Plan*> near_limit;
  for (const Plan& plan : joint.front) near_limit.push_back(&plan);
  std::stable_sort(near_limit.begin(), near_limit.end(), [&](const Plan* a, const Plan* b) {
    return std::fabs(a->figures.harm - 2 * options.max_drop) < std::fabs(b->figures.harm - 2 * options.max_drop);
  });
  for (const Plan* plan : near_limit)
    if (chosen.size() < (most + 1) / 2)
      for (const PlannedExit& exit : plan->exits) add(screened.candidates[size_t(exit.candidate)].head);

  // What each saves alone.
  std::vector<std::pair<double, int32_t>> alone;
  for (size_t first = 0; first < screened.candidates.size();) {
    Outcomes single = screened;
    single.candidates.clear();
    const int32_t head = screened.candidates[first].head;
    for (; first < screened.candidates.size() && screened.candidates[first].head == head; ++first) single.candidates.push_back(screened.candidates[first]);
    quick.max_exits = std::min(1, options.max_exits);
    OFFRAMP_TRY(const SearchResult result, search_exits(single, quick));
    alone.emplace_back(result.chosen.figures.mean_cost, head);
  }
  std::stable_sort(alone.begin(), alone.end());
  for (const auto& [cost, head] : alone) add(head);
  return chosen;
}

// Without its rows.
ExitCandidate Augmenter::State::candidate_of(int32_t number, Score score) const {
  const TrainedHead& trained = heads[size_t(number)];
  ExitCandidate candidate;
  candidate.exit_point = trained.exit_point;
  candidate.head = number;
  candidate.score = score;
  candidate.backbone_cost = double(exit_points[size_t(trained.exit_point)].macs);
  candidate.head_cost = double(trained.head.macs());
  candidate.paper = trained.paper;
  return candidate;
}

// What the search may choose of a head: once by the paper's rule, or with every score.
void Augmenter::State::add_candidates(int32_t number, const Tensor& head_logits) {
  const TrainedHead& trained = heads[size_t(number)];
  if (trained.paper) {
    ExitCandidate candidate = candidate_of(number, Score::kMaxProbability);
    fill_rows(candidate, head_logits, 1.0f);
    outcomes.candidates.push_back(std::move(candidate));
    return;
  }
  std::vector<uint8_t> right;
  const std::vector<int32_t> predictions = row_predictions(head_logits);
  for (size_t r = 0; r < predictions.size(); ++r) right.push_back(predictions[r] == outcomes.labels[r]);
  const GateWeights gate = fit_gate(head_logits, right, trained.head.temperature);
  for (Score score : kOfferedScores) {
    ExitCandidate candidate = candidate_of(number, score);
    if (score == Score::kGate) candidate.gate = gate;
    fill_rows(candidate, head_logits, trained.head.temperature);
    outcomes.candidates.push_back(std::move(candidate));
  }
}

Status Augmenter::State::begin_search() {
  std::stable_sort(outcomes.candidates.begin(), outcomes.candidates.end(),
                   [](const ExitCandidate& a, const ExitCandidate& b) { return a.exit_point < b.exit_point; });
  if (options.mapping.targets) return begin_joint_search();
  search = std::make_unique<ExitSearch>(outcomes, options.search);
  phase = Phase::kSearch;
  done = 0;
  total = search->total_steps();
  return {};
}

Status Augmenter::replan(const Json& options) {
  State& s = *state_;
  if (s.phase < Phase::kSearch) return invalid_argument(kNotFinished);
  OFFRAMP_TRY(AugmentOptions changed, read_augment_options(options));
  const std::optional<double> speed = s.options.mapping.measured_macs_per_s;  // of a search that went on, that it began with
  s.options.search = changed.search;
  s.options.paper_method = changed.paper_method;
  s.options.mapping = std::move(changed.mapping);
  if (speed && s.options.mapping.targets) {
    s.options.mapping.measured_macs_per_s = speed;
    OFFRAMP_RETURN_IF_ERROR(set_measured_speed(*s.options.mapping.targets, *speed));
  }
  s.mapping.reset();
  s.paper_mapping.reset();
  s.received.reset();
  s.encodings_refined = false;
  s.picked = false;
  return s.begin_search();
}

Status Augmenter::pick(int64_t plan) {
  State& s = *state_;
  if (s.phase != Phase::kFinished || uint64_t(plan) >= s.found.front.size()) return invalid_argument(kNotFinished);
  const Plan& chosen = s.found.front[size_t(plan)];
  if (s.options.mapping.targets) {
    OFFRAMP_TRY(s.mapping, s.best_mapping(chosen.exits, chosen.figures));
  }
  s.picked = true;
  s.found.chosen = chosen;
  s.found.allowance = 0;
  s.certificate.reset();
  s.options.paper_method = false;
  if (!s.options.mapping.targets) return {};  // its heads' answers on test rows are known, as those of all of the front
  OFFRAMP_TRY(const bool nothing_compressed, s.begin_receiving());
  if (!nothing_compressed) s.phase = Phase::kSearch;
  return {};
}

Status Augmenter::State::search_next() {
  if (options.mapping.targets) {
    OFFRAMP_TRY(const bool chosen, joint_search_next());
    if (!chosen) return {};
  } else {
    OFFRAMP_RETURN_IF_ERROR(search->step());
    ++done;
    if (!search->done()) return {};
    found = search->take();
    search.reset();
  }
  paper = search_paper_method(outcomes, options.paper);
  if (options.mapping.targets) OFFRAMP_RETURN_IF_ERROR(map_paper_plan());
  if (!options.certify || picked) return begin_evaluation();
  std::set<int32_t> used;
  use_heads(outcomes, found.chosen.exits, used);
  for (const Plan& plan : found.front) use_heads(outcomes, plan.exits, used);
  return begin_scoring_heads(used, kCertifyPart, Phase::kCertify);
}

Status Augmenter::State::finish_certify() {
  Outcomes rows = empty_outcomes(certify_rows(), double(costs.macs), classes);
  fill_scored(rows);
  OFFRAMP_TRY(CertifiedPlan certified, certify_plan(outcomes, found, rows, *options.certify, options.has_max_drop));
  found.chosen = std::move(certified.plan);
  certificate = std::move(certified.test);
  return begin_evaluation();
}

// Heads that some plan uses, on the test rows.
Status Augmenter::State::begin_evaluation() {
  std::set<int32_t> used;
  use_heads(outcomes, found.chosen.exits, used);
  use_heads(outcomes, paper.plan.exits, used);
  for (const Plan& plan : found.front) use_heads(outcomes, plan.exits, used);
  return begin_scoring_heads(used, kTestPart, Phase::kEvaluate);
}

Status Augmenter::State::begin_scoring_heads(const std::set<int32_t>& used, size_t part, Phase next) {
  evaluated.assign(used.begin(), used.end());
  prepare_logits(evaluated.size(), tables[part].rows());
  std::vector<ScoringItem> items;
  for (size_t i = 0; i < evaluated.size(); ++i)
    items.push_back({heads[size_t(evaluated[i])].exit_point, &heads[size_t(evaluated[i])].head, ~FoldMask{0}, &logits[i]});
  phase = next;
  return begin_scoring(part, {}, std::move(items));
}

Status Augmenter::State::finish_evaluation() {
  fill_scored(test_outcomes);
  if (received)
    for (size_t e = 0; e < found.chosen.exits.size(); ++e) {
      const auto c = size_t(found.chosen.exits[e].candidate);
      if (std::find(received_exits.begin(), received_exits.end(), e) == received_exits.end()) received->candidates[c] = test_outcomes.candidates[c];
    }
  phase = Phase::kFinished;
  return {};
}

void Augmenter::State::fill_scored(Outcomes& table) const {
  table.candidates = outcomes.candidates;
  for (ExitCandidate& candidate : table.candidates) {
    candidate.scores.clear();
    candidate.predictions.clear();
    const auto at = std::find(evaluated.begin(), evaluated.end(), candidate.head);
    if (at != evaluated.end())
      fill_rows(candidate, logits[size_t(at - evaluated.begin())], candidate.paper ? 1.0f : heads[size_t(candidate.head)].head.temperature);
  }
}

}  // namespace offramp
