// Reductions along axes. Along the batch they are refused: samples would mix.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

// The shape with those axes reduced to 1, or dropped.
Result<Shape> reduce(const Shape& shape, const std::vector<bool>& reduced, bool keep) {
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i]) {
      result.push_back(shape[i]);
      continue;
    }
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(shape, i, "the reduction"));
    if (keep) result.push_back(Dim{});
  }
  return result;
}

// The axes are an attribute, or an input since opset 13 (ReduceSum) and 18 (the others). None means all.
Outputs infer_reduce(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  OFFRAMP_TRY(const auto axes, integers_of(node, "axes", inputs, 1));
  std::vector<bool> reduced(shape.size(), true);
  if (axes && !axes->empty()) {
    OFFRAMP_TRY(reduced, resolve_axes(*axes, shape.size()));
  } else if (node.integer("noop_with_empty_axes", 0) != 0) {
    return one_output(inputs[0]->dtype, shape);
  }
  OFFRAMP_TRY(Shape result, reduce(shape, reduced, node.integer("keepdims", 1) != 0));
  return one_output(inputs[0]->dtype, std::move(result));
}

Outputs infer_arg_max(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  OFFRAMP_TRY(const auto reduced, resolve_axes({node.integer("axis", 0)}, shape.size()));
  OFFRAMP_TRY(Shape result, reduce(shape, reduced, node.integer("keepdims", 1) != 0));
  return one_output(DType::kI64, std::move(result));
}

}  // namespace

void register_reduction(Registry& registry) {
  for (const char* op : {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"})
    add_operator(registry, op, 1, 2, infer_reduce);
  add_operator(registry, "ArgMax", 1, 1, infer_arg_max);
}

}  // namespace offramp::ops
