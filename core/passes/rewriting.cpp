// Helpers of the passes.
#include "passes/rewriting.h"

namespace offramp {

std::vector<int32_t> count_uses(const Graph& graph) {
  std::vector<int32_t> uses(graph.value_count(), 0);
  for (const Node& node : graph.nodes)
    for (ValueId id : node.inputs)
      if (id) ++uses[size_t(id.index)];
  for (ValueId id : graph.outputs) ++uses[size_t(id.index)];
  return uses;
}

void erase_nodes(Graph& graph, const std::vector<bool>& erase) {
  std::vector<Node> kept;
  kept.reserve(graph.nodes.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    if (!erase[n]) kept.push_back(std::move(graph.nodes[n]));
  graph.nodes = std::move(kept);
}

std::optional<std::vector<int64_t>> constant_integers(const Graph& graph, ValueId id) {
  const Tensor* tensor = id ? graph.constant(id) : nullptr;
  if (!tensor) return std::nullopt;
  if (tensor->dtype() == DType::kI64) {
    const auto data = tensor->data<int64_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  if (tensor->dtype() != DType::kI32) return std::nullopt;
  const auto data = tensor->data<int32_t>();
  return std::vector<int64_t>(data.begin(), data.end());
}

ValueId add_integers(Graph& graph, const std::string& name, const std::vector<int64_t>& values) {
  return graph.add_constant(name, Tensor::of<int64_t>({int64_t(values.size())}, values));
}

ValueId emit(Graph& graph, std::vector<Node>& nodes, std::string op, std::vector<ValueId> inputs,
             const std::string& output_name, std::map<std::string, Attribute> attributes) {
  const ValueId output = graph.add_value(output_name);
  nodes.push_back({graph.value(output).name, std::move(op), std::move(inputs), {output}, std::move(attributes)});
  return output;
}

const std::string& output_name(const Graph& graph, const Node& node) {
  for (ValueId id : node.outputs)
    if (id) return graph.value(id).name;
  return node.name;
}

}  // namespace offramp
