// Turns auto_pad into pads, and moves a zero Pad into the Conv that reads it.
#include <algorithm>

#include "passes/passes.h"
#include "passes/rewriting.h"

namespace offramp {
namespace {

bool has_window(const Node& node) { return node.op == "Conv" || node.op == "MaxPool" || node.op == "AveragePool"; }

// Sizes of the window along the spatial axes; empty if they are not known.
std::vector<int64_t> window_of(const Graph& graph, const Node& node) {
  if (node.has("kernel_shape")) return node.integers("kernel_shape");
  if (node.op != "Conv" || !input_at(node, 1)) return {};
  const auto& shape = graph.value(node.inputs[1]).shape;
  if (!shape || shape->size() < 3) return {};
  const Dims dims = offramp::bind(*shape, 1);
  return {dims.begin() + 2, dims.end()};
}

// SAME: as many outputs as strides fit into the input; what the pads cannot share evenly goes to the named side.
std::optional<std::vector<int64_t>> same_pads(const Graph& graph, const Node& node, bool upper) {
  const std::vector<int64_t> window = window_of(graph, node);
  const auto& shape = graph.value(node.inputs[0]).shape;
  if (window.empty() || !shape || shape->size() != window.size() + 2) return std::nullopt;
  const size_t axes = window.size();
  const auto strides = node.integers("strides", std::vector<int64_t>(axes, 1));
  const auto dilations = node.integers("dilations", std::vector<int64_t>(axes, 1));
  if (strides.size() != axes || dilations.size() != axes) return std::nullopt;
  std::vector<int64_t> pads(2 * axes, 0);
  for (size_t i = 0; i < axes; ++i) {
    const Dim size = (*shape)[i + 2];
    if (size.per_sample || size.size < 0) return std::nullopt;
    for (int64_t value : {window[i], strides[i], dilations[i]})
      if (value < 1 || value > kMaxTensorElements) return std::nullopt;
    const int64_t outputs = (size.size + strides[i] - 1) / strides[i];
    const int64_t reach = (outputs - 1) * strides[i] + dilations[i] * (window[i] - 1) + 1;
    const int64_t total = std::max<int64_t>(reach - size.size, 0);
    pads[i] = upper ? total / 2 : total - total / 2;
    pads[i + axes] = total - pads[i];
  }
  return pads;
}

bool resolve_auto_pad(const Graph& graph, Node& node) {
  const std::string mode = node.text("auto_pad", "");
  if (mode == "VALID") {
    node.attributes.erase("pads");
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    const auto pads = same_pads(graph, node, mode == "SAME_UPPER");
    if (!pads) return false;
    node.attributes["pads"] = *pads;
    node.attributes.erase("ceil_mode");
  } else if (mode != "NOTSET" && !mode.empty()) {
    return false;  // shape inference names it
  }
  node.attributes.erase("auto_pad");
  return true;
}

// The pads of a Pad that puts zeros around the spatial axes and nothing else.
std::optional<std::vector<int64_t>> spatial_zero_pads(const Graph& graph, const Node& pad) {
  if (pad.op != "Pad" || pad.text("mode", "constant") != "constant" || input_at(pad, 3)) return std::nullopt;
  const auto pads = constant_integers(graph, input_at(pad, 1));
  if (!pads || pads->size() < 6 || pads->size() % 2 != 0) return std::nullopt;
  if (const ValueId value = input_at(pad, 2)) {
    const Tensor* tensor = graph.constant(value);
    if (!tensor || tensor->dtype() != DType::kF32 || tensor->elements() != 1 || tensor->data<float>()[0] != 0.0f)
      return std::nullopt;
  }
  const size_t rank = pads->size() / 2;
  std::vector<int64_t> spatial;
  for (size_t i = 0; i < pads->size(); ++i) {
    if ((*pads)[i] < 0 || (*pads)[i] > kMaxTensorElements) return std::nullopt;
    if (i % rank >= 2) spatial.push_back((*pads)[i]);
    else if ((*pads)[i] != 0) return std::nullopt;
  }
  return spatial;
}

}  // namespace

Result<bool> make_pads_explicit(Graph& graph) {
  bool changed = false;
  for (Node& node : graph.nodes)
    if (has_window(node) && node.has("auto_pad") && !node.inputs.empty() && node.inputs[0])
      changed |= resolve_auto_pad(graph, node);

  const std::vector<int32_t> makers = graph.producers(), uses = count_uses(graph);
  std::vector<bool> erase(graph.nodes.size(), false);
  for (Node& node : graph.nodes) {
    if (node.op != "Conv" || node.has("auto_pad") || node.inputs.empty() || !node.inputs[0]) continue;
    const auto from = size_t(node.inputs[0].index);
    if (makers[from] < 0 || uses[from] != 1) continue;
    const Node& pad = graph.nodes[size_t(makers[from])];
    const auto extra = spatial_zero_pads(graph, pad);
    if (!extra) continue;
    std::vector<int64_t> pads = node.integers("pads", std::vector<int64_t>(extra->size(), 0));
    if (pads.size() != extra->size()) continue;
    bool in_range = true;
    for (size_t i = 0; i < pads.size(); ++i) {
      in_range &= pads[i] >= 0 && pads[i] <= kMaxTensorElements - (*extra)[i];
      if (in_range) pads[i] += (*extra)[i];
    }
    if (!in_range) continue;
    node.inputs[0] = pad.inputs[0];
    node.attributes["pads"] = std::move(pads);
    erase[size_t(makers[from])] = changed = true;
  }
  erase_nodes(graph, erase);
  return changed;
}

}  // namespace offramp
