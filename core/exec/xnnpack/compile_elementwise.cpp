// Element-wise operators: they run in whichever layout their inputs are at hand.
#include <algorithm>
#include <cmath>
#include <map>

#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/kernels.h"

namespace offramp::xnnpack {
namespace {

const std::map<std::string, xnn_unary_operator>& unary_types() {
  static const std::map<std::string, xnn_unary_operator> types = {
      {"Relu", xnn_unary_clamp},       {"Clip", xnn_unary_clamp},      {"LeakyRelu", xnn_unary_leaky_relu},
      {"Elu", xnn_unary_elu},          {"Sigmoid", xnn_unary_sigmoid}, {"HardSwish", xnn_unary_hardswish},
      {"Tanh", xnn_unary_tanh},        {"Exp", xnn_unary_exp},         {"Log", xnn_unary_log},
      {"Sqrt", xnn_unary_square_root}, {"Abs", xnn_unary_abs},         {"Neg", xnn_unary_negate},
      {"Floor", xnn_unary_floor},      {"Ceil", xnn_unary_ceiling},    {"Round", xnn_unary_bankers_rounding},
  };
  return types;
}

constexpr size_t kGrain = 16384;  // elements per piece of parallel work: some microseconds

size_t count_of(const Shape& shape, int64_t batch) { return size_t(element_count(offramp::bind(shape, batch))); }

// A constant operand for values of that rank, in that layout.
BufferId keep_operand(Compiler& compiler, const Tensor& constant, size_t rank, Layout layout) {
  Dims dims = constant.dims();
  dims.insert(dims.begin(), rank - dims.size(), 1);
  const Tensor wide = constant.reshaped(dims);
  return compiler.keep(layout == Layout::kNhwc ? to_nhwc(wide) : wide);
}

}  // namespace

std::optional<Bounds> bounds_of(const Graph& graph, const Node& node) {
  Bounds bounds = {-Epilogue::kInfinity, Epilogue::kInfinity};
  if (node.op == "Relu") {
    bounds.low = 0;
  } else if (node.op != "Clip") {
    return std::nullopt;
  }
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!node.inputs[i]) continue;
    const Tensor* bound = graph.constant(node.inputs[i]);
    if (!bound || bound->dtype() != DType::kF32 || bound->elements() != 1) return std::nullopt;
    (i == 1 ? bounds.low : bounds.high) = bound->data<float>()[0];
  }
  return bounds.low < bounds.high ? std::optional(bounds) : std::nullopt;
}

bool takes_unary(const Graph&, const Node& node) {
  if (node.op == "Elu") return std::isnormal(node.number("alpha", 1.0f)) && node.number("alpha", 1.0f) > 0;
  if (node.op == "LeakyRelu") return std::isfinite(node.number("alpha", 0.01f));
  return true;
}

Status compile_unary(Compiler& compiler, const Node& node) {
  xnn_unary_params params = {};
  const auto bounds = bounds_of(compiler.graph(), node);
  if (bounds) params.clamp = {bounds->low, bounds->high};
  if (node.op == "LeakyRelu") params.leaky_relu.negative_slope = node.number("alpha", 0.01f);
  if (node.op == "Elu") params.elu.alpha = node.number("alpha", 1.0f);
  OFFRAMP_TRY(Operator unary, make_operator([&](xnn_operator_t* made) {
                return xnn_create_unary_elementwise_nc(unary_types().at(node.op), xnn_datatype_fp32, xnn_datatype_fp32,
                                                       &params, nullptr, nullptr, 0, made);
              }));
  const Layout layout = compiler.layout_of(node.inputs[0]);
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], layout));
  const BufferId y = compiler.make(node.outputs[0], layout);
  compiler.add(operator_step(
                   std::move(unary),
                   [shape = compiler.shape(node.inputs[0])](xnn_operator_t op, int64_t batch, size_t*) {
                     const size_t count = count_of(shape, batch);
                     return xnn_reshape_unary_elementwise_nc(op, 1, count, count, count, thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_unary_elementwise_nc(op, at.in[0], at.out[0]);
                   }),
               {x}, {y}, 1);
  return {};
}

bool takes_clip(const Graph& graph, const Node& node) { return bounds_of(graph, node).has_value(); }

bool takes_function(const Graph&, const Node& node) {
  return node.op != "Gelu" || node.text("approximate", "none") == "none";
}

