// The backbone out of its stages.
#include "graph/operators.h"
#include "package/stage_graphs.h"

namespace offramp {
namespace {

// Adds a part's nodes behind `from`, which stands for the part's input. Returns what stands for its output.
ValueId append(Graph& whole, const Graph& part, ValueId from) {
  std::vector<ValueId> copies(part.value_count());
  copies[size_t(part.inputs[0].index)] = from;
  for (size_t i = 0; i < part.value_count(); ++i) {
    const ValueId id{int32_t(i)};
    if (copies[i]) continue;
    if (const Tensor* tensor = part.constant(id)) copies[i] = whole.add_constant(part.value(id).name, *tensor);
    else copies[i] = whole.add_value(part.value(id).name, part.value(id).dtype, part.value(id).shape);
  }
  for (Node node : part.nodes) {
    for (std::vector<ValueId>* ids : {&node.inputs, &node.outputs})
      for (ValueId& id : *ids)
        if (id) id = copies[size_t(id.index)];
    whole.nodes.push_back(std::move(node));
  }
  return copies[size_t(part.outputs[0].index)];
}

}  // namespace

Result<Graph> join_stages(const Package& package) {
  if (package.stages.empty()) return invalid_argument("the package has no stages");
  const Graph& first = package.stages[0].graph;
  const Value& input = first.value(first.inputs[0]);
  Graph whole;
  whole.name = "backbone";
  whole.opset = first.opset;
  ValueId at = whole.add_value(input.name, input.dtype, input.shape);
  whole.inputs = {at};
  for (size_t k = 0; k < package.stages.size(); ++k) {
    const Graph& stage = package.stages[k].graph;
    if (!package.stages[k].has_exit) {
      at = append(whole, stage, at);
      continue;
    }
    auto parts = split_stage(stage).within(package.stages[k].file);
    if (!parts) return std::move(parts).error();
    at = append(whole, parts->backbone, at);
  }
  whole.outputs = {at};
  OFFRAMP_RETURN_IF_ERROR(validate(whole));
  OFFRAMP_RETURN_IF_ERROR(infer_shapes(whole));
  return whole;
}

}  // namespace offramp
