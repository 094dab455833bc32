// Convolutions.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Outputs infer_conv(const Node& node, Inputs inputs) {
  const ValueInfo &x = *inputs[0], &w = *inputs[1];
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  if (x.shape.size() < 3) return invalid_model("the input must have at least 3 dimensions, got " + to_string(x.shape));
  OFFRAMP_RETURN_IF_ERROR(expect_rank(w, x.shape.size(), "the weight of an input " + to_string(x.shape)));
  std::vector<int64_t> weight;
  for (size_t i = 0; i < w.shape.size(); ++i) {
    OFFRAMP_TRY(const int64_t size, fixed_size(w.shape, i, "the weight"));
    weight.push_back(size);
  }
  OFFRAMP_TRY(const int64_t channels, fixed_size(x.shape, 1, "the convolution"));
  const int64_t group = node.integer("group", 1);
  if (group < 1 || channels % group != 0 || weight[0] % group != 0)
    return invalid_model("group " + std::to_string(group) + " must divide " + std::to_string(channels) +
                         " input channels and " + std::to_string(weight[0]) + " output channels");
  if (weight[1] != channels / group)
    return invalid_model("the weight " + to_string(w.shape) + " is for " + std::to_string(weight[1]) +
                         " channels per group, the input " + to_string(x.shape) + " has " +
                         std::to_string(channels / group));
  const std::vector<int64_t> kernel(weight.begin() + 2, weight.end());
  if (node.has("kernel_shape") && node.integers("kernel_shape") != kernel)
    return invalid_model("attribute kernel_shape: " + to_string(node.integers("kernel_shape")) +
                         " is not the weight's " + to_string(kernel));
  OFFRAMP_RETURN_IF_ERROR(expect_vector(input_or_null(inputs, 2), weight[0], "the bias"));
  OFFRAMP_TRY(const Shape spatial, slide_window(node, x.shape, kernel, false));
  Shape shape = {x.shape[0], {weight[0], false}};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  return one_output(x.dtype, std::move(shape));
}

int64_t conv_macs(const Node&, std::span<const Dims> inputs, std::span<const Dims> outputs) {
  const Dims& weight = inputs[1];
  const int64_t per_output = weight[0] > 0 ? element_count(weight) / weight[0] : 0;
  return element_count(outputs[0]) * per_output;
}

}  // namespace

void register_conv(Registry& registry) {
  add_operator(registry, "Conv", 2, 3, infer_conv);
  registry["Conv"].macs = conv_macs;
}

}  // namespace offramp::ops
