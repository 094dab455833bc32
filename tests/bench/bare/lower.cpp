#include <algorithm>
#include <cmath>

#include "lowering.h"

namespace offramp::bench {

const char* to_string(Kind kind) {
  constexpr const char* kNames[] = {"conv",  "depthwise", "max_pool",  "average_pool", "mean",    "dense",  "add",
                                    "multiply", "clamp",  "subsample", "pad",          "reshape", "transpose", "slice",
                                    "concat", "matmul",   "softmax",   "layer_norm",   "gelu"};
  return kNames[size_t(kind)];
}

Dims map_dims(const Dims& plain) {
  return plain.size() == 3 ? Dims{plain[0], 1, plain[2], plain[1]} : Dims{plain[0], plain[2], plain[3], plain[1]};
}

Tensor permuted(const Tensor& tensor, const std::vector<size_t>& order) {
  const Dims& dims = tensor.dims();
  std::vector<int64_t> strides(dims.size(), 1), counter(dims.size(), 0);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  Dims out_dims;
  for (size_t axis : order) out_dims.push_back(dims[axis]);
  Tensor out(DType::kF32, out_dims);
  const auto from = tensor.data<float>();
  for (float& value : out.mutable_data<float>()) {
    int64_t at = 0;
    for (size_t i = 0; i < order.size(); ++i) at += counter[i] * strides[order[i]];
    value = from[size_t(at)];
    for (size_t i = order.size(); i-- > 0 && ++counter[i] == out_dims[i];) counter[i] = 0;
  }
  return out;
}

Operand& Lowering::operand(ValueId value) {
  const auto found = operands_.find(value);
  if (found != operands_.end()) return found->second;
  const Tensor* constant = graph_.constant(value);
  OFFRAMP_CHECK(constant != nullptr);
  const Dims dims = constant->dims().empty() ? Dims{1} : constant->dims();
  const int index = add_operand(dims);
  network_.constants[size_t(index)] = constant->reshaped(dims);
  return operands_[value] = {index, false};
}

int Lowering::add_operand(Dims dims) {
  network_.dims.push_back(std::move(dims));
  network_.constants.emplace_back();
  return int(network_.dims.size()) - 1;
}

Layer& Lowering::add_layer(Kind kind, std::vector<int> inputs, ValueId output, Dims dims, bool map) {
  Layer layer{};
  layer.kind = kind;
  layer.inputs = std::move(inputs);
  layer.output = add_operand(std::move(dims));
  operands_[output] = {layer.output, map};
  network_.layers.push_back(std::move(layer));
  return network_.layers.back();
}

void Lowering::alias(ValueId value, ValueId source, Dims dims, bool map) {
  const Operand from = operand(source);
  if (network_.dims[size_t(from.index)] == dims) {
    operands_[value] = {from.index, map};
    return;
  }
  add_layer(Kind::kReshape, {from.index}, value, dims, map).numbers = dims;
}

std::vector<int64_t> Lowering::integers(ValueId value) const {
  const Tensor* constant = value ? graph_.constant(value) : nullptr;
  if (!constant || constant->dtype() != DType::kI64) return {};
  const auto data = constant->data<int64_t>();
  return {data.begin(), data.end()};
}

const Node* Lowering::only_consumer(ValueId value) const {
  const auto& readers = consumers_[size_t(value.index)];
  const bool leaves = std::count(graph_.outputs.begin(), graph_.outputs.end(), value) > 0;
  return readers.size() == 1 && !leaves ? &graph_.nodes[size_t(readers[0])] : nullptr;
}

Status Lowering::node(const Node& node) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto bound = [&](size_t input, float otherwise) {
    const Tensor* constant = input < node.inputs.size() && node.inputs[input] ? graph_.constant(node.inputs[input]) : nullptr;
    return constant ? constant->data<float>()[0] : otherwise;
  };
  if (gelu(node)) return {};
  const std::string& op = node.op;
  if (op == "Conv") return conv(node);
  if (op == "Relu") return activation(node, 0, kInfinity);
  if (op == "Clip") return activation(node, bound(1, -kInfinity), bound(2, kInfinity));
  if (op == "MaxPool" || op == "AveragePool" || op == "GlobalAveragePool") return pool(node);
  if (op == "Slice") return slice(node);
  if (op == "Pad") return pad(node);
  if (op == "Add") return binary(node, Kind::kAdd);
  if (op == "Mul") return binary(node, Kind::kMultiply);
  if (op == "Gemm") return gemm(node);
  if (op == "MatMul") return matmul(node);
  if (op == "Flatten" || op == "Reshape" || op == "Squeeze" || op == "Unsqueeze") return reshape(node);
  if (op == "Expand" && plain_dims(node.inputs[0]) == plain_dims(node.outputs[0])) return reshape(node);
  if (op == "Transpose") return transpose(node);
  if (op == "Gather") return gather(node);
  if (op == "LayerNormalization") return layer_norm(node);
  if (op == "Softmax") {
    add_layer(Kind::kSoftmax, node, plain_dims(node.outputs[0]), false);
    return {};
  }
  if (op == "Concat") {
    const Dims dims = plain_dims(node.outputs[0]);
    std::vector<int> inputs;
    for (ValueId input : node.inputs) inputs.push_back(operand(input).index);
    add_layer(Kind::kConcat, inputs, node.outputs[0], dims, false).numbers = {(node.integer("axis", 0) + int64_t(dims.size())) % int64_t(dims.size())};
    return {};
  }
  return unsupported("no layer for it");
}

