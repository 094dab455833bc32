// Convolutions, and their transposes.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

// Sizes of a weight that has the input's rank.
Result<Dims> weight_sizes(Inputs inputs) {
  const Shape &x = inputs[0]->shape, &w = inputs[1]->shape;
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  if (x.size() < 3) return invalid_model("the input must have at least 3 dimensions, got " + to_string(x));
  OFFRAMP_RETURN_IF_ERROR(expect_rank(*inputs[1], x.size(), "the weight of an input " + to_string(x)));
  Dims sizes;
  for (size_t i = 0; i < w.size(); ++i) {
    OFFRAMP_TRY(const int64_t size, fixed_size(w, i, "the weight"));
    sizes.push_back(size);
  }
  return sizes;
}

// The spatial ones among them, which an attribute may state again.
Result<Dims> kernel_sizes(const Node& node, const Dims& weight) {
  const Dims kernel(weight.begin() + 2, weight.end());
  if (node.has("kernel_shape") && node.integers("kernel_shape") != kernel)
    return invalid_model("attribute kernel_shape: " + to_string(node.integers("kernel_shape")) +
                         " is not the weight's " + to_string(kernel));
  return kernel;
}

Outputs infer_conv(const Node& node, Inputs inputs) {
  const ValueInfo &x = *inputs[0], &w = *inputs[1];
  OFFRAMP_TRY(const Dims weight, weight_sizes(inputs));
  OFFRAMP_TRY(const int64_t channels, fixed_size(x.shape, 1, "the convolution"));
  const int64_t group = node.integer("group", 1);
  if (group < 1 || channels % group != 0 || weight[0] % group != 0)
    return invalid_model("group " + std::to_string(group) + " must divide " + std::to_string(channels) +
                         " input channels and " + std::to_string(weight[0]) + " output channels");
  if (weight[1] != channels / group)
    return invalid_model("the weight " + to_string(w.shape) + " is for " + std::to_string(weight[1]) +
                         " channels per group, the input " + to_string(x.shape) + " has " +
                         std::to_string(channels / group));
  OFFRAMP_TRY(const Dims kernel, kernel_sizes(node, weight));
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

// Sizes of the output: those that a convolution would turn into the input's.
Result<Shape> spread_window(const Node& node, const Shape& input, const std::vector<int64_t>& kernel) {
  const size_t axes = kernel.size();
  OFFRAMP_TRY(const auto strides, window_attribute(node, "strides", axes, 1, 1));
  OFFRAMP_TRY(const auto dilations, window_attribute(node, "dilations", axes, 1, 1));
  OFFRAMP_TRY(const auto pads, window_attribute(node, "pads", 2 * axes, 0, 0));
  OFFRAMP_TRY(const auto extra, window_attribute(node, "output_padding", axes, 0, 0));
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!same && auto_pad != "NOTSET" && auto_pad != "VALID")
    return invalid_model("attribute auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got " + auto_pad);
  std::vector<int64_t> stated;
  if (node.has("output_shape")) {
    OFFRAMP_TRY(stated, window_attribute(node, "output_shape", axes, 1, 1));
  }
  Shape output;
  for (size_t i = 0; i < axes; ++i) {
    OFFRAMP_TRY(const int64_t size, fixed_size(input, i + 2, "the window"));
    if (kernel[i] < 1) return invalid_model("kernel sizes must be positive, got " + to_string(Dims(kernel)));
    const int64_t pad = auto_pad == "NOTSET" ? pads[i] + pads[i + axes] : 0;
    int64_t count = strides[i] * (size - 1) + extra[i] + dilations[i] * (kernel[i] - 1) + 1 - pad;
    if (same) count = strides[i] * size;
    if (!stated.empty()) count = stated[i];
    if (count < 1 || count > kMaxTensorElements)
      return invalid_model("axis " + std::to_string(i + 2) + " of the output would have size " + std::to_string(count));
    output.push_back({count, false});
  }
  return output;
}

Outputs infer_conv_transpose(const Node& node, Inputs inputs) {
  const ValueInfo &x = *inputs[0], &w = *inputs[1];
  OFFRAMP_TRY(const Dims weight, weight_sizes(inputs));
  OFFRAMP_TRY(const int64_t channels, fixed_size(x.shape, 1, "the convolution"));
  const int64_t group = node.integer("group", 1);
  if (group < 1 || channels % group != 0 || group > kMaxTensorElements)
    return invalid_model("group " + std::to_string(group) + " must divide " + std::to_string(channels) +
                         " input channels");
  if (weight[0] != channels)
    return invalid_model("the weight " + to_string(w.shape) + " is for " + std::to_string(weight[0]) +
                         " channels, the input " + to_string(x.shape) + " has " + std::to_string(channels));
  OFFRAMP_TRY(const Dims kernel, kernel_sizes(node, weight));
  OFFRAMP_RETURN_IF_ERROR(expect_vector(input_or_null(inputs, 2), weight[1] * group, "the bias"));
  OFFRAMP_TRY(const Shape spatial, spread_window(node, x.shape, kernel));
  Shape shape = {x.shape[0], {weight[1] * group, false}};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  return one_output(x.dtype, std::move(shape));
}

int64_t conv_transpose_macs(const Node&, std::span<const Dims> inputs, std::span<const Dims>) {
  const Dims& weight = inputs[1];
  return weight[0] > 0 ? element_count(inputs[0]) * (element_count(weight) / weight[0]) : 0;
}

}  // namespace

void register_conv(Registry& registry) {
  add_operator(registry, "ConvTranspose", 2, 3, infer_conv_transpose);
  registry["ConvTranspose"].macs = conv_transpose_macs;
  add_operator(registry, "Conv", 2, 3, infer_conv);
  registry["Conv"].macs = conv_macs;
}

}  // namespace offramp::ops
