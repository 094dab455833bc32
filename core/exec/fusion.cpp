#include "exec/fusion.h"

#include <cmath>

namespace offramp {
namespace {

// Questions about a graph whose nodes are rewritten in place.
class Pattern {
 public:
  explicit Pattern(Graph& graph) : graph_(graph), producers_(graph.producers()), consumers_(graph.consumers()) {}

  Graph& graph() const { return graph_; }
  Node* maker(ValueId id, std::string_view op) const {
    const int32_t n = id ? producers_[size_t(id.index)] : -1;
    return n >= 0 && graph_.nodes[size_t(n)].op == op ? &graph_.nodes[size_t(n)] : nullptr;
  }
  // The only reader of what a node makes, if it is that operator and the value is no output.
  Node* next(const Node& node, std::string_view op) const {
    const ValueId made = node.outputs[0];
    const auto& readers = consumers_[size_t(made.index)];
    for (ValueId output : graph_.outputs)
      if (output == made) return nullptr;
    return readers.size() == 1 && graph_.nodes[size_t(readers[0])].op == op ? &graph_.nodes[size_t(readers[0])] : nullptr;
  }
  // The operand of a node with two that is not `one`; absent if neither is.
  static ValueId other(const Node& node, ValueId one) {
    if (node.inputs.size() != 2) return {};
    if (node.inputs[0] == one) return node.inputs[1];
    return node.inputs[1] == one ? node.inputs[0] : ValueId{};
  }
  bool is_scalar(ValueId id, double value) const {
    const Tensor* constant = id ? graph_.constant(id) : nullptr;
    return constant && constant->dtype() == DType::kF32 && constant->elements() == 1 &&
           std::fabs(double(constant->data<float>()[0]) - value) <= 1e-6 * std::fabs(value);
  }
  // The operand that a Mul or Div by a number leaves; absent if it is none.
  ValueId times(const Node& node, double factor) const {
    if (node.op == "Div") return is_scalar(node.inputs[1], 1 / factor) ? node.inputs[0] : ValueId{};
    if (node.op != "Mul") return {};
    if (is_scalar(node.inputs[1], factor)) return node.inputs[0];
    return is_scalar(node.inputs[0], factor) ? node.inputs[1] : ValueId{};
  }
  bool is_vector(ValueId id, Dim size) const {
    const Tensor* constant = id ? graph_.constant(id) : nullptr;
    return constant && constant->dtype() == DType::kF32 && constant->dims() == Dims{size.size} && !size.per_sample;
  }
  const Shape* shape(ValueId id) const { return graph_.value(id).shape ? &*graph_.value(id).shape : nullptr; }

