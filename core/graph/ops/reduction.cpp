// Reductions and orders along axes. Along the batch they are refused: samples would mix.
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

Outputs infer_arg_extreme(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  OFFRAMP_TRY(const auto reduced, resolve_axes({node.integer("axis", 0)}, shape.size()));
  OFFRAMP_TRY(Shape result, reduce(shape, reduced, node.integer("keepdims", 1) != 0));
  return one_output(DType::kI64, std::move(result));
}

// How many is an attribute before opset 10, an input since.
Outputs infer_top_k(const Node& node, Inputs inputs) {
  Shape shape = inputs[0]->shape;
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", -1), shape.size()));
  OFFRAMP_TRY(const int64_t available, fixed_size(shape, axis, "the order"));
  std::vector<int64_t> k = {node.integer("k", -1)};
  if (const ValueInfo* given = input_or_null(inputs, 1)) {
    OFFRAMP_TRY(k, known_integers(*given, "k"));
  }
  if (k.size() != 1 || k[0] < 0 || k[0] > available)
    return invalid_model("k must be one number from 0 to " + std::to_string(available) + ", got " + to_string(Dims(k)));
  shape[axis] = {k[0], false};
  return std::vector<ValueInfo>{make_info(inputs[0]->dtype, shape), make_info(DType::kI64, shape)};
}

Outputs infer_cum_sum(const Node&, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  OFFRAMP_TRY(const auto axes, known_integers(*inputs[1], "axis"));
  if (axes.size() != 1) return invalid_model("expected one axis, got " + to_string(Dims(axes)));
  OFFRAMP_TRY(const size_t axis, resolve_axis(axes[0], shape.size()));
  OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(shape, axis, "the sum"));
  return one_output(inputs[0]->dtype, shape);
}

}  // namespace

void register_reduction(Registry& registry) {
  for (const char* op : {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                         "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"})
    add_operator(registry, op, 1, 2, infer_reduce);
  for (const char* op : {"ArgMax", "ArgMin"}) add_operator(registry, op, 1, 1, infer_arg_extreme);
  add_operator(registry, "TopK", 1, 2, infer_top_k);
  add_operator(registry, "CumSum", 2, 2, infer_cum_sum);
}

}  // namespace offramp::ops
