// Element-wise functions of several tensors, with broadcasting. Add, Sub, Mul, Div, Abs, Equal and Where also compute on
// shapes under way: exporters build the targets of Reshape and Expand with them.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

using Elements = std::vector<Dim>;
using Element = std::optional<Dim>;

// Element i of a tensor of at most one dimension, repeated if it has one element.
Dim pick(const ValueInfo& info, size_t i) {
  return info.elements->size() == 1 ? info.elements->front() : (*info.elements)[i];
}

// Applies f to the elements of all inputs; leaves the output's elements unknown if any input's or any result is.
template <class F>
void compute_elements(ValueInfo& output, Inputs inputs, F f) {
  size_t count = 1;
  for (const ValueInfo* info : inputs) {
    if (!info->elements || info->shape.size() > 1) return;
    if (info->elements->size() != 1) count = info->elements->size();
  }
  Elements elements;
  for (size_t i = 0; i < count; ++i) {
    const Element element = f(i);
    if (!element) return;
    elements.push_back(*element);
  }
  output.elements = std::move(elements);
}

// Neither is certain for "N" against 3, but N is never 0 or negative.
Element equal(Dim a, Dim b) {
  if (a.per_sample == b.per_sample) return Dim{a.size == b.size, false};
  const Dim batch = a.per_sample ? a : b, fixed = a.per_sample ? b : a;
  if (batch.size > 0 && fixed.size <= 0) return Dim{0, false};
  return std::nullopt;
}

Outputs infer_binary(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  OFFRAMP_TRY(Shape shape, broadcast(inputs));
  ValueInfo output = make_info(inputs[0]->dtype, std::move(shape));
  const auto compute = [&](Element (*f)(Dim, Dim)) {
    compute_elements(output, inputs, [&](size_t i) { return f(pick(*inputs[0], i), pick(*inputs[1], i)); });
  };
  if (node.op == "Add") compute(add);
  if (node.op == "Sub") compute(subtract);
  if (node.op == "Mul") compute(multiply);
  if (node.op == "Div") compute(divide);
  return std::vector<ValueInfo>{std::move(output)};
}

Outputs infer_comparison(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  OFFRAMP_TRY(Shape shape, broadcast(inputs));
  ValueInfo output = make_info(DType::kBool, std::move(shape));
  if (node.op == "Equal")
    compute_elements(output, inputs, [&](size_t i) { return equal(pick(*inputs[0], i), pick(*inputs[1], i)); });
  return std::vector<ValueInfo>{std::move(output)};
}

Outputs infer_abs(const Node&, Inputs inputs) {
  ValueInfo output = make_info(inputs[0]->dtype, inputs[0]->shape);
  compute_elements(output, inputs, [&](size_t i) -> Element {
    const Dim element = pick(*inputs[0], i);
    return element.size < 0 ? subtract({0, element.per_sample}, element) : element;
  });
  return std::vector<ValueInfo>{std::move(output)};
}

// The exponent may have another type than the base.
Outputs infer_pow(const Node&, Inputs inputs) {
  OFFRAMP_TRY(Shape shape, broadcast(inputs));
  return one_output(inputs[0]->dtype, std::move(shape));
}

Outputs infer_variadic(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  OFFRAMP_TRY(Shape shape, broadcast(inputs));
  return one_output(inputs[0]->dtype, std::move(shape));
}

Status expect_bool(const ValueInfo& info, const std::string& what) {
  if (info.dtype == DType::kBool) return {};
  return invalid_model(what + " must be bool, got " + std::string(to_string(info.dtype)));
}

Outputs infer_not(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_bool(*inputs[0], "the input"));
  return one_output(DType::kBool, inputs[0]->shape);
}

Outputs infer_logic(const Node&, Inputs inputs) {
  for (const ValueInfo* info : inputs) OFFRAMP_RETURN_IF_ERROR(expect_bool(*info, "an input"));
  OFFRAMP_TRY(Shape shape, broadcast(inputs));
  return one_output(DType::kBool, std::move(shape));
}

Outputs infer_where(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_bool(*inputs[0], "the condition"));
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs.subspan(1)));
  OFFRAMP_TRY(Shape shape, broadcast(inputs));
  ValueInfo output = make_info(inputs[1]->dtype, std::move(shape));
  compute_elements(output, inputs,
                   [&](size_t i) -> Element { return pick(*inputs[pick(*inputs[0], i).size ? 1 : 2], i); });
  return std::vector<ValueInfo>{std::move(output)};
}

}  // namespace

void register_elementwise(Registry& registry) {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Mod", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"})
    add_operator(registry, op, 2, 2, infer_binary);
  for (const char* op : {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"})
    add_operator(registry, op, 2, 2, infer_comparison);
  for (const char* op : {"And", "Or", "Xor"}) add_operator(registry, op, 2, 2, infer_logic);
  for (const char* op : {"Min", "Max", "Sum", "Mean"}) add_operator(registry, op, 1, kAnyNumber, infer_variadic);
  add_operator(registry, "Abs", 1, 1, infer_abs);
  add_operator(registry, "Pow", 2, 2, infer_pow);
  add_operator(registry, "Not", 1, 1, infer_not);
  add_operator(registry, "Where", 3, 3, infer_where);
}

}  // namespace offramp::ops
