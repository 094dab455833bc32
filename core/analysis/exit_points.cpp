// Exit points as dominators. A value is a single-tensor cut exactly if it dominates the output in the graph of values
// that depend on the input, so the cuts are the output's chain of immediate dominators. In topological order one sweep
// finds them: a value's immediate dominator is the lowest common ancestor, in the dominator tree, of the values it is
// computed from.
#include "analysis/exit_points.h"

#include <algorithm>
#include <utility>

#include "analysis/costs.h"
#include "graph/operators.h"

namespace offramp {
namespace {

// The dominator tree of values, grown from the input. Every value has a jump to some ancestor besides its parent, so
// that common ancestors are found in logarithmic time even in deep hostile graphs. Source: Myers 1983, applicative
// random-access stacks.
class DominatorTree {
 public:
  DominatorTree(size_t values, int32_t root) : entries_(values) { entries_[size_t(root)] = {root, root, 0}; }

  bool contains(int32_t value) const { return entries_[size_t(value)].depth >= 0; }
  int32_t parent(int32_t value) const { return entries_[size_t(value)].parent; }

  void insert(int32_t value, int32_t parent) {
    const Entry& up = entries_[size_t(parent)];
    const Entry& jump = entries_[size_t(up.jump)];
    const bool even = up.depth - jump.depth == jump.depth - entries_[size_t(jump.jump)].depth;
    entries_[size_t(value)] = {parent, even ? jump.jump : parent, up.depth + 1};
  }

  int32_t common_ancestor(int32_t a, int32_t b) const {
    if (depth(a) < depth(b)) std::swap(a, b);
    while (depth(a) > depth(b)) a = depth(jump(a)) >= depth(b) ? jump(a) : parent(a);
    while (a != b) {
      const bool skip = jump(a) != jump(b);
      a = skip ? jump(a) : parent(a);
      b = skip ? jump(b) : parent(b);
    }
    return a;
  }

 private:
  struct Entry {
    int32_t parent = -1, jump = -1, depth = -1;
  };
  int32_t depth(int32_t value) const { return entries_[size_t(value)].depth; }
  int32_t jump(int32_t value) const { return entries_[size_t(value)].jump; }

  std::vector<Entry> entries_;
};

// Values that every path from the input to the output passes through, both ends included, from the input on.
std::vector<ValueId> single_tensor_cuts(const Graph& graph) {
  const int32_t input = graph.inputs[0].index, output = graph.outputs[0].index;
  DominatorTree tree(graph.value_count(), input);
  for (const Node& node : graph.nodes) {
    int32_t dominator = -1;
    for (ValueId id : node.inputs) {
      if (!id || !tree.contains(id.index)) continue;
      dominator = dominator < 0 ? id.index : tree.common_ancestor(dominator, id.index);
    }
    if (dominator < 0) continue;
    for (ValueId id : node.outputs)
      if (id) tree.insert(id.index, dominator);
  }
  std::vector<ValueId> cuts;
  if (!tree.contains(output)) return cuts;
  for (int32_t value = output; value != input; value = tree.parent(value)) cuts.push_back({value});
  cuts.push_back({input});
  std::reverse(cuts.begin(), cuts.end());
  return cuts;
}

// Adds up what the ancestors of one value after the other cost, each node and constant once.
class AncestorCosts {
 public:
  explicit AncestorCosts(const Graph& graph)
      : graph_(graph),
        makers_(graph.producers()),
        node_done_(graph.nodes.size(), 0),
        constant_done_(graph.value_count(), 0) {}

  void extend_to(ValueId value) {
    std::vector<ValueId> pending = {value};
    while (!pending.empty()) {
      const ValueId id = pending.back();
      pending.pop_back();
      if (!id) continue;
      if (const Tensor* tensor = graph_.constant(id)) {
        if (!std::exchange(constant_done_[size_t(id.index)], 1) && is_parameter(*tensor))
          parameters += tensor->elements();
        continue;
      }
      const int32_t maker = makers_[size_t(id.index)];
      if (maker < 0 || std::exchange(node_done_[size_t(maker)], 1)) continue;
      const Node& node = graph_.nodes[size_t(maker)];
      macs = add_costs(macs, count_macs(graph_, node));
      pending.insert(pending.end(), node.inputs.begin(), node.inputs.end());
    }
  }
  std::string maker_name(ValueId id) const {
    const int32_t maker = makers_[size_t(id.index)];
    const bool named = maker >= 0 && !graph_.nodes[size_t(maker)].name.empty();
    return named ? graph_.nodes[size_t(maker)].name : graph_.value(id).name;
  }

  int64_t macs = 0;
  int64_t parameters = 0;

 private:
  const Graph& graph_;
  std::vector<int32_t> makers_;
  std::vector<char> node_done_, constant_done_;
};

// A head can stand on floats with one row per sample and something in it.
bool can_carry_head(const Value& value) {
  if (value.dtype != DType::kF32 || !value.shape || value.shape->size() < 2 || value.shape->front() != Dim{1, true})
    return false;
  return std::all_of(value.shape->begin() + 1, value.shape->end(),
                     [](Dim dim) { return !dim.per_sample && dim.size > 0; });
}

}  // namespace

std::vector<ExitPoint> find_exit_points(const Graph& graph) {
  std::vector<ExitPoint> points;
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1) return points;
  AncestorCosts costs(graph);
  for (ValueId id : single_tensor_cuts(graph)) {
    costs.extend_to(id);
    if (costs.macs == 0 || !can_carry_head(graph.value(id))) continue;
    if (!points.empty() && points.back().macs == costs.macs) points.pop_back();
    const Dims dims = offramp::bind(*graph.value(id).shape, 1);
    points.push_back({id, costs.maker_name(id), Dims(dims.begin() + 1, dims.end()), costs.macs, costs.parameters});
  }
  // The output is the last cut, so the costs now are those of the whole model.
  while (!points.empty() && points.back().macs == costs.macs) points.pop_back();
  return points;
}

}  // namespace offramp
