// Which nodes XNNPACK can take, and how each is defined in a subgraph. One family per define_*.cpp.
#pragma once
#include <string>

#include "exec/xnnpack/builder.h"

namespace offramp::xnnpack {

struct Operator {
  // Whether this very node can be taken. Precondition: its values are f32 with known shapes (see partition.cpp).
  bool (*takes)(const Graph& graph, const Node& node);
  // Errors: kUnsupported for what only XNNPACK's own checks know.
  Status (*define)(SegmentBuilder& builder, const Node& node);
  // Reads its first input as a map (NHWC).
  bool reads_map = false;
  // Inputs from this one on say what shape inference knows already; nothing need compute them.
  size_t data_inputs = SIZE_MAX;
};

// Null if XNNPACK has no such operator.
const Operator* find_operator(const std::string& op);

// define_windows.cpp: convolutions and pools
bool takes_conv(const Graph& graph, const Node& node);
Status define_conv(SegmentBuilder& builder, const Node& node);
bool takes_pool(const Graph& graph, const Node& node);
Status define_average_pool(SegmentBuilder& builder, const Node& node);
Status define_max_pool(SegmentBuilder& builder, const Node& node);
bool takes_global_pool(const Graph& graph, const Node& node);
Status define_global_average_pool(SegmentBuilder& builder, const Node& node);
Status define_global_max_pool(SegmentBuilder& builder, const Node& node);
// define_elementwise.cpp
bool takes_unary(const Graph& graph, const Node& node);
Status define_unary(SegmentBuilder& builder, const Node& node);
bool takes_clip(const Graph& graph, const Node& node);
Status define_clip(SegmentBuilder& builder, const Node& node);
Status define_hard_sigmoid(SegmentBuilder& builder, const Node& node);
bool takes_binary(const Graph& graph, const Node& node);
Status define_binary(SegmentBuilder& builder, const Node& node);
bool takes_batch_normalization(const Graph& graph, const Node& node);
Status define_batch_normalization(SegmentBuilder& builder, const Node& node);
// define_matrix.cpp: products along the last axis, softmax, reductions
bool takes_gemm(const Graph& graph, const Node& node);
Status define_gemm(SegmentBuilder& builder, const Node& node);
bool takes_matmul(const Graph& graph, const Node& node);
Status define_matmul(SegmentBuilder& builder, const Node& node);
bool takes_softmax(const Graph& graph, const Node& node);
Status define_softmax(SegmentBuilder& builder, const Node& node);
bool takes_reduction(const Graph& graph, const Node& node);
Status define_reduction(SegmentBuilder& builder, const Node& node);
// define_movement.cpp
bool takes_concat(const Graph& graph, const Node& node);
Status define_concat(SegmentBuilder& builder, const Node& node);
bool takes_slice(const Graph& graph, const Node& node);
Status define_slice(SegmentBuilder& builder, const Node& node);
bool takes_pad(const Graph& graph, const Node& node);
Status define_pad(SegmentBuilder& builder, const Node& node);
bool takes_reshape(const Graph& graph, const Node& node);
Status define_reshape(SegmentBuilder& builder, const Node& node);
bool takes_transpose(const Graph& graph, const Node& node);
Status define_transpose(SegmentBuilder& builder, const Node& node);

}  // namespace offramp::xnnpack
