#include <algorithm>

#include "graph/operators.h"
#include "passes/rewriting.h"
#include "passes/upgrade.h"

namespace offramp {
namespace {

constexpr int kMaxRounds = 64;  // of inference, each of which may reveal shapes for the next
// Stands in for an operator whose operands are not aligned yet, so that inference stops there.
const std::string kPending = "opset6::";

// The second operand with as many trailing dimensions as `axis` leaves.
bool align(Graph& graph, Node& node, std::vector<Node>& nodes) {
  const auto &a = graph.value(node.inputs[0]).shape, &b = graph.value(node.inputs[1]).shape;
  if (!a || !b) return false;
  const auto rank = int64_t(a->size());
  int64_t axis = node.op == kPending + "PRelu" ? (b->size() == 1 && rank > 1 ? 1 : rank - int64_t(b->size()))
                                               : node.integer("axis", rank - int64_t(b->size()));
  if (axis < 0) axis += rank;
  const int64_t missing = rank - axis - int64_t(b->size());
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < missing; ++i) axes.push_back(int64_t(b->size()) + i);
  if (!axes.empty()) {
    const std::string name = output_name(graph, node) + ".aligned";
    node.inputs[1] = emit(graph, nodes, "Unsqueeze", {node.inputs[1], add_integers(graph, name + ".axes", axes)}, name, {});
  }
  node.op = node.op.substr(kPending.size());
  node.attributes.erase("axis");
  return true;
}

bool aligns_operands(const Node& node) {
  static const char* kOperators[] = {"Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less", "PRelu"};
  return node.inputs.size() == 2 && node.inputs[0] && node.inputs[1] &&
         std::find(std::begin(kOperators), std::end(kOperators), node.op) != std::end(kOperators);
}

}  // namespace

Status upgrade_broadcasts(Graph& graph) {
  size_t pending = 0;
  for (Node& node : graph.nodes) {
    if (aligns_operands(node)) {
      node.op = kPending + node.op;
      ++pending;
    }
    for (const char* gone : {"broadcast", "is_test", "consumed_inputs"}) node.attributes.erase(gone);
  }
  for (int round = 0; pending > 0; ++round) {
    OFFRAMP_RETURN_IF_ERROR(infer_known_shapes(graph));
    const size_t before = pending;
    std::vector<Node> nodes;
    for (Node& node : graph.nodes) {
      if (node.op.starts_with(kPending) && align(graph, node, nodes)) --pending;
      nodes.push_back(std::move(node));
    }
    graph.nodes = std::move(nodes);
    if (pending == before || round == kMaxRounds) break;
  }
  for (Node& node : graph.nodes)
    if (node.op.starts_with(kPending)) node.op = node.op.substr(kPending.size());
  return {};
}

}  // namespace offramp
