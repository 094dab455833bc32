// The table from operator to family, and what all families rely on.
#include "exec/xnnpack/compile.h"

#include <algorithm>
#include <map>

#include "graph/operators.h"

namespace offramp::xnnpack {
namespace {

const Family* find_family(const std::string& name) {
  static const std::map<std::string, Family> table = [] {
    const Family unary = {takes_unary, compile_unary}, binary = {takes_binary, compile_binary},
                 reshape = {takes_reshape, compile_reshape, 1}, anywhere = {takes_anywhere, compile_anywhere};
    std::map<std::string, Family> families = {
        {"Conv", {takes_conv, compile_conv, SIZE_MAX, true}},
        {"ConvTranspose", {takes_conv_transpose, compile_conv_transpose, SIZE_MAX, true}},
        {"DepthToSpace", {takes_rearrangement, compile_rearrangement, SIZE_MAX, true}},
        {"SpaceToDepth", {takes_rearrangement, compile_rearrangement, SIZE_MAX, true}},
        {"AveragePool", {takes_pool, compile_average_pool, SIZE_MAX, true}},
        {"MaxPool", {takes_pool, compile_max_pool, SIZE_MAX, true}},
        {"GlobalAveragePool", {takes_global_pool, compile_global_average_pool, SIZE_MAX, true}},
        {"GlobalMaxPool", {takes_global_pool, compile_global_max_pool, SIZE_MAX, true}},
        {"LayerNormalization", {takes_layer_normalization, compile_layer_normalization}},
        {"Clip", {takes_clip, compile_unary}},
        {"BatchNormalization", {takes_batch_normalization, compile_batch_normalization}},
        {"Gemm", {takes_gemm, compile_gemm}},
        {"MatMul", {takes_matmul, compile_matmul}},
        {"Softmax", {takes_softmax, compile_softmax}},
        {"ReduceMean", {takes_reduction, compile_reduction}},
        {"ReduceSum", {takes_reduction, compile_reduction}},
        {"Concat", {takes_concat, compile_concat}},
        {"Split", {takes_split, compile_split, 1}},
        {"Slice", {takes_slice, compile_slice}},
        {"Pad", {takes_pad, compile_pad}},
        {"Transpose", {takes_transpose, compile_transpose}},
    };
    for (const char* op : {"Relu", "LeakyRelu", "Elu", "Sigmoid", "HardSwish", "Tanh", "Exp", "Log", "Sqrt", "Abs", "Neg",
                           "Floor", "Ceil", "Round"})
      families[op] = unary;
    for (const char* op : {"HardSigmoid", "Erf", "Gelu"}) families[op] = {takes_function, compile_function};
    for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu"}) families[op] = binary;
    for (const char* op : {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"}) families[op] = reshape;
    for (const char* op : {"Mish", "Softplus", "Softsign", "Selu", "Celu", "ThresholdedRelu"})
      families[op] = anywhere;
    return families;
  }();
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

bool fits(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  if (value.dtype != DType::kF32 || !value.shape || value.shape->empty() || value.shape->size() > XNN_MAX_TENSOR_DIMS)
    return false;
  for (Dim dim : *value.shape)
    if (dim.size < 1) return false;
  return checked_element_count(offramp::bind(*value.shape, 1)).ok();
}

}  // namespace

bool is_map(const Shape& shape) {
  if (!has_nhwc_form(shape.size())) return false;
  return std::none_of(shape.begin() + 1, shape.end(), [](Dim dim) { return dim.per_sample; });
}

std::function<size_t(int64_t)> rows_of(const Shape& shape) {
  return [leading = shape[0]](int64_t batch) { return size_t(leading.per_sample ? leading.size * batch : leading.size); };
}

const Family* taken_by(const Graph& graph, const Node& node) {
  const Family* family = find_family(node.op);
  const OperatorInfo* info = find_operator(node.op);
  if (!family || !info || node.outputs.empty() || node.inputs.size() < size_t(info->min_inputs)) return nullptr;
  for (size_t i = 0; i < size_t(info->min_inputs); ++i)
    if (!node.inputs[i]) return nullptr;
  // Operators with two operands may have the constant first; all others work on what was computed.
  const bool two = node.inputs.size() == 2 && family->takes == takes_binary;
  if (!two && graph.is_constant(node.inputs[0])) return nullptr;
  for (size_t i = 0; i < std::min(node.inputs.size(), family->data_inputs); ++i) {
    if (!node.inputs[i]) continue;
    if (!graph.is_constant(node.inputs[i]) && !fits(graph, node.inputs[i])) return nullptr;
    if (!graph.value(node.inputs[i]).shape) return nullptr;
  }
  if (node.outputs.size() > 1 && family->takes != takes_split) return nullptr;
  for (ValueId id : node.outputs)
    if (!id || !fits(graph, id)) return nullptr;
  return family->takes(graph, node) ? family : nullptr;
}

}  // namespace offramp::xnnpack
