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

// What a stage takes, for so many samples.
Dims input_dims(const Stage& stage, int64_t rows = 1) {
  Dims dims = stage.input;
  dims.insert(dims.begin(), rows);
  return dims;
}

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
    if (!stage.present) {
      runtime->sessions_.push_back(nullptr);
      continue;
    }
    Graph graph = stage.graph;
    stage.graph.clear_constants();  // the session alone holds weights, and releases them as it packs them
    OFFRAMP_TRY(auto session, Session::create(std::move(graph), stage_options).within(frame(stage, k)));
    runtime->sessions_.push_back(std::move(session));
  }
  return runtime;
}

Result<StageResult> StagedRuntime::begin(const Tensor& sample) {
  OFFRAMP_TRY(const Tensor input, prepare(sample));
  OFFRAMP_RETURN_IF_ERROR(check_input(0, input, 1));
  return step(0, input);
}

Result<Tensor> StagedRuntime::prepare(const Tensor& sample) const {
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
  return input;
}

bool StagedRuntime::has_stage(int32_t stage) const {
  return stage >= 0 && size_t(stage) < sessions_.size() && sessions_[size_t(stage)];
}

Status StagedRuntime::check_input(int32_t stage, const Activation& rows, int64_t count) const {
  const std::string name = "stage " + std::to_string(stage);
  if (stage < 0 || size_t(stage) >= package_.stages.size())
    return invalid_argument(name + " does not exist: the package has stages 0 to " + std::to_string(package_.stages.size() - 1));
  if (!has_stage(stage)) return invalid_argument(name + " cannot run here: its file was not handed in");
  const Dims wanted = input_dims(package_.stages[size_t(stage)], count);
  if (rows.dtype() != DType::kF32 || rows.dims() != wanted)
    return invalid_argument(name + " takes a boundary tensor f32 " + to_string(wanted) + ", got " + described(rows));
  return {};
}

Result<StageResult> StagedRuntime::run_stage(int32_t stage, const Activation& boundary) {
  OFFRAMP_RETURN_IF_ERROR(check_input(stage, boundary, 1));
  if (first_not_finite(boundary.stored().data<float>()) >= 0)
    return invalid_data("the boundary tensor of stage " + std::to_string(stage) + " is not finite at element " +
                        std::to_string(first_not_finite(boundary.plain().data<float>())));
  return step(size_t(stage), boundary);
}

Result<StageOutputs> StagedRuntime::run_rows(int32_t stage, const Tensor& rows) {
  const int64_t count = rows.dims().empty() ? 0 : rows.dims()[0];
  OFFRAMP_RETURN_IF_ERROR(check_input(stage, rows, std::max(count, int64_t{1})));
  if (const int64_t at = first_not_finite(rows.data<float>()); at >= 0)
    return invalid_data("row " + std::to_string(at / (rows.elements() / count)) + " of stage " + std::to_string(stage) +
                        "'s input is not finite");
  OFFRAMP_TRY(std::vector<Activation> outputs, outputs_of(size_t(stage), rows));
  StageOutputs result;
  if (!is_last(size_t(stage))) result.boundary = outputs.back().plain();
  if (is_last(size_t(stage)) || package_.stages[size_t(stage)].has_exit) result.logits = outputs[0].plain();
  return result;
}

Result<std::vector<Verdict>> StagedRuntime::judge(int32_t stage, const Tensor& logits) const {
  const std::string name = "stage " + std::to_string(stage);
  if (stage < 0 || size_t(stage) >= package_.stages.size() || !(is_last(size_t(stage)) || package_.stages[size_t(stage)].has_exit))
    return invalid_argument(name + " has no exit");
  if (logits.dtype() != DType::kF32 || logits.dims().size() != 2 || logits.dims()[1] != package_.classes)
    return invalid_argument(name + " is judged by logits f32 [rows, " + std::to_string(package_.classes) + "], got " + described(logits));
  std::vector<Verdict> verdicts;
  for (int64_t row = 0; row < logits.dims()[0]; ++row) {
    const auto own = logits.data<float>().subspan(size_t(row * package_.classes), size_t(package_.classes));
    OFFRAMP_TRY(Verdict verdict, judge_row(size_t(stage), own).within("row " + std::to_string(row)));
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
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
  for (const auto& session : sessions_) macs += session ? session->executed_macs() : 0;
  return macs;
}

Result<std::vector<Activation>> StagedRuntime::outputs_of(size_t k, const Activation& input) {
  return sessions_[k]->run_activations({&input, 1}).within(frame(package_.stages[k], k));
}

Result<StageResult> StagedRuntime::step(size_t k, const Activation& input) {
  const Stage& stage = package_.stages[k];
  OFFRAMP_TRY(std::vector<Activation> outputs, outputs_of(k, input));
  if (!is_last(k) && !stage.has_exit) return NeedsStage{int32_t(k) + 1, std::move(outputs[0]), {}};
  const Tensor logits = outputs[0].plain();
  if (logits.dtype() != DType::kF32 || logits.dims() != Dims{1, package_.classes})
    return invalid_package("expected logits f32 " + to_string(Dims{1, package_.classes}) + ", got " + described(logits))
        .within(frame(stage, k));
  OFFRAMP_TRY(Verdict verdict, judge_row(k, logits.data<float>()));
  if (!verdict.stands) return NeedsStage{int32_t(k) + 1, std::move(outputs[1]), std::move(verdict.answer)};
  return std::move(verdict.answer);
}

Result<Verdict> StagedRuntime::judge_row(size_t k, std::span<const float> logits) const {
  const Stage& stage = package_.stages[k];
  if (const int64_t at = first_not_finite(logits); at >= 0)
    return invalid_data("the logits are not finite for class " + std::to_string(at)).within(frame(stage, k));
  Verdict verdict;
  Exited& answer = verdict.answer;
  answer.exit = int32_t(k);
  answer.probabilities.resize(logits.size());
  answer.score = is_last(k) ? score_row(logits, 1.0f, Score::kMaxProbability, answer.probabilities)
                            : score_row(logits, stage.temperature, stage.score, answer.probabilities, stage.gate);
  answer.predicted_class = int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
  verdict.stands = is_last(k) || answer.score >= stage.threshold;
  return verdict;
}

}  // namespace offramp
