// Layers over maps and signals.
#include <algorithm>

#include "lowering.h"

namespace offramp::bench {
namespace {

// An attribute of one or two spatial axes as two.
std::array<int64_t, 2> spatial(const std::vector<int64_t>& values, int64_t otherwise) {
  if (values.empty()) return {otherwise, otherwise};
  return values.size() == 1 ? std::array<int64_t, 2>{1, values[0]} : std::array<int64_t, 2>{values[0], values[1]};
}

void read_window(const Node& node, const std::vector<int64_t>& kernel, Layer& layer) {
  layer.kernel = spatial(kernel, 1);
  layer.stride = spatial(node.integers("strides"), 1);
  layer.dilation = spatial(node.integers("dilations"), 1);
  const std::vector<int64_t> pads = node.integers("pads");
  if (pads.size() == 2) layer.pads = {0, pads[0], 0, pads[1]};
  if (pads.size() == 4) layer.pads = {pads[0], pads[1], pads[2], pads[3]};
}

}  // namespace

Status Lowering::conv(const Node& node) {
  const Tensor* weights = graph_.constant(node.inputs[1]);
  if (!weights || !operand(node.inputs[0]).map) return unsupported("weights that are computed, or no map");
  const Dims w = weights->dims();
  const int64_t groups = node.integer("group", 1), channels = w[1] * groups;
  const bool depthwise = groups > 1 && groups == channels;
  if (groups > 1 && !depthwise) return unsupported("groups of several channels");
  Layer& layer = add_layer(depthwise ? Kind::kDepthwise : Kind::kConv, node, map_dims(plain_dims(node.outputs[0])), true);
  read_window(node, {w.begin() + 2, w.end()}, layer);
  const Tensor square = weights->reshaped({w[0], w[1], layer.kernel[0], layer.kernel[1]});
  layer.weights = depthwise ? permuted(square, {1, 2, 3, 0}) : permuted(square, {0, 2, 3, 1});
  if (node.inputs.size() > 2 && node.inputs[2]) layer.bias = *graph_.constant(node.inputs[2]);
  return {};
}

Status Lowering::pool(const Node& node) {
  if (!operand(node.inputs[0]).map) return unsupported("no map");
  const Dims dims = map_dims(plain_dims(node.outputs[0]));
  if (node.op == "GlobalAveragePool") {
    add_layer(Kind::kMean, node, dims, true);
    return {};
  }
  Layer& layer = add_layer(node.op == "MaxPool" ? Kind::kMaxPool : Kind::kAveragePool, node, dims, true);
  read_window(node, node.integers("kernel_shape"), layer);
  if (node.integer("ceil_mode", 0) != 0 || node.integer("count_include_pad", 0) != 0) return unsupported("this form of pool");
  return {};
}

Status Lowering::activation(const Node& node, float low, float high) {
  const Operand from = operand(node.inputs[0]);
  Layer* maker = nullptr;
  for (Layer& layer : network_.layers)
    if (layer.output == from.index) maker = &layer;
  const bool fuses = maker && only_consumer(node.inputs[0]) &&
                     (maker->kind == Kind::kConv || maker->kind == Kind::kDepthwise || maker->kind == Kind::kAdd ||
                      maker->kind == Kind::kDense);
  if (fuses) {
    maker->low = low;
    maker->high = high;
    operands_[node.outputs[0]] = from;
    return {};
  }
  Layer& layer = add_layer(Kind::kClamp, node, network_.dims[size_t(from.index)], from.map);
  layer.low = low;
  layer.high = high;
  return {};
}

Status Lowering::slice(const Node& node) {
  const auto axes = integers(node.inputs[3]), steps = integers(node.inputs.size() > 4 ? node.inputs[4] : ValueId{});
  const auto starts = integers(node.inputs[1]);
  const Dims in = plain_dims(node.inputs[0]), out = plain_dims(node.outputs[0]);
  if (!operand(node.inputs[0]).map || axes.size() != steps.size()) return unsupported("this form of slice");
  std::array<int64_t, 2> stride = {1, 1};
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = size_t(axes[i] < 0 ? axes[i] + int64_t(in.size()) : axes[i]);
    if (axis < 2 || starts[i] != 0 || out[axis] != (in[axis] + steps[i] - 1) / steps[i]) return unsupported("this form of slice");
    stride[axis - 2 + (4 - in.size())] = steps[i];
  }
  add_layer(Kind::kSubsample, node, map_dims(out), true).stride = stride;
  return {};
}

Status Lowering::pad(const Node& node) {
  const auto pads = integers(node.inputs[1]);
  const size_t rank = plain_dims(node.inputs[0]).size();
  const Tensor* value = node.inputs.size() > 2 && node.inputs[2] ? graph_.constant(node.inputs[2]) : nullptr;
  if (!operand(node.inputs[0]).map || rank != 4 || pads.size() != 8 || node.text("mode", "constant") != "constant" ||
      (value && value->data<float>()[0] != 0))
    return unsupported("this form of padding");
  Layer& layer = add_layer(Kind::kPad, node, map_dims(plain_dims(node.outputs[0])), true);
  layer.numbers = {pads[0], pads[2], pads[3], pads[1], pads[4], pads[6], pads[7], pads[5]};
  return {};
}

}  // namespace offramp::bench
