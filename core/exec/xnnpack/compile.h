// Which nodes have a kernel here, and how each becomes steps. One family per compile_*.cpp.
#pragma once
#include <string>

#include "exec/reference/window.h"
#include "exec/xnnpack/compiler.h"

namespace offramp::xnnpack {

struct Family {
  // Whether this very node can be taken. Precondition: see taken_by in compile.cpp.
  bool (*takes)(const Graph& graph, const Node& node);
  // Errors: kUnsupported for what only XNNPACK's own checks know; nothing was made then.
  Status (*compile)(Compiler& compiler, const Node& node);
  // Inputs from this one on say what shape inference knows already; nothing need compute them.
  size_t data_inputs = SIZE_MAX;
  // Reads its first input as a map.
  bool reads_map = false;
};

// The family that takes this very node; null: its reference kernel runs it.
const Family* taken_by(const Graph& graph, const Node& node);

// What Relu and Clip do, if their bounds are constants with low < high.
struct Bounds {
  float low, high;
};
std::optional<Bounds> bounds_of(const Graph& graph, const Node& node);

// A value with a batch in front that has an NHWC form.
bool is_map(const Shape& shape);
// Samples in a batch, whatever the leading dimension of one sample is.
std::function<size_t(int64_t)> rows_of(const Shape& shape);

// compile_windows.cpp: convolutions and pools
bool takes_conv(const Graph& graph, const Node& node);
Status compile_conv(Compiler& compiler, const Node& node);
// compile_depthwise.cpp: windows with more taps than XNNPACK's depthwise kernels have. Precondition: takes_conv.
bool suits_large_depthwise(const reference::Window& window, size_t groups, size_t in_channels, size_t out_channels);
Status add_large_depthwise(Compiler& compiler, const Node& node, const reference::Window& window);
// compile_winograd.cpp: the same for those that minimal filtering makes faster. Precondition: takes_conv.
bool suits_winograd(const reference::Window& window, size_t groups, size_t in_channels, size_t out_channels);
Status add_winograd(Compiler& compiler, const Node& node, const reference::Window& window);
bool takes_pool(const Graph& graph, const Node& node);
Status compile_average_pool(Compiler& compiler, const Node& node);
Status compile_max_pool(Compiler& compiler, const Node& node);
bool takes_global_pool(const Graph& graph, const Node& node);
Status compile_global_average_pool(Compiler& compiler, const Node& node);
Status compile_global_max_pool(Compiler& compiler, const Node& node);
// compile_upsampling.cpp: from small maps to large ones, and back without loss
bool takes_conv_transpose(const Graph& graph, const Node& node);
Status compile_conv_transpose(Compiler& compiler, const Node& node);
bool takes_rearrangement(const Graph& graph, const Node& node);
Status compile_rearrangement(Compiler& compiler, const Node& node);
// compile_elementwise.cpp
bool takes_unary(const Graph& graph, const Node& node);
Status compile_unary(Compiler& compiler, const Node& node);
bool takes_clip(const Graph& graph, const Node& node);
bool takes_binary(const Graph& graph, const Node& node);
Status compile_binary(Compiler& compiler, const Node& node);
bool takes_function(const Graph& graph, const Node& node);
Status compile_function(Compiler& compiler, const Node& node);
bool takes_anywhere(const Graph& graph, const Node& node);
Status compile_anywhere(Compiler& compiler, const Node& node);
// compile_normalization.cpp
bool takes_batch_normalization(const Graph& graph, const Node& node);
Status compile_batch_normalization(Compiler& compiler, const Node& node);
bool takes_layer_normalization(const Graph& graph, const Node& node);
Status compile_layer_normalization(Compiler& compiler, const Node& node);
// compile_matrix.cpp: products along the last axis, softmax, reductions
bool takes_gemm(const Graph& graph, const Node& node);
Status compile_gemm(Compiler& compiler, const Node& node);
bool takes_matmul(const Graph& graph, const Node& node);
Status compile_matmul(Compiler& compiler, const Node& node);
bool takes_softmax(const Graph& graph, const Node& node);
Status compile_softmax(Compiler& compiler, const Node& node);
// Shapes: axes are those of the layout in which the input is read.
Status add_reduction(Compiler& compiler, const Node& node, xnn_reduce_operator type, std::vector<int64_t> axes,
                     Layout in, Layout out);
bool takes_reduction(const Graph& graph, const Node& node);
Status compile_reduction(Compiler& compiler, const Node& node);
// compile_movement.cpp
bool takes_concat(const Graph& graph, const Node& node);
Status compile_concat(Compiler& compiler, const Node& node);
bool takes_split(const Graph& graph, const Node& node);
Status compile_split(Compiler& compiler, const Node& node);
bool takes_slice(const Graph& graph, const Node& node);
Status compile_slice(Compiler& compiler, const Node& node);
bool takes_pad(const Graph& graph, const Node& node);
Status compile_pad(Compiler& compiler, const Node& node);
bool takes_reshape(const Graph& graph, const Node& node);
Status compile_reshape(Compiler& compiler, const Node& node);
bool takes_transpose(const Graph& graph, const Node& node);
Status compile_transpose(Compiler& compiler, const Node& node);

}  // namespace offramp::xnnpack