 private:
  Graph& graph_;
  std::vector<int32_t> producers_;
  std::vector<std::vector<int32_t>> consumers_;
};

void become(Node& node, std::string op, std::vector<ValueId> inputs, std::map<std::string, Attribute> attributes = {}) {
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
}

// What half the product of `x` and the value that `node` makes ends in; null if it is something else.
Node* half_product(const Pattern& pattern, const Node& node, ValueId x) {
  Node* product = pattern.next(node, "Mul");
  if (!product) return nullptr;
  const ValueId factor = Pattern::other(*product, node.outputs[0]);
  if (factor == x) {
    for (const char* op : {"Mul", "Div"})
      if (Node* last = pattern.next(*product, op); last && pattern.times(*last, 0.5) == product->outputs[0]) return last;
    return nullptr;
  }
  if (pattern.is_scalar(factor, 0.5)) {
    Node* last = pattern.next(*product, "Mul");
    return last && Pattern::other(*last, product->outputs[0]) == x ? last : nullptr;
  }
  const Node* half = pattern.maker(factor, "Mul");
  return half && pattern.times(*half, 0.5) == x ? product : nullptr;
}

// The axis is the last one, kept as 1.
bool is_mean_of(const Pattern& pattern, const Node* mean, ValueId x) {
  if (!mean || mean->inputs[0] != x || mean->integer("keepdims", 1) != 1 || !pattern.shape(x)) return false;
  std::vector<int64_t> axes = mean->integers("axes");
  if (mean->inputs.size() > 1 && mean->inputs[1]) {
    const Tensor* given = pattern.graph().constant(mean->inputs[1]);
    if (!given || given->dtype() != DType::kI64) return false;
    axes.assign(given->data<int64_t>().begin(), given->data<int64_t>().end());
  }
  return axes.size() == 1 && (axes[0] == -1 || axes[0] == int64_t(pattern.shape(x)->size()) - 1);
}

bool is_square_of(const Pattern& pattern, ValueId square, ValueId x) {
  if (const Node* power = pattern.maker(square, "Pow"))
    return power->inputs[0] == x && pattern.is_scalar(power->inputs[1], 2);
  const Node* product = pattern.maker(square, "Mul");
  return product && product->inputs[0] == x && product->inputs[1] == x;
}

}  // namespace

void fuse_gelu(Graph& graph) {
  const Pattern pattern(graph);
  for (const Node& erf : graph.nodes) {
    if (erf.op != "Erf") continue;
    const Node* inner = pattern.maker(erf.inputs[0], "Div");
    if (!inner) inner = pattern.maker(erf.inputs[0], "Mul");
    const ValueId x = inner ? pattern.times(*inner, std::sqrt(0.5)) : ValueId{};
    const Node* sum = x ? pattern.next(erf, "Add") : nullptr;
    if (!sum || !pattern.is_scalar(Pattern::other(*sum, erf.outputs[0]), 1)) continue;
    if (Node* last = half_product(pattern, *sum, x)) become(*last, "Gelu", {x});
  }
}

void fuse_hard_swish(Graph& graph) {
  const Pattern pattern(graph);
  for (Node& last : graph.nodes) {
    if (last.op != "Mul" && last.op != "Div") continue;
    for (ValueId gate : std::vector<ValueId>(last.inputs)) {
      const Node* sigmoid = pattern.maker(gate, "HardSigmoid");
      if (!sigmoid || last.op != "Mul" || Pattern::other(last, gate) != sigmoid->inputs[0]) continue;
      const double alpha = sigmoid->number("alpha", 0.2f), beta = sigmoid->number("beta", 0.5f);
      if (std::fabs(alpha - 1.0 / 6) < 1e-6 && beta == 0.5) become(last, "HardSwish", {sigmoid->inputs[0]});
      break;
    }
    // By hand: a sixth of a product.
    const Node* product = pattern.maker(pattern.times(last, 1.0 / 6), "Mul");
    for (size_t i = 0; product && i < 2; ++i) {
      const Node* clip = pattern.maker(product->inputs[i], "Clip");
      const Node* sum = clip ? pattern.maker(clip->inputs[0], "Add") : nullptr;
      if (!sum || clip->inputs.size() != 3 || !clip->inputs[1] || !clip->inputs[2]) continue;
      const ValueId x = product->inputs[1 - i];
      const Tensor* low = graph.constant(clip->inputs[1]);
      const bool from_zero = low && low->dtype() == DType::kF32 && low->elements() == 1 && low->data<float>()[0] == 0;
      if (from_zero && pattern.is_scalar(clip->inputs[2], 6) && pattern.is_scalar(Pattern::other(*sum, x), 3)) {
        become(last, "HardSwish", {x});
        break;
      }
    }
  }
}

void fuse_layer_normalization(Graph& graph) {
  const Pattern pattern(graph);
  for (const Node& quotient : graph.nodes) {
    if (quotient.op != "Div") continue;
    const ValueId centred = quotient.inputs[0];
    const Node *difference = pattern.maker(centred, "Sub"), *root = pattern.maker(quotient.inputs[1], "Sqrt");
    const Node* sum = root ? pattern.maker(root->inputs[0], "Add") : nullptr;
    if (!difference || !sum) continue;
    const Tensor* epsilon = graph.constant(sum->inputs[1]);
    const Node* variance = pattern.maker(sum->inputs[0], "ReduceMean");
    const ValueId x = difference->inputs[0];
    if (!epsilon || epsilon->dtype() != DType::kF32 || epsilon->elements() != 1 || !variance) continue;
    if (!is_mean_of(pattern, pattern.maker(difference->inputs[1], "ReduceMean"), x)) continue;
    if (!is_mean_of(pattern, variance, variance->inputs[0]) || !is_square_of(pattern, variance->inputs[0], centred)) continue;
    Node* scaled = pattern.next(quotient, "Mul");
    const ValueId scale = scaled ? Pattern::other(*scaled, quotient.outputs[0]) : ValueId{};
    if (!pattern.is_vector(scale, pattern.shape(x)->back())) continue;
    const std::map<std::string, Attribute> attributes = {{"axis", int64_t{-1}}, {"epsilon", epsilon->data<float>()[0]}};
    Node* shifted = pattern.next(*scaled, "Add");
    const ValueId bias = shifted ? Pattern::other(*shifted, scaled->outputs[0]) : ValueId{};
    if (pattern.is_vector(bias, pattern.shape(x)->back())) become(*shifted, "LayerNormalization", {x, scale, bias}, attributes);
    else become(*scaled, "LayerNormalization", {x, scale}, attributes);
  }
}

}  // namespace offramp
