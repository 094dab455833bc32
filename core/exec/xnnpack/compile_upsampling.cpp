// Transposed convolutions, and blocks of pixels that become channels or come from them.
#include <algorithm>

#include "exec/reference/window.h"
#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/thread_pool.h"

namespace offramp::xnnpack {
namespace {

using reference::Window;

constexpr size_t kH = 1, kW = 2;  // axes of a Window

Result<Window> window_of(const Graph& graph, const Node& node) {
  const Dims& weights = graph.constant(node.inputs[1])->dims();
  return reference::read_transposed_window(node, offramp::bind(*graph.value(node.inputs[0]).shape, 1),
                                           std::span(weights).subspan(2));
}

// What is cut off behind the output, or added to it where windows do not reach.
int64_t overhang(const Window& w, size_t axis) {
  return reference::transposed_span(w, axis, 0) - w.pad_begin[axis] - w.output[axis];
}

// Weights [I, O of a group, ...] to [O, ..., I of a group].
Tensor deconvolution_filter(const Tensor& weights, int64_t groups) {
  const Dims& dims = weights.dims();
  const int64_t in = dims[0] / groups, out = dims[1], taps = weights.elements() / (dims[0] * out);
  Tensor filter(DType::kF32, {groups * out, taps, in});
  const float* from = weights.data<float>().data();
  float* to = filter.mutable_data<float>().data();
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t i = 0; i < in; ++i)
      for (int64_t o = 0; o < out; ++o)
        for (int64_t tap = 0; tap < taps; ++tap) to[((g * out + o) * taps + tap) * in + i] = *from++;
  return filter;
}

}  // namespace

bool takes_conv_transpose(const Graph& graph, const Node& node) {
  const Tensor* weights = graph.constant(node.inputs[1]);
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  if (!weights || weights->dtype() != DType::kF32 || weights->dims().size() != shape.size() || !is_map(shape)) return false;
  const bool biased = node.inputs.size() > 2 && node.inputs[2];
  const Tensor* bias = biased ? graph.constant(node.inputs[2]) : nullptr;
  if (biased && (!bias || bias->dtype() != DType::kF32)) return false;
  const int64_t groups = node.integer("group", 1);
  if (groups < 1 || weights->dims()[0] != shape[1].size || shape[1].size % groups != 0) return false;
  const auto window = window_of(graph, node);
  if (!window.ok()) return false;
  for (size_t axis : {kH, kW})
    if (window->pad_begin[axis] < 0 || -overhang(*window, axis) >= window->stride[axis]) return false;
  return true;
}

Status compile_conv_transpose(Compiler& compiler, const Node& node) {
  OFFRAMP_TRY(const Window w, window_of(compiler.graph(), node));
  const Tensor& weights = *compiler.graph().constant(node.inputs[1]);
  const Tensor* bias = node.inputs.size() > 2 && node.inputs[2] ? compiler.graph().constant(node.inputs[2]) : nullptr;
  const auto groups = size_t(node.integer("group", 1)), in = size_t(weights.dims()[0]) / groups,
             out = size_t(weights.dims()[1]);
  const Tensor filter = deconvolution_filter(weights, int64_t(groups));
  const auto cut = [&w](size_t axis) { return uint32_t(std::max<int64_t>(0, overhang(w, axis))); };
  const auto added = [&w](size_t axis) { return uint32_t(std::max<int64_t>(0, -overhang(w, axis))); };
  const Epilogue epilogue = compiler.take_epilogue(node.outputs[0]);
  OFFRAMP_TRY(Operator deconvolution, make_operator([&](xnn_operator_t* made) {
                return xnn_create_deconvolution2d_nhwc_f32(
                    uint32_t(w.pad_begin[kH]), cut(kW), cut(kH), uint32_t(w.pad_begin[kW]), uint32_t(w.kernel[kH]),
                    uint32_t(w.kernel[kW]), uint32_t(w.stride[kH]), uint32_t(w.stride[kW]), uint32_t(w.dilation[kH]),
                    uint32_t(w.dilation[kW]), uint32_t(groups), in, out, groups * in, groups * out,
                    filter.data<float>().data(), bias ? bias->data<float>().data() : nullptr, epilogue.low,
                    epilogue.high, 0, nullptr, compiler.weights().provider(), made);
              }));
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], Layout::kNhwc));
  const BufferId y = compiler.make(epilogue.output, Layout::kNhwc);
  compiler.add(operator_step(
                   std::move(deconvolution),
                   [w, height = added(kH), width = added(kW), rows = rows_of(compiler.shape(node.inputs[0]))](
                       xnn_operator_t op, int64_t batch, size_t*) {
                     return xnn_reshape_deconvolution2d_nhwc_f32(op, rows(batch), size_t(w.input[kH]), size_t(w.input[kW]),
                                                                 height, width, nullptr, nullptr, thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_deconvolution2d_nhwc_f32(op, at.input(0), at.output());
                   }),
               {x}, {y});
  return {};
}

bool takes_rearrangement(const Graph& graph, const Node& node) {
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  return shape.size() == 4 && is_map(shape) && node.integer("blocksize", 0) > 1 && node.text("mode", "DCR") == "DCR";
}

// A block of pixels is the outer part of the channels: in NHWC both are one transposition away from each other.
Status compile_rearrangement(Compiler& compiler, const Node& node) {
  OFFRAMP_TRY(Operator transpose, make_operator([](xnn_operator_t* made) { return xnn_create_transpose_nd_x32(0, made); }));
  const auto block = size_t(node.integer("blocksize", 0));
  // The smaller map [N, H, W, block * block * C]
  const bool to_space = node.op == "DepthToSpace";
  const Shape small = compiler.shape(to_space ? node.inputs[0] : node.outputs[0]);
  const size_t height = size_t(small[2].size), width = size_t(small[3].size), channels = size_t(small[1].size) / (block * block);
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], Layout::kNhwc));
  const BufferId y = compiler.make(node.outputs[0], Layout::kNhwc);
  compiler.add(operator_step(
                   std::move(transpose),
                   [=, rows = rows_of(small)](xnn_operator_t op, int64_t batch, size_t*) {
                     // Rows of pixels are independent of each other, so N and H are one axis.
                     const Sizes depth = {rows(batch) * height, width, block, block * channels},
                                 space = {rows(batch) * height, block, width, block * channels}, perm = {0, 2, 1, 3};
                     return xnn_reshape_transpose_nd_x32(op, 4, (to_space ? depth : space).data(), perm.data(), thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_transpose_nd_x32(op, at.in[0], at.out[0]);
                   }),
               {x}, {y});
  return {};
}

}  // namespace offramp::xnnpack
