// Convolutions and pools over maps; signals are maps of height 1.
#include <algorithm>
#include <array>
#include <limits>

#include "exec/reference/window.h"
#include "exec/xnnpack/operators.h"

namespace offramp::xnnpack {
namespace {

using reference::Window;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kH = 1, kW = 2;  // axes of a Window

Dims dims_of(const Graph& graph, ValueId id) { return offramp::bind(*graph.value(id).shape, 1); }

// The padding at the end that gives exactly the stated output: less where windows do not reach it, more in ceil_mode.
uint32_t needed_end(const Window& w, size_t axis, int64_t pad_begin, int64_t size) {
  const int64_t extent = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
  return uint32_t(std::max<int64_t>(0, (w.output[axis] - 1) * w.stride[axis] + extent - size - pad_begin));
}

Result<Window> pool_window(const Graph& graph, const Node& node) {
  const std::vector<int64_t> kernel = node.integers("kernel_shape");
  return reference::read_window(node, dims_of(graph, node.inputs[0]), kernel);
}

Status define_depthwise(SegmentBuilder& builder, const Window& w, int64_t channels, int64_t multiplier, uint32_t x,
                        uint32_t weights, uint32_t bias, uint32_t out) {
  return check(xnn_define_depthwise_convolution_2d(
                   builder.subgraph(), uint32_t(w.pad_begin[kH]), needed_end(w, kW, w.pad_begin[kW], w.input[kW]),
                   needed_end(w, kH, w.pad_begin[kH], w.input[kH]), uint32_t(w.pad_begin[kW]), uint32_t(w.kernel[kH]),
                   uint32_t(w.kernel[kW]), uint32_t(w.stride[kH]), uint32_t(w.stride[kW]), uint32_t(w.dilation[kH]),
                   uint32_t(w.dilation[kW]), uint32_t(multiplier), size_t(channels), -kInfinity, kInfinity, x, weights,
                   bias, out, 0),
               "define a depthwise convolution");
}

}  // namespace

bool takes_conv(const Graph& graph, const Node& node) {
  const Tensor* weights = graph.constant(node.inputs[1]);
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2];
  if (!weights || weights->dtype() != DType::kF32 || !has_nhwc_form(weights->dims().size())) return false;
  const Tensor* bias = has_bias ? graph.constant(node.inputs[2]) : nullptr;
  if (has_bias && (!bias || bias->dtype() != DType::kF32 || bias->dims() != Dims{weights->dims()[0]})) return false;
  const auto window =
      reference::read_window(node, dims_of(graph, node.inputs[0]), std::span(weights->dims()).subspan(2));
  const int64_t groups = node.integer("group", 1), channels = dims_of(graph, node.inputs[0])[1];
  return window.ok() && groups > 0 && channels == groups * weights->dims()[1] && weights->dims()[0] % groups == 0;
}

Status define_conv(SegmentBuilder& builder, const Node& node) {
  const Tensor& weights = *builder.graph().constant(node.inputs[1]);
  const Dims x_dims = builder.dims(node.inputs[0]);
  OFFRAMP_TRY(const Window w, reference::read_window(node, x_dims, std::span(weights.dims()).subspan(2)));
  const int64_t groups = node.integer("group", 1), channels = x_dims[1], out_channels = weights.dims()[0];
  const bool depthwise = groups == channels && groups > 1;
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], Layout::kNhwc));
  OFFRAMP_TRY(const uint32_t filter,
              builder.keep(depthwise ? convert_depthwise_weights(weights) : convert_weights(weights)));
  uint32_t bias = XNN_INVALID_VALUE_ID;
  if (node.inputs.size() > 2 && node.inputs[2]) {
    OFFRAMP_TRY(bias, builder.keep(*builder.graph().constant(node.inputs[2])));
  }
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kNhwc));
  if (depthwise) return define_depthwise(builder, w, channels, out_channels / channels, x, filter, bias, out);
  return check(xnn_define_convolution_2d(
                   builder.subgraph(), uint32_t(w.pad_begin[kH]), needed_end(w, kW, w.pad_begin[kW], w.input[kW]),
                   needed_end(w, kH, w.pad_begin[kH], w.input[kH]), uint32_t(w.pad_begin[kW]), uint32_t(w.kernel[kH]),
                   uint32_t(w.kernel[kW]), uint32_t(w.stride[kH]), uint32_t(w.stride[kW]), uint32_t(w.dilation[kH]),
                   uint32_t(w.dilation[kW]), uint32_t(groups), size_t(channels / groups), size_t(out_channels / groups),
                   -kInfinity, kInfinity, x, filter, bias, out, 0),
               "define a convolution");
}

