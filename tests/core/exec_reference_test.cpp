// Reference kernels against values computed with ONNX Runtime: the forms of each operator that are easy to get wrong.
#include <doctest/doctest.h>

#include <vector>

#include "exec_values.h"

namespace offramp {
namespace {

const std::vector<ValueCase>& value_cases() {
  static const std::vector<ValueCase> cases = {
      {"Conv with a pad on two sides",
       R"(const x f32 [1, 1, 4, 4] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0}
const a f32 [1, 1, 2, 2] = {1.0, 2.0, 3.0, 4.0}
const want f32 [1, 1, 4, 4] = {22.0, 44.0, 54.0, 64.0, 46.0, 84.0, 94.0, 104.0, 70.0, 124.0, 134.0, 144.0, 26.0, 41.0, 44.0, 47.0}
y = Conv(x, a) {pads = [0, 1, 1, 0]}
output y)"},
      {"dilated Conv with strides",
       R"(const x f32 [1, 1, 5, 5] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0, 21.0, 22.0, 23.0, 24.0, 25.0}
const a f32 [1, 1, 2, 2] = {1.0, 2.0, 3.0, 4.0}
const want f32 [1, 1, 2, 3] = {54.0, 61.0, 24.0, 148.0, 158.0, 62.0}
y = Conv(x, a) {dilations = [2, 3], strides = [2, 1], pads = [1, 0, 0, 1]}
output y)"},
      {"grouped Conv",
       R"(const x f32 [1, 4, 2, 2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0}
const a f32 [2, 2, 1, 1] = {1.0, -1.0, 2.0, 0.5}
const b f32 [2] = {10.0, 20.0}
const want f32 [1, 2, 2, 2] = {6.0, 6.0, 6.0, 6.0, 44.5, 47.0, 49.5, 52.0}
y = Conv(x, a, b) {group = 2}
output y)"},
      {"Conv of the same size", R"(const x f32 [1, 1, 3, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0}
const a f32 [1, 1, 2, 2] = {1.0, 1.0, 1.0, 1.0}
const want f32 [1, 1, 3, 3] = {1.0, 3.0, 5.0, 5.0, 12.0, 16.0, 11.0, 24.0, 28.0}
y = Conv(x, a) {auto_pad = "SAME_LOWER"}
output y)"},
      {"1-D Conv", R"(const x f32 [1, 2, 5] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0}
const a f32 [1, 2, 3] = {1.0, 0.0, -1.0, 2.0, 1.0, 0.0}
const want f32 [1, 1, 3] = {4.0, 20.0, 32.0}
y = Conv(x, a) {pads = [1, 1], strides = [2]}
output y)"},
      {"3-D Conv", R"(const x f32 [1, 1, 2, 2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
const a f32 [1, 1, 2, 2, 2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}
const want f32 [1, 1, 1, 1, 3] = {140.0, 278.0, 314.0}
y = Conv(x, a) {pads = [0, 0, 1, 0, 0, 0]}
output y)"},
      {"AveragePool leaves padding out",
       R"(const x f32 [1, 1, 4, 4] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0}
const want f32 [1, 1, 2, 2] = {3.5, 5.0, 9.5, 11.0}
y = AveragePool(x) {kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]}
output y)"},
      {"AveragePool counts padding",
       R"(const x f32 [1, 1, 4, 4] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0}
const want f32 [1, 1, 2, 2] = {1.55555558, 3.33333325, 6.33333349, 11.0}
y = AveragePool(x) {kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2], count_include_pad = 1}
output y)"},
      {"AveragePool rounded up",
       R"(const x f32 [1, 1, 4, 4] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0}
const want f32 [1, 1, 2, 2] = {6.0, 7.5, 12.0, 13.5}
y = AveragePool(x) {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1}
output y)"},
      {"AveragePool rounded up counts padding, not what is beyond",
       R"(const x f32 [1, 1, 4, 4] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0}
const want f32 [1, 1, 2, 2] = {2.66666675, 3.66666675, 10.0, 11.5}
y = AveragePool(x) {kernel_shape = [3, 3], pads = [1, 0, 0, 0], strides = [2, 2], ceil_mode = 1, count_include_pad = 1}
output y)"},
      {"MaxPool rounded up",
       R"(const x f32 [1, 1, 4, 4] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0}
const want f32 [1, 1, 2, 2] = {11.0, 12.0, 15.0, 16.0}
y = MaxPool(x) {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1}
output y)"},
      {"dilated MaxPool",
       R"(const x f32 [1, 1, 5, 5] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0, 21.0, 22.0, 23.0, 24.0, 25.0}
const want f32 [1, 1, 4, 3] = {13.0, 14.0, 15.0, 18.0, 19.0, 20.0, 23.0, 24.0, 25.0, 18.0, 19.0, 20.0}
y = MaxPool(x) {kernel_shape = [2, 2], dilations = [2, 3], pads = [0, 1, 1, 0]}
output y)"},
      {"MaxPool whose last window begins in the input", R"(const x f32 [1, 1, 1, 4] = {1.0, 2.0, 3.0, 4.0}
const want f32 [1, 1, 1, 2] = {2.0, 4.0}
y = MaxPool(x) {kernel_shape = [1, 2], strides = [1, 3], pads = [0, 0, 0, 1], ceil_mode = 1}
output y)"},
      {"Gemm, everything transposed", R"(const x f32 [3, 2] = {1.0, 4.0, 2.0, 5.0, 3.0, 6.0}
const a f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const b f32 [2, 1] = {1.0, 2.0}
const want f32 [2, 2] = {9.0, 18.0, 20.0, 42.5}
y = Gemm(x, a, b) {transA = 1, transB = 1, alpha = 0.5, beta = 2.0}
output y)"},
      {"MatMul with broadcast batches", R"(const x f32 [2, 1, 2, 2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}
const a f32 [3, 2, 1] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const want f32 [2, 3, 2, 1] = {5.0, 11.0, 11.0, 25.0, 17.0, 39.0, 17.0, 23.0, 39.0, 53.0, 61.0, 83.0}
y = MatMul(x, a)
output y)"},
      {"vector times matrices", R"(const x f32 [3] = {1.0, 2.0, 3.0}
const a f32 [2, 3, 2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
const want f32 [2, 2] = {22.0, 28.0, 58.0, 64.0}
y = MatMul(x, a)
output y)"},
      {"Elu", R"(const x f32 [7] = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}
const want f32 [7] = {-0.475106478, -0.316060275, -0.196734667, 0.0, 0.5, 1.0, 3.0}
y = Elu(x) {alpha = 0.5}
output y)"},
      {"HardSigmoid", R"(const x f32 [7] = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}
const want f32 [7] = {0.0, 0.300000012, 0.400000006, 0.5, 0.600000024, 0.699999988, 1.0}
y = HardSigmoid(x)
output y)"},
      {"HardSwish", R"(const x f32 [7] = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}
const want f32 [7] = {-0.0, -0.333333313, -0.208333328, 0.0, 0.291666657, 0.666666687, 3.0}
y = HardSwish(x)
output y)"},
      {"LeakyRelu", R"(const x f32 [7] = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}
const want f32 [7] = {-0.0299999993, -0.00999999978, -0.00499999989, 0.0, 0.5, 1.0, 3.0}
y = LeakyRelu(x)
output y)"},
      {"Erf", R"(const x f32 [7] = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}
const want f32 [7] = {-0.999977887, -0.842700779, -0.520499885, 0.0, 0.520499885, 0.842700779, 0.999977887}
y = Erf(x)
output y)"},
      {"Sigmoid", R"(const x f32 [7] = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}
const want f32 [7] = {0.0474258661, 0.268941432, 0.377540708, 0.5, 0.622459292, 0.731058598, 0.952574134}
y = Sigmoid(x)
output y)"},
      {"Tanh", R"(const x f32 [7] = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}
const want f32 [7] = {-0.995054722, -0.761594176, -0.462117165, 0.0, 0.462117165, 0.761594176, 0.995054722}
y = Tanh(x)
output y)"},
      {"Softmax over axis 1", R"(const x f32 [1, 2, 2] = {1.0, 2.0, 3.0, 5.0}
const want f32 [1, 2, 2] = {0.119202912, 0.0474258736, 0.880797029, 0.952574134}
y = Softmax(x) {axis = 1}
output y)"},
      {"LogSoftmax", R"(const x f32 [1, 3] = {1.0, 2.0, 4.0}
const want f32 [1, 3] = {-3.16984606, -2.16984606, -0.169846043}
y = LogSoftmax(x)
output y)"},
      {"BatchNormalization", R"(const x f32 [1, 2, 2] = {1.0, 2.0, 3.0, 4.0}
const a f32 [2] = {2.0, 1.0}
const b f32 [2] = {0.5, -1.0}
const c f32 [2] = {1.0, 3.0}
const d f32 [2] = {4.0, 0.25}
const want f32 [1, 2, 2] = {0.5, 1.5, -1.0, 1.0}
y = BatchNormalization(x, a, b, c, d) {epsilon = 0.0}
output y)"},
      {"Slice backwards on two axes", R"(const x i64 [3, 4] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
const a i64 [2] = {-1, 3}
const b i64 [2] = {-100, -100}
const c i64 [2] = {0, 1}
const d i64 [2] = {-2, -3}
const want i64 [2, 2] = {11, 8, 3, 0}
y = Slice(x, a, b, c, d)
output y)"},
      {"Slice to the end with a step", R"(const x i64 [3, 4] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
const a i64 [1] = {1}
const b i64 [1] = {4611686018427387904}
const c i64 [1] = {-1}
const d i64 [1] = {2}
const want i64 [3, 2] = {1, 3, 5, 7, 9, 11}
y = Slice(x, a, b, c, d)
output y)"},
      {"empty Slice", R"(const x i64 [3, 4] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
const a i64 [1] = {2}
const b i64 [1] = {1}
const c i64 [1] = {0}
const want i64 [0, 4] = {}
y = Slice(x, a, b, c)
output y)"},
      {"Pad by reflection", R"(const x f32 [3] = {1.0, 2.0, 3.0}
const a i64 [2] = {2, 2}
const want f32 [7] = {3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0}
y = Pad(x, a) {mode = "reflect"}
output y)"},
      {"Pad by edges", R"(const x f32 [2, 2] = {1.0, 2.0, 3.0, 4.0}
const a i64 [4] = {1, 0, 0, 2}
const want f32 [3, 4] = {1.0, 2.0, 2.0, 2.0, 1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 4.0, 4.0}
y = Pad(x, a) {mode = "edge"}
output y)"},
      {"Pad that crops", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a i64 [4] = {1, -1, 0, 1}
const b f32 [] = {9.0}
const want f32 [3, 3] = {9.0, 9.0, 9.0, 2.0, 3.0, 9.0, 5.0, 6.0, 9.0}
y = Pad(x, a, b)
output y)"},
      {"Gather along axis 1", R"(const x i64 [3, 4] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
const a i64 [1, 2] = {0, -1}
const want i64 [3, 1, 2] = {0, 3, 4, 7, 8, 11}
y = Gather(x, a) {axis = 1}
output y)"},
      {"Split", R"(const x i64 [3, 4] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
const a i64 [2] = {1, 3}
const want_0 i64 [3, 1] = {0, 4, 8}
const want_1 i64 [3, 3] = {1, 2, 3, 5, 6, 7, 9, 10, 11}
y_0, y_1 = Split(x, a) {axis = -1}
output y_0, y_1)"},
      {"ArgMax takes the last", R"(const x f32 [1, 4] = {1.0, 5.0, 5.0, 2.0}
const want i64 [1, 1] = {2}
y = ArgMax(x) {axis = -1, select_last_index = 1}
output y)"},
      {"ArgMax takes the first", R"(const x f32 [2, 2] = {1.0, 5.0, 5.0, 2.0}
const want i64 [2] = {1, 0}
y = ArgMax(x) {axis = 0, keepdims = 0}
output y)"},
      {"ReduceSum over given axes", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const a i64 [1] = {0}
const want f32 [3] = {5.0, 7.0, 9.0}
y = ReduceSum(x, a) {keepdims = 0}
output y)"},
      {"ReduceMean over everything", R"(const x f32 [2, 3] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const want f32 [1, 1] = {3.5}
y = ReduceMean(x)
output y)"},
      {"ReduceSum over nothing", R"(const x f32 [2, 1] = {1.0, 2.0}
const a i64 [0] = {}
const want f32 [2, 1] = {1.0, 2.0}
y = ReduceSum(x, a) {noop_with_empty_axes = 1}
output y)"},
      {"ReduceMean of integers", R"(const x i64 [2, 2] = {1, 2, 2, -5}
const want i64 [1, 2] = {1, -1}
y = ReduceMean(x) {axes = [0]}
output y)"},
      {"integer Div", R"(const x i64 [3] = {7, -7, 7}
const a i64 [3] = {2, 2, -2}
const want i64 [3] = {3, -3, -3}
y = Div(x, a)
output y)"},
      {"Range downwards", R"(const x i64 [] = {10}
const a i64 [] = {3}
const b i64 [] = {-3}
const want i64 [3] = {10, 7, 4}
y = Range(x, a, b)
output y)"},
      {"Range of floats", R"(const x f32 [] = {0.0}
const a f32 [] = {1.0}
const b f32 [] = {0.300000012}
const want f32 [4] = {0.0, 0.300000012, 0.600000024, 0.900000036}
y = Range(x, a, b)
output y)"},
      {"Cast to integers", R"(const x f32 [3] = {-1.89999998, 2.9000001, 1e+10}
const want i64 [3] = {-1, 2, 10000000000}
y = Cast(x) {to = 7}
output y)"},
      {"Where", R"(const x bool [2, 1] = {1, 0}
const a f32 [3] = {1.0, 2.0, 3.0}
const b f32 [2, 1] = {-1.0, -2.0}
const want f32 [2, 3] = {1.0, 2.0, 3.0, -2.0, -2.0, -2.0}
y = Where(x, a, b)
output y)"},
      {"Clip below", R"(const x f32 [7] = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0}
const a f32 [] = {-0.75}
const want f32 [7] = {-0.75, -0.75, -0.5, 0.0, 0.5, 1.0, 3.0}
y = Clip(x, a, _)
output y)"},
      {"Transpose reverses", R"(const x f32 [2, 3, 1] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
const want f32 [1, 3, 2] = {1.0, 4.0, 2.0, 5.0, 3.0, 6.0}
y = Transpose(x)
output y)"},
      {"Expand", R"(const x f32 [2, 1] = {1.0, 2.0}
const a i64 [3] = {2, 1, 3}
const want f32 [2, 2, 3] = {1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0}
y = Expand(x, a)
output y)"},
      {"Flatten at 0", R"(const x f32 [2, 3, 2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
const want f32 [1, 12] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
y = Flatten(x) {axis = 0}
output y)"},
      {"Shape of some axes",
       R"(const x f32 [2, 3, 4] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0, 21.0, 22.0, 23.0, 24.0}
const want i64 [1] = {3}
y = Shape(x) {start = 1, end = -1}
output y)"},
      {"Reshape that copies a dimension",
       R"(const x f32 [2, 3, 2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
const a i64 [2] = {0, -1}
const want f32 [2, 6] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
y = Reshape(x, a)
output y)"},
      {"Unsqueeze at both ends", R"(const x f32 [2] = {1.0, 2.0}
const a i64 [2] = {0, -1}
const want f32 [1, 2, 1] = {1.0, 2.0}
y = Unsqueeze(x, a)
output y)"},
      {"Pow by integers", R"(const x f32 [2] = {2.0, -3.0}
const a i64 [1] = {3}
const want f32 [2] = {8.0, -27.0}
y = Pow(x, a)
output y)"},
  };
  return cases;
}

TEST_CASE("reference kernels give known values") { check_values(value_cases()); }

}  // namespace
}  // namespace offramp
