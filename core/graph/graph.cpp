// Building, editing and checking the graph. Everything here tolerates ids that are out of range, because a graph from
// outside is only known to be sound after validate().
#include "graph/graph.h"

#include <algorithm>
#include <queue>

namespace offramp {
namespace {

constexpr size_t kMaxNodes = 100'000;

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

template <class T>
const T* find_attribute(const Node& node, const std::string& name) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? nullptr : std::get_if<T>(&found->second);
}

}  // namespace

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    const Dim dim = shape[i];
    if (dim.size < 0) text += "?";
    else if (!dim.per_sample) text += std::to_string(dim.size);
    else text += dim.size == 1 ? "N" : std::to_string(dim.size) + "N";
  }
  return text + "]";
}

Dims bind(const Shape& shape, int64_t batch) {
  Dims dims;
  dims.reserve(shape.size());
  for (Dim dim : shape) dims.push_back(dim.per_sample ? dim.size * batch : dim.size);
  return dims;
}

std::string Node::frame() const { return name.empty() ? "node (" + op + ")" : "node " + name + " (" + op + ")"; }

int64_t Node::integer(const std::string& attribute, int64_t otherwise) const {
  const auto* value = find_attribute<int64_t>(*this, attribute);
  return value ? *value : otherwise;
}

float Node::number(const std::string& attribute, float otherwise) const {
  if (const auto* value = find_attribute<float>(*this, attribute)) return *value;
  const auto* whole = find_attribute<int64_t>(*this, attribute);
  return whole ? float(*whole) : otherwise;
}

std::string Node::text(const std::string& attribute, const std::string& otherwise) const {
  const auto* value = find_attribute<std::string>(*this, attribute);
  return value ? *value : otherwise;
}

std::vector<int64_t> Node::integers(const std::string& attribute, std::vector<int64_t> otherwise) const {
  const auto* value = find_attribute<std::vector<int64_t>>(*this, attribute);
  return value ? *value : std::move(otherwise);
}

std::string Graph::unique_name(const std::string& wanted) {
  const std::string base = wanted.empty() ? "value" : wanted;
  std::string unique = base;
  // The counter per base keeps many values of one wanted name from probing all the suffixes before them.
  while (by_name_.count(unique)) unique = base + "_" + std::to_string(++last_suffix_[base]);
  return unique;
}

ValueId Graph::add_value(const std::string& wanted, DType dtype, std::optional<Shape> shape) {
  const ValueId id{int32_t(values_.size())};
  values_.push_back({unique_name(wanted), dtype, std::move(shape)});
  by_name_[values_.back().name] = id;
  return id;
}

ValueId Graph::add_constant(const std::string& wanted, Tensor tensor) {
  const ValueId id = add_value(wanted);
  set_constant(id, std::move(tensor));
  return id;
}

ValueId Graph::add_node(std::string op, std::vector<ValueId> reads, const std::string& output_name,
                        std::map<std::string, Attribute> attributes) {
  const ValueId output = add_value(output_name);
  nodes.push_back({value(output).name, std::move(op), std::move(reads), {output}, std::move(attributes)});
  return output;
}

void Graph::rename_value(ValueId id, const std::string& wanted) {
  if (value(id).name == wanted) return;
  const auto old = by_name_.find(value(id).name);
  if (old != by_name_.end() && old->second == id) by_name_.erase(old);
  value(id).name = unique_name(wanted);
  by_name_[value(id).name] = id;
}

void Graph::claim_name(ValueId id, const std::string& wanted) {
  const ValueId holder = find_value(wanted);
  if (holder && holder != id) rename_value(holder, wanted + "_inner");
  rename_value(id, wanted);
}

ValueId Graph::find_value(const std::string& wanted) const {
  const auto found = by_name_.find(wanted);
  return found == by_name_.end() ? ValueId{} : found->second;
}