Result<Network> Lowering::run() {
  if (graph_.inputs.size() != 1 || graph_.outputs.size() != 1) return unsupported("one input and one output are needed");
  const Dims plain = plain_dims(graph_.inputs[0]);
  const bool map = plain.size() == 3 || plain.size() == 4;
  network_.input = add_operand(map ? map_dims(plain) : plain);
  operands_[graph_.inputs[0]] = {network_.input, map};
  for (const Node& node : graph_.nodes) {
    if (!graph_.value(node.outputs[0]).shape) return Error(unsupported("its shape is not known")).within(node.frame());
    // Shapes are known already: what computes them is not needed.
    if (done_[&node] || graph_.value(node.outputs[0]).dtype == DType::kI64) continue;
    OFFRAMP_RETURN_IF_ERROR(this->node(node).within(node.frame()));
  }
  network_.output = operand(graph_.outputs[0]).index;
  return std::move(network_);
}

Result<Network> lower(const Graph& graph) { return Lowering(graph).run(); }

Json to_json(const Network& network, std::vector<float>& weights) {
  const auto place = [&](const Tensor& tensor) -> Json {
    if (tensor.elements() == 0) return nullptr;
    const auto data = tensor.data<float>();
    weights.insert(weights.end(), data.begin(), data.end());
    return {{"at", weights.size() - data.size()}, {"dims", tensor.dims()}};
  };
  Json layers = Json::array(), constants = Json::array();
  for (const Layer& layer : network.layers)
    layers.push_back({{"kind", to_string(layer.kind)}, {"inputs", layer.inputs}, {"output", layer.output}, {"kernel", layer.kernel},
                      {"stride", layer.stride}, {"dilation", layer.dilation}, {"pads", layer.pads},
                      {"low", std::isfinite(layer.low) ? Json(layer.low) : Json()}, {"high", std::isfinite(layer.high) ? Json(layer.high) : Json()},
                      {"numbers", layer.numbers}, {"weights", place(layer.weights)}, {"bias", place(layer.bias)}});
  for (size_t i = 0; i < network.constants.size(); ++i)
    if (network.constants[i].elements() > 0) constants.push_back({{"operand", i}, {"value", place(network.constants[i])}});
  return {{"dims", network.dims}, {"constants", constants}, {"layers", layers}, {"input", network.input}, {"output", network.output}};
}

}  // namespace offramp::bench
