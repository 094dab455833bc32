// Runs stages one at a time and decides after each whether its answer is good enough.
#include "runtime/staged_runtime.h"

#include <algorithm>
#include <cmath>

namespace offramp {
namespace {

// Position of the first value that is not finite, or -1. A sum of x * 0 is 0 unless one of them is not.
int64_t first_not_finite(std::span<const float> values) {
  float sum = 0;
  for (float value : values) sum += value * 0.0f;
  if (sum == 0) return -1;
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i])) return int64_t(i);
  return -1;
}

std::string frame(const Stage& stage, size_t k) { return "stage " + std::to_string(k) + " (" + stage.file + ")"; }

// What a stage takes, for one sample.
Dims input_dims(const Stage& stage) { return offramp::bind(*stage.graph.value(stage.graph.inputs[0]).shape, 1); }

std::string described(const Activation& value) {
  return std::string(to_string(value.dtype())) + " " + to_string(value.dims());
}

}  // namespace

Result<std::unique_ptr<StagedRuntime>> StagedRuntime::create(Package package, const SessionOptions& options) {
  if (package.stages.empty()) return invalid_argument("the package has no stages");
  std::unique_ptr<StagedRuntime> runtime(new StagedRuntime);
  runtime->package_ = std::move(package);
  SessionOptions stage_options = options;
  if (!stage_options.weights) stage_options.weights = make_packed_weights();
  stage_options.hands_over = true;
  for (size_t k = 0; k < runtime->package_.stages.size(); ++k) {
    Stage& stage = runtime->package_.stages[k];
    stage_options.takes_over = k > 0;
    Graph graph = stage.graph;
    stage.graph.clear_constants();  // the session alone holds weights, and releases them as it packs them
    OFFRAMP_TRY(auto session, Session::create(std::move(graph), stage_options).within(frame(stage, k)));
    runtime->sessions_.push_back(std::move(session));
  }
  return runtime;
}

Result<StageResult> StagedRuntime::begin(const Tensor& sample) {
  const Dims wanted = input_dims(package_.stages[0]);
  Dims one_row = sample.dims();
  one_row.insert(one_row.begin(), 1);
  // Only preprocessing knows the raw shape, so both readings of the sample are tried: with its row, and without.
  const bool has_row = !sample.dims().empty() && sample.dims()[0] == 1;
  auto dims = package_.preprocess.output_dims(has_row ? sample.dims() : one_row);
  const bool as_it_is = has_row && dims && *dims == wanted;
  if (!as_it_is) {
    auto other = package_.preprocess.output_dims(one_row);
    if (other && *other == wanted) dims = std::move(other);
  }
  if (!dims)
    return invalid_argument("a sample of shape " + to_string(sample.dims()) +
                            " does not fit: " + dims.error().to_string());
  if (*dims != wanted)
    return invalid_argument("expected one sample that becomes " + to_string(wanted) + ", got shape " +
                            to_string(sample.dims()) + ", which becomes " + to_string(*dims));
  OFFRAMP_TRY(Tensor input, package_.preprocess.apply(as_it_is ? sample : sample.reshaped(one_row)));
  if (const int64_t at = first_not_finite(input.data<float>()); at >= 0)
    return invalid_data("the sample is not finite at element " + std::to_string(at) + " of the model's input");
  return step(0, input);
}

Result<StageResult> StagedRuntime::run_stage(int32_t stage, const Activation& boundary) {
  if (stage < 1 || size_t(stage) >= package_.stages.size())
    return invalid_argument(
        "stage " + std::to_string(stage) + " does not exist: a package of " + std::to_string(package_.stages.size()) +
        " stages goes on with " +
        (package_.stages.size() > 1 ? "1 to " + std::to_string(package_.stages.size() - 1) : "none"));
  const Dims wanted = input_dims(package_.stages[size_t(stage)]);
  if (boundary.dtype() != DType::kF32 || boundary.dims() != wanted)
    return invalid_argument("stage " + std::to_string(stage) + " takes a boundary tensor f32 " + to_string(wanted) +
                            ", got " + described(boundary));
  if (first_not_finite(boundary.stored().data<float>()) >= 0)
    return invalid_data("the boundary tensor of stage " + std::to_string(stage) + " is not finite at element " +
                        std::to_string(first_not_finite(boundary.plain().data<float>())));
  return step(size_t(stage), boundary);
}

Result<Exited> StagedRuntime::run(const Tensor& sample) {
  OFFRAMP_TRY(StageResult result, begin(sample));
  while (auto* needs = std::get_if<NeedsStage>(&result)) {
    OFFRAMP_TRY(StageResult next, run_stage(needs->stage, needs->boundary));
    result = std::move(next);
  }
  return std::get<Exited>(std::move(result));
}

int64_t StagedRuntime::executed_macs() const {
  int64_t macs = 0;
  for (const auto& session : sessions_) macs += session->executed_macs();
  return macs;
}

Result<StageResult> StagedRuntime::step(size_t k, const Activation& input) {
  const Stage& stage = package_.stages[k];
  const bool last = k + 1 == package_.stages.size();
  OFFRAMP_TRY(std::vector<Activation> outputs, sessions_[k]->run_activations({&input, 1}).within(frame(stage, k)));
  if (!last && !stage.has_exit) return NeedsStage{int32_t(k) + 1, std::move(outputs[0]), {}};
  const Tensor logits = outputs[0].plain();
  if (logits.dtype() != DType::kF32 || logits.dims() != Dims{1, package_.classes})
    return invalid_package("expected logits f32 " + to_string(Dims{1, package_.classes}) + ", got " + described(logits))
        .within(frame(stage, k));
  if (const int64_t at = first_not_finite(logits.data<float>()); at >= 0)
    return invalid_data("the logits are not finite for class " + std::to_string(at)).within(frame(stage, k));
  Exited exited;
  exited.exit = int32_t(k);
  exited.probabilities.resize(size_t(package_.classes));
  exited.score = last ? score_row(logits.data<float>(), 1.0f, Score::kMaxProbability, exited.probabilities)
                      : score_row(logits.data<float>(), stage.temperature, stage.score, exited.probabilities, stage.gate);
  const auto values = logits.data<float>();
  exited.predicted_class = int32_t(std::max_element(values.begin(), values.end()) - values.begin());
  if (!last && !(exited.score >= stage.threshold)) return NeedsStage{int32_t(k) + 1, std::move(outputs[1]), std::move(exited)};
  return exited;
}

}  // namespace offramp
