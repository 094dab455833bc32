// Creating sessions, and running a plan of steps with values freed after their last use.
#include "exec/session.h"

#include <set>

#include "exec/plan.h"
#include "graph/operators.h"

namespace offramp {
namespace {

// Larger batches would overflow shapes long before they fit memory.
constexpr int64_t kMaxBatch = int64_t{1} << 20;

// Sessions need to know what to expect: every input's shape, with the batch in the leading dimension at most.
Status check_input_shapes(const Graph& graph) {
  for (ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    if (!value.shape) return unsupported("input \"" + value.name + "\" has no known shape");
    for (size_t i = 0; i < value.shape->size(); ++i)
      if ((*value.shape)[i].size < 0 || ((*value.shape)[i].per_sample && i > 0))
        return unsupported("input \"" + value.name + "\" has shape " + to_string(*value.shape) +
                           "; only the leading dimension may be open");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Session>> Session::create(const Graph& graph, const SessionOptions& options) {
  OFFRAMP_RETURN_IF_ERROR(check_kernels(graph));
  OFFRAMP_RETURN_IF_ERROR(check_input_shapes(graph));
  auto own = std::make_unique<const Graph>(graph);
  OFFRAMP_TRY(auto steps, options.backend == Backend::kXnnpack ? plan_xnnpack(*own) : plan_reference(*own));
  return std::unique_ptr<Session>(new PlannedSession(std::move(own), std::move(steps)));
}

Values::Values(const Graph& graph) : constants_(graph.value_count(), nullptr), computed_(graph.value_count()) {
  for (const auto& [id, tensor] : graph.constants()) constants_[size_t(id.index)] = &tensor;
}

const Tensor& Values::get(ValueId id) const {
  const auto index = size_t(id.index);
  if (constants_[index]) return *constants_[index];
  OFFRAMP_CHECK(computed_[index].has_value());
  return *computed_[index];
}

void Values::release_all() {
  for (auto& value : computed_) value.reset();
}

PlannedSession::PlannedSession(std::unique_ptr<const Graph> graph, std::vector<std::unique_ptr<Step>> steps)
    : graph_(std::move(graph)), steps_(std::move(steps)), last_reads_(steps_.size()), values_(*graph_) {
  std::set<ValueId> needed(graph_->outputs.begin(), graph_->outputs.end());
  for (size_t i = steps_.size(); i-- > 0;) {
    for (const auto* list : {&steps_[i]->reads, &steps_[i]->writes})
      for (ValueId id : *list)
        if (!graph_->is_constant(id) && needed.insert(id).second) last_reads_[i].push_back(id);
  }
}

Result<int64_t> PlannedSession::check_inputs(std::span<const Tensor> inputs) const {
  if (inputs.size() != graph_->inputs.size())
    return invalid_argument("expected " + std::to_string(graph_->inputs.size()) + " inputs, got " +
                            std::to_string(inputs.size()));
  int64_t batch = -1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph_->value(graph_->inputs[i]);
    const Dims& dims = inputs[i].dims();
    const Shape& shape = *value.shape;
    if (batch < 0 && !shape.empty() && shape[0].per_sample && !dims.empty() && shape[0].size > 0)
      batch = dims[0] / shape[0].size;
    if (batch == 0 || batch > kMaxBatch)
      return invalid_argument("input \"" + value.name + "\": a batch must have 1 to " + std::to_string(kMaxBatch) +
                              " samples, got shape " + to_string(dims));
    if (inputs[i].dtype() != value.dtype || dims != offramp::bind(shape, std::max<int64_t>(batch, 1)))
      return invalid_argument("input \"" + value.name + "\": expected " + std::string(to_string(value.dtype)) + " " +
                              to_string(shape) + ", got " + std::string(to_string(inputs[i].dtype())) + " " +
                              to_string(dims));
  }
  return std::max<int64_t>(batch, 1);
}

Result<std::vector<Tensor>> PlannedSession::run(std::span<const Tensor> inputs) {
  OFFRAMP_TRY(const int64_t batch, check_inputs(inputs));
  auto outputs = run_steps(inputs, batch);
  values_.release_all();
  return outputs;
}

Result<std::vector<Tensor>> PlannedSession::run_steps(std::span<const Tensor> inputs, int64_t batch) {
  for (size_t i = 0; i < inputs.size(); ++i) values_.set(graph_->inputs[i], inputs[i]);
  for (size_t i = 0; i < steps_.size(); ++i) {
    OFFRAMP_RETURN_IF_ERROR(steps_[i]->run(values_, batch));
    executed_macs_ += steps_[i]->macs * batch;
    for (ValueId id : last_reads_[i]) values_.release(id);
  }
  std::vector<Tensor> outputs;
  for (ValueId id : graph_->outputs) outputs.push_back(values_.get(id));
  return outputs;
}

int64_t known_macs(const Graph& graph, const Node& node) {
  for (const auto* list : {&node.inputs, &node.outputs})
    for (ValueId id : *list)
      if (id && !graph.value(id).shape) return 0;
  return count_macs(graph, node);
}

}  // namespace offramp
