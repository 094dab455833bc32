// The table from operator to reference kernel, and run_reference.
#include "exec/reference/kernels.h"

#include <map>

#include "exec/reference/arguments.h"
#include "exec/reference/types.h"
#include "exec/session.h"

namespace offramp {
namespace reference {
namespace {

constexpr TypeSet kAny = ~TypeSet{0};
constexpr TypeSet kBool = type_bit(DType::kBool), kF32 = type_bit(DType::kF32);
constexpr TypeSet kIndices = type_bit(DType::kI64) | type_bit(DType::kI32);
constexpr TypeSet kFloats = types_of(Floats{}), kNumbers = types_of(Numbers{}), kSigned = types_of(SignedNumbers{});
constexpr TypeSet kReduced = types_of(ReducedTypes{}), kPooled = types_of(PooledTypes{});
constexpr TypeSet kIntegers = types_of(Integers{}), kUnsigned = types_of(UnsignedIntegers{});

const std::map<std::string, KernelEntry>& kernels() {
  static const std::map<std::string, KernelEntry> table = {
      {"Conv", {run_conv, kF32}},
      {"AveragePool", {run_average_pool, kFloats}},
      {"MaxPool", {run_max_pool, kPooled}},
      {"LpPool", {run_lp_pool, kFloats}},
      {"GlobalAveragePool", {run_global_average_pool, kFloats}},
      {"GlobalMaxPool", {run_global_max_pool, kFloats}},
      {"GlobalLpPool", {run_global_lp_pool, kFloats}},
      {"ConvTranspose", {run_conv_transpose, kF32}},
      {"Gemm", {run_gemm, kF32}},
      {"MatMul", {run_matmul, kF32}},
      {"BatchNormalization", {run_batch_normalization, kF32}},
      {"LayerNormalization", {run_layer_normalization, kF32}},
      {"InstanceNormalization", {run_group_normalization, kF32}},
      {"GroupNormalization", {run_group_normalization, kF32}},
      {"LRN", {run_lrn, kF32}},
      {"LpNormalization", {run_lp_normalization, kF32}},
      {"MeanVarianceNormalization", {run_mean_variance_normalization, kF32}},
      {"Softmax", {run_softmax, kFloats}},
      {"LogSoftmax", {run_softmax, kFloats}},
      {"Hardmax", {run_softmax, kFloats}},
      {"Relu", {run_unary, kSigned}},
      {"Abs", {run_unary, kNumbers}},
      {"Neg", {run_unary, kSigned}},
      {"Sign", {run_unary, kNumbers}},
      {"Floor", {run_unary, kFloats}},
      {"Ceil", {run_unary, kFloats}},
      {"Round", {run_unary, kFloats}},
      {"Reciprocal", {run_unary, kFloats}},
      {"Sqrt", {run_unary, kFloats}},
      {"Exp", {run_unary, kFloats}},
      {"Log", {run_unary, kFloats}},
      {"Erf", {run_unary, kFloats}},
      {"Sigmoid", {run_unary, kFloats}},
      {"Softsign", {run_unary, kFloats}},
      {"Sin", {run_unary, kFloats}},
      {"Cos", {run_unary, kFloats}},
      {"Tan", {run_unary, kFloats}},
      {"Asin", {run_unary, kFloats}},
      {"Acos", {run_unary, kFloats}},
      {"Atan", {run_unary, kFloats}},
      {"Sinh", {run_unary, kFloats}},
      {"Cosh", {run_unary, kFloats}},
      {"Tanh", {run_unary, kFloats}},
      {"Asinh", {run_unary, kFloats}},
      {"Acosh", {run_unary, kFloats}},
      {"Atanh", {run_unary, kFloats}},
      {"BitwiseNot", {run_unary, kIntegers}},
      {"LeakyRelu", {run_activation, kFloats}},
      {"Elu", {run_activation, kFloats}},
      {"Selu", {run_activation, kFloats}},
      {"Celu", {run_activation, kFloats}},
      {"HardSigmoid", {run_activation, kFloats}},
      {"HardSwish", {run_activation, kFloats}},
      {"ThresholdedRelu", {run_activation, kFloats}},
      {"Shrink", {run_activation, kFloats}},
      {"Softplus", {run_activation, kFloats}},
      {"Mish", {run_activation, kFloats}},
      {"Gelu", {run_activation, kFloats}},
      {"Clip", {run_clip, kNumbers}},
      {"PRelu", {run_prelu, kFloats}},
      {"Add", {run_binary, kNumbers}},
      {"Sub", {run_binary, kNumbers}},
      {"Mul", {run_binary, kNumbers}},
      {"Div", {run_binary, kNumbers}},
      {"Mod", {run_binary, kNumbers}},
      {"BitwiseAnd", {run_binary, kIntegers}},
      {"BitwiseOr", {run_binary, kIntegers}},
      {"BitwiseXor", {run_binary, kIntegers}},
      {"BitShift", {run_bit_shift, kUnsigned}},
      {"Min", {run_variadic, kNumbers}},
      {"Max", {run_variadic, kNumbers}},
      {"Sum", {run_variadic, kFloats}},
      {"Mean", {run_variadic, kFloats}},
      {"Pow", {run_pow, kNumbers}},
      {"Equal", {run_comparison, kNumbers | kBool}},
      {"Less", {run_comparison, kNumbers}},
      {"LessOrEqual", {run_comparison, kNumbers}},
      {"Greater", {run_comparison, kNumbers}},
      {"GreaterOrEqual", {run_comparison, kNumbers}},
      {"And", {run_comparison, kBool}},
      {"Or", {run_comparison, kBool}},
      {"Xor", {run_comparison, kBool}},
      {"Not", {run_not, kBool}},
      {"IsNaN", {run_classification, kFloats}},
      {"IsInf", {run_classification, kFloats}},
      {"Where", {run_where, kBool}},
      {"ReduceMean", {run_reduction, kReduced}},
      {"ReduceSum", {run_reduction, kReduced}},
      {"ReduceMax", {run_reduction, kReduced}},
      {"ReduceMin", {run_reduction, kReduced}},
      {"ReduceProd", {run_reduction, kReduced}},
      {"ReduceL1", {run_reduction, kReduced}},
      {"ReduceL2", {run_reduction, kReduced}},
      {"ReduceSumSquare", {run_reduction, kReduced}},
      {"ReduceLogSum", {run_reduction, kReduced}},
      {"ReduceLogSumExp", {run_reduction, kFloats}},
      {"ArgMax", {run_arg_extreme, kNumbers}},
      {"ArgMin", {run_arg_extreme, kNumbers}},
      {"TopK", {run_top_k, kNumbers}},
      {"CumSum", {run_cum_sum, kReduced}},
      {"Dropout", {run_dropout, kAny}},
      {"EyeLike", {run_eye_like, kAny}},
      {"Trilu", {run_trilu, kAny}},
      {"OneHot", {run_one_hot, kNumbers}},
      {"Einsum", {run_einsum, kFloats}},
      {"RNN", {run_rnn, kF32}},
      {"GRU", {run_gru, kF32}},
      {"LSTM", {run_lstm, kF32}},
      {"Resize", {run_resize, kF32}},
      {"GatherElements", {run_gather_elements, kAny}},
      {"GatherND", {run_gather_nd, kAny}},
      {"ScatterElements", {run_scatter_elements, kAny}},
      {"ScatterND", {run_scatter_nd, kAny}},
      {"Tile", {run_tile, kAny}},
      {"DepthToSpace", {run_depth_to_space, kAny}},
      {"SpaceToDepth", {run_space_to_depth, kAny}},
      {"Concat", {run_concat, kAny}},
      {"Split", {run_split, kAny}},
      {"Gather", {run_gather, kAny}},
      {"Slice", {run_slice, kAny}},
      {"Pad", {run_pad, kAny}},
      {"Identity", {run_identity, kAny}},
      {"Reshape", {run_reshape, kAny}},
      {"Flatten", {run_flatten, kAny}},
      {"Squeeze", {run_squeeze, kAny}},
      {"Unsqueeze", {run_unsqueeze, kAny}},
      {"Transpose", {run_transpose, kAny}},
      {"Expand", {run_expand, kAny}},
      {"Shape", {run_shape, kAny}},
      {"Size", {run_size, kAny}},
      {"Cast", {run_cast, kAny}},
      {"CastLike", {run_cast_like, kAny}},
      {"ConstantOfShape", {run_constant_of_shape, kAny}},
      {"Range", {run_range, kF32 | kIndices}},
  };
  return table;
}

}  // namespace

std::string type_refusal(const char* role, DType seen, TypeSet allowed) {
  std::vector<std::string> names;
  for (unsigned i = 0; i <= unsigned(DType::kBool); ++i)
    if (allowed & type_bit(DType(i))) names.emplace_back(to_string(DType(i)));
  std::string list;
  for (size_t i = 0; i < names.size(); ++i)
    list += (i == 0 ? "" : i + 1 < names.size() ? ", " : " and ") + names[i];
  return std::string(role) + " is " + std::string(to_string(seen)) + ", only " + list +
         (names.size() == 1 ? " has a kernel" : " have kernels");
}

Result<const KernelEntry*> find_kernel(const std::string& op, std::optional<DType> first_input) {
  const auto found = kernels().find(op);
  if (found == kernels().end()) return unsupported("operator " + op + " has no kernel");
  const KernelEntry& entry = found->second;
  if (first_input && !(entry.types & type_bit(*first_input)))
    return unsupported(type_refusal("the input", *first_input, entry.types));
  return &entry;
}

}  // namespace reference

Result<std::vector<Tensor>> run_reference(const Node& node, std::span<const Tensor* const> inputs) {
  const auto run = [&]() -> reference::Outputs {
    const bool typed = !inputs.empty() && inputs[0];
    OFFRAMP_TRY(const reference::KernelEntry* kernel,
                reference::find_kernel(node.op, typed ? std::optional(inputs[0]->dtype()) : std::nullopt));
    for (const Tensor* input : inputs)
      if (input && input->dims().size() > reference::kMaxRank)
        return unsupported("an input has " + std::to_string(input->dims().size()) + " dimensions, at most " +
                           std::to_string(reference::kMaxRank) + " are supported");
    OFFRAMP_TRY(std::vector<Tensor> outputs, kernel->run(node, inputs));
    for (size_t i = outputs.size(); i < node.outputs.size(); ++i)
      if (node.outputs[i]) return unsupported("output " + std::to_string(i));
    return outputs;
  };
  return run().within(node.frame());
}

}  // namespace offramp
