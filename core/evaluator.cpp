// The unaugmented model and the package on the same rows.
#include <algorithm>
#include <cmath>

#include "facade.h"
#include "offramp.h"

namespace offramp {

struct Evaluator::State {
  Preprocess preprocess;
  int32_t classes = 0;
  std::unique_ptr<Session> base;
  std::unique_ptr<StagedRuntime> runtime;  // null for a plain model

  Tensor raw;
  std::vector<int32_t> row_labels;
  int64_t rows_before = 0;  // of earlier set_rows calls

  // By row run: the label, and the answers. Rows that only one side ran are left out of comparisons.
  struct Answer {
    int32_t label = 0, base = -1, staged = -1, exit = -1;
    int64_t base_macs = 0, staged_macs = 0;  // executed for this row
  };
  std::vector<Answer> answers;
};

namespace {

Result<int32_t> arg_max(const Tensor& logits) {
  const auto values = logits.data<float>();
  for (float v : values)
    if (!std::isfinite(v)) return invalid_data("the model's answer is not finite");
  return int32_t(std::max_element(values.begin(), values.end()) - values.begin());
}

}  // namespace

Evaluator::Evaluator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Evaluator::~Evaluator() = default;
bool Evaluator::staged() const { return state_->runtime != nullptr; }
int32_t Evaluator::classes() const { return state_->classes; }

Result<std::unique_ptr<Evaluator>> Evaluator::from_package(std::span<const PackageSource> files, Backend backend) {
  OFFRAMP_TRY(Package package, load_package(files));
  auto state = std::make_unique<State>();
  state->preprocess = package.preprocess;
  state->classes = package.classes;
  const SessionOptions options = {.backend = backend, .weights = make_packed_weights()};
  OFFRAMP_TRY(Graph backbone, join_stages(package));
  OFFRAMP_TRY(state->base, Session::create(std::move(backbone), options));
  OFFRAMP_TRY(state->runtime, StagedRuntime::create(std::move(package), options));
  return std::unique_ptr<Evaluator>(new Evaluator(std::move(state)));
}

Result<std::unique_ptr<Evaluator>> Evaluator::from_model(const ByteSource& onnx, const Json& preprocess, Backend backend) {
  OFFRAMP_TRY(Graph graph, load_classifier(onnx));
  auto state = std::make_unique<State>();
  OFFRAMP_TRY(state->preprocess, Preprocess::parse(preprocess));
  state->classes = int32_t((*graph.value(graph.outputs[0]).shape)[1].size);
  OFFRAMP_TRY(state->base, Session::create(std::move(graph), {.backend = backend}));
  return std::unique_ptr<Evaluator>(new Evaluator(std::move(state)));
}

Status Evaluator::set_rows(const Tensor& raw, std::span<const int32_t> labels) {
  if (raw.dims().empty() || raw.dims()[0] != int64_t(labels.size()))
    return invalid_data(std::to_string(labels.size()) + " labels for samples of shape " + to_string(raw.dims()));
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= state_->classes)
      return invalid_data("row " + std::to_string(state_->rows_before + int64_t(i)) + ": label " + std::to_string(labels[i]) +
                          " is not one of the model's " + std::to_string(state_->classes) + " classes");
  state_->rows_before += int64_t(state_->row_labels.size());
  state_->raw = raw;
  state_->row_labels.assign(labels.begin(), labels.end());
  state_->answers.resize(size_t(state_->rows_before) + labels.size());
  for (size_t i = 0; i < labels.size(); ++i) state_->answers[size_t(state_->rows_before) + i].label = labels[i];
  return {};
}

Status Evaluator::run_base(int64_t row) {
  if (row < 0 || row >= int64_t(state_->row_labels.size())) return invalid_argument("no such row: " + std::to_string(row));
  const std::string frame = "row " + std::to_string(state_->rows_before + row);
  OFFRAMP_TRY(const Tensor input, state_->preprocess.apply(state_->raw.rows(row, row + 1)).within(frame));
  const int64_t macs_before = state_->base->executed_macs();
  OFFRAMP_TRY(const std::vector<Tensor> outputs, state_->base->run(std::span(&input, 1)).within(frame));
  auto& answer = state_->answers[size_t(state_->rows_before + row)];
  OFFRAMP_TRY(answer.base, arg_max(outputs[0]).within(frame));
  answer.base_macs = state_->base->executed_macs() - macs_before;
  return {};
}

Status Evaluator::run_staged(int64_t row) {
  if (!state_->runtime) return invalid_argument("a plain model has no stages");
  if (row < 0 || row >= int64_t(state_->row_labels.size())) return invalid_argument("no such row: " + std::to_string(row));
  const int64_t macs_before = state_->runtime->executed_macs();
  OFFRAMP_TRY(const Exited exited, state_->runtime->run(state_->raw.rows(row, row + 1))
                                       .within("row " + std::to_string(state_->rows_before + row)));
  auto& answer = state_->answers[size_t(state_->rows_before + row)];
  answer.staged = exited.predicted_class;
  answer.exit = exited.exit;
  answer.staged_macs = state_->runtime->executed_macs() - macs_before;
  return {};
}

Json Evaluator::answers() const {
  Json labels = Json::array(), base = Json::array(), staged = Json::array();
  for (const State::Answer& answer : state_->answers) {
    labels.push_back(answer.label);
    base.push_back(answer.base);
    staged.push_back(answer.staged);
  }
  Json json = {{"labels", std::move(labels)}, {"base", std::move(base)}};
  if (state_->runtime) json["staged"] = std::move(staged);
  return json;
}

Json Evaluator::result() const {
  std::vector<int32_t> labels, base, staged;
  int64_t base_macs = 0, staged_macs = 0;
  std::vector<int64_t> exits(state_->runtime ? state_->runtime->package().stages.size() : 0);
  for (const State::Answer& answer : state_->answers) {
    if (answer.base < 0 || (state_->runtime && answer.staged < 0)) continue;
    labels.push_back(answer.label);
    base.push_back(answer.base);
    base_macs += answer.base_macs;
    staged_macs += answer.staged_macs;
    if (!state_->runtime) continue;
    staged.push_back(answer.staged);
    ++exits[size_t(answer.exit)];
  }
  const Metrics metrics = measure(labels, base, state_->classes);
  const double rows = std::max<double>(1, double(labels.size()));
  const Interval interval = wilson_95(metrics.accuracy, int64_t(labels.size()));
  Json json = {{"samples", labels.size()},
               {"base_accuracy", metrics.accuracy},
               {"base_accuracy_95", {interval.low, interval.high}},
               {"base_macro_f1", metrics.macro_f1},
               {"base_macs", double(base_macs) / rows}};
  if (!state_->runtime) {
    json["accuracy"] = metrics.accuracy;
    json["macro_f1"] = metrics.macro_f1;
    return json;
  }
  json.update(comparison_json(labels, base, staged, state_->classes));
  const double mean_macs = double(staged_macs) / rows;
  json["mean_macs"] = mean_macs;
  json["mean_macs_change_pct"] = 100 * (mean_macs / json["base_macs"].get<double>() - 1);
  json["exit_rates"] = Json::array();
  const std::vector<Stage>& stages = state_->runtime->package().stages;
  for (size_t k = 0; k < stages.size(); ++k)
    if (stages[k].has_exit || k + 1 == stages.size()) json["exit_rates"].push_back(double(exits[k]) / rows);
  return json;
}

}  // namespace offramp
