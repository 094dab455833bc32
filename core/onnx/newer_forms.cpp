#include "onnx/newer_forms.h"

#include <set>

namespace offramp {
namespace {

bool is_reduction_with_attribute(const Node& node) { return node.op.starts_with("Reduce") && node.op != "ReduceSum"; }

bool needs_newer_opset(const Node& node) {
  static const std::set<std::string> operators = {"BitwiseAnd", "BitwiseNot",         "BitwiseOr", "BitwiseXor",
                                                  "Gelu",       "GroupNormalization", "Mish"};
  if (operators.count(node.op)) return true;
  if (node.op == "AveragePool") return node.has("dilations");
  if (node.op == "LpPool") return node.has("dilations") || node.has("ceil_mode");
  if (node.op == "Pad") return node.text("mode", "") == "wrap" || node.inputs.size() > 3;
  if (node.op == "Resize")
    return node.has("antialias") || node.has("axes") || node.has("keep_aspect_ratio_policy") ||
           node.text("coordinate_transformation_mode", "") == "half_pixel_symmetric";
  if (node.op == "ScatterElements" || node.op == "ScatterND") {
    const std::string reduction = node.text("reduction", "none");
    return reduction == "max" || reduction == "min";
  }
  if (node.op == "Split") return node.has("num_outputs");
  return is_reduction_with_attribute(node) && (node.inputs.size() > 1 || node.has("noop_with_empty_axes"));
}

void move_axes_to_input(Graph& graph, Node& node) {
  const std::vector<int64_t> axes = node.integers("axes");
  if (node.inputs.empty() || axes.empty()) return;
  const std::string name = graph.value(node.outputs[0]).name + ".axes";
  node.attributes.erase("axes");
  node.inputs.resize(1);
  node.inputs.push_back(graph.add_constant(name, Tensor::of<int64_t>({int64_t(axes.size())}, axes)));
}

}  // namespace

bool needs_newer_opset(const Graph& graph) {
  for (const Node& node : graph.nodes)
    if (needs_newer_opset(node)) return true;
  return false;
}

Graph in_newer_forms(Graph graph) {
  for (Node& node : graph.nodes) {
    if (is_reduction_with_attribute(node)) move_axes_to_input(graph, node);
    const bool sized = node.inputs.size() > 1 && node.inputs[1];
    if (node.op == "Split" && !sized) node.attributes["num_outputs"] = int64_t(node.outputs.size());
  }
  graph.opset = kNewerOpset;
  return graph;
}

}  // namespace offramp
