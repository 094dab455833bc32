// Writes Einsum as what backends are fast at: Transpose, Reshape, ReduceSum and MatMul. Equations that repeat a label
// within an operand, or have more than two operands, stay.
#include <algorithm>

#include "graph/einsum.h"
#include "passes/passes.h"
#include "passes/rewriting.h"

namespace offramp {
namespace {

using Labels = std::vector<int>;

bool has(const Labels& labels, int label) { return std::find(labels.begin(), labels.end(), label) != labels.end(); }

// A value under way, and what its axes stand for.
struct Operand {
  ValueId value;
  Labels labels;
  Shape shape;
};

class Lowering {
 public:
  Lowering(Graph& graph, const Node& node, std::vector<Node>& nodes)
      : graph_(graph), nodes_(nodes), name_(output_name(graph, node)) {}

  // Sums over the labels that are not wanted, and puts the others into that order.
  void arrange(Operand& operand, const Labels& order) {
    std::vector<int64_t> dropped;
    Operand kept{operand.value, {}, {}};
    for (size_t i = 0; i < operand.labels.size(); ++i) {
      if (has(order, operand.labels[i])) {
        kept.labels.push_back(operand.labels[i]);
        kept.shape.push_back(operand.shape[i]);
      } else {
        dropped.push_back(int64_t(i));
      }
    }
    if (!dropped.empty())
      kept.value = emit(graph_, nodes_, "ReduceSum", {operand.value, add_integers(graph_, next("axes"), dropped)},
                        next("sum"), {{"keepdims", int64_t{0}}});
    std::vector<int64_t> perm;
    Shape shape;
    for (int label : order) {
      const auto found = std::find(kept.labels.begin(), kept.labels.end(), label);
      perm.push_back(found - kept.labels.begin());
      shape.push_back(kept.shape[size_t(perm.back())]);
    }
    if (!std::is_sorted(perm.begin(), perm.end()))
      kept.value = emit(graph_, nodes_, "Transpose", {kept.value}, next("transposed"), {{"perm", perm}});
    operand = {kept.value, order, shape};
  }

  void reshape(Operand& operand, const Shape& shape) {
    if (operand.shape == shape) return;
    std::vector<int64_t> sizes;
    for (Dim dim : shape) sizes.push_back(dim.per_sample ? -1 : dim.size);
    operand.value = emit(graph_, nodes_, "Reshape", {operand.value, add_integers(graph_, next("shape"), sizes)},
                         next("reshaped"), {});
    operand.shape = shape;
  }

  Operand multiply(const Operand& a, const Operand& b, const Shape& shape) {
    return {emit(graph_, nodes_, "MatMul", {a.value, b.value}, next("product"), {}), {}, shape};
  }

 private:
  std::string next(const char* what) { return name_ + "." + what; }

