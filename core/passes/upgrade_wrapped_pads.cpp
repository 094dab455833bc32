#include <algorithm>

#include "passes/rewriting.h"
#include "passes/upgrade.h"

namespace offramp {
namespace {

ValueId emit_slice(Graph& graph, std::vector<Node>& nodes, ValueId from, int64_t axis, int64_t begin, int64_t end,
                   const std::string& name) {
  const ValueId starts = add_integers(graph, name + ".starts", {begin}), ends = add_integers(graph, name + ".ends", {end});
  return emit(graph, nodes, "Slice", {from, starts, ends, add_integers(graph, name + ".axes", {axis})}, name, {});
}

// False if the pads are not known, or are nothing that repeating the input once makes.
bool write_out(Graph& graph, Node& node, std::vector<Node>& nodes) {
  const auto pads = constant_integers(graph, input_at(node, 1));
  const auto shape = graph.value(node.inputs[0]).shape;
  if (!pads || !shape || pads->size() != 2 * shape->size() || node.inputs.size() > 3) return false;
  const size_t rank = shape->size();
  const auto crop = [](int64_t pad) { return pad < 0 ? -pad : 0; };
  for (size_t i = 0; i < rank; ++i) {
    const int64_t before = (*pads)[i], after = (*pads)[i + rank];
    if (before == 0 && after == 0) continue;
    const Dim dim = (*shape)[i];
    if (dim.per_sample || before < -dim.size || after < -dim.size) return false;
    if (std::max(before, after) > dim.size - crop(before) - crop(after)) return false;
  }
  ValueId value = node.inputs[0];
  for (size_t i = 0; i < rank; ++i) {
    const auto axis = int64_t(i);
    const int64_t before = (*pads)[i], after = (*pads)[i + rank], begin = crop(before);
    const int64_t end = (*shape)[i].size - crop(after);  // of what is left, [begin, end)
    if (before == 0 && after == 0) continue;
    const std::string name = output_name(graph, node) + ".axis" + std::to_string(i);
    std::vector<ValueId> parts;
    if (before > 0) parts.push_back(emit_slice(graph, nodes, value, axis, end - before, end, name + ".before"));
    if (before < 0 || after < 0) parts.push_back(emit_slice(graph, nodes, value, axis, begin, end, name + ".kept"));
    else parts.push_back(value);
    if (after > 0) parts.push_back(emit_slice(graph, nodes, value, axis, begin, begin + after, name + ".after"));
    value = emit(graph, nodes, "Concat", parts, name, {{"axis", axis}});
  }
  node = {node.name, "Identity", {value}, node.outputs, {}};
  return true;
}

}  // namespace

bool upgrade_wrapped_pads(Graph& graph) {
  bool changed = false;
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    if (node.op == "Pad" && node.text("mode", "") == "wrap" && input_at(node, 0))
      changed |= write_out(graph, node, nodes);
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
  return changed;
}

}  // namespace offramp
