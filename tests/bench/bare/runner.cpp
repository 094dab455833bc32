#include "runner.h"

#include <cmath>

namespace offramp::bench {
namespace {

std::vector<size_t> sizes(const Dims& dims) { return {dims.begin(), dims.end()}; }

}  // namespace

Result<std::unique_ptr<Runner>> Runner::create(Network network, pthreadpool_t threads) {
  auto runner = std::make_unique<Runner>();
  runner->network_ = std::move(network);
  const Network& net = runner->network_;
  const auto failed = [](xnn_status status, const std::string& what) {
    return internal_error("XNNPACK cannot " + what + ": status " + std::to_string(int(status)));
  };
  if (xnn_status status = xnn_initialize(nullptr)) return failed(status, "start");
  if (xnn_status status = xnn_create_subgraph(2, 0, &runner->subgraph_)) return failed(status, "create a subgraph");
  if (xnn_status status = runner->define_operands()) return failed(status, "define values");
  for (const Layer& layer : net.layers)
    if (xnn_status status = runner->define(layer)) return failed(status, std::string("define ") + to_string(layer.kind));
  if (xnn_status status = xnn_create_runtime_v4(runner->subgraph_, nullptr, nullptr, threads, 0, &runner->runtime_))
    return failed(status, "create a runtime");
  runner->input_ = Tensor(DType::kF32, net.dims[size_t(net.input)]);
  runner->output_ = Tensor(DType::kF32, net.dims[size_t(net.output)]);
  const xnn_external_value externals[] = {{0, runner->input_.mutable_raw()}, {1, runner->output_.mutable_raw()}};
  if (xnn_status status = xnn_reshape_runtime(runner->runtime_)) return failed(status, "reshape");
  if (xnn_status status = xnn_setup_runtime_v2(runner->runtime_, 2, externals)) return failed(status, "set up");
  return runner;
}

Runner::~Runner() {
  if (runtime_) xnn_delete_runtime(runtime_);
  if (subgraph_) xnn_delete_subgraph(subgraph_);
}

xnn_status Runner::define_operands() {
  ids_.resize(network_.dims.size());
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (network_.constants[i].elements() > 0) {
      ids_[i] = constant(network_.constants[i]);
      continue;
    }
    const bool input = int(i) == network_.input, output = int(i) == network_.output;
    const auto dims = sizes(network_.dims[i]);
    const uint32_t external = input ? 0 : output ? 1 : XNN_INVALID_VALUE_ID;
    const uint32_t flags = input ? XNN_VALUE_FLAG_EXTERNAL_INPUT : output ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT : 0;
    if (xnn_status status = xnn_define_tensor_value(subgraph_, xnn_datatype_fp32, dims.size(), dims.data(), nullptr, external, flags, &ids_[i]))
      return status;
  }
  return xnn_status_success;
}

uint32_t Runner::constant(const Tensor& tensor) {
  if (tensor.elements() == 0) return XNN_INVALID_VALUE_ID;
  kept_.push_back(tensor);
  const auto dims = sizes(tensor.dims());
  uint32_t id = XNN_INVALID_VALUE_ID;
  xnn_define_tensor_value(subgraph_, xnn_datatype_fp32, dims.size(), dims.data(), kept_.back().raw(), XNN_INVALID_VALUE_ID, 0, &id);
  return id;
}

uint32_t Runner::temporary(Dims dims) {
  const auto wide = sizes(dims);
  uint32_t id = XNN_INVALID_VALUE_ID;
  xnn_define_tensor_value(subgraph_, xnn_datatype_fp32, wide.size(), wide.data(), nullptr, XNN_INVALID_VALUE_ID, 0, &id);
  return id;
}

// As mean, difference, square, mean, reciprocal root and two products: XNNPACK has no normalisation.
xnn_status Runner::define_layer_norm(const Layer& layer, uint32_t x, uint32_t out) {
  const Dims& dims = network_.dims[size_t(layer.output)];
  Dims rows = dims;
  rows.back() = 1;
  const size_t axis = dims.size() - 1;
  const uint32_t mean = temporary(rows), centred = temporary(dims), square = temporary(dims), variance = temporary(rows),
                 shifted = temporary(rows), root = temporary(rows), scaled = temporary(dims), weighted = temporary(dims);
  const uint32_t epsilon = constant(Tensor::of<float>({1}, {float(double(layer.numbers[0]) * 1e-9)}));
  const auto binary = [&](xnn_binary_operator op, uint32_t a, uint32_t b, uint32_t to) { return xnn_define_binary(subgraph_, op, nullptr, a, b, to, 0); };
  const xnn_status all[] = {
      xnn_define_static_reduce(subgraph_, xnn_reduce_mean, 1, &axis, x, mean, XNN_FLAG_KEEP_DIMS),
      binary(xnn_binary_subtract, x, mean, centred),
      xnn_define_unary(subgraph_, xnn_unary_square, nullptr, centred, square, 0),
      xnn_define_static_reduce(subgraph_, xnn_reduce_mean, 1, &axis, square, variance, XNN_FLAG_KEEP_DIMS),
      binary(xnn_binary_add, variance, epsilon, shifted),
      xnn_define_unary(subgraph_, xnn_unary_reciprocal_square_root, nullptr, shifted, root, 0),
      binary(xnn_binary_multiply, centred, root, scaled),
      binary(xnn_binary_multiply, scaled, constant(layer.weights), weighted),
      binary(xnn_binary_add, weighted, constant(layer.bias), out)};
  for (xnn_status status : all)
    if (status) return status;
  return xnn_status_success;
}

