// Creating sessions, and the checks before a run.
#include "exec/session.h"

#include <algorithm>

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

bool has_known_shapes(const Graph& graph) {
  for (const Node& node : graph.nodes)
    for (const auto* list : {&node.inputs, &node.outputs})
      for (ValueId id : *list)
        if (id && !graph.value(id).shape) return false;
  return true;
}

}  // namespace

std::string_view to_string(Backend backend) { return backend == Backend::kReference ? "reference" : "xnnpack"; }

Result<std::unique_ptr<Session>> Session::create(Graph graph, const SessionOptions& options) {
  OFFRAMP_RETURN_IF_ERROR(check_kernels(graph));
  OFFRAMP_RETURN_IF_ERROR(check_input_shapes(graph));
  // Steps need to know what they will be given. Shapes that depend on data are the reference kernels' alone.
  if (options.backend == Backend::kReference || !has_known_shapes(graph)) return make_reference_session(std::move(graph));
  return make_xnnpack_session(std::move(graph), options);
}

Result<std::vector<Tensor>> Session::run(std::span<const Tensor> inputs) {
  const std::vector<Activation> activations(inputs.begin(), inputs.end());
  OFFRAMP_TRY(const std::vector<Activation> outputs, run_activations(activations));
  std::vector<Tensor> tensors;
  for (const Activation& output : outputs) tensors.push_back(output.plain());
  return tensors;
}

Result<int64_t> check_inputs(const Graph& graph, std::span<const Activation> inputs) {
  if (inputs.size() != graph.inputs.size())
    return invalid_argument("expected " + std::to_string(graph.inputs.size()) + " inputs, got " +
                            std::to_string(inputs.size()));
  int64_t batch = -1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs[i]);
    const Dims dims = inputs[i].dims();
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

int64_t known_macs(const Graph& graph, const Node& node) {
  for (const auto* list : {&node.inputs, &node.outputs})
    for (ValueId id : *list)
      if (id && !graph.value(id).shape) return 0;
  return count_macs(graph, node);
}

}  // namespace offramp
