// Element-wise operators: they run in whichever layout their inputs are at hand.
#include <cmath>
#include <limits>
#include <map>

#include "exec/xnnpack/operators.h"

namespace offramp::xnnpack {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Status define_unary_as(SegmentBuilder& builder, xnn_unary_operator type, const xnn_unary_params* params, uint32_t x,
                       uint32_t out) {
  return check(xnn_define_unary(builder.subgraph(), type, params, x, out, 0), "define an element-wise operator");
}

Status define_binary_as(SegmentBuilder& builder, xnn_binary_operator type, uint32_t a, uint32_t b, uint32_t out) {
  return check(xnn_define_binary(builder.subgraph(), type, nullptr, a, b, out, 0), "define an element-wise operator");
}

// A constant operand for values of that rank, in that layout.
Result<uint32_t> keep_operand(SegmentBuilder& builder, const Tensor& constant, size_t rank, Layout layout) {
  Dims dims = constant.dims();
  dims.insert(dims.begin(), rank - dims.size(), 1);
  const Tensor wide = constant.reshaped(dims);
  return builder.keep(layout == Layout::kNhwc ? to_nhwc(wide) : wide);
}

struct Bounds {
  float low = -kInfinity, high = kInfinity;
};
// Null bounds are absent; false if one is not a constant.
bool read_bounds(const Graph& graph, const Node& node, Bounds& bounds) {
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!node.inputs[i]) continue;
    const Tensor* bound = graph.constant(node.inputs[i]);
    if (!bound || bound->dtype() != DType::kF32 || bound->elements() != 1) return false;
    (i == 1 ? bounds.low : bounds.high) = bound->data<float>()[0];
  }
  return true;
}

const std::map<std::string, xnn_unary_operator>& unary_types() {
  static const std::map<std::string, xnn_unary_operator> types = {
      {"Relu", xnn_unary_clamp},
      {"LeakyRelu", xnn_unary_leaky_relu},
      {"Elu", xnn_unary_elu},
      {"Sigmoid", xnn_unary_sigmoid},
      {"HardSwish", xnn_unary_hardswish},
      {"Tanh", xnn_unary_tanh},
      {"Exp", xnn_unary_exp},
      {"Log", xnn_unary_log},
      {"Sqrt", xnn_unary_square_root},
      {"Abs", xnn_unary_abs},
      {"Neg", xnn_unary_negate},
  };
  return types;
}

}  // namespace

bool takes_unary(const Graph&, const Node& node) {
  if (node.op == "Elu") return node.number("alpha", 1.0f) > 0 && std::isnormal(node.number("alpha", 1.0f));
  if (node.op == "LeakyRelu") return std::isfinite(node.number("alpha", 0.01f));
  return true;
}

Status define_unary(SegmentBuilder& builder, const Node& node) {
  const Layout layout = builder.layout_of(node.inputs[0]);
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], layout));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], layout));
  xnn_unary_params params = {};
  if (node.op == "Relu") params.clamp = {0.0f, kInfinity};
  if (node.op == "LeakyRelu") params.leaky_relu.negative_slope = node.number("alpha", 0.01f);
  if (node.op == "Elu") params.elu.alpha = node.number("alpha", 1.0f);
  return define_unary_as(builder, unary_types().at(node.op), &params, x, out);
}

bool takes_clip(const Graph& graph, const Node& node) {
  Bounds bounds;
  return read_bounds(graph, node, bounds) && bounds.low < bounds.high;
}

Status define_clip(SegmentBuilder& builder, const Node& node) {
  Bounds bounds;
  OFFRAMP_CHECK(read_bounds(builder.graph(), node, bounds));
  const Layout layout = builder.layout_of(node.inputs[0]);
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], layout));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], layout));
  xnn_unary_params params = {};
  params.clamp = {bounds.low, bounds.high};
  return define_unary_as(builder, xnn_unary_clamp, &params, x, out);
}

