// Normalisation, by stored statistics or by those of the sample itself. Along the batch samples would mix.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Outputs infer_batch_norm(const Node& node, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  if (node.integer("training_mode", 0) != 0) return unsupported("training_mode 1: export the model for inference");
  if (node.outputs.size() > 1) return unsupported("its batch statistics are used: export the model for inference");
  if (node.integer("spatial", 1) == 0) return unsupported("spatial 0; statistics per channel are supported");
  if (x.shape.size() < 2) return invalid_model("the input must have at least 2 dimensions, got " + to_string(x.shape));
  OFFRAMP_TRY(const int64_t channels, fixed_size(x.shape, 1, "the normalisation"));
  constexpr const char* kNames[] = {"", "the scale", "the bias", "the mean", "the variance"};
  for (size_t i = 1; i <= 4; ++i) OFFRAMP_RETURN_IF_ERROR(expect_vector(inputs[i], channels, kNames[i]));
  return one_output(x.dtype, x.shape);
}

// A parameter for every element of the normalised axes; leading dimensions of 1 say nothing.
Status expect_parameters(const ValueInfo* info, const Shape& normalised, const std::string& what) {
  if (!info) return {};
  Shape given = info->shape;
  while (given.size() > normalised.size() && given.front() == Dim{1, false}) given.erase(given.begin());
  if (given == normalised) return {};
  return unsupported(what + " has shape " + to_string(info->shape) + "; only that of the normalised axes, " +
                     to_string(normalised) + ", is supported");
}

Status expect_f32_statistics(const Node& node) {
  if (node.integer("stash_type", 1) == 1) return {};
  return unsupported("attribute stash_type: statistics are computed as f32, type number 1, only");
}

// The outputs of the lines' means and inverse deviations are for training, but may be asked for.
Outputs infer_layer_norm(const Node& node, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_f32_statistics(node));
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", -1), x.shape.size()));
  Shape per_line = x.shape;
  for (size_t i = axis; i < x.shape.size(); ++i) {
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(x.shape, i, "the normalisation"));
    per_line[i] = Dim{};
  }
  const Shape normalised(x.shape.begin() + ptrdiff_t(axis), x.shape.end());
  OFFRAMP_RETURN_IF_ERROR(expect_parameters(inputs[1], normalised, "the scale"));
  OFFRAMP_RETURN_IF_ERROR(expect_parameters(input_or_null(inputs, 2), normalised, "the bias"));
  return std::vector<ValueInfo>{make_info(x.dtype, x.shape), make_info(DType::kF32, per_line),
                                make_info(DType::kF32, per_line)};
}

// Statistics per channel or per group of channels.
Outputs infer_group_norm(const Node& node, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_f32_statistics(node));
  if (x.shape.size() < 3) return invalid_model("the input must have at least 3 dimensions, got " + to_string(x.shape));
  for (size_t i = 2; i < x.shape.size(); ++i) {
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(x.shape, i, "the normalisation"));
  }
  OFFRAMP_TRY(const int64_t channels, fixed_size(x.shape, 1, "the normalisation"));
  const int64_t groups = node.op == "InstanceNormalization" ? channels : node.integer("num_groups", 0);
  if (groups < 1 || channels % groups != 0)
    return invalid_model("attribute num_groups: " + std::to_string(groups) + " does not divide " +
                         std::to_string(channels) + " channels");
  // By group before opset 21, by channel since.
  const bool by_group = inputs[1]->shape == Shape{{groups, false}};
  OFFRAMP_RETURN_IF_ERROR(expect_vector(inputs[1], by_group ? groups : channels, "the scale"));
  OFFRAMP_RETURN_IF_ERROR(expect_vector(inputs[2], by_group ? groups : channels, "the bias"));
  return one_output(x.dtype, x.shape);
}

Outputs infer_lrn(const Node& node, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  if (x.shape.size() < 2) return invalid_model("the input must have at least 2 dimensions, got " + to_string(x.shape));
  OFFRAMP_TRY([[maybe_unused]] const int64_t channels, fixed_size(x.shape, 1, "the normalisation"));
  if (node.integer("size", 0) < 1)
    return invalid_model("attribute size: expected at least 1, got " + std::to_string(node.integer("size", 0)));
  return one_output(x.dtype, x.shape);
}

Outputs infer_along_axes(const Node& node, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  const bool several = node.op == "MeanVarianceNormalization";
  const std::vector<int64_t> axes =
      several ? node.integers("axes", {0, 2, 3}) : std::vector{node.integer("axis", -1)};
  OFFRAMP_TRY(const auto along, resolve_axes(axes, x.shape.size()));
  for (size_t i = 0; i < along.size(); ++i) {
    if (!along[i]) continue;
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(x.shape, i, "the normalisation"));
  }
  return one_output(x.dtype, x.shape);
}

}  // namespace

void register_normalisation(Registry& registry) {
  add_operator(registry, "BatchNormalization", 5, 5, infer_batch_norm);
  add_operator(registry, "LayerNormalization", 2, 3, infer_layer_norm);
  add_operator(registry, "InstanceNormalization", 3, 3, infer_group_norm);
  add_operator(registry, "GroupNormalization", 3, 3, infer_group_norm);
  add_operator(registry, "LRN", 1, 1, infer_lrn);
  add_operator(registry, "LpNormalization", 1, 1, infer_along_axes);
  add_operator(registry, "MeanVarianceNormalization", 1, 1, infer_along_axes);
}

}  // namespace offramp::ops
