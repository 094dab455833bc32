// Streams for hosts: a package that remembers its scene, and the study of what that would do on recorded data.
#include <array>
#include <cmath>
#include <optional>

#include "facade.h"
#include "offramp.h"
#include "search/certificate.h"
#include "search/streams.h"

namespace offramp {
namespace {

constexpr float kNeverLeaves = 2;  // a threshold that no score reaches

Result<StreamRule> rule_named(const std::string& name) {
  for (StreamRule rule : {StreamRule::kDifference, StreamRule::kPatience})
    if (name == to_string(rule)) return rule;
  return invalid_argument("unknown stream rule \"" + name + "\": expected difference or patience");
}

}  // namespace

struct StreamSession::State {
  std::unique_ptr<StagedRuntime> runtime;
  StreamSetting setting;
  Scene scene;
};

StreamSession::StreamSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamSession::~StreamSession() = default;
void StreamSession::forget() { state_->scene.forget(); }
int64_t StreamSession::executed_macs() const { return state_->runtime->executed_macs(); }

Result<std::unique_ptr<StreamSession>> StreamSession::create(Package package, const std::string& rule, double threshold, Backend backend) {
  if (!std::isfinite(threshold)) return invalid_argument("the stream threshold must be finite");
  auto state = std::make_unique<State>();
  OFFRAMP_TRY(state->setting.rule, rule_named(rule));
  state->setting.threshold = float(threshold);
  OFFRAMP_TRY(state->runtime, StagedRuntime::create(std::move(package), {.backend = backend}));
  return std::unique_ptr<StreamSession>(new StreamSession(std::move(state)));
}

Result<StreamSession::Answer> StreamSession::run(const Tensor& sample) {
  StagedRuntime& runtime = *state_->runtime;
  OFFRAMP_TRY(StageResult result, runtime.begin(sample));
  std::optional<Exited> first;  // what the first exit said, if it was not sure
  while (auto* needs = std::get_if<NeedsStage>(&result)) {
    if (!first && !needs->early.probabilities.empty()) {
      first = std::move(needs->early);
      if (state_->scene.holds(state_->setting, first->probabilities, first->score)) {
        first->predicted_class = state_->scene.answer();
        return Answer{std::move(*first), true};
      }
    }
    OFFRAMP_TRY(StageResult next, runtime.run_stage(needs->stage, needs->boundary));
    result = std::move(next);
  }
  Exited& answer = std::get<Exited>(result);
  const Exited& seen = first ? *first : answer;
  state_->scene.begin(seen.probabilities, seen.score, answer.predicted_class);
  return Answer{std::move(answer), false};
}

struct StreamEvaluator::State {
  std::unique_ptr<StagedRuntime> runtime;  // with thresholds that let nothing leave
  std::vector<PlannedExit> exits;          // as the package has them
  std::array<StreamTable, 2> tables;       // by part
};

StreamEvaluator::StreamEvaluator(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamEvaluator::~StreamEvaluator() = default;

Result<std::unique_ptr<StreamEvaluator>> StreamEvaluator::create(std::span<const PackageSource> files, Backend backend) {
  OFFRAMP_TRY(Package package, load_package(files));
  auto state = std::make_unique<State>();
  Outcomes outcomes;
  outcomes.classes = package.classes;
  outcomes.base_cost = double(package.base_macs);
  double macs = 0;  // heads included
  double heads = 0;
  for (size_t k = 0; k + 1 < package.stages.size(); ++k) {
    Stage& stage = package.stages[k];
    macs += double(stage.macs);
    if (!stage.has_exit) continue;
    ExitCandidate candidate;
    candidate.exit_point = candidate.head = int32_t(state->exits.size());
    candidate.score = stage.score;
    candidate.head_cost = package.manifest["stages"][k]["head"]["macs"].get<double>();
    heads += candidate.head_cost;
    candidate.backbone_cost = macs - heads;
    outcomes.candidates.push_back(candidate);
    state->exits.push_back({candidate.exit_point, stage.threshold});
    stage.threshold = kNeverLeaves;
  }
  if (state->exits.empty()) return invalid_argument("a stream rule needs a package with an exit; this one is the model as it was");
  for (StreamTable& table : state->tables) table.outcomes = outcomes;
  OFFRAMP_TRY(state->runtime, StagedRuntime::create(std::move(package), {.backend = backend}));
  return std::unique_ptr<StreamEvaluator>(new StreamEvaluator(std::move(state)));
}

Status StreamEvaluator::add_rows(Part part, const Tensor& raw, std::span<const int32_t> labels, std::span<const int32_t> starts) {
  StreamTable& table = state_->tables[size_t(part)];
  Outcomes& outcomes = table.outcomes;
  if (raw.dims().empty() || raw.dims()[0] != int64_t(labels.size()) || starts.size() != labels.size())
    return invalid_data(std::to_string(labels.size()) + " labels and " + std::to_string(starts.size()) +
                        " marks of where records begin for samples of shape " + to_string(raw.dims()));
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string frame = "row " + std::to_string(outcomes.rows());
    if (labels[i] < 0 || labels[i] >= outcomes.classes)
      return invalid_data(frame + ": label " + std::to_string(labels[i]) + " is not one of the model's " +
                          std::to_string(outcomes.classes) + " classes");
    std::vector<Exited> early;
    OFFRAMP_TRY(StageResult result, state_->runtime->begin(raw.rows(int64_t(i), int64_t(i) + 1)).within(frame));
    while (auto* needs = std::get_if<NeedsStage>(&result)) {
      if (!needs->early.probabilities.empty()) early.push_back(std::move(needs->early));
      OFFRAMP_TRY(StageResult next, state_->runtime->run_stage(needs->stage, needs->boundary).within(frame));
      result = std::move(next);
    }
    for (size_t e = 0; e < early.size(); ++e) {
      outcomes.candidates[e].scores.push_back(early[e].score);
      outcomes.candidates[e].predictions.push_back(early[e].predicted_class);
    }
    table.early.insert(table.early.end(), early[0].probabilities.begin(), early[0].probabilities.end());
    table.starts.push_back(starts[i] != 0);
    outcomes.labels.push_back(labels[i]);
    outcomes.base_predictions.push_back(std::get<Exited>(result).predicted_class);
  }
  return {};
}

namespace {

Json figures_json(const Outcomes& outcomes, const StreamFigures& figures) {
  const PlanFigures base = evaluate_plan(outcomes, {});
  return {{"accuracy", figures.plan.accuracy},
          {"accuracy_change_pp", 100 * (figures.plan.accuracy - base.accuracy)},
          {"harm_pp", 100 * figures.plan.harm},
          {"mean_macs", figures.plan.mean_cost},
          {"mean_macs_change_pct", 100 * (figures.plan.mean_cost / outcomes.base_cost - 1)},
          {"exit_rates", figures.plan.exit_rates},
          {"reuse_rate", figures.reuse_rate}};
}

}  // namespace

Result<Json> StreamEvaluator::result(const std::string& rule_name, double max_harm) const {
  OFFRAMP_TRY(const StreamRule rule, rule_named(rule_name));
  const StreamTable &select = state_->tables[0], &test = state_->tables[1];
  if (select.outcomes.rows() == 0 || test.outcomes.rows() == 0)
    return invalid_argument(std::string("no ") + (select.outcomes.rows() == 0 ? "select" : "test") + " rows");
  const Plan guide{state_->exits, evaluate_plan(select.outcomes, state_->exits)};
  OFFRAMP_TRY(const StreamChoice chosen, choose_stream(select, certificate_walk(select.outcomes, guide, false), rule, max_harm));
  Json thresholds = Json::array();
  for (const PlannedExit& exit : chosen.plan.exits) thresholds.push_back(exit.threshold);
  const bool reuses = chosen.setting.threshold >= 0;
  return Json{{"rule", to_string(rule)},
              {"threshold", reuses ? Json(chosen.setting.threshold) : Json(nullptr)},
              {"exit_thresholds", thresholds},
              {"max_drop_pp", 100 * max_harm},
              {"select", figures_json(select.outcomes, chosen.figures)},
              {"test", figures_json(test.outcomes, evaluate_stream(test, chosen.plan.exits, chosen.setting))},
              {"test_plain", figures_json(test.outcomes, evaluate_stream(test, state_->exits, {}))},
              {"rows", {{"select", select.outcomes.rows()}, {"test", test.outcomes.rows()}}}};
}

}  // namespace offramp
