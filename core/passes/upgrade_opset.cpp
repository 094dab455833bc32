// Brings the operators we know to their opset 17 forms; newer operators and attributes stay, and the exporter raises the
// file's opset for them. All but Softmax's older meaning can be told from the node itself, so forms of opset 18 to 22 whose inputs become constant only later are met again in the next round.
#include <algorithm>
#include <limits>
#include <set>

#include "graph/operators.h"
#include "passes/passes.h"
#include "passes/rewriting.h"
#include "passes/upgrade.h"

namespace offramp {
namespace {

constexpr int64_t kOpset = 17;

Tensor scalar(float value) { return Tensor::of<float>({}, std::vector<float>{value}); }

// Attributes of the wrong type stay, for shape inference to name.
template <class T>
bool holds(const Node& node, const char* attribute) {
  const auto found = node.attributes.find(attribute);
  return found != node.attributes.end() && std::holds_alternative<T>(found->second);
}

// An attribute that has become the input of that index.
bool integers_to_input(Graph& graph, Node& node, const char* attribute, size_t index) {
  if (!holds<std::vector<int64_t>>(node, attribute)) return false;
  const std::vector<int64_t> values = node.integers(attribute);
  node.attributes.erase(attribute);
  if (node.inputs.size() <= index) node.inputs.resize(index + 1);
  node.inputs[index] = add_integers(graph, output_name(graph, node) + "." + attribute, values);
  return true;
}

Result<bool> upgrade_clip(Graph& graph, Node& node) {
  if (!holds<float>(node, "min") && !holds<float>(node, "max")) return false;
  node.inputs.resize(3);
  const float lowest = std::numeric_limits<float>::lowest(), highest = std::numeric_limits<float>::max();
  const std::string name = output_name(graph, node);
  node.inputs[1] = graph.add_constant(name + ".min", scalar(node.number("min", lowest)));
  node.inputs[2] = graph.add_constant(name + ".max", scalar(node.number("max", highest)));
  node.attributes.erase("min");
  node.attributes.erase("max");
  return true;
}

Result<bool> upgrade_slice(Graph& graph, Node& node) {
  bool changed = integers_to_input(graph, node, "starts", 1);
  changed |= integers_to_input(graph, node, "ends", 2);
  changed |= integers_to_input(graph, node, "axes", 3);
  return changed;
}

// Axes are an input from opset 13 on for ReduceSum, from 18 on for the others: in 17 those have them as attribute.
Result<bool> upgrade_reduction(Graph& graph, Node& node) {
  if (node.op == "ReduceSum") return integers_to_input(graph, node, "axes", 1);
  bool changed = false;
  if (node.inputs.size() > 1) {
    const ValueId axes_id = node.inputs[1];
    const auto axes = constant_integers(graph, axes_id);
    if (axes_id && !axes) return false;
    if (axes && !axes->empty()) node.attributes["axes"] = *axes;
    node.inputs.resize(1);
    changed = true;
  }
  if (!node.has("noop_with_empty_axes")) return changed;
  const bool noop = node.integer("noop_with_empty_axes", 0) != 0;
  node.attributes.erase("noop_with_empty_axes");
  if (noop && node.integers("axes").empty()) {
    node.op = "Identity";
    node.attributes.clear();
  }
  return true;
}

// The constant to pad with. A value of 0 is the default and needs no input.
void pad_value_to_input(Graph& graph, Node& node) {
  const float value = node.number("value", 0.0f);
  node.attributes.erase("value");
  if (value == 0.0f) return;
  node.inputs.resize(3);
  node.inputs[2] = graph.add_constant(output_name(graph, node) + ".value", scalar(value));
}

Result<bool> upgrade_pad(Graph& graph, Node& node) {
  bool changed = integers_to_input(graph, node, "pads", 1);
  if (holds<float>(node, "value")) pad_value_to_input(graph, node), changed = true;
  if (node.inputs.size() < 4) return changed;
  // Pads for some axes become pads for all of them, once the rank is known.
  const auto axes = constant_integers(graph, node.inputs[3]);
  const auto some = constant_integers(graph, node.inputs[1]);
  const auto& shape = graph.value(node.inputs[0]).shape;
  if (!node.inputs[3]) {
    node.inputs.resize(3);
    return true;
  }
  if (!axes || !some || !shape || some->size() != 2 * axes->size()) return changed;
  const auto rank = int64_t(shape->size());
  std::vector<int64_t> pads(2 * shape->size(), 0);
  for (size_t i = 0; i < axes->size(); ++i) {
    const int64_t axis = (*axes)[i] < 0 ? (*axes)[i] + rank : (*axes)[i];
    if (axis < 0 || axis >= rank) return changed;  // shape inference names it
    pads[size_t(axis)] = (*some)[i];
    pads[size_t(axis + rank)] = (*some)[i + axes->size()];
  }
  node.inputs.resize(node.inputs[2] ? 3 : 2);
  node.inputs[1] = add_integers(graph, output_name(graph, node) + ".pads", pads);
  return true;
}

// Parts that need not be equal became possible with num_outputs in opset 18; 17 wants their sizes.
Result<bool> upgrade_split(Graph& graph, Node& node) {
  if (integers_to_input(graph, node, "split", 1)) return true;
  const auto& shape = graph.value(node.inputs[0]).shape;
  if (!node.has("num_outputs") || !shape) return false;
  const auto rank = int64_t(shape->size()), parts = int64_t(node.outputs.size());
  int64_t axis = node.integer("axis", 0);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank || node.integer("num_outputs", parts) != parts || parts == 0) return false;
  const Dim size = (*shape)[size_t(axis)];
  if (size.per_sample || size.size < 0) return false;
  const int64_t chunk = (size.size + parts - 1) / parts;
  std::vector<int64_t> sizes;
  for (int64_t i = 0, left = size.size; i < parts; ++i) {
    sizes.push_back(std::min(chunk, left));
    left -= sizes.back();
  }
  node.attributes.erase("num_outputs");
  node.inputs.resize(2);
  node.inputs[1] = add_integers(graph, output_name(graph, node) + ".split", sizes);
  return true;
}

// Outputs at the end that nobody reads, of operators whose further outputs are optional: what is left can run on faster
// paths, and batch normalisation's, in training, are others since opset 14.
bool drop_unused_outputs(Node& node, const std::vector<int32_t>& uses) {
  static const std::set<std::string> operators = {"BatchNormalization", "Dropout", "LayerNormalization", "MaxPool"};
  if (!operators.count(node.op)) return false;
  const size_t before = node.outputs.size();
  const auto used = [&uses](ValueId id) { return id && uses[size_t(id.index)] > 0; };
  while (node.outputs.size() > 1 && !used(node.outputs.back())) node.outputs.pop_back();
  return node.outputs.size() != before;
}

// Statistics per channel, spatial 1, are the only form since opset 9; shape inference refuses the other.
bool upgrade_batch_norm(Node& node) {
  return node.integer("spatial", 0) != 0 && node.attributes.erase("spatial") > 0;
}

// Scale and bias are given by group before opset 21, by channel since.
bool upgrade_group_norm(Graph& graph, Node& node) {
  if (!input_at(node, 1) || !input_at(node, 2) || !graph.value(node.inputs[0]).shape) return false;
  const Shape shape = *graph.value(node.inputs[0]).shape;
  const int64_t groups = node.integer("num_groups", 0);
  if (shape.size() < 2 || shape[1].per_sample || groups < 1 || shape[1].size % groups != 0) return false;
  const int64_t repeats = shape[1].size / groups;
  bool changed = false;
  for (size_t i = 1; i <= 2 && repeats > 1; ++i) {
    const Tensor* given = graph.constant(node.inputs[i]);
    if (!given || given->dtype() != DType::kF32 || given->dims() != Dims{groups}) continue;
    std::vector<float> by_channel;
    for (float value : given->data<float>()) by_channel.insert(by_channel.end(), size_t(repeats), value);
    const std::string name = graph.value(node.inputs[i]).name + ".by_channel";
    node.inputs[i] = graph.add_constant(name, Tensor::of<float>({shape[1].size}, by_channel));
    changed = true;
  }
  return changed;
}

// How many became an input in opset 10.
bool upgrade_top_k(Graph& graph, Node& node) {
  if (!holds<int64_t>(node, "k")) return false;
  const int64_t k = node.integer("k", 0);
  node.attributes.erase("k");
  node.inputs.resize(2);
  node.inputs[1] = add_integers(graph, output_name(graph, node) + ".k", {k});
  return true;
}

// States of zeros are the default, and without them a layer is not tied to the batch size that it was exported with.
bool drop_zero_states(const Graph& graph, Node& node) {
  bool changed = false;
  for (size_t i = 5; i < std::min<size_t>(node.inputs.size(), 7); ++i) {
    const Tensor* state = node.inputs[i] ? graph.constant(node.inputs[i]) : nullptr;
    if (!state || state->dtype() != DType::kF32) continue;
    const auto values = state->data<float>();
    if (!std::all_of(values.begin(), values.end(), [](float value) { return value == 0; })) continue;
    node.inputs[i] = {};
    changed = true;
  }
  return changed;
}

Result<bool> upgrade_node(Graph& graph, Node& node) {
  if (node.inputs.empty() || !node.inputs[0]) return false;
  if (node.op == "Clip") return upgrade_clip(graph, node);
  if (node.op == "Squeeze" || node.op == "Unsqueeze") return integers_to_input(graph, node, "axes", 1);
  if (node.op.starts_with("Reduce")) return upgrade_reduction(graph, node);
  if (node.op == "Slice") return upgrade_slice(graph, node);
  if (node.op == "Pad") return upgrade_pad(graph, node);
  if (node.op == "LSTM" || node.op == "GRU" || node.op == "RNN") return drop_zero_states(graph, node);
  if (node.op == "Scatter") {
    node.op = "ScatterElements";  // its name up to opset 10
    return true;
  }
  if (node.op == "Split") return upgrade_split(graph, node);
  if (node.op == "BatchNormalization") return upgrade_batch_norm(node);
  if (node.op == "GroupNormalization") return upgrade_group_norm(graph, node);
  if (node.op == "TopK") return upgrade_top_k(graph, node);
  if (node.op == "Cast") return node.attributes.erase("saturate") > 0;
  if (node.op == "Dropout") return node.attributes.erase("ratio") > 0;
  return false;
}

// Up to opset 12 Softmax flattens its input to two dimensions at `axis` (1 if not given) and works on the rows. Where
// that is not the same as working along one axis, the flattening is written out.
Status upgrade_softmax(Graph& graph, Node& node, std::vector<Node>& nodes) {
  int64_t axis = node.integer("axis", 1);
  const auto shape = node.inputs.empty() || !node.inputs[0] ? std::nullopt : graph.value(node.inputs[0]).shape;
  if (!shape) {
    node.attributes["axis"] = axis;
    return {};
  }
  const auto rank = int64_t(shape->size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank)
    return invalid_model("attribute axis: expected " + std::to_string(-rank) + " to " + std::to_string(rank - 1) +
                         ", got " + std::to_string(node.integer("axis", 1)));
  bool one_axis = true;
  for (size_t i = size_t(axis) + 1; i < shape->size(); ++i) one_axis &= (*shape)[i] == Dim{1, false};
  if (one_axis) {
    node.attributes["axis"] = axis;
    return {};
  }
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < shape->size(); ++i) sizes.push_back((*shape)[i].per_sample ? -1 : (*shape)[i].size);
  const std::string name = output_name(graph, node);
  const ValueId flat = graph.add_value(name + ".flat"), rows = graph.add_value(name + ".rows");
  const ValueId target = add_integers(graph, name + ".shape", sizes);
  nodes.push_back({graph.value(flat).name, "Flatten", {node.inputs[0]}, {flat}, {{"axis", axis}}});
  nodes.push_back({graph.value(rows).name, node.op, {flat}, {rows}, {{"axis", int64_t{-1}}}});
  node = {node.name, "Reshape", {rows, target}, node.outputs, {}};
  return {};
}

