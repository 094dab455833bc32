// Matrix products, softmax and reductions: operators along the last axes of plain values.
#include <algorithm>
#include <limits>

#include "exec/reference/arguments.h"
#include "exec/xnnpack/operators.h"

namespace offramp::xnnpack {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Tensor scaled(Tensor tensor, float factor) {
  if (factor != 1.0f)
    for (float& value : tensor.mutable_data<float>()) value *= factor;
  return tensor;
}

// C of a Gemm as a bias over the columns; empty dims mean it is none.
bool is_bias(const Tensor& c, int64_t columns) {
  if (c.dtype() != DType::kF32 || c.dims().size() > 2) return false;
  if (c.dims().size() == 2 && c.dims()[0] != 1) return false;
  return c.elements() == 1 || c.elements() == columns;
}

Tensor as_bias(const Tensor& c, int64_t columns) {
  if (c.elements() == columns) return c.reshaped({columns});
  return Tensor::of<float>({columns}, std::vector<float>(size_t(columns), c.data<float>()[0]));
}

const Tensor* constant_matrix(const Graph& graph, ValueId id) {
  const Tensor* constant = graph.constant(id);
  return constant && constant->dtype() == DType::kF32 && constant->dims().size() == 2 && constant->elements() > 0
             ? constant
             : nullptr;
}

Status define_fully_connected(SegmentBuilder& builder, uint32_t x, uint32_t weights, uint32_t bias, uint32_t out) {
  return check(xnn_define_fully_connected(builder.subgraph(), -kInfinity, kInfinity, x, weights, bias, out, 0),
               "define a matrix product");
}

// The axes of a reduction in ascending order. Empty if XNNPACK cannot know them.
std::vector<int64_t> reduced_axes(const Graph& graph, const Node& node) {
  const size_t rank = graph.value(node.inputs[0]).shape->size();
  std::vector<int64_t> axes = node.integers("axes");
  if (node.inputs.size() > 1 && node.inputs[1]) {
    const Tensor* given = graph.constant(node.inputs[1]);
    const auto list = given ? reference::integers_of(*given, "axes") : Result<std::vector<int64_t>>(axes);
    axes = given && list.ok() ? *list : std::vector<int64_t>{};
  }
  auto normal = reference::normal_axes(axes, rank);
  if (!normal) return {};
  std::sort(normal->begin(), normal->end());
  return *normal;
}

bool over_positions(const std::vector<int64_t>& axes, size_t rank) {
  return has_nhwc_form(rank) && axes.size() == rank - 2 && axes.front() == 2;
}

}  // namespace

bool takes_gemm(const Graph& graph, const Node& node) {
  const Tensor* b = constant_matrix(graph, node.inputs[1]);
  if (!b || graph.is_constant(node.inputs[0]) || node.integer("transA", 0) != 0) return false;
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  if (shape.size() != 2 || shape[1].size != b->dims()[node.integer("transB", 0) != 0 ? 1 : 0]) return false;
  if (node.inputs.size() < 3 || !node.inputs[2]) return true;
  const Tensor* c = graph.constant(node.inputs[2]);
  return c && is_bias(*c, b->dims()[node.integer("transB", 0) != 0 ? 0 : 1]);
}

Status define_gemm(SegmentBuilder& builder, const Node& node) {
  const Tensor& b = *builder.graph().constant(node.inputs[1]);
  const Tensor weights = node.integer("transB", 0) != 0 ? b : transpose_matrix(b);
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], Layout::kPlain));
  OFFRAMP_TRY(const uint32_t filter, builder.keep(scaled(weights, node.number("alpha", 1.0f))));
  uint32_t bias = XNN_INVALID_VALUE_ID;
  if (node.inputs.size() > 2 && node.inputs[2]) {
    const Tensor c = as_bias(*builder.graph().constant(node.inputs[2]), weights.dims()[0]);
    OFFRAMP_TRY(bias, builder.keep(scaled(c, node.number("beta", 1.0f))));
  }
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kPlain));
  return define_fully_connected(builder, x, filter, bias, out);
}

bool takes_matmul(const Graph& graph, const Node& node) {
  const Dims a = offramp::bind(*graph.value(node.inputs[0]).shape, 1),
             b = offramp::bind(*graph.value(node.inputs[1]).shape, 1);
  if (graph.is_constant(node.inputs[0]) || a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) return false;
  if (graph.is_constant(node.inputs[1])) return constant_matrix(graph, node.inputs[1]) != nullptr;
  return a.size() == b.size() && a.size() >= 3 && std::equal(a.begin(), a.end() - 2, b.begin()) &&
         *graph.value(node.inputs[0]).shape->begin() == *graph.value(node.inputs[1]).shape->begin();
}

Status define_matmul(SegmentBuilder& builder, const Node& node) {
  OFFRAMP_TRY(const uint32_t a, builder.read(node.inputs[0], Layout::kPlain));
  if (const Tensor* constant = builder.graph().constant(node.inputs[1])) {
    OFFRAMP_TRY(const uint32_t filter, builder.keep(transpose_matrix(*constant)));
    OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kPlain));
    return define_fully_connected(builder, a, filter, XNN_INVALID_VALUE_ID, out);
  }
  OFFRAMP_TRY(const uint32_t b, builder.read(node.inputs[1], Layout::kPlain));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kPlain));
  return check(xnn_define_batch_matrix_multiply(builder.subgraph(), a, b, out, 0), "define a matrix product");
}

bool takes_softmax(const Graph& graph, const Node& node) {
  const size_t rank = graph.value(node.inputs[0]).shape->size();
  const auto axis = reference::normal_axis(node.integer("axis", -1), rank);
  return axis.ok() && *axis == int64_t(rank) - 1;
}

Status define_softmax(SegmentBuilder& builder, const Node& node) {
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], Layout::kPlain));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kPlain));
  return check(xnn_define_softmax(builder.subgraph(), x, out, 0), "define a softmax");
}

bool takes_reduction(const Graph& graph, const Node& node) {
  const std::vector<int64_t> axes = reduced_axes(graph, node);
  // Over the batch samples would mix; shape inference allows it only where it is no batch.
  return !axes.empty() && axes.front() > 0;
}

Status define_reduction(SegmentBuilder& builder, const Node& node) {
  const size_t rank = builder.dims(node.inputs[0]).size();
  const std::vector<int64_t> plain_axes = reduced_axes(builder.graph(), node);
  const bool keep = node.integer("keepdims", 1) != 0;
  const bool map = over_positions(plain_axes, rank) && builder.layout_of(node.inputs[0]) == Layout::kNhwc;
  const Sizes axes = map ? Sizes{1, 2} : Sizes(plain_axes.begin(), plain_axes.end());
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], map ? Layout::kNhwc : Layout::kPlain));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], map && keep ? Layout::kNhwc : Layout::kPlain));
  const auto type = node.op == "ReduceMean" ? xnn_reduce_mean : xnn_reduce_sum;
  return check(xnn_define_static_reduce(builder.subgraph(), type, axes.size(), axes.data(), x, out,
                                        keep ? XNN_FLAG_KEEP_DIMS : 0),
               "define a reduction");
}

}  // namespace offramp::xnnpack