// clamp(alpha * x + beta, 0, 1): XNNPACK has no such operator of its own.
Status define_hard_sigmoid(SegmentBuilder& builder, const Node& node) {
  const Layout layout = builder.layout_of(node.inputs[0]);
  const Dims dims = builder.dims(node.inputs[0]);
  const Dims shape = layout == Layout::kNhwc ? nhwc_dims(dims) : dims;
  const Dims scalar(dims.size(), 1);
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], layout));
  const auto one = [&](float value) { return Tensor::of<float>(scalar, std::vector<float>{value}); };
  OFFRAMP_TRY(const uint32_t alpha, keep_operand(builder, one(node.number("alpha", 0.2f)), dims.size(), layout));
  OFFRAMP_TRY(const uint32_t beta, keep_operand(builder, one(node.number("beta", 0.5f)), dims.size(), layout));
  OFFRAMP_TRY(const uint32_t scaled, builder.make_temporary(shape));
  OFFRAMP_TRY(const uint32_t shifted, builder.make_temporary(shape));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], layout));
  OFFRAMP_RETURN_IF_ERROR(define_binary_as(builder, xnn_binary_multiply, x, alpha, scaled));
  OFFRAMP_RETURN_IF_ERROR(define_binary_as(builder, xnn_binary_add, scaled, beta, shifted));
  xnn_unary_params params = {};
  params.clamp = {0.0f, 1.0f};
  return define_unary_as(builder, xnn_unary_clamp, &params, shifted, out);
}

bool takes_binary(const Graph& graph, const Node& node) {
  if (node.inputs.size() != 2) return false;
  const size_t rank = graph.value(node.outputs[0]).shape->size();
  bool computed = false;
  for (ValueId id : node.inputs) {
    const Tensor* constant = graph.constant(id);
    const size_t own = graph.value(id).shape->size();
    if (constant ? constant->dtype() != DType::kF32 || own > rank || constant->elements() == 0 : own != rank)
      return false;
    computed |= !constant;
  }
  return computed;
}

Status define_binary(SegmentBuilder& builder, const Node& node) {
  static const std::map<std::string, xnn_binary_operator> types = {
      {"Add", xnn_binary_add},    {"Sub", xnn_binary_subtract}, {"Mul", xnn_binary_multiply},
      {"Div", xnn_binary_divide}, {"Min", xnn_binary_minimum},  {"Max", xnn_binary_maximum},
  };
  Layout layout = Layout::kPlain;
  for (ValueId id : node.inputs)
    if (builder.layout_of(id) == Layout::kNhwc) layout = Layout::kNhwc;
  const size_t rank = builder.dims(node.outputs[0]).size();
  uint32_t ids[2] = {};
  for (size_t i = 0; i < 2; ++i) {
    const Tensor* constant = builder.graph().constant(node.inputs[i]);
    OFFRAMP_TRY(ids[i],
                constant ? keep_operand(builder, *constant, rank, layout) : builder.read(node.inputs[i], layout));
  }
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], layout));
  return define_binary_as(builder, types.at(node.op), ids[0], ids[1], out);
}

bool takes_batch_normalization(const Graph& graph, const Node& node) {
  const Dims dims = offramp::bind(*graph.value(node.inputs[0]).shape, 1);
  if (dims.size() < 2 || node.inputs.size() != 5 || node.integer("training_mode", 0) != 0) return false;
  for (size_t i = 1; i < 5; ++i) {
    const Tensor* constant = graph.constant(node.inputs[i]);
    if (!constant || constant->dtype() != DType::kF32 || constant->dims() != Dims{dims[1]}) return false;
  }
  return true;
}

// x * scale + shift. The pass that folds it into convolutions leaves only those that follow none.
Status define_batch_normalization(SegmentBuilder& builder, const Node& node) {
  const Dims dims = builder.dims(node.inputs[0]);
  const Layout layout = builder.layout_of(node.inputs[0]);
  Dims per_channel(dims.size(), 1);
  per_channel[1] = dims[1];
  Tensor scale(DType::kF32, per_channel), shift(DType::kF32, per_channel);
  const auto constant = [&](size_t i) { return builder.graph().constant(node.inputs[i])->data<float>(); };
  const float epsilon = node.number("epsilon", 1e-5f);
  for (size_t c = 0; c < size_t(dims[1]); ++c) {
    const float factor = constant(1)[c] / std::sqrt(constant(4)[c] + epsilon);
    scale.mutable_data<float>()[c] = factor;
    shift.mutable_data<float>()[c] = constant(2)[c] - constant(3)[c] * factor;
  }
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], layout));
  OFFRAMP_TRY(const uint32_t scale_id, keep_operand(builder, scale, dims.size(), layout));
  OFFRAMP_TRY(const uint32_t shift_id, keep_operand(builder, shift, dims.size(), layout));
  OFFRAMP_TRY(const uint32_t scaled, builder.make_temporary(layout == Layout::kNhwc ? nhwc_dims(dims) : dims));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], layout));
  OFFRAMP_RETURN_IF_ERROR(define_binary_as(builder, xnn_binary_multiply, x, scale_id, scaled));
  return define_binary_as(builder, xnn_binary_add, scaled, shift_id, out);
}

}  // namespace offramp::xnnpack
