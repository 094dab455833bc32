// Moves a batch normalisation's scale and shift into the weights of the Conv or Gemm before it; one that stands alone
// becomes a Mul and an Add. Either way y = x * k + shift, with k = scale / sqrt(variance + epsilon), computed in
// double.
#include <cmath>

#include "passes/passes.h"
#include "passes/rewriting.h"

namespace offramp {
namespace {

// Per channel.
struct Affine {
  std::vector<double> factor, shift;
};

const Tensor* float_constant(const Graph& graph, ValueId id) {
  const Tensor* tensor = id ? graph.constant(id) : nullptr;
  return tensor && tensor->dtype() == DType::kF32 ? tensor : nullptr;
}

// None if a parameter is not a constant f32 vector of that many channels.
Result<std::optional<Affine>> read_affine(const Graph& graph, const Node& norm) {
  if (norm.inputs.size() != 5 || norm.outputs.size() != 1 || norm.integer("training_mode", 0) != 0)
    return std::optional<Affine>();
  std::span<const float> parameters[4];
  for (size_t i = 0; i < 4; ++i) {
    const Tensor* tensor = float_constant(graph, norm.inputs[i + 1]);
    if (!tensor || tensor->dims().size() != 1) return std::optional<Affine>();
    parameters[i] = tensor->data<float>();
    if (parameters[i].size() != parameters[0].size()) return std::optional<Affine>();
  }
  const auto [scale, bias, mean, variance] = parameters;
  const double epsilon = norm.number("epsilon", 1e-5f);
  Affine affine;
  for (size_t c = 0; c < scale.size(); ++c) {
    const double factor = double(scale[c]) / std::sqrt(double(variance[c]) + epsilon);
    if (!std::isfinite(factor) || std::fabs(factor) > 3e38)
      return invalid_model("channel " + std::to_string(c) + " has variance " + std::to_string(variance[c]) +
                           " and epsilon " + std::to_string(epsilon) + ", which give no finite scale");
    affine.factor.push_back(factor);
    affine.shift.push_back(double(bias[c]) - double(mean[c]) * factor);
  }
  return std::optional<Affine>(std::move(affine));
}

Tensor shifted_bias(const Tensor* bias, double scale, const Affine& affine) {
  std::vector<float> values;
  for (size_t c = 0; c < affine.factor.size(); ++c) {
    const double old = bias ? double(bias->data<float>()[bias->elements() == 1 ? 0 : c]) * scale : 0.0;
    values.push_back(float(old * affine.factor[c] + affine.shift[c]));
  }
  return Tensor::of<float>({int64_t(values.size())}, values);
}

// The constant's elements for writing: themselves if nothing else reads them, so that a model's weights are never in
// memory twice, or else a copy.
Tensor take_constant(Graph& graph, ValueId id, const std::vector<int32_t>& uses) {
  Tensor taken = *graph.constant(id);
  // What came after the counting was made here, for one node.
  if (size_t(id.index) >= uses.size() || uses[size_t(id.index)] == 1) graph.erase_constant(id);
  return taken;
}

// Conv weights are [channels out, ...].
bool fold_into_conv(Graph& graph, Node& conv, const Affine& affine, const std::vector<int32_t>& uses) {
  const Tensor* weight = float_constant(graph, input_at(conv, 1));
  const ValueId bias_id = input_at(conv, 2);
  const Tensor* bias = float_constant(graph, bias_id);
  const auto channels = int64_t(affine.factor.size());
  if (!weight || weight->dims().size() < 3 || weight->dims()[0] != channels || channels == 0) return false;
  if (bias_id && (!bias || bias->dims() != Dims{channels})) return false;
  Tensor shifted = shifted_bias(bias, 1.0, affine);
  Tensor scaled = take_constant(graph, conv.inputs[1], uses);
  const auto data = scaled.mutable_data<float>();
  const size_t row = data.size() / size_t(channels);
  for (size_t i = 0; i < data.size(); ++i) data[i] = float(double(data[i]) * affine.factor[i / row]);
  const std::string name = output_name(graph, conv);
  const std::string weight_name = graph.value(conv.inputs[1]).name;
  conv.inputs[1] = graph.add_constant(weight_name, std::move(scaled));
  conv.inputs.resize(3);
  conv.inputs[2] = graph.add_constant(bias_id ? graph.value(bias_id).name : name + ".bias", std::move(shifted));
  return true;
}

// Y = alpha * A * B + beta * C; the columns of B, or rows if it is transposed, are the channels.
bool fold_into_gemm(Graph& graph, Node& gemm, const Affine& affine, const std::vector<int32_t>& uses) {
  const Tensor* weight = float_constant(graph, input_at(gemm, 1));
  const ValueId bias_id = input_at(gemm, 2);
  const Tensor* bias = float_constant(graph, bias_id);
  const bool transposed = gemm.integer("transB", 0) != 0;
  const auto channels = int64_t(affine.factor.size());
  if (!weight || weight->dims().size() != 2 || weight->dims()[transposed ? 0 : 1] != channels || channels == 0)
    return false;
  // A bias that differs from row to row would not be one number per channel.
  if (bias_id && (!bias || bias->dims().size() > 2 || (bias->elements() != 1 && bias->elements() != channels) ||
                  (!bias->dims().empty() && bias->dims().back() != bias->elements())))
    return false;
  Tensor scaled = take_constant(graph, gemm.inputs[1], uses);
  const auto data = scaled.mutable_data<float>();
  const auto columns = size_t(scaled.dims()[1]);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = float(double(data[i]) * affine.factor[transposed ? i / columns : i % columns]);
  Tensor shifted = shifted_bias(bias, double(gemm.number("beta", 1.0f)), affine);
  const std::string name = output_name(graph, gemm);
  gemm.inputs[1] = graph.add_constant(graph.value(gemm.inputs[1]).name, std::move(scaled));
  gemm.inputs.resize(3);
  gemm.inputs[2] = graph.add_constant(bias_id ? graph.value(bias_id).name : name + ".bias", std::move(shifted));
  gemm.attributes.erase("beta");
  return true;
}

// Constants shaped [C, 1, 1] meet channels in axis 1, whatever the number of axes behind it.
bool write_as_mul_add(Graph& graph, const Node& norm, const Affine& affine, std::vector<Node>& nodes) {
  const auto& shape = graph.value(norm.inputs[0]).shape;
  if (!shape || shape->size() < 2 || graph.value(norm.inputs[0]).dtype != DType::kF32) return false;
  Dims dims(shape->size() - 1, 1);
  dims[0] = int64_t(affine.factor.size());
  const auto constant = [&](const std::vector<double>& values) {
    return Tensor::of<float>(dims, std::vector<float>(values.begin(), values.end()));
  };
  const std::string name = output_name(graph, norm);
  const ValueId factor = graph.add_constant(name + ".factor", constant(affine.factor));
  const ValueId shift = graph.add_constant(name + ".shift", constant(affine.shift));
  const ValueId scaled = graph.add_value(name + ".scaled", DType::kF32, graph.value(norm.inputs[0]).shape);
  nodes.push_back({graph.value(scaled).name, "Mul", {norm.inputs[0], factor}, {scaled}, {}});
  nodes.push_back({norm.name, "Add", {scaled, shift}, {norm.outputs[0]}, {}});
  return true;
}

}  // namespace

Result<bool> fold_batch_norms(Graph& graph) {
  std::vector<int32_t> makers(graph.value_count(), -1);
  const std::vector<int32_t> uses = count_uses(graph);
  std::vector<Node> nodes;
  nodes.reserve(graph.nodes.size());
  bool changed = false;
  for (Node& node : graph.nodes) {
    std::optional<Affine> affine;
    if (node.op == "BatchNormalization") {
      auto read = read_affine(graph, node).within(node.frame());
      if (!read) return std::move(read).error();
      affine = std::move(*read);
    }
    if (affine) {
      const auto from = size_t(node.inputs[0].index);
      Node* before =
          from < makers.size() && makers[from] >= 0 && uses[from] == 1 ? &nodes[size_t(makers[from])] : nullptr;
      const bool folded = before && ((before->op == "Conv" && fold_into_conv(graph, *before, *affine, uses)) ||
                                     (before->op == "Gemm" && fold_into_gemm(graph, *before, *affine, uses)));
      if (folded) {
        before->outputs[0] = node.outputs[0];
        makers[size_t(node.outputs[0].index)] = makers[from];
      }
      if (folded || write_as_mul_add(graph, node, *affine, nodes)) {
        changed = true;
        continue;
      }
    }
    for (ValueId id : node.outputs)
      if (id) makers[size_t(id.index)] = int32_t(nodes.size());
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
  return changed;
}

}  // namespace offramp
