// Convolutions and pools over maps; signals are maps of height 1.
#include <algorithm>
#include <array>

#include "exec/reference/window.h"
#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/thread_pool.h"

namespace offramp::xnnpack {
namespace {

using reference::Window;

constexpr size_t kH = 1, kW = 2;  // axes of a Window

Dims dims_of(const Graph& graph, ValueId id) { return offramp::bind(*graph.value(id).shape, 1); }

// What XNNPACK's spatial operators call the geometry: a size at the end that gives exactly the stated output, which is
// less than the padding where windows do not reach it, and more in ceil_mode.
struct Geometry {
  uint32_t top, right, bottom, left, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  size_t input_h, input_w;

  explicit Geometry(const Window& w)
      : top(uint32_t(w.pad_begin[kH])), right(end(w, kW)), bottom(end(w, kH)), left(uint32_t(w.pad_begin[kW])),
        kernel_h(uint32_t(w.kernel[kH])), kernel_w(uint32_t(w.kernel[kW])), stride_h(uint32_t(w.stride[kH])),
        stride_w(uint32_t(w.stride[kW])), dilation_h(uint32_t(w.dilation[kH])), dilation_w(uint32_t(w.dilation[kW])),
        input_h(size_t(w.input[kH])), input_w(size_t(w.input[kW])) {}

 private:
  static uint32_t end(const Window& w, size_t axis) {
    const int64_t extent = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
    return uint32_t(
        std::max<int64_t>(0, (w.output[axis] - 1) * w.stride[axis] + extent - w.input[axis] - w.pad_begin[axis]));
  }
};

Result<Window> pool_window(const Graph& graph, const Node& node) {
  const std::vector<int64_t> kernel = node.integers("kernel_shape");
  return reference::read_window(node, dims_of(graph, node.inputs[0]), kernel);
}

const float* data_of(const Tensor* tensor) { return tensor ? tensor->data<float>().data() : nullptr; }

}  // namespace

bool takes_conv(const Graph& graph, const Node& node) {
  const Tensor* weights = graph.constant(node.inputs[1]);
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2];
  if (!weights || weights->dtype() != DType::kF32 || !has_nhwc_form(weights->dims().size())) return false;
  if (!is_map(*graph.value(node.inputs[0]).shape)) return false;
  const Tensor* bias = has_bias ? graph.constant(node.inputs[2]) : nullptr;
  if (has_bias && (!bias || bias->dtype() != DType::kF32 || bias->dims() != Dims{weights->dims()[0]})) return false;
  const auto window =
      reference::read_window(node, dims_of(graph, node.inputs[0]), std::span(weights->dims()).subspan(2));
  const int64_t groups = node.integer("group", 1), channels = dims_of(graph, node.inputs[0])[1];
  return window.ok() && groups > 0 && channels == groups * weights->dims()[1] && weights->dims()[0] % groups == 0;
}

Status compile_conv(Compiler& compiler, const Node& node) {
  const Tensor& weights = *compiler.graph().constant(node.inputs[1]);
  const Dims x_dims = compiler.dims(node.inputs[0]);
  OFFRAMP_TRY(const Window w, reference::read_window(node, x_dims, std::span(weights.dims()).subspan(2)));
  const Geometry g(w);
  const auto groups = size_t(node.integer("group", 1)), in = size_t(x_dims[1]), out = size_t(weights.dims()[0]);
  const Tensor* bias = node.inputs.size() > 2 && node.inputs[2] ? compiler.graph().constant(node.inputs[2]) : nullptr;
  if (suits_large_depthwise(w, groups, in, out)) return add_large_depthwise(compiler, node, w);
  if (suits_winograd(w, groups, in, out)) return add_winograd(compiler, node, w);
  compiler.filter = {};
  const Tensor& filter = compiler.filter = to_nhwc(weights);  // [O, I, ...] to [O, ..., I]
  const Epilogue epilogue = compiler.take_epilogue(node.outputs[0]);
  OFFRAMP_TRY(Operator conv, make_operator([&](xnn_operator_t* made) {
                return xnn_create_convolution2d_nhwc_f32(
                    g.top, g.right, g.bottom, g.left, g.kernel_h, g.kernel_w, g.stride_h, g.stride_w, g.dilation_h,
                    g.dilation_w, uint32_t(groups), in / groups, out / groups, in, out, data_of(&filter), data_of(bias),
                    epilogue.low, epilogue.high, 0, nullptr, compiler.weights().provider(), made);
              }));
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], Layout::kNhwc));
  const BufferId y = compiler.make(epilogue.output, Layout::kNhwc);
  compiler.add(operator_step(
                   std::move(conv),
                   [g, rows = rows_of(compiler.shape(node.inputs[0]))](xnn_operator_t op, int64_t batch, size_t* bytes) {
                     size_t alignment = 0;
                     return xnn_reshape_convolution2d_nhwc_f32(op, rows(batch), g.input_h, g.input_w, bytes, &alignment,
                                                               nullptr, nullptr, thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_convolution2d_nhwc_f32(op, at.workspace, at.input(0), at.output());
                   }),
               {x}, {y});
  return {};
}

