// Functions of the elements of one tensor, which keep its shape.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Outputs infer_same(const Node&, Inputs inputs) { return one_output(inputs[0]->dtype, inputs[0]->shape); }

// The limits are attributes up to opset 10, scalars as inputs since.
Outputs infer_clip(const Node&, Inputs inputs) {
  for (size_t i = 1; i < inputs.size(); ++i)
    if (inputs[i] && !inputs[i]->shape.empty() && inputs[i]->shape != Shape{Dim{}})
      return invalid_model("the limits must be scalars, got shape " + to_string(inputs[i]->shape));
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  return one_output(inputs[0]->dtype, inputs[0]->shape);
}

// The default axis was 1 before opset 13 and is -1 since; along the batch samples would mix.
Outputs infer_softmax(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", -1), shape.size()));
  OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(shape, axis, "the softmax"));
  return one_output(inputs[0]->dtype, shape);
}

// The slope broadcasts to the input, never the other way round.
Outputs infer_prelu(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  OFFRAMP_TRY(Shape shape, broadcast(inputs));
  if (shape != inputs[0]->shape)
    return invalid_model("a slope of shape " + to_string(inputs[1]->shape) + " does not broadcast to the input " +
                         to_string(inputs[0]->shape));
  return one_output(inputs[0]->dtype, std::move(shape));
}

Outputs infer_classification(const Node&, Inputs inputs) { return one_output(DType::kBool, inputs[0]->shape); }

}  // namespace

void register_activation(Registry& registry) {
  for (const char* op :
       {"Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Elu", "Selu", "Celu", "Softplus",
        "Softsign", "Gelu", "Mish", "ThresholdedRelu", "Shrink"})
    add_operator(registry, op, 1, 1, infer_same);
  for (const char* op :
       {"Sqrt", "Exp",  "Log",  "Neg",  "Erf",   "Floor", "Ceil", "Round", "Sign", "Reciprocal", "BitwiseNot",
        "Sin",  "Cos",  "Tan",  "Asin", "Acos", "Atan",  "Sinh",  "Cosh", "Asinh", "Acosh", "Atanh"})
    add_operator(registry, op, 1, 1, infer_same);
  for (const char* op : {"IsNaN", "IsInf"}) add_operator(registry, op, 1, 1, infer_classification);
  add_operator(registry, "PRelu", 2, 2, infer_prelu);
  add_operator(registry, "Clip", 1, 3, infer_clip);
  add_operator(registry, "Softmax", 1, 1, infer_softmax);
  add_operator(registry, "LogSoftmax", 1, 1, infer_softmax);
  add_operator(registry, "Hardmax", 1, 1, infer_softmax);
}

}  // namespace offramp::ops