bool takes_pool(const Graph& graph, const Node& node) {
  if (!has_nhwc_form(dims_of(graph, node.inputs[0]).size())) return false;
  const auto window = pool_window(graph, node);
  if (!window.ok() || window->kernel_size() == 1) return false;
  for (size_t axis : {kH, kW}) {
    if (std::max(window->pad_begin[axis], window->pad_end[axis]) > (window->kernel[axis] - 1) * window->dilation[axis])
      return false;
    // XNNPACK's limits: max pools step no further than they are wide, average pools are not dilated.
    if (node.op == "MaxPool" ? window->stride[axis] > window->kernel[axis] : window->dilation[axis] > 1) return false;
  }
  return true;
}

Status define_average_pool(SegmentBuilder& builder, const Node& node) {
  OFFRAMP_TRY(const Window w, pool_window(builder.graph(), node));
  const Dims dims = builder.dims(node.inputs[0]);
  OFFRAMP_TRY(uint32_t x, builder.read(node.inputs[0], Layout::kNhwc));
  std::array<int64_t, 3> begin = w.pad_begin, size = w.input;
  const bool padded = begin[kH] + begin[kW] + w.pad_end[kH] + w.pad_end[kW] > 0;
  if (padded && node.integer("count_include_pad", 0) != 0) {
    // XNNPACK leaves padding out of the mean; zeros that belong to the input are counted.
    const Sizes before = {0, size_t(begin[kH]), size_t(begin[kW]), 0};
    const Sizes after = {0, size_t(w.pad_end[kH]), size_t(w.pad_end[kW]), 0};
    for (size_t axis : {kH, kW}) {
      size[axis] += begin[axis] + w.pad_end[axis];
      begin[axis] = 0;
    }
    OFFRAMP_TRY(const uint32_t wide, builder.make_temporary({dims[0], size[kH], size[kW], dims[1]}));
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_define_static_constant_pad(builder.subgraph(), before.data(), after.data(), 0.0f, x, wide, 0),
              "define a padding"));
    x = wide;
  }
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kNhwc));
  return check(
      xnn_define_average_pooling_2d(builder.subgraph(), uint32_t(begin[kH]), needed_end(w, kW, begin[kW], size[kW]),
                                    needed_end(w, kH, begin[kH], size[kH]), uint32_t(begin[kW]), uint32_t(w.kernel[kH]),
                                    uint32_t(w.kernel[kW]), uint32_t(w.stride[kH]), uint32_t(w.stride[kW]), -kInfinity,
                                    kInfinity, x, out, 0),
      "define an average pool");
}

Status define_max_pool(SegmentBuilder& builder, const Node& node) {
  OFFRAMP_TRY(const Window w, pool_window(builder.graph(), node));
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], Layout::kNhwc));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kNhwc));
  return check(xnn_define_max_pooling_2d(
                   builder.subgraph(), uint32_t(w.pad_begin[kH]), needed_end(w, kW, w.pad_begin[kW], w.input[kW]),
                   needed_end(w, kH, w.pad_begin[kH], w.input[kH]), uint32_t(w.pad_begin[kW]), uint32_t(w.kernel[kH]),
                   uint32_t(w.kernel[kW]), uint32_t(w.stride[kH]), uint32_t(w.stride[kW]), uint32_t(w.dilation[kH]),
                   uint32_t(w.dilation[kW]), -kInfinity, kInfinity, x, out, 0),
               "define a max pool");
}

bool takes_global_pool(const Graph& graph, const Node& node) {
  const Dims dims = dims_of(graph, node.inputs[0]);
  if (!has_nhwc_form(dims.size())) return false;
  const int64_t positions = dims[2] * (dims.size() == 4 ? dims[3] : 1);
  return node.op == "GlobalAveragePool" || positions > 1;
}

Status define_global_average_pool(SegmentBuilder& builder, const Node& node) {
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], Layout::kNhwc));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kNhwc));
  const Sizes axes = {1, 2};
  return check(xnn_define_static_reduce(builder.subgraph(), xnn_reduce_mean, axes.size(), axes.data(), x, out,
                                        XNN_FLAG_KEEP_DIMS),
               "define a mean");
}

Status define_global_max_pool(SegmentBuilder& builder, const Node& node) {
  const Dims map = nhwc_dims(builder.dims(node.inputs[0]));
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], Layout::kNhwc));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kNhwc));
  return check(xnn_define_max_pooling_2d(builder.subgraph(), 0, 0, 0, 0, uint32_t(map[1]), uint32_t(map[2]), 1, 1, 1, 1,
                                         -kInfinity, kInfinity, x, out, 0),
               "define a max pool");
}

}  // namespace offramp::xnnpack