const Tensor* Graph::constant(ValueId id) const {
  const auto found = constants_.find(id);
  return found == constants_.end() ? nullptr : &found->second;
}

void Graph::set_constant(ValueId id, Tensor tensor) {
  Shape shape;
  for (int64_t dim : tensor.dims()) shape.push_back({dim, false});
  value(id).dtype = tensor.dtype();
  value(id).shape = std::move(shape);
  constants_[id] = std::move(tensor);
}

std::vector<int32_t> Graph::producers() const {
  std::vector<int32_t> makers(values_.size(), -1);
  for (size_t n = 0; n < nodes.size(); ++n)
    for (ValueId id : nodes[n].outputs)
      if (contains(id)) makers[size_t(id.index)] = int32_t(n);
  return makers;
}

std::vector<std::vector<int32_t>> Graph::consumers() const {
  std::vector<std::vector<int32_t>> readers(values_.size());
  for (size_t n = 0; n < nodes.size(); ++n)
    for (ValueId id : nodes[n].inputs) {
      if (!contains(id)) continue;
      auto& list = readers[size_t(id.index)];
      if (list.empty() || list.back() != int32_t(n)) list.push_back(int32_t(n));
    }
  return readers;
}

void Graph::replace_uses(ValueId from, ValueId to) {
  for (Node& node : nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  std::replace(outputs.begin(), outputs.end(), from, to);
}

void Graph::compact() {
  const std::vector<int32_t> makers = producers();
  std::vector<char> keep_value(values_.size(), 0), keep_node(nodes.size(), 0);
  std::vector<ValueId> pending = outputs;
  while (!pending.empty()) {
    const ValueId id = pending.back();
    pending.pop_back();
    if (!contains(id) || keep_value[size_t(id.index)]) continue;
    keep_value[size_t(id.index)] = 1;
    const int32_t maker = makers[size_t(id.index)];
    if (maker < 0 || keep_node[size_t(maker)]) continue;
    keep_node[size_t(maker)] = 1;
    const Node& node = nodes[size_t(maker)];
    pending.insert(pending.end(), node.inputs.begin(), node.inputs.end());
    pending.insert(pending.end(), node.outputs.begin(), node.outputs.end());
  }
  for (ValueId id : inputs)
    if (contains(id)) keep_value[size_t(id.index)] = 1;

  std::vector<ValueId> new_id(values_.size());
  std::vector<Value> old_values = std::move(values_);
  std::map<ValueId, Tensor> old_constants = std::move(constants_);
  values_.clear(), constants_.clear(), by_name_.clear(), last_suffix_.clear();
  for (size_t i = 0; i < old_values.size(); ++i) {
    if (!keep_value[i]) continue;
    new_id[i] = add_value(old_values[i].name, old_values[i].dtype, std::move(old_values[i].shape));
    const auto constant = old_constants.find(ValueId{int32_t(i)});
    if (constant != old_constants.end()) constants_[new_id[i]] = std::move(constant->second);
  }
  std::vector<Node> old_nodes = std::move(nodes);
  nodes.clear();
  for (size_t n = 0; n < old_nodes.size(); ++n)
    if (keep_node[n]) nodes.push_back(std::move(old_nodes[n]));
  const auto renumber = [&](std::vector<ValueId>& ids) {
    for (ValueId& id : ids)
      id = size_t(id.index) < new_id.size() ? new_id[size_t(id.index)] : ValueId{};
  };
  renumber(inputs), renumber(outputs);
  for (Node& node : nodes) renumber(node.inputs), renumber(node.outputs);
}

Status Graph::sort() {
  const std::vector<int32_t> makers = producers();
  std::vector<int32_t> waiting(nodes.size(), 0);  // inputs not made yet
  std::vector<std::vector<int32_t>> readers(nodes.size());
  for (size_t n = 0; n < nodes.size(); ++n)
    for (ValueId id : nodes[n].inputs) {
      if (!contains(id) || makers[size_t(id.index)] < 0) continue;
      readers[size_t(makers[size_t(id.index)])].push_back(int32_t(n));
      ++waiting[n];
    }
  // Always the ready node that stood first, so that a sorted graph stays as it is.
  std::priority_queue<int32_t, std::vector<int32_t>, std::greater<>> ready;
  for (size_t n = 0; n < nodes.size(); ++n)
    if (waiting[n] == 0) ready.push(int32_t(n));
  std::vector<int32_t> order;
  while (!ready.empty()) {
    const int32_t n = ready.top();
    ready.pop();
    order.push_back(n);
    for (int32_t reader : readers[size_t(n)])
      if (--waiting[size_t(reader)] == 0) ready.push(reader);
  }
  if (order.size() < nodes.size()) {
    // Every node left waits for another one left; walking back along those must enter the cycle.
    size_t at = 0;
    while (waiting[at] == 0) ++at;
    for (size_t step = 0; step < nodes.size(); ++step)
      for (ValueId id : nodes[at].inputs) {
        const int32_t maker = contains(id) ? makers[size_t(id.index)] : -1;
        if (maker < 0 || waiting[size_t(maker)] == 0) continue;
        at = size_t(maker);
        break;
      }
    return invalid_model(nodes[at].frame() + " is part of a cycle: it needs its own output");
  }
  std::vector<Node> sorted;
  sorted.reserve(nodes.size());
  for (int32_t n : order) sorted.push_back(std::move(nodes[size_t(n)]));
  nodes = std::move(sorted);
  return {};
}

namespace {

// What each value is known as while validate() walks the graph in order.
enum class Seen : uint8_t { kNothing, kInput, kConstant, kProduced };

Status validate_node(const Graph& graph, const Node& node, std::vector<Seen>& seen) {
  if (node.op.empty()) return invalid_model("has no operator");
  if (node.outputs.empty()) return invalid_model("has no outputs");
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId id = node.inputs[i];
    if (id == ValueId{}) continue;
    if (!graph.contains(id))
      return invalid_model("input " + std::to_string(i) + " is value " + std::to_string(id.index) + " of " +
                           std::to_string(graph.value_count()));
    if (seen[size_t(id.index)] == Seen::kNothing)
      return invalid_model("reads " + quoted(graph.value(id).name) +
                           ", which no earlier node, input or constant makes");
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId id = node.outputs[i];
    if (id == ValueId{}) continue;
    if (!graph.contains(id))
      return invalid_model("output " + std::to_string(i) + " is value " + std::to_string(id.index) + " of " +
                           std::to_string(graph.value_count()));
    Seen& state = seen[size_t(id.index)];
    if (state != Seen::kNothing)
      return invalid_model("makes " + quoted(graph.value(id).name) + ", which is already " +
                           (state == Seen::kInput      ? "a graph input"
                            : state == Seen::kConstant ? "a constant"
                                                       : "made by another node"));
    state = Seen::kProduced;
  }
  return {};
}

}  // namespace

