// Takes out nodes that only hand a tensor on: Identity, Dropout at inference, casts to the same type. Constant nodes
// become constants. Names of graph outputs stay.
#include <set>

#include "passes/passes.h"
#include "passes/rewriting.h"

namespace offramp {
namespace {

// Dropout passes its input on unless it is told to train or somebody wants its mask.
bool is_inference_dropout(const Graph& graph, const Node& node, const std::vector<int32_t>& uses) {
  if (node.op != "Dropout" || node.inputs.empty()) return false;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] && uses[size_t(node.outputs[i].index)] > 0) return false;
  const ValueId training = input_at(node, 2);
  if (!training) return true;
  const Tensor* flag = graph.constant(training);
  return flag && flag->dtype() == DType::kBool && flag->elements() == 1 && !flag->data<bool>()[0];
}

bool is_identity(const Graph& graph, const Node& node, const std::vector<int32_t>& uses) {
  if (node.inputs.empty() || !node.inputs[0] || node.outputs.empty() || !node.outputs[0]) return false;
  if (is_inference_dropout(graph, node, uses)) return true;
  if (node.outputs.size() != 1 || node.inputs.size() != 1) return false;
  if (node.op == "Identity") return true;
  // Types are known where shapes are.
  const Value &from = graph.value(node.inputs[0]), &to = graph.value(node.outputs[0]);
  return node.op == "Cast" && from.shape && to.shape && from.dtype == to.dtype;
}

std::optional<Tensor> constant_of(const Node& node) {
  if (node.op != "Constant" || node.outputs.size() != 1 || !node.outputs[0] || node.attributes.size() != 1)
    return std::nullopt;
  const auto& [name, value] = *node.attributes.begin();
  if (name == "value" && std::holds_alternative<Tensor>(value)) return std::get<Tensor>(value);
  if (name == "value_float" && std::holds_alternative<float>(value))
    return Tensor::of<float>({}, std::vector<float>{std::get<float>(value)});
  if (name == "value_int" && std::holds_alternative<int64_t>(value))
    return Tensor::of<int64_t>({}, std::vector<int64_t>{std::get<int64_t>(value)});
  if (const auto* list = std::get_if<std::vector<float>>(&value); list && name == "value_floats")
    return Tensor::of<float>({int64_t(list->size())}, *list);
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value); list && name == "value_ints")
    return Tensor::of<int64_t>({int64_t(list->size())}, *list);
  return std::nullopt;
}

// Values that go by another name from now on.
class Aliases {
 public:
  explicit Aliases(size_t values) : to_(values) {}
  void set(ValueId from, ValueId to) { to_[size_t(from.index)] = to; }
  ValueId resolve(ValueId id) {
    ValueId end = id;
    while (end && to_[size_t(end.index)]) end = to_[size_t(end.index)];
    // Shortening the path keeps long chains linear.
    while (id && id != end) {
      const ValueId next = to_[size_t(id.index)];
      to_[size_t(id.index)] = end;
      id = next;
    }
    return end;
  }

 private:
  std::vector<ValueId> to_;
};

}  // namespace

bool remove_identities(Graph& graph) {
  const std::vector<int32_t> uses = count_uses(graph);
  std::vector<int32_t> makers = graph.producers();
  const std::set<ValueId> outputs(graph.outputs.begin(), graph.outputs.end());
  Aliases aliases(graph.value_count());
  std::vector<bool> erase(graph.nodes.size(), false);
  bool changed = false;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    Node& node = graph.nodes[n];
    for (ValueId& input : node.inputs) input = aliases.resolve(input);
    if (auto tensor = constant_of(node)) {
      graph.set_constant(node.outputs[0], std::move(*tensor));
      erase[n] = changed = true;
      continue;
    }
    if (!is_identity(graph, node, uses)) continue;
    const ValueId from = node.inputs[0], to = node.outputs[0];
    const int32_t maker = makers[size_t(from.index)];
    if (!outputs.count(to)) {
      aliases.set(to, from);
    } else if (const Tensor* tensor = graph.constant(from)) {
      graph.set_constant(to, Tensor(*tensor));
    } else if (maker >= 0 && !outputs.count(from)) {
      // The output keeps its name: whoever made the copied value makes the output instead.
      for (ValueId& made : graph.nodes[size_t(maker)].outputs)
        if (made == from) made = to;
      graph.value(to).dtype = graph.value(from).dtype;
      graph.value(to).shape = graph.value(from).shape;
      makers[size_t(to.index)] = maker;
      aliases.set(from, to);
    } else {
      continue;  // an input handed out unchanged, or one value as two outputs: these need their Identity
    }
    erase[n] = changed = true;
  }
  if (!changed) return false;
  // A value may have got its alias after a node read it.
  for (Node& node : graph.nodes)
    for (ValueId& input : node.inputs) input = aliases.resolve(input);
  erase_nodes(graph, erase);
  return true;
}

}  // namespace offramp