// What XNNPACK has no kernel for.
Status compile_function(Compiler& compiler, const Node& node) {
  using Function = std::function<void(const float*, size_t, float*)>;
  const float alpha = node.number("alpha", 0.2f), beta = node.number("beta", 0.5f);
  const Function function =
      node.op == "Gelu"  ? Function(gelu)
      : node.op == "Erf" ? Function(erf)
                         : Function([alpha, beta](const float* x, size_t count, float* y) {
                             scale_clamped(x, count, alpha, beta, 0.0f, 1.0f, y);
                           });
  const Layout layout = compiler.layout_of(node.inputs[0]);
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], layout));
  const BufferId y = compiler.make(node.outputs[0], layout);
  compiler.add(kernel_step([function, shape = compiler.shape(node.inputs[0])](int64_t batch, const Operands& at) {
                 in_parallel(count_of(shape, batch), kGrain, [&](size_t begin, size_t end) {
                   function(at.input(0) + begin, end - begin, at.output() + begin);
                 });
               }),
               {x}, {y}, 1);
  return {};
}

bool takes_binary(const Graph& graph, const Node& node) {
  if (node.inputs.size() != 2) return false;
  const size_t rank = graph.value(node.outputs[0]).shape->size();
  bool computed = false;
  for (ValueId id : node.inputs) {
    const Tensor* constant = graph.constant(id);
    const size_t own = graph.value(id).shape->size();
    if (own > rank || (constant && (constant->dtype() != DType::kF32 || constant->elements() == 0))) return false;
    computed |= !constant;
  }
  return computed;
}

Status compile_binary(Compiler& compiler, const Node& node) {
  static const std::map<std::string, xnn_binary_operator> types = {
      {"Add", xnn_binary_add},    {"Sub", xnn_binary_subtract}, {"Mul", xnn_binary_multiply},
      {"Div", xnn_binary_divide}, {"Min", xnn_binary_minimum},  {"Max", xnn_binary_maximum},
      {"PRelu", xnn_binary_prelu},
  };
  const Shape& shape = compiler.shape(node.outputs[0]);
  const size_t rank = shape.size();
  // In NHWC all operands need the same axes; constants are given them.
  Layout layout = Layout::kPlain;
  bool same_rank = true;
  for (ValueId id : node.inputs) {
    if (compiler.layout_of(id) == Layout::kNhwc) layout = Layout::kNhwc;
    same_rank &= compiler.graph().is_constant(id) || compiler.shape(id).size() == rank;
  }
  if (!same_rank) layout = Layout::kPlain;

  std::vector<BufferId> operands;
  std::vector<Shape> shapes;
  bool alike = true;  // nothing is broadcast
  for (ValueId id : node.inputs) {
    if (const Tensor* constant = compiler.graph().constant(id)) {
      operands.push_back(keep_operand(compiler, *constant, rank, layout));
    } else {
      OFFRAMP_TRY(const BufferId made, compiler.read(id, layout));
      operands.push_back(made);
    }
    Shape wide = compiler.shape(id);
    wide.insert(wide.begin(), rank - wide.size(), Dim{});
    alike &= wide == shape;
    shapes.push_back(std::move(wide));
  }
  if (node.op == "Add" && alike) {
    const Epilogue epilogue = compiler.take_epilogue(node.outputs[0]);
    const BufferId y = compiler.make(epilogue.output, layout);
    compiler.add(kernel_step([shape, low = epilogue.low, high = epilogue.high](int64_t batch, const Operands& at) {
                   in_parallel(count_of(shape, batch), kGrain, [&](size_t begin, size_t end) {
                     add_clamped(at.input(0) + begin, at.input(1) + begin, end - begin, low, high, at.output() + begin);
                   });
                 }),
                 operands, {y}, 3);
    return {};
  }
  OFFRAMP_TRY(Operator binary, make_operator([&](xnn_operator_t* made) {
                return xnn_create_binary_elementwise_nd(types.at(node.op), xnn_datatype_fp32, nullptr, nullptr, nullptr,
                                                        0, made);
              }));
  const BufferId y = compiler.make(node.outputs[0], layout);
  const uint32_t replaceable = (shapes[0] == shape ? 1u : 0u) | (shapes[1] == shape ? 2u : 0u);
  compiler.add(operator_step(
                   std::move(binary),
                   [shapes, layout](xnn_operator_t op, int64_t batch, size_t*) {
                     const Sizes a = to_sizes(dims_in(layout, offramp::bind(shapes[0], batch))),
                                 b = to_sizes(dims_in(layout, offramp::bind(shapes[1], batch)));
                     return xnn_reshape_binary_elementwise_nd(op, a.size(), a.data(), b.size(), b.data(), thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_binary_elementwise_nd(op, at.in[0], at.in[1], at.out[0]);
                   }),
               operands, {y}, replaceable);
  return {};
}

bool takes_anywhere(const Graph&, const Node&) { return true; }

// One element in, one out: the reference kernel does not mind in which order they stand.
Status compile_anywhere(Compiler& compiler, const Node& node) {
  const Layout layout = compiler.layout_of(node.inputs[0]);
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], layout));
  const BufferId y = compiler.make(node.outputs[0], layout);
  const TypedShape stored = compiler.buffers[size_t(y)].stored;
  compiler.add(reference_step(node, {stored}, {stored}), {x}, {y}, 1);
  return {};
}

}  // namespace offramp::xnnpack
