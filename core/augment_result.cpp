// What an Augmenter tells when finished: the `augment` JSON, the evidence for the report, and the package. All figures are
// those of test rows, which nothing was chosen on, unless a key says otherwise.
#include <algorithm>
#include <cmath>

#include "augmenter.h"
#include "facade.h"

namespace offramp {
namespace {

using State = Augmenter::State;

Json rate_or_null(double value) { return std::isnan(value) ? Json(nullptr) : Json(value); }

Json plan_json(const State& s, const std::vector<PlannedExit>& exits, const Outcomes& test, const std::optional<Mapping>& mapping) {
  const PlanFigures figures = evaluate_plan(test, exits);
  const Answers answers = answer_rows(test, exits);
  Json plan = {{"exits", Json::array()}};
  double head_cost = 0;
  for (size_t e = 0; e < exits.size(); ++e) {
    const ExitCandidate& candidate = s.outcomes.candidates[size_t(exits[e].candidate)];
    const Head& head = s.heads[size_t(candidate.head)].head;
    head_cost += candidate.head_cost;
    plan["exits"].push_back({{"at", s.exit_points[size_t(candidate.exit_point)].at},
                             {"head", head.kind.name},
                             {"score", to_string(candidate.score)},
                             {"threshold", exits[e].threshold},
                             {"temperature", candidate.paper ? 1.0f : head.temperature},
                             {"exit_rate", figures.exit_rates[e]},
                             {"accuracy", rate_or_null(figures.exit_accuracy[e])},
                             {"macs", candidate.backbone_cost + head_cost}});
  }
  plan.update(comparison_json(s.test_outcomes.labels, s.test_outcomes.base_predictions, answers.predictions, s.classes));
  plan["base_exit_rate"] = figures.exit_rates.back();
  plan["mean_macs"] = figures.mean_cost;
  plan["mean_macs_change_pct"] = 100 * (figures.mean_cost / s.test_outcomes.base_cost - 1);
  plan["mean_latency_ns"] = nullptr;  // measured by the host
  plan["mapping"] = Json::array({{{"target", "local"}, {"from", 0}, {"to", exits.size() + 1}}});  // stages, half-open
  plan["certificate"] = nullptr;  // ours may have one
  if (s.options.mapping.targets) s.add_mapping(plan, exits, figures, mapping);
  return plan;
}

Json front_json(const State& s) {
  Json front = Json::array();
  for (const Plan& plan : s.found.front) {
    const PlanFigures figures = evaluate_plan(s.test_outcomes, plan.exits);
    Json at = Json::array();
    for (const PlannedExit& exit : plan.exits)
      at.push_back(s.exit_points[size_t(s.outcomes.candidates[size_t(exit.candidate)].exit_point)].at);
    front.push_back({{"accuracy", figures.accuracy},
                     {"mean_macs", figures.mean_cost},
                     {"harm_pp", 100 * figures.harm},
                     {"select_accuracy", plan.figures.accuracy},
                     {"select_mean_macs", plan.figures.mean_cost},
                     {"select_harm_pp", 100 * plan.figures.harm},
                     {"exits", at}});
  }
  return front;
}

Json reliability_json(const State& s, const PlannedExit& exit) {
  const ExitCandidate& candidate = s.outcomes.candidates[size_t(exit.candidate)];
  const Head& head = s.heads[size_t(candidate.head)].head;
  const Tensor& logits = s.test_logits(candidate.head);
  const size_t classes = size_t(s.classes);
  const std::vector<int32_t>& predictions = s.test_outcomes.candidates[size_t(exit.candidate)].predictions;
  const auto reliability = [&](float temperature) {
    std::vector<float> confidence, probabilities(classes);
    for (size_t r = 0; r < predictions.size(); ++r)
      confidence.push_back(score_row(logits.data<float>().subspan(r * classes, classes), temperature,
                                     Score::kMaxProbability, probabilities));
    const Reliability measured = measure_reliability(confidence, s.test_outcomes.labels, predictions);
    Json bins = Json::array();
    for (const auto& bin : measured.bins)
      bins.push_back({{"confidence", bin.confidence}, {"accuracy", bin.accuracy}, {"rows", bin.rows}});
    return Json{{"temperature", temperature}, {"expected_error", measured.expected_error}, {"bins", bins}};
  };
  return {{"at", s.exit_points[size_t(candidate.exit_point)].at},
          {"head", head.kind.name},
          {"before", reliability(1.0f)},
          {"after", reliability(candidate.paper ? 1.0f : head.temperature)}};
}

Json exit_points_json(const State& s) {
  Json points = Json::array();
  for (size_t i = 0; i < s.exit_points.size(); ++i) {
    const ExitPoint& point = s.exit_points[i];
    Json heads = Json::array();
    const auto add = [&](const Head& head, const char* stage, double accuracy) {
      heads.push_back({{"head", head.kind.name}, {"trained", stage}, {"select_accuracy", accuracy}, {"macs", head.macs()}, {"parameters", head.parameters()}});
    };
    for (size_t q = 0; q < s.qualifying.size(); ++q)
      if (size_t(s.qualifying[q].exit_point) == i) add(s.qualified[q], "briefly", s.qualified_accuracy[q]);
    for (const TrainedHead& trained : s.heads)
      if (size_t(trained.exit_point) == i) add(trained.head, trained.paper ? "for the paper's method" : "fully", trained.select_accuracy);
    points.push_back({{"at", point.at},
                      {"shape", point.shape},
                      {"macs", point.macs},
                      {"parameters", point.parameters},
                      {"screen_select_accuracy", s.screen_accuracy[i]},
                      {"heads", heads}});
  }
  return points;
}

}  // namespace

Json Augmenter::result() const {
  const State& s = *state_;
  OFFRAMP_CHECK(s.phase == Phase::kFinished);
  const Metrics base = measure(s.test_outcomes.labels, s.test_outcomes.base_predictions, s.classes);
  const Interval interval = wilson_95(base.accuracy, s.test().rows());
  Json result = {{"base",
                  {{"accuracy", base.accuracy},
                   {"accuracy_95", {interval.low, interval.high}},
                   {"macro_f1", base.macro_f1},
                   {"macs", s.costs.macs},
                   {"parameters", s.costs.parameters}}},
                 {"plan", plan_json(s, s.found.chosen.exits, s.received ? *s.received : s.test_outcomes, s.mapping)},
                 {"paper_method", plan_json(s, s.paper.plan.exits, s.test_outcomes, s.paper_mapping)},
                 {"pareto", front_json(s)},
                 {"search",
                  {{"exit_points", s.exit_points.size()},
                   {"exit_points_left_out", s.exit_points_left_out},
                   {"seed", s.options.train.seed},
                   {"cross_fitted", s.cross_fitted},
                   {"views", to_string(s.views)},
                   {"candidates", s.outcomes.candidates.size()},
                   {"plans_looked_at", s.found.plans_looked_at},
                   {"rule", s.picked ? "picked" : to_string(s.options.search.rule)},
                   {"max_drop_pp", 100 * s.options.search.max_drop},
                   {"allowance_pp", 100 * s.found.allowance},
                   {"select_harm_pp", 100 * s.found.chosen.figures.harm}}},
                 {"rows", {{"train", s.train().rows()}, {"select", s.select().rows()}, {"certify", s.certify_rows().rows()}, {"test", s.test().rows()}}}};
  if (s.options.mapping.targets) {
    result["search"]["cost"] = to_string(s.options.mapping.cost);
    result["search"]["encodings_refined"] = s.encodings_refined;
  }
  const SearchOptions& limits = s.options.search;
  if (s.options.balanced_classes) result["search"]["class_weights"] = "balanced";
  if (limits.max_class_drop) result["search"]["max_class_drop_pp"] = 100 * *limits.max_class_drop;
  if (limits.min_accuracy) result["search"]["min_accuracy"] = *limits.min_accuracy;
  if (limits.rule == Rule::kWeighted) {
    result["search"].erase("max_drop_pp");
    result["search"]["cost_weight"] = limits.cost_weight;
  }
  if (s.certificate) {
    result["plan"]["certificate"] = certificate_json(*s.certificate);
    result["search"]["certify"] = certify_search_json(*s.options.certify, *s.certificate, s.options.has_max_drop);
  }
  result["paper_method"]["predicted"] = {
      {"accuracy", s.paper.predicted.accuracy},
      {"mean_macs", s.paper.predicted.mean_cost},
      {"mean_macs_change_pct", 100 * (s.paper.predicted.mean_cost / s.outcomes.base_cost - 1)}};
  Json& evidence = result["evidence"] = {{"packaged", s.options.paper_method ? "paper_method" : "plan"},
                                         {"exit_points", exit_points_json(s)},
                                         {"reliability", Json::array()},
                                         {"network", network_json(s.graph)}};
  for (const PlannedExit& exit : s.packaged_exits()) evidence["reliability"].push_back(reliability_json(s, exit));
  return result;
}

Result<std::vector<PackageFile>> Augmenter::package(const Json& host_evidence) const {
  const State& s = *state_;
  if (s.phase != Phase::kFinished) return invalid_argument("the search is not finished");
  if (!host_evidence.is_object()) return invalid_argument("host evidence must be an object");
  PackageContents contents;
  contents.labels = s.options.labels;
  contents.preprocess = s.options.preprocess;
  contents.evidence = result();
  contents.evidence.merge_patch(host_evidence);
  for (const PlannedExit& exit : s.packaged_exits()) {
    const ExitCandidate& candidate = s.outcomes.candidates[size_t(exit.candidate)];
    const ExitPoint& point = s.exit_points[size_t(candidate.exit_point)];
    PackageExit packaged = {point.at, point.value, s.heads[size_t(candidate.head)].head, candidate.score, exit.threshold, candidate.gate};
    if (candidate.paper) packaged.head.temperature = 1.0f;
    contents.exits.push_back(std::move(packaged));
  }
  const auto& placed = s.options.paper_method ? s.paper_mapping : s.mapping;
  if (placed) {
    StageMapping stages = s.stage_mapping(s.packaged_exits(), *placed);
    contents.cuts = std::move(stages.cuts);
    contents.mapping = std::move(stages.targets);
    contents.links = s.options.mapping.targets->links;
  }
  return write_package(s.graph, contents);
}

}  // namespace offramp
