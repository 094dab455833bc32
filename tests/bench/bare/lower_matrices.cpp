// Layers over matrices and sequences.
#include <algorithm>
#include <cmath>

#include "lowering.h"

namespace offramp::bench {
namespace {

// Bytes stay as they are between both forms: one channel, or one position.
bool same_bytes(const Dims& plain) {
  int64_t positions = 1;
  for (size_t i = 2; i < plain.size(); ++i) positions *= plain[i];
  return plain[1] == 1 || positions == 1;
}

}  // namespace

Status Lowering::binary(const Node& node, Kind kind) {
  // A bias along the last axis goes into the product before it.
  for (size_t i = 0; i < 2 && kind == Kind::kAdd; ++i) {
    const Tensor* bias = graph_.constant(node.inputs[i]);
    const ValueId other = node.inputs[1 - i];
    if (!bias || bias->dims().size() != 1 || graph_.is_constant(other) || !only_consumer(other)) continue;
    Layer& last = network_.layers.back();
    if (last.output != operand(other).index || last.kind != Kind::kDense || last.bias.elements() > 0) continue;
    last.bias = *bias;
    operands_[node.outputs[0]] = operand(other);
    return {};
  }
  const Operand a = operand(node.inputs[0]), b = operand(node.inputs[1]);
  const bool constants = graph_.is_constant(node.inputs[0]) || graph_.is_constant(node.inputs[1]);
  if (a.map != b.map || (constants && (a.map || b.map))) return unsupported("operands of different layouts");
  const Dims plain = plain_dims(node.outputs[0]);
  add_layer(kind, {a.index, b.index}, node.outputs[0], a.map ? map_dims(plain) : plain, a.map);
  return {};
}

Status Lowering::gemm(const Node& node) {
  const Tensor* weights = graph_.constant(node.inputs[1]);
  if (!weights || node.integer("transA", 0) != 0 || node.number("alpha", 1) != 1 || node.number("beta", 1) != 1)
    return unsupported("this form of product");
  Layer& layer = add_layer(Kind::kDense, node, plain_dims(node.outputs[0]), false);
  layer.weights = node.integer("transB", 0) != 0 ? *weights : permuted(*weights, {1, 0});
  if (node.inputs.size() > 2 && node.inputs[2]) layer.bias = *graph_.constant(node.inputs[2]);
  return {};
}

Status Lowering::matmul(const Node& node) {
  if (operand(node.inputs[0]).map) return unsupported("a map");
  const Dims dims = plain_dims(node.outputs[0]);
  if (const Tensor* weights = graph_.constant(node.inputs[1]); weights && weights->dims().size() == 2) {
    add_layer(Kind::kDense, node, dims, false).weights = permuted(*weights, {1, 0});
    return {};
  }
  const std::vector<int> inputs = {operand(node.inputs[0]).index, operand(node.inputs[1]).index};
  add_layer(Kind::kMatMul, inputs, node.outputs[0], dims, false);
  return {};
}

Status Lowering::reshape(const Node& node) {
  const Dims from = plain_dims(node.inputs[0]), to = plain_dims(node.outputs[0]);
  if (!operand(node.inputs[0]).map || same_bytes(from)) {
    alias(node.outputs[0], node.inputs[0], to, false);
    return {};
  }
  // [N, C, H, W] to [N, C, H * W]: a signal with the map's bytes.
  if (to.size() != 3 || to[1] != from[1]) return unsupported("a reshape across a map's channels");
  alias(node.outputs[0], node.inputs[0], map_dims(to), true);
  return {};
}

Status Lowering::transpose(const Node& node) {
  const std::vector<int64_t> order = node.integers("perm");
  const Dims to = plain_dims(node.outputs[0]);
  if (operand(node.inputs[0]).map) {
    const bool channels_last = order == std::vector<int64_t>{0, 2, 1} || order == std::vector<int64_t>{0, 2, 3, 1};
    if (!channels_last) return unsupported("a transposition of a map");
    alias(node.outputs[0], node.inputs[0], to, false);
    return {};
  }
  add_layer(Kind::kTranspose, node, to, false).numbers = order;
  return {};
}

// One position along an axis.
Status Lowering::gather(const Node& node) {
  const Dims in = plain_dims(node.inputs[0]), out = plain_dims(node.outputs[0]);
  const auto indices = integers(node.inputs[1]);
  if (operand(node.inputs[0]).map || indices.size() != 1 || out.size() + 1 != in.size()) return unsupported("this form of gather");
  const auto axis = size_t((node.integer("axis", 0) + int64_t(in.size())) % int64_t(in.size()));
  Dims sizes = in, offsets(in.size(), 0);
  sizes[axis] = 1;
  offsets[axis] = indices[0] < 0 ? indices[0] + in[axis] : indices[0];
  Layer& layer = add_layer(Kind::kSlice, node, sizes, false);
  layer.numbers = offsets;
  layer.numbers.insert(layer.numbers.end(), sizes.begin(), sizes.end());
  alias(node.outputs[0], node.outputs[0], out, false);
  return {};
}

Status Lowering::layer_norm(const Node& node) {
  const Dims dims = plain_dims(node.outputs[0]);
  const int64_t axis = node.integer("axis", -1);
  if (operand(node.inputs[0]).map || (axis != -1 && axis != int64_t(dims.size()) - 1) || node.inputs.size() < 3)
    return unsupported("this form of normalisation");
  Layer& layer = add_layer(Kind::kLayerNorm, node, dims, false);
  layer.weights = *graph_.constant(node.inputs[1]);
  layer.bias = *graph_.constant(node.inputs[2]);
  layer.numbers = {int64_t(std::lround(double(node.number("epsilon", 1e-5f)) * 1e9))};
  return {};
}

bool Lowering::gelu(const Node& node) {
  // Starts at x / sqrt 2 (or x * 0.7071); the chain of only consumers ends in a product by 0.5.
  if (node.op != "Div" && node.op != "Mul") return false;
  const Node* erf = only_consumer(node.outputs[0]);
  if (!erf || erf->op != "Erf") return false;
  const Node* add = only_consumer(erf->outputs[0]);
  if (!add || add->op != "Add") return false;
  const Node* product = only_consumer(add->outputs[0]);
  if (!product || product->op != "Mul") return false;
  const Node* half = only_consumer(product->outputs[0]);
  if (!half || half->op != "Mul") return false;
  const ValueId x = graph_.is_constant(node.inputs[0]) ? node.inputs[1] : node.inputs[0];
  if (std::count(product->inputs.begin(), product->inputs.end(), x) == 0) return false;
  const Operand from = operand(x);
  add_layer(Kind::kGelu, {from.index}, half->outputs[0], network_.dims[size_t(from.index)], from.map);
  for (const Node* one : {erf, add, product, half}) done_[one] = true;
  return true;
}

}  // namespace offramp::bench