Status upgrade_softmaxes(Graph& graph) {
  OFFRAMP_RETURN_IF_ERROR(infer_known_shapes(graph));
  std::vector<Node> nodes;
  nodes.reserve(graph.nodes.size());
  for (Node& node : graph.nodes) {
    if (node.op == "Softmax" || node.op == "LogSoftmax" || node.op == "Hardmax") {
      const std::string frame = node.frame();
      OFFRAMP_RETURN_IF_ERROR(upgrade_softmax(graph, node, nodes).within(frame));
    }
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
  return {};
}

}  // namespace

Result<bool> upgrade_opset(Graph& graph) {
  bool changed = graph.opset != kOpset;
  if (graph.opset < 7) OFFRAMP_RETURN_IF_ERROR(upgrade_broadcasts(graph));
  const std::vector<int32_t> uses = count_uses(graph);
  for (Node& node : graph.nodes) {
    OFFRAMP_TRY(const bool upgraded, upgrade_node(graph, node).within(node.frame()));
    changed |= upgraded | drop_unused_outputs(node, uses);
    for (; !node.inputs.empty() && !node.inputs.back(); changed = true) node.inputs.pop_back();
  }
  changed |= upgrade_resizes(graph);
  changed |= upgrade_wrapped_pads(graph);
  if (graph.opset < 13) OFFRAMP_RETURN_IF_ERROR(upgrade_softmaxes(graph));
  graph.opset = kOpset;
  return changed;
}

}  // namespace offramp
