// The table from operator to reference kernel, and run_reference.
#include "exec/reference/kernels.h"

#include <map>

#include "exec/reference/arguments.h"
#include "exec/session.h"

namespace offramp {
namespace reference {
namespace {

const std::map<std::string, Kernel>& kernels() {
  static const std::map<std::string, Kernel> table = {
      {"Conv", run_conv},
      {"AveragePool", run_average_pool},
      {"MaxPool", run_max_pool},
      {"GlobalAveragePool", run_global_average_pool},
      {"GlobalMaxPool", run_global_max_pool},
      {"Gemm", run_gemm},
      {"MatMul", run_matmul},
      {"BatchNormalization", run_batch_normalization},
      {"Softmax", run_softmax},
      {"LogSoftmax", run_log_softmax},
      {"Relu", run_unary},
      {"LeakyRelu", run_unary},
      {"Elu", run_unary},
      {"Sigmoid", run_unary},
      {"HardSigmoid", run_unary},
      {"HardSwish", run_unary},
      {"Tanh", run_unary},
      {"Erf", run_unary},
      {"Sqrt", run_unary},
      {"Exp", run_unary},
      {"Log", run_unary},
      {"Abs", run_unary},
      {"Neg", run_unary},
      {"Clip", run_clip},
      {"Add", run_binary},
      {"Sub", run_binary},
      {"Mul", run_binary},
      {"Div", run_binary},
      {"Pow", run_pow},
      {"Min", run_variadic},
      {"Max", run_variadic},
      {"Equal", run_equal},
      {"Not", run_not},
      {"Where", run_where},
      {"ReduceMean", run_reduction},
      {"ReduceSum", run_reduction},
      {"ReduceMax", run_reduction},
      {"ReduceMin", run_reduction},
      {"ArgMax", run_arg_max},
      {"Concat", run_concat},
      {"Split", run_split},
      {"Gather", run_gather},
      {"Slice", run_slice},
      {"Pad", run_pad},
      {"Identity", run_identity},
      {"Reshape", run_reshape},
      {"Flatten", run_flatten},
      {"Squeeze", run_squeeze},
      {"Unsqueeze", run_unsqueeze},
      {"Transpose", run_transpose},
      {"Expand", run_expand},
      {"Shape", run_shape},
      {"Cast", run_cast},
      {"ConstantOfShape", run_constant_of_shape},
      {"Range", run_range},
  };
  return table;
}

}  // namespace

Kernel find_kernel(const std::string& op) {
  const auto found = kernels().find(op);
  return found == kernels().end() ? nullptr : found->second;
}

}  // namespace reference

Result<std::vector<Tensor>> run_reference(const Node& node, std::span<const Tensor* const> inputs) {
  const auto run = [&]() -> reference::Outputs {
    const reference::Kernel kernel = reference::find_kernel(node.op);
    if (!kernel) return unsupported("operator " + node.op + " has no kernel");
    for (const Tensor* input : inputs)
      if (input && input->dims().size() > reference::kMaxRank)
        return unsupported("an input has " + std::to_string(input->dims().size()) + " dimensions, at most " +
                           std::to_string(reference::kMaxRank) + " are supported");
    OFFRAMP_TRY(std::vector<Tensor> outputs, kernel(node, inputs));
    for (size_t i = outputs.size(); i < node.outputs.size(); ++i)
      if (node.outputs[i]) return unsupported("output " + std::to_string(i));
    return outputs;
  };
  return run().within(node.frame());
}

}  // namespace offramp
