#include "features/layout.h"

#include <algorithm>
#include <optional>
#include <set>

namespace offramp {
namespace {

constexpr size_t kMostNodes = 64;  // looked at behind a value; what tells is near

using Strings = std::set<std::string>;
const Strings kChannelsFirst = {"Conv",       "ConvTranspose",     "MaxPool",       "AveragePool",           "LpPool",
                                "GlobalMaxPool", "GlobalAveragePool", "BatchNormalization", "InstanceNormalization",
                                "GroupNormalization", "LRN"};
const Strings kElementwise = {"Add", "Sub", "Mul", "Div", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish",
                              "Elu", "Clip", "Gelu", "Erf", "Cast", "Identity", "Pad", "Slice", "Round"};

// Whether these axes, of one rank, are pooled away: then what is left of them are the channels.
std::optional<bool> told_by_axes(std::vector<int64_t> axes, int64_t rank) {
  for (int64_t& axis : axes) axis += axis < 0 ? rank : 0;
  const bool first = std::count(axes.begin(), axes.end(), 1) > 0;
  const bool last = std::count(axes.begin(), axes.end(), rank - 1) > 0;
  if (first == last) return std::nullopt;
  return first;
}

std::optional<bool> told_by(const Graph& graph, const Node& node, ValueId value, int64_t rank) {
  if (kChannelsFirst.count(node.op)) return false;
  if (node.op == "MatMul" && node.inputs[0] == value && graph.is_constant(node.inputs[1])) return true;
  if (node.op == "LayerNormalization") return node.integer("axis", -1) == -1 || node.integer("axis", -1) == rank - 1;
  if (node.op == "ReduceMean" || node.op == "ReduceMax") return told_by_axes(node.integers("axes"), rank);
  if (node.op == "Gather") return told_by_axes({node.integer("axis", 0)}, rank);
  if (node.op == "Transpose") {
    const std::vector<int64_t> order = node.integers("perm");
    if (int64_t(order.size()) != rank) return std::nullopt;
    if (order[1] == rank - 1) return true;
    if (order.back() == 1) return false;
  }
  return std::nullopt;
}

}  // namespace

bool has_channels_last(const Graph& graph, ValueId value) {
  const auto& shape = graph.value(value).shape;
  if (!shape || shape->size() < 3) return false;
  const auto rank = int64_t(shape->size());
  const auto readers = graph.consumers();
  std::vector<ValueId> pending = {value};
  for (size_t next = 0, looked_at = 0; next < pending.size() && looked_at < kMostNodes; ++next)
    for (int32_t reader : readers[size_t(pending[next].index)]) {
      const Node& node = graph.nodes[size_t(reader)];
      if (const auto told = told_by(graph, node, pending[next], rank)) return *told;
      const bool same = kElementwise.count(node.op) && graph.value(node.outputs[0]).shape &&
                        int64_t(graph.value(node.outputs[0]).shape->size()) == rank;
      if (same) pending.push_back(node.outputs[0]);
      ++looked_at;
    }
  return false;
}

Dims head_shape(const Dims& shape, bool channels_last) {
  Dims turned = shape;
  if (channels_last) std::rotate(turned.begin(), turned.end() - 1, turned.end());
  return turned;
}

ValueId add_channels_first(Graph& graph, ValueId value, size_t rank, bool channels_last) {
  if (!channels_last) return value;
  std::vector<int64_t> order = {0, int64_t(rank) - 1};
  for (size_t axis = 1; axis + 1 < rank; ++axis) order.push_back(int64_t(axis));
  return graph.add_node("Transpose", {value}, graph.value(value).name + ".channels_first", {{"perm", order}});
}

}  // namespace offramp