Status validate(const Graph& graph) {
  if (graph.nodes.size() > kMaxNodes)
    return limit_exceeded("the graph has " + std::to_string(graph.nodes.size()) + " nodes, at most " +
                          std::to_string(kMaxNodes) + " are allowed");
  std::map<std::string_view, size_t> names;
  std::vector<Seen> seen(graph.value_count(), Seen::kNothing);
  for (size_t i = 0; i < graph.value_count(); ++i) {
    const std::string& name = graph.value(ValueId{int32_t(i)}).name;
    if (name.empty()) return invalid_model("value " + std::to_string(i) + " has no name");
    if (!names.emplace(name, i).second) return invalid_model("two values are named " + quoted(name));
  }
  for (const auto& [id, tensor] : graph.constants()) {
    if (!graph.contains(id)) return invalid_model("a constant belongs to value " + std::to_string(id.index) + " of " +
                                                  std::to_string(graph.value_count()));
    seen[size_t(id.index)] = Seen::kConstant;
  }
  for (ValueId id : graph.inputs) {
    if (!graph.contains(id)) return invalid_model("a graph input is value " + std::to_string(id.index) + " of " +
                                                  std::to_string(graph.value_count()));
    if (seen[size_t(id.index)] != Seen::kNothing)
      return invalid_model("graph input " + quoted(graph.value(id).name) +
                           (seen[size_t(id.index)] == Seen::kInput ? " is listed twice" : " is a constant too"));
    seen[size_t(id.index)] = Seen::kInput;
  }
  for (const Node& node : graph.nodes)
    OFFRAMP_RETURN_IF_ERROR(validate_node(graph, node, seen).within(node.frame()));
  if (graph.outputs.empty()) return invalid_model("the graph has no outputs");
  for (ValueId id : graph.outputs) {
    if (!graph.contains(id)) return invalid_model("a graph output is value " + std::to_string(id.index) + " of " +
                                                  std::to_string(graph.value_count()));
    if (seen[size_t(id.index)] == Seen::kNothing)
      return invalid_model("graph output " + quoted(graph.value(id).name) + " is made by no node");
  }
  return {};
}

