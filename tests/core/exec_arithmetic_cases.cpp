#include "exec_operator_cases.h"

namespace offramp {

// Tolerances: XNNPACK approximates exp and tanh by polynomials.
const std::vector<OperatorCase>& arithmetic_cases() {
  static const std::vector<OperatorCase> cases = {
      {"gemm with weights [out, in]", R"(input x f32 [N, 12]
const w f32 [5, 12] = normal(1) * 0.3
const b f32 [5] = normal(2)
y = Gemm(x, w, b) {transB = 1}
output y)", 1e-5f, true},
      {"gemm with weights [in, out], alpha and beta", R"(input x f32 [N, 12]
const w f32 [12, 5] = normal(1) * 0.3
const b f32 [1, 5] = normal(2)
y = Gemm(x, w, b) {alpha = 0.5, beta = 2.0}
output y)", 1e-5f, true},
      {"gemm with a scalar bias", R"(input x f32 [N, 4]
const w f32 [4, 3] = normal(1) * 0.3
const b f32 [] = {0.25}
y = Gemm(x, w, b)
output y)", 1e-5f, true},
      {"gemm without bias", R"(input x f32 [N, 4]
const w f32 [4, 3] = normal(1) * 0.3
y = Gemm(x, w)
output y)", 1e-5f, true},
      {"matrix times constant", R"(input x f32 [N, 6]
const w f32 [6, 4] = normal(1) * 0.3
y = MatMul(x, w)
output y)", 1e-5f, true},
      {"sequence times constant", R"(input x f32 [N, 7, 6]
const w f32 [6, 4] = normal(1) * 0.3
y = MatMul(x, w)
output y)", 1e-5f, true},
      {"sequence times sequence", R"(input x f32 [N, 7, 6]
input z f32 [N, 6, 5]
y = MatMul(x, z)
output y)", 1e-5f, true},
      {"matrix product with broadcast batches", R"(input x f32 [N, 2, 3, 4]
const w f32 [2, 4, 5] = normal(1) * 0.3
y = MatMul(x, w)
output y)", 1e-5f, false},
      {"matrix times vector", R"(input x f32 [N, 3, 4]
const w f32 [4] = normal(1)
y = MatMul(x, w)
output y)", 1e-5f, false},
      {"batch norm of maps", R"(input x f32 [N, 4, 3, 5]
const s f32 [4] = {1.0, 0.5, -2.0, 3.0}
const b f32 [4] = normal(2)
const m f32 [4] = normal(3)
const v f32 [4] = {1.0, 0.25, 4.0, 0.01}
y = BatchNormalization(x, s, b, m, v) {epsilon = 0.001}
output y)", 2e-5f, true},
      {"batch norm between convs", R"(input x f32 [N, 2, 5, 5]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
const s f32 [3] = {1.0, 0.5, -2.0}
const b f32 [3] = normal(2)
const m f32 [3] = normal(3)
const v f32 [3] = {1.0, 0.25, 4.0}
c = Conv(x, w)
y = BatchNormalization(c, s, b, m, v)
output y)", 2e-5f, true},
      {"batch norm of vectors", R"(input x f32 [N, 3]
const s f32 [3] = {1.0, 0.5, -2.0}
const b f32 [3] = normal(2)
const m f32 [3] = normal(3)
const v f32 [3] = {1.0, 0.25, 4.0}
y = BatchNormalization(x, s, b, m, v)
output y)", 2e-5f, true},
      {"Relu", "input x f32 [N, 37]\ny = Relu(x)\noutput y", 0, true},
      {"LeakyRelu", "input x f32 [N, 37]\ny = LeakyRelu(x) {alpha = 0.2}\noutput y", 1e-6f, true},
      {"Elu", "input x f32 [N, 37]\ny = Elu(x) {alpha = 0.7}\noutput y", 2e-6f, true},
      {"Sigmoid", "input x f32 [N, 37]\ny = Sigmoid(x)\noutput y", 2e-6f, true},
      {"HardSigmoid", "input x f32 [N, 37]\ny = HardSigmoid(x) {alpha = 0.3, beta = 0.4}\noutput y", 1e-6f, true},
      {"HardSwish", "input x f32 [N, 3, 4, 5]\ny = HardSwish(x)\noutput y", 1e-6f, true},
      {"Tanh", "input x f32 [N, 37]\ny = Tanh(x)\noutput y", 2e-6f, true},
      {"Floor", "input x f32 [N, 37]\ny = Floor(x)\noutput y", 0, true},
      {"Ceil", "input x f32 [N, 37]\ny = Ceil(x)\noutput y", 0, true},
      {"Round", "input x f32 [N, 37]\ny = Round(x)\noutput y", 0, true},
      {"Erf", "input x f32 [N, 37]\ny = Erf(x)\noutput y", 0, true},
      {"Gelu", "input x f32 [N, 37]\ny = Gelu(x)\noutput y", 2e-6f, true},
      {"Gelu by tanh", "input x f32 [N, 37]\ny = Gelu(x) {approximate = \"tanh\"}\noutput y", 2e-6f, false},
      {"Mish after a product", R"(input x f32 [N, 6]
const w f32 [6, 4] = normal(1) * 0.3
m = MatMul(x, w)
y = Mish(m)
output y)", 1e-5f, false},
      {"PRelu per channel of a conv", R"(input x f32 [N, 2, 5, 5]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
const s f32 [3, 1, 1] = {0.25, -0.5, 2.0}
c = Conv(x, w)
y = PRelu(c, s)
output y)", 1e-5f, true},
      {"comparison and logic", R"(input x f32 [N, 6]
input z f32 [N, 6]
l = Less(x, z)
g = GreaterOrEqual(x, z)
o = Xor(l, g)
n = And(l, o)
y = Where(n, x, z)
output y)", 0, false},
      {"Exp", "input x f32 [N, 37]\ny = Exp(x)\noutput y", 2e-6f, true},
      {"Log", "input x f32 [N, 37]\na = Abs(x)\ny = Log(a)\noutput y", 2e-6f, true},
      {"Sqrt", "input x f32 [N, 37]\na = Abs(x)\ny = Sqrt(a)\noutput y", 1e-6f, true},
      {"Neg", "input x f32 [N, 37]\ny = Neg(x)\noutput y", 0, true},
      {"Clip on both sides", R"(input x f32 [N, 37]
const low f32 [] = {-0.5}
const high f32 [] = {0.75}
y = Clip(x, low, high)
output y)", 0, true},
      {"Clip above only", R"(input x f32 [N, 37]
const high f32 [] = {0.75}
y = Clip(x, _, high)
output y)", 0, true},
      {"Clip with equal bounds", R"(input x f32 [N, 7]
const bound f32 [] = {0.5}
y = Clip(x, bound, bound)
output y)", 0, false},
      {"Softmax", "input x f32 [N, 10]\ny = Softmax(x)\noutput y", 1e-6f, true},
      {"Softmax over channels of maps", "input x f32 [N, 4, 3, 3]\ny = Softmax(x) {axis = 1}\noutput y", 1e-6f, false},
      {"LayerNormalization between products", R"(input x f32 [N, 5, 6]
const w f32 [6, 19] = normal(1) * 0.3
const s f32 [19] = normal(2)
const b f32 [19] = normal(3)
m = MatMul(x, w)
y = LayerNormalization(m, s, b)
output y)", 2e-5f, true},
      {"GroupNormalization of a conv", R"(input x f32 [N, 2, 5, 5]
const w f32 [4, 2, 3, 3] = normal(1) * 0.3
const s f32 [4] = normal(2)
const b f32 [4] = normal(3)
c = Conv(x, w)
y = GroupNormalization(c, s, b) {num_groups = 2}
output y)", 2e-5f, false},
      {"TopK and CumSum", R"(input x f32 [N, 7, 4]
const k i64 [1] = {3}
const axis i64 [] = {1}
c = CumSum(x, axis)
y, i = TopK(c, k) {axis = 1}
output y)", 0, false},
      {"LogSoftmax", "input x f32 [N, 10]\ny = LogSoftmax(x)\noutput y", 1e-6f, false},
      {"Add of two maps", "input x f32 [N, 3, 4, 5]\ninput z f32 [N, 3, 4, 5]\ny = Add(x, z)\noutput y", 0, true},
      {"Add per channel after a conv", R"(input x f32 [N, 2, 5, 5]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
const b f32 [3, 1, 1] = normal(2)
c = Conv(x, w)
y = Add(c, b)
output y)", 1e-5f, true},
      {"Add of an odd shape after a conv", R"(input x f32 [N, 2, 5, 6]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
const b f32 [3, 4] = normal(2)
c = Conv(x, w)
y = Add(c, b)
output y)", 1e-5f, true},
      {"constant minus value", R"(input x f32 [N, 3, 4]
const one f32 [] = {1.0}
y = Sub(one, x)
output y)", 0, true},
      {"Mul of maps by a gate", "input x f32 [N, 3, 4, 5]\ninput g f32 [N, 3, 1, 1]\ny = Mul(x, g)\noutput y", 0, true},
      {"Div", "input x f32 [N, 3, 4]\nconst d f32 [4] = {1.0, 2.0, -3.0, 0.7}\ny = Div(x, d)\noutput y", 1e-6f, true},
      {"Pow", "input x f32 [N, 9]\nconst e f32 [] = {2.0}\ny = Pow(x, e)\noutput y", 0, false},
      {"Min and Max", "input x f32 [N, 3, 4]\ninput z f32 [N, 3, 4]\na = Min(x, z)\nb = Max(x, z)\ny = Sub(b, a)\noutput y", 0, true},
      {"Max of three", "input x f32 [N, 5]\ninput z f32 [N, 5]\nconst c f32 [5] = normal(4)\ny = Max(x, z, c)\noutput y", 0, false},
      {"mean over positions", "input x f32 [N, 3, 4, 5]\ny = ReduceMean(x) {axes = [2, 3]}\noutput y", 1e-6f, true},
      {"mean over positions of a conv, dims dropped", R"(input x f32 [N, 2, 5, 5]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
c = Conv(x, w)
y = ReduceMean(c) {axes = [-1, -2], keepdims = 0}
output y)", 1e-5f, true},
      {"mean over a sequence", "input x f32 [N, 7, 4]\ny = ReduceMean(x) {axes = [1], keepdims = 0}\noutput y", 1e-6f, true},
      {"sum over the last axis", R"(input x f32 [N, 7, 4]
const axes i64 [1] = {2}
y = ReduceSum(x, axes) {keepdims = 0}
output y)", 1e-6f, true},
      {"ReduceMax and ReduceMin", R"(input x f32 [N, 7, 4]
a = ReduceMax(x) {axes = [1]}
b = ReduceMin(x) {axes = [1]}
y = Sub(a, b)
output y)", 0, false},
      {"ArgMax", "input x f32 [N, 7]\ny = ArgMax(x) {axis = 1, keepdims = 0}\noutput y", 0, false},
      {"Where, Equal and Not", R"(input x f32 [N, 6]
const zero f32 [] = {0.0}
r = Relu(x)
e = Equal(r, zero)
n = Not(e)
y = Where(n, x, zero)
output y)", 0, false},
  };
  return cases;
}

}  // namespace offramp
