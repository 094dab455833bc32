// Tensors of patterns: Dropout, EyeLike, Trilu and OneHot.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

// The ratio is an attribute, or an input since opset 12; at inference neither matters.
Outputs infer_dropout(const Node&, Inputs inputs) {
  if (const ValueInfo* training = input_or_null(inputs, 2)) {
    OFFRAMP_TRY(const auto flag, known_integers(*training, "training_mode"));
    if (flag.size() != 1 || flag[0] != 0) return unsupported("training_mode: export the model for inference");
  }
  return std::vector<ValueInfo>{*inputs[0], make_info(DType::kBool, inputs[0]->shape)};
}

// Errors: kUnsupported if one of the last two dimensions is the batch.
Status expect_matrices(const ValueInfo& x, const std::string& what) {
  if (x.shape.size() < 2) return invalid_model("the input must have at least 2 dimensions, got " + to_string(x.shape));
  for (size_t i = x.shape.size() - 2; i < x.shape.size(); ++i) {
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(x.shape, i, what));
  }
  return {};
}

Outputs infer_eye_like(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_rank(*inputs[0], 2, "the input"));
  OFFRAMP_RETURN_IF_ERROR(expect_matrices(*inputs[0], "the diagonal"));
  const int64_t code = node.integer("dtype", 0);
  const auto dtype = node.has("dtype") ? dtype_of_onnx(code) : inputs[0]->dtype;
  if (!dtype) return unsupported("attribute dtype: type number " + std::to_string(code) + " is not supported");
  return one_output(*dtype, inputs[0]->shape);
}

Outputs infer_trilu(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_matrices(*inputs[0], "the triangle"));
  return one_output(inputs[0]->dtype, inputs[0]->shape);
}

// Some exporters write the depth as a float.
Result<int64_t> known_depth(const ValueInfo& depth) {
  if (depth.constant && depth.constant->dtype() == DType::kF32 && depth.constant->elements() == 1) {
    const float value = depth.constant->data<float>()[0];
    if (value >= 0 && value <= float(kMaxTensorElements)) return int64_t(value);
    return invalid_model("the depth is outside of [0, " + std::to_string(kMaxTensorElements) + "]");
  }
  OFFRAMP_TRY(const auto values, known_integers(depth, "depth"));
  if (values.size() == 1 && values[0] >= 0 && values[0] <= kMaxTensorElements) return values[0];
  return invalid_model("the depth must be one number from 0 to " + std::to_string(kMaxTensorElements) + ", got " +
                       to_string(Dims(values)));
}

Outputs infer_one_hot(const Node& node, Inputs inputs) {
  Shape shape = inputs[0]->shape;
  OFFRAMP_TRY(const int64_t depth, known_depth(*inputs[1]));
  OFFRAMP_RETURN_IF_ERROR(expect_vector(inputs[2], 2, "the values"));
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", -1), shape.size() + 1));
  shape.insert(shape.begin() + ptrdiff_t(axis), Dim{depth, false});
  return one_output(inputs[2]->dtype, std::move(shape));
}

}  // namespace

void register_masks(Registry& registry) {
  add_operator(registry, "Dropout", 1, 3, infer_dropout);
  add_operator(registry, "EyeLike", 1, 1, infer_eye_like);
  add_operator(registry, "Trilu", 1, 2, infer_trilu);
  add_operator(registry, "OneHot", 3, 3, infer_one_hot);
}

}  // namespace offramp::ops