Result<Graph> extract_subgraph(const Graph& graph, const std::vector<ValueId>& inputs,
                               const std::vector<ValueId>& outputs) {
  Graph part;
  part.name = graph.name;
  part.opset = graph.opset;
  part.batched = graph.batched;
  std::vector<ValueId> new_id(graph.value_count());
  const auto copy_value = [&](ValueId id) {
    ValueId& copy = new_id[size_t(id.index)];
    if (!copy) copy = part.add_value(graph.value(id).name, graph.value(id).dtype, graph.value(id).shape);
    return copy;
  };
  for (ValueId id : inputs) {
    if (!graph.contains(id)) return invalid_argument("an input of the subgraph is not a value of the graph");
    if (new_id[size_t(id.index)]) return invalid_argument(quoted(graph.value(id).name) + " is listed twice as input");
    part.inputs.push_back(copy_value(id));
  }

  const std::vector<int32_t> makers = graph.producers();
  std::vector<char> needed(graph.nodes.size(), 0);
  std::vector<ValueId> pending;
  for (ValueId id : outputs) {
    if (!graph.contains(id)) return invalid_argument("an output of the subgraph is not a value of the graph");
    pending.push_back(id);
  }
  while (!pending.empty()) {
    const ValueId id = pending.back();
    pending.pop_back();
    if (!graph.contains(id) || new_id[size_t(id.index)]) continue;
    if (const Tensor* tensor = graph.constant(id)) {
      part.set_constant(copy_value(id), *tensor);
      continue;
    }
    const int32_t maker = makers[size_t(id.index)];
    if (maker < 0)
      return invalid_argument("the subgraph needs " + quoted(graph.value(id).name) + ", which is not among its inputs");
    if (needed[size_t(maker)]) continue;
    needed[size_t(maker)] = 1;
    const auto& reads = graph.nodes[size_t(maker)].inputs;
    pending.insert(pending.end(), reads.begin(), reads.end());
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!needed[n]) continue;
    Node node = graph.nodes[n];
    for (ValueId& id : node.inputs) id = graph.contains(id) ? copy_value(id) : ValueId{};
    // A node may be needed for one output while another of its outputs is already an input here: that one is made anew.
    for (ValueId& id : node.outputs) {
      if (!graph.contains(id)) continue;
      const bool taken = std::find(inputs.begin(), inputs.end(), id) != inputs.end();
      id = taken ? part.add_value(graph.value(id).name, graph.value(id).dtype, graph.value(id).shape) : copy_value(id);
    }
    part.nodes.push_back(std::move(node));
  }
  for (ValueId id : outputs) part.outputs.push_back(copy_value(id));
  return part;
}

}  // namespace offramp
