#include <algorithm>

#include "passes/rewriting.h"
#include "passes/upgrade.h"

namespace offramp {
namespace {

// Upsample-7 has scales as attribute, Upsample-9 and Resize-10 as second input; all count from the corner.
bool upgrade_upsample(Graph& graph, Node& node) {
  const bool upsample = node.op == "Upsample";
  if (!upsample && !(node.op == "Resize" && node.inputs.size() == 2 && node.inputs[1])) return false;
  ValueId scales = input_at(node, 1);
  if (const auto found = node.attributes.find("scales"); upsample && found != node.attributes.end()) {
    const auto* values = std::get_if<std::vector<float>>(&found->second);
    if (!values) return false;
    scales = graph.add_constant(output_name(graph, node) + ".scales", Tensor::of<float>({int64_t(values->size())}, *values));
    node.attributes.erase("scales");
  }
  node.op = "Resize";
  node.inputs = {node.inputs[0], ValueId{}, scales};
  node.attributes["coordinate_transformation_mode"] = std::string("asymmetric");
  node.attributes["nearest_mode"] = std::string("floor");
  if (node.text("mode", "") == "bilinear") node.attributes["mode"] = std::string("linear");
  return true;
}

// Attributes of opset 18 that say what opset 17 does anyway; others stay, for shape inference to name.
bool drop_defaults(Node& node) {
  bool changed = false;
  if (node.integer("antialias", 0) == 0) changed |= node.attributes.erase("antialias") > 0;
  if (node.text("keep_aspect_ratio_policy", "") == "stretch")
    changed |= node.attributes.erase("keep_aspect_ratio_policy") > 0;
  return changed;
}

// Scales, sizes and region for some axes, written out for all of them.
bool spread_axes(Graph& graph, Node& node, const Shape& shape) {
  if (!node.has("axes")) return false;
  const size_t rank = shape.size();
  std::vector<size_t> axes;
  for (int64_t axis : node.integers("axes")) {
    if (axis < -int64_t(rank) || axis >= int64_t(rank)) return false;
    axes.push_back(size_t(axis < 0 ? axis + int64_t(rank) : axis));
  }
  const std::string name = output_name(graph, node);
  if (input_at(node, 3)) {
    const auto some = constant_integers(graph, node.inputs[3]);
    if (!some || some->size() != axes.size()) return false;
    std::vector<int64_t> sizes;
    for (Dim dim : shape) sizes.push_back(dim.size);
    for (size_t i = 0; i < axes.size(); ++i) sizes[axes[i]] = (*some)[i];
    node.inputs[3] = add_integers(graph, name + ".sizes", sizes);
  }
  if (input_at(node, 2)) {
    const Tensor* some = graph.constant(node.inputs[2]);
    if (!some || some->dtype() != DType::kF32 || some->elements() != int64_t(axes.size())) return false;
    std::vector<float> scales(rank, 1.0f);
    for (size_t i = 0; i < axes.size(); ++i) scales[axes[i]] = some->data<float>()[i];
    node.inputs[2] = graph.add_constant(name + ".scales", Tensor::of<float>({int64_t(rank)}, scales));
  }
  if (const Tensor* some = input_at(node, 1) ? graph.constant(node.inputs[1]) : nullptr;
      some && some->dtype() == DType::kF32 && some->elements() == 2 * int64_t(axes.size())) {
    std::vector<float> region(2 * rank, 0.0f);
    std::fill(region.begin() + int64_t(rank), region.end(), 1.0f);
    for (size_t i = 0; i < axes.size(); ++i) {
      region[axes[i]] = some->data<float>()[i];
      region[axes[i] + rank] = some->data<float>()[i + axes.size()];
    }
    node.inputs[1] = graph.add_constant(name + ".region", Tensor::of<float>({int64_t(2 * rank)}, region));
  }
  node.attributes.erase("axes");
  return true;
}

// Constant sizes hold for one batch size only: the leading one is taken from the input instead.
bool follow_batch(Graph& graph, Node& node, const Shape& shape, std::vector<Node>& nodes) {
  const auto sizes = constant_integers(graph, input_at(node, 3));
  if (!sizes || sizes->size() != shape.size() || shape.empty() || !shape[0].per_sample || (*sizes)[0] != shape[0].size)
    return false;
  const std::string name = output_name(graph, node);
  const ValueId batch = emit(graph, nodes, "Shape", {node.inputs[0]}, name + ".batch",
                             {{"start", int64_t{0}}, {"end", int64_t{1}}});
  const ValueId rest = add_integers(graph, name + ".rest", {sizes->begin() + 1, sizes->end()});
  node.inputs[3] = emit(graph, nodes, "Concat", {batch, rest}, name + ".sizes", {{"axis", int64_t{0}}});
  return true;
}

}  // namespace

bool upgrade_resizes(Graph& graph) {
  bool changed = false;
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    if ((node.op == "Resize" || node.op == "Upsample") && input_at(node, 0)) {
      changed |= upgrade_upsample(graph, node);
      changed |= drop_defaults(node);
      if (const auto shape = graph.value(node.inputs[0]).shape) {
        changed |= spread_axes(graph, node, *shape);
        changed |= follow_batch(graph, node, *shape, nodes);
      }
    }
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
  return changed;
}

}  // namespace offramp