bool takes_pool(const Graph& graph, const Node& node) {
  if (!is_map(*graph.value(node.inputs[0]).shape)) return false;
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

Status compile_average_pool(Compiler& compiler, const Node& node) {
  OFFRAMP_TRY(Window w, pool_window(compiler.graph(), node));
  const Shape& shape = compiler.shape(node.inputs[0]);
  const auto rows = rows_of(shape);
  const auto channels = size_t(shape[1].size);
  OFFRAMP_TRY(BufferId x, compiler.read(node.inputs[0], Layout::kNhwc));
  const bool padded = w.pad_begin[kH] + w.pad_begin[kW] + w.pad_end[kH] + w.pad_end[kW] > 0;
  if (padded && node.integer("count_include_pad", 0) != 0) {
    // XNNPACK leaves padding out of the mean; zeros that belong to the input are counted.
    const Sizes before = {0, size_t(w.pad_begin[kH]), size_t(w.pad_begin[kW]), 0};
    const Sizes after = {0, size_t(w.pad_end[kH]), size_t(w.pad_end[kW]), 0};
    const Sizes unpadded = {0, size_t(w.input[kH]), size_t(w.input[kW]), channels};
    for (size_t axis : {kH, kW}) {
      w.input[axis] += w.pad_begin[axis] + w.pad_end[axis];
      w.pad_begin[axis] = w.pad_end[axis] = 0;
    }
    OFFRAMP_TRY(Operator pad, make_operator([](xnn_operator_t* made) {
                  const float zero = 0;
                  return xnn_create_constant_pad_nd_x32(&zero, 0, made);
                }));
    const BufferId wide = compiler.make_temporary({shape[0], {w.input[kH]}, {w.input[kW]}, shape[1]});
    compiler.add(operator_step(
                     std::move(pad),
                     [=](xnn_operator_t op, int64_t batch, size_t*) {
                       Sizes sizes = unpadded;
                       sizes[0] = rows(batch);
                       return xnn_reshape_constant_pad_nd_x32(op, 4, sizes.data(), before.data(), after.data(),
                                                              thread_pool());
                     },
                     [](xnn_operator_t op, const Operands& at) {
                       return xnn_setup_constant_pad_nd_x32(op, at.in[0], at.out[0]);
                     }),
                 {x}, {wide});
    x = wide;
  }
  const Geometry g(w);
  const Epilogue epilogue = compiler.take_epilogue(node.outputs[0]);
  OFFRAMP_TRY(Operator pool, make_operator([&](xnn_operator_t* made) {
                return xnn_create_average_pooling2d_nhwc_f32(g.top, g.right, g.bottom, g.left, g.kernel_h, g.kernel_w,
                                                             g.stride_h, g.stride_w, epilogue.low, epilogue.high, 0,
                                                             made);
              }));
  const BufferId y = compiler.make(epilogue.output, Layout::kNhwc);
  compiler.add(operator_step(
                   std::move(pool),
                   [=](xnn_operator_t op, int64_t batch, size_t* bytes) {
                     size_t alignment = 0;
                     return xnn_reshape_average_pooling2d_nhwc_f32(op, rows(batch), g.input_h, g.input_w, channels,
                                                                   channels, channels, bytes, &alignment, nullptr,
                                                                   nullptr, thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_average_pooling2d_nhwc_f32(op, at.workspace, at.input(0), at.output());
                   }),
               {x}, {y});
  return {};
}

namespace {

Status add_max_pool(Compiler& compiler, const Node& node, const Geometry& g) {
  const Shape& shape = compiler.shape(node.inputs[0]);
  const auto channels = size_t(shape[1].size);
  const Epilogue epilogue = compiler.take_epilogue(node.outputs[0]);
  OFFRAMP_TRY(Operator pool, make_operator([&](xnn_operator_t* made) {
                return xnn_create_max_pooling2d_nhwc_f32(g.top, g.right, g.bottom, g.left, g.kernel_h, g.kernel_w,
                                                         g.stride_h, g.stride_w, g.dilation_h, g.dilation_w,
                                                         epilogue.low, epilogue.high, 0, made);
              }));
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], Layout::kNhwc));
  const BufferId y = compiler.make(epilogue.output, Layout::kNhwc);
  compiler.add(operator_step(
                   std::move(pool),
                   [g, channels, rows = rows_of(shape)](xnn_operator_t op, int64_t batch, size_t*) {
                     return xnn_reshape_max_pooling2d_nhwc_f32(op, rows(batch), g.input_h, g.input_w, channels,
                                                               channels, channels, nullptr, nullptr, thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_max_pooling2d_nhwc_f32(op, at.input(0), at.output());
                   }),
               {x}, {y});
  return {};
}

}  // namespace

Status compile_max_pool(Compiler& compiler, const Node& node) {
  OFFRAMP_TRY(const Window w, pool_window(compiler.graph(), node));
  return add_max_pool(compiler, node, Geometry(w));
}

bool takes_global_pool(const Graph& graph, const Node& node) {
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  if (!is_map(shape)) return false;
  return node.op == "GlobalAveragePool" || shape[2].size * (shape.size() == 4 ? shape[3].size : 1) > 1;
}

Status compile_global_average_pool(Compiler& compiler, const Node& node) {
  return add_reduction(compiler, node, xnn_reduce_mean, {1, 2}, Layout::kNhwc, Layout::kNhwc);
}

Status compile_global_max_pool(Compiler& compiler, const Node& node) {
  Window w;
  const Dims map = nhwc_dims(compiler.dims(node.inputs[0]));
  w.kernel = w.input = {1, map[1], map[2]};
  return add_max_pool(compiler, node, Geometry(w));
}

}  // namespace offramp::xnnpack