  Graph& graph_;
  std::vector<Node>& nodes_;
  const std::string name_;
};

// The labels of one kind, and their sizes joined into one dimension.
struct Group {
  Labels labels;
  Dim size;
  bool add(int label, Dim dim) {
    labels.push_back(label);
    if (size.per_sample && dim.per_sample) return false;
    size = {size.size * dim.size, size.per_sample || dim.per_sample};
    return size.size <= kMaxTensorElements;
  }
};

Labels joined(std::initializer_list<const Labels*> parts) {
  Labels all;
  for (const Labels* part : parts) all.insert(all.end(), part->begin(), part->end());
  return all;
}

std::optional<std::vector<Operand>> read_operands(const Graph& graph, const Node& node, const EinsumEquation& equation) {
  std::vector<Operand> operands;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    operands.push_back({node.inputs[i], equation.operands[i], *graph.value(node.inputs[i]).shape});
    Labels sorted = operands.back().labels;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return std::nullopt;
  }
  return operands;
}

Dim size_of(const Operand& operand, int label) {
  return operand.shape[size_t(std::find(operand.labels.begin(), operand.labels.end(), label) - operand.labels.begin())];
}

// How the labels of a product of two operands take part in it.
struct Split {
  Labels shared;  // in both operands and the output
  Shape shared_a, shared_b, shared_shape;
  Group left, right, inner;
  Shape left_shape, right_shape;
};

std::optional<Split> split_labels(const Operand& a, const Operand& b, const Labels& output) {
  Split split;
  int batches = 0;
  bool fits = true;
  for (int label : output) {
    const bool in_a = has(a.labels, label), in_b = has(b.labels, label);
    const Dim of_a = in_a ? size_of(a, label) : Dim{}, of_b = in_b ? size_of(b, label) : Dim{};
    const Dim size = of_a == Dim{} ? of_b : of_a;
    batches += size.per_sample;
    if (in_a && in_b) {
      split.shared.push_back(label);
      split.shared_a.push_back(of_a);
      split.shared_b.push_back(of_b);
      split.shared_shape.push_back(size);
    } else {
      fits &= (in_a ? split.left : split.right).add(label, size);
      (in_a ? split.left_shape : split.right_shape).push_back(size);
    }
  }
  for (int label : a.labels)
    if (has(b.labels, label) && !has(output, label))
      fits &= size_of(a, label) == size_of(b, label) && split.inner.add(label, size_of(a, label));
  if (!fits || batches > 1 || split.inner.size.per_sample) return std::nullopt;
  return split;
}

Shape with(Shape shape, std::initializer_list<Dim> dims) {
  shape.insert(shape.end(), dims);
  return shape;
}

// [shared, left, inner] x [shared, inner, right] = [shared, left, right]
Operand multiply(Lowering& lowering, Operand a, Operand b, const Split& split) {
  lowering.arrange(a, joined({&split.shared, &split.left.labels, &split.inner.labels}));
  lowering.arrange(b, joined({&split.shared, &split.inner.labels, &split.right.labels}));
  lowering.reshape(a, with(split.shared_a, {split.left.size, split.inner.size}));
  lowering.reshape(b, with(split.shared_b, {split.inner.size, split.right.size}));
  Operand result = lowering.multiply(a, b, with(split.shared_shape, {split.left.size, split.right.size}));
  Shape shape = split.shared_shape;
  shape.insert(shape.end(), split.left_shape.begin(), split.left_shape.end());
  shape.insert(shape.end(), split.right_shape.begin(), split.right_shape.end());
  lowering.reshape(result, shape);
  result.labels = joined({&split.shared, &split.left.labels, &split.right.labels});
  return result;
}

// The nodes that make the same value; none if the equation stays.
bool lower(Graph& graph, Node& node, std::vector<Node>& nodes) {
  std::vector<size_t> ranks;
  for (ValueId id : node.inputs) {
    if (!id || !graph.value(id).shape || graph.value(id).dtype != DType::kF32) return false;
    for (Dim dim : *graph.value(id).shape)
      if (dim.size < 1) return false;
    ranks.push_back(graph.value(id).shape->size());
  }
  if (ranks.empty() || ranks.size() > 2) return false;
  // A wrong equation is for shape inference to name.
  const auto equation = parse_einsum(node.text("equation", ""), ranks);
  if (!equation) return false;
  const auto operands = read_operands(graph, node, *equation);
  if (!operands) return false;
  Lowering lowering(graph, node, nodes);
  Operand result = operands->front();
  if (operands->size() == 2) {
    const auto split = split_labels(operands->front(), operands->back(), equation->output);
    if (!split) return false;
    result = multiply(lowering, operands->front(), operands->back(), *split);
  }
  lowering.arrange(result, equation->output);
  node = {node.name, "Identity", {result.value}, node.outputs, {}};
  return true;
}

}  // namespace

bool lower_einsums(Graph& graph) {
  bool changed = false;
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    if (node.op == "Einsum") changed |= lower(graph, node, nodes);
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
  return changed;
}

}  // namespace offramp
