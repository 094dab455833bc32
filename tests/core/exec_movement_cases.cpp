#include "exec_operator_cases.h"

namespace offramp {

const std::vector<OperatorCase>& movement_cases() {
  static const std::vector<OperatorCase> cases = {
      {"Concat of channels", "input x f32 [N, 2, 3, 4]\ninput z f32 [N, 5, 3, 4]\ny = Concat(x, z) {axis = 1}\noutput y", 0, true},
      {"Concat of three", "input x f32 [N, 2, 3]\nr = Relu(x)\nm = Neg(x)\ny = Concat(x, r, m) {axis = -1}\noutput y", 0, true},
      {"Concat of convs, as in dense blocks", R"(input x f32 [N, 2, 5, 5]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
const v f32 [2, 5, 3, 3] = normal(2) * 0.3
a = Conv(x, w) {pads = [1, 1, 1, 1]}
b = Concat(x, a) {axis = 1}
c = Conv(b, v) {pads = [1, 1, 1, 1]}
y = Concat(b, c) {axis = 1}
output y)", 1e-5f, true},
      {"Split", R"(input x f32 [N, 7, 3]
const sizes i64 [3] = {2, 1, 4}
a, b, c = Split(x, sizes) {axis = 1}
output c
output a
output b)", 0, true},
      {"Slice of channels of a conv", R"(input x f32 [N, 2, 5, 5]
const w f32 [6, 2, 3, 3] = normal(1) * 0.3
const f i64 [1] = {1}
const t i64 [1] = {-2}
const a i64 [1] = {1}
c = Conv(x, w)
y = Slice(c, f, t, a)
output y)", 1e-5f, true},
      {"Slice of several axes", R"(input x f32 [N, 4, 5, 6]
const f i64 [2] = {1, 2}
const t i64 [2] = {3, 100}
const a i64 [2] = {1, -1}
y = Slice(x, f, t, a)
output y)", 0, true},
      {"every second position of an odd map", R"(input x f32 [N, 3, 7, 8]
const f i64 [2] = {0, 0}
const t i64 [2] = {2147483647, 9223372036854775807}
const a i64 [2] = {2, 3}
const s i64 [2] = {2, 2}
y = Slice(x, f, t, a, s)
output y)", 0, true},
      {"every third sample of a signal", R"(input x f32 [N, 3, 16]
const f i64 [1] = {0}
const t i64 [1] = {16}
const a i64 [1] = {2}
const s i64 [1] = {3}
y = Slice(x, f, t, a, s)
output y)", 0, true},
      {"Slice backwards", R"(input x f32 [N, 3, 6]
const f i64 [1] = {-1}
const t i64 [1] = {-9223372036854775808}
const a i64 [1] = {2}
const s i64 [1] = {-2}
y = Slice(x, f, t, a, s)
output y)", 0, false},
      {"Pad before a conv", R"(input x f32 [N, 2, 5, 5]
const p i64 [8] = {0, 0, 1, 2, 0, 0, 0, 1}
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
q = Pad(x, p)
y = Conv(q, w)
output y)", 1e-5f, true},
      {"Pad with a value", R"(input x f32 [N, 2, 5]
const p i64 [6] = {0, 1, 0, 0, 0, 3}
const v f32 [] = {-1.5}
y = Pad(x, p, v)
output y)", 0, true},
      {"Pad by reflection", "input x f32 [N, 2, 5]\nconst p i64 [6] = {0, 1, 4, 0, 0, 2}\ny = Pad(x, p) {mode = \"reflect\"}\noutput y", 0, false},
      {"Pad by edges", "input x f32 [N, 2, 5]\nconst p i64 [6] = {0, 2, 0, 0, 1, 7}\ny = Pad(x, p) {mode = \"edge\"}\noutput y", 0, false},
      {"Pad that crops", "input x f32 [N, 4, 5]\nconst p i64 [6] = {0, -1, 2, 0, 0, -3}\ny = Pad(x, p)\noutput y", 0, false},
      {"Reshape", "input x f32 [N, 4, 6]\nconst s i64 [4] = {0, 2, -1, 3}\ny = Reshape(x, s)\noutput y", 0, true},
      {"Flatten of a conv's map", R"(input x f32 [N, 2, 5, 6]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
c = Conv(x, w)
y = Flatten(c)
output y)", 1e-5f, true},
      {"Flatten of a conv's signal", R"(input x f32 [N, 2, 9]
const w f32 [3, 2, 3] = normal(1) * 0.3
c = Conv(x, w)
y = Flatten(c)
output y)", 1e-5f, true},
      {"Squeeze and Unsqueeze", R"(input x f32 [N, 4, 1, 1]
const a i64 [2] = {2, 3}
const b i64 [1] = {1}
s = Squeeze(x, a)
y = Unsqueeze(s, b)
output y)", 0, true},
      {"Transpose", "input x f32 [N, 3, 4, 5]\ny = Transpose(x) {perm = [0, 2, 3, 1]}\noutput y", 0, true},
      {"Transpose of a conv's map", R"(input x f32 [N, 2, 5, 6]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
c = Conv(x, w)
y = Transpose(c) {perm = [0, 3, 1, 2]}
output y)", 1e-5f, true},
      {"Transpose of a conv's signal", R"(input x f32 [N, 2, 9]
const w f32 [3, 2, 3] = normal(1) * 0.3
c = Conv(x, w)
y = Transpose(c) {perm = [0, 2, 1]}
output y)", 1e-5f, true},
      {"Expand", "input x f32 [N, 3, 1]\nconst s i64 [3] = {1, 1, 4}\ny = Expand(x, s)\noutput y", 0, false},
      {"Gather", "input x f32 [N, 5, 3]\nconst i i64 [2, 2] = {0, -1, 4, 2}\ny = Gather(x, i) {axis = 1}\noutput y", 0, false},
      {"Cast to integers and back", "input x f32 [N, 5]\ni = Cast(x) {to = 7}\ny = Cast(i) {to = 1}\noutput y", 0, false},
      {"residual block that widens: subsampled, padded shortcut", R"(input x f32 [N, 4, 8, 8]
const w f32 [8, 4, 3, 3] = normal(1) * 0.2
const v f32 [8, 8, 3, 3] = normal(2) * 0.2
const b f32 [8] = normal(3)
const f i64 [2] = {0, 0}
const t i64 [2] = {2147483647, 2147483647}
const a i64 [2] = {2, 3}
const s i64 [2] = {2, 2}
const p i64 [8] = {0, 2, 0, 0, 0, 2, 0, 0}
c = Conv(x, w, b) {strides = [2, 2], pads = [1, 1, 1, 1]}
r = Relu(c)
d = Conv(r, v, b) {pads = [1, 1, 1, 1]}
q = Slice(x, f, t, a, s)
k = Pad(q, p)
e = Add(d, k)
y = Relu(e)
output y)", 1e-5f, true},
      {"squeeze and excitation", R"(input x f32 [N, 6, 5, 5]
const w f32 [2, 6, 1, 1] = normal(1) * 0.5
const v f32 [6, 2, 1, 1] = normal(2) * 0.5
g = GlobalAveragePool(x)
a = Conv(g, w)
b = Relu(a)
c = Conv(b, v)
h = HardSigmoid(c)
y = Mul(x, h)
output y)", 1e-5f, true},
      {"attention", R"(input x f32 [N, 6, 8]
const q f32 [8, 8] = normal(1) * 0.3
const k f32 [8, 8] = normal(2) * 0.3
const v f32 [8, 8] = normal(3) * 0.3
const s i64 [4] = {0, 6, 2, 4}
const r i64 [3] = {0, 6, 8}
a = MatMul(x, q)
b = MatMul(x, k)
c = MatMul(x, v)
ah = Reshape(a, s)
bh = Reshape(b, s)
ch = Reshape(c, s)
at = Transpose(ah) {perm = [0, 2, 1, 3]}
bt = Transpose(bh) {perm = [0, 2, 3, 1]}
ct = Transpose(ch) {perm = [0, 2, 1, 3]}
m = MatMul(at, bt)
w = Softmax(m) {axis = 3}
o = MatMul(w, ct)
ot = Transpose(o) {perm = [0, 2, 1, 3]}
y = Reshape(ot, r)
output y)", 1e-5f, true},
      {"split of a map's channels, each part on its own way", R"(input x f32 [N, 2, 6, 6]
const w f32 [6, 2, 3, 3] = normal(1) * 0.3
const v f32 [3, 4, 3, 3] = normal(2) * 0.3
const sizes i64 [2] = {2, 4}
a = Conv(x, w)
b, c = Split(a, sizes) {axis = 1}
d = Conv(c, v)
y = Relu(b)
output y
output d)", 1e-5f, true},
      {"split and join in front of the batch, as attention does with queries, keys and values", R"(input x f32 [N, 4, 6]
t = Transpose(x) {perm = [1, 0, 2]}
a, b = Split(t) {axis = 0, num_outputs = 2}
c = Concat(b, a, b) {axis = 0}
y = Transpose(c) {perm = [1, 0, 2]}
output y)", 0, true},
      {"split of a sequence", R"(input x f32 [N, 4, 6]
a, b, c = Split(x) {axis = -1, num_outputs = 3}
d = Mul(a, b)
y = Sub(d, c)
output y)", 1e-5f, true},
      {"conv, an operator without a fast kernel, conv", R"(input x f32 [N, 2, 6, 6]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
const v f32 [2, 3, 3, 3] = normal(2) * 0.3
a = Conv(x, w)
b = Mish(a)
c = Conv(b, v)
y = GlobalAveragePool(c)
output y
output a)", 1e-5f, false},
  };
  return cases;
}

}  // namespace offramp
