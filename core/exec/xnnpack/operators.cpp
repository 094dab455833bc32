#include "exec/xnnpack/operators.h"

#include <map>

namespace offramp::xnnpack {

const Operator* find_operator(const std::string& op) {
  static const std::map<std::string, Operator> table = {
      {"Conv", {takes_conv, define_conv, true}},
      {"AveragePool", {takes_pool, define_average_pool, true}},
      {"MaxPool", {takes_pool, define_max_pool, true}},
      {"GlobalAveragePool", {takes_global_pool, define_global_average_pool, true}},
      {"GlobalMaxPool", {takes_global_pool, define_global_max_pool, true}},
      {"Relu", {takes_unary, define_unary}},
      {"LeakyRelu", {takes_unary, define_unary}},
      {"Elu", {takes_unary, define_unary}},
      {"Sigmoid", {takes_unary, define_unary}},
      {"HardSwish", {takes_unary, define_unary}},
      {"Tanh", {takes_unary, define_unary}},
      {"Exp", {takes_unary, define_unary}},
      {"Log", {takes_unary, define_unary}},
      {"Sqrt", {takes_unary, define_unary}},
      {"Abs", {takes_unary, define_unary}},
      {"Neg", {takes_unary, define_unary}},
      {"HardSigmoid", {takes_unary, define_hard_sigmoid}},
      {"Clip", {takes_clip, define_clip}},
      {"Add", {takes_binary, define_binary}},
      {"Sub", {takes_binary, define_binary}},
      {"Mul", {takes_binary, define_binary}},
      {"Div", {takes_binary, define_binary}},
      {"Min", {takes_binary, define_binary}},
      {"Max", {takes_binary, define_binary}},
      {"BatchNormalization", {takes_batch_normalization, define_batch_normalization}},
      {"Gemm", {takes_gemm, define_gemm}},
      {"MatMul", {takes_matmul, define_matmul}},
      {"Softmax", {takes_softmax, define_softmax}},
      {"ReduceMean", {takes_reduction, define_reduction}},
      {"ReduceSum", {takes_reduction, define_reduction}},
      {"Concat", {takes_concat, define_concat}},
      {"Slice", {takes_slice, define_slice}},
      {"Pad", {takes_pad, define_pad}},
      {"Reshape", {takes_reshape, define_reshape, false, 1}},
      {"Flatten", {takes_reshape, define_reshape, false, 1}},
      {"Squeeze", {takes_reshape, define_reshape, false, 1}},
      {"Unsqueeze", {takes_reshape, define_reshape, false, 1}},
      {"Transpose", {takes_transpose, define_transpose}},
  };
  const auto found = table.find(op);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace offramp::xnnpack