xnn_status Runner::define(const Layer& l) {
  const uint32_t x = ids_[size_t(l.inputs[0])], out = ids_[size_t(l.output)];
  const uint32_t y = l.inputs.size() > 1 ? ids_[size_t(l.inputs[1])] : XNN_INVALID_VALUE_ID;
  const Dims &in_dims = network_.dims[size_t(l.inputs[0])], &out_dims = network_.dims[size_t(l.output)];
  const auto top = uint32_t(l.pads[0]), left = uint32_t(l.pads[1]), bottom = uint32_t(l.pads[2]), right = uint32_t(l.pads[3]);
  const auto kh = uint32_t(l.kernel[0]), kw = uint32_t(l.kernel[1]), sh = uint32_t(l.stride[0]), sw = uint32_t(l.stride[1]);
  const auto dh = uint32_t(l.dilation[0]), dw = uint32_t(l.dilation[1]);
  const xnn_binary_params range = {double(l.low), double(l.high)};
  const xnn_unary_params clamp = {.clamp = {l.low, l.high}};
  const size_t spatial[] = {1, 2};
  const auto numbers = sizes(l.numbers);
  switch (l.kind) {
    case Kind::kConv:
      return xnn_define_convolution_2d(subgraph_, top, right, bottom, left, kh, kw, sh, sw, dh, dw, 1, size_t(in_dims.back()),
                                       size_t(out_dims.back()), l.low, l.high, x, constant(l.weights), constant(l.bias), out, 0);
    case Kind::kDepthwise:
      return xnn_define_depthwise_convolution_2d(subgraph_, top, right, bottom, left, kh, kw, sh, sw, dh, dw,
                                                 uint32_t(out_dims.back() / in_dims.back()), size_t(in_dims.back()), l.low, l.high,
                                                 x, constant(l.weights), constant(l.bias), out, 0);
    case Kind::kSubsample: {
      // XNNPACK's slices have no steps: a depthwise convolution by ones.
      Tensor ones(DType::kF32, {1, 1, 1, in_dims.back()});
      for (float& one : ones.mutable_data<float>()) one = 1;
      return xnn_define_depthwise_convolution_2d(subgraph_, 0, 0, 0, 0, 1, 1, sh, sw, 1, 1, 1, size_t(in_dims.back()), l.low,
                                                 l.high, x, constant(ones), XNN_INVALID_VALUE_ID, out, 0);
    }
    case Kind::kMaxPool:
      return xnn_define_max_pooling_2d(subgraph_, top, right, bottom, left, kh, kw, sh, sw, dh, dw, l.low, l.high, x, out, 0);
    case Kind::kAveragePool:
      return xnn_define_average_pooling_2d(subgraph_, top, right, bottom, left, kh, kw, sh, sw, l.low, l.high, x, out, 0);
    case Kind::kMean: return xnn_define_static_reduce(subgraph_, xnn_reduce_mean, 2, spatial, x, out, XNN_FLAG_KEEP_DIMS);
    case Kind::kDense:
      return xnn_define_fully_connected(subgraph_, l.low, l.high, x, constant(l.weights), constant(l.bias), out, 0);
    case Kind::kAdd: return xnn_define_binary(subgraph_, xnn_binary_add, &range, x, y, out, 0);
    case Kind::kMultiply: return xnn_define_binary(subgraph_, xnn_binary_multiply, &range, x, y, out, 0);
    case Kind::kClamp: return xnn_define_unary(subgraph_, xnn_unary_clamp, &clamp, x, out, 0);
    case Kind::kPad:
      return xnn_define_static_constant_pad(subgraph_, numbers.data(), numbers.data() + in_dims.size(), 0, x, out, 0);
    case Kind::kReshape: return xnn_define_static_reshape(subgraph_, numbers.size(), numbers.data(), x, out, 0);
    case Kind::kTranspose: return xnn_define_static_transpose(subgraph_, numbers.size(), numbers.data(), x, out, 0);
    case Kind::kSlice:
      return xnn_define_static_slice(subgraph_, in_dims.size(), numbers.data(), numbers.data() + in_dims.size(), x, out, 0);
    case Kind::kConcat: return xnn_define_concatenate2(subgraph_, int32_t(l.numbers[0]), x, y, out, 0);
    case Kind::kMatMul: return xnn_define_batch_matrix_multiply(subgraph_, x, y, out, 0);
    case Kind::kSoftmax: return xnn_define_softmax(subgraph_, x, out, 0);
    case Kind::kLayerNorm: return define_layer_norm(l, x, out);
    case Kind::kGelu: return xnn_define_unary(subgraph_, xnn_unary_gelu, nullptr, x, out, 0);
  }
  return xnn_status_unsupported_parameter;
}

}  // namespace offramp::bench
