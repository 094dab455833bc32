// Shape inference, one row per operator form: a graph's lines and the shape that its value y must get.
#include <doctest/doctest.h>

#include <algorithm>

#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

struct Row {
  const char* lines;  // "|" stands for a line's end; the input x is [N, 8, 6, 4] unless a line declares another
  const char* expected;
};

constexpr Row kRows[] = {
    // Convolutions and pools: out = (in + pads - dilation * (kernel - 1) - 1) / stride + 1
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w)", "f32 [N, 16, 4, 2]"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {pads = [1, 0, 1, 2]}", "f32 [N, 16, 6, 4]"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {pads = [1, 1, 1, 1], strides = [2, 3]}", "f32 [N, 16, 3, 2]"},
    {"const w f32 [16, 8, 3, 2] = 0|y = Conv(x, w) {dilations = [2, 3]}", "f32 [N, 16, 2, 1]"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {auto_pad = \"SAME_UPPER\", strides = [4, 3]}", "f32 [N, 16, 2, 2]"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {auto_pad = \"VALID\"}", "f32 [N, 16, 4, 2]"},
    {"const w f32 [16, 2, 1, 1] = 0|const b f32 [16] = 0|y = Conv(x, w, b) {group = 4}", "f32 [N, 16, 6, 4]"},
    {"const w f32 [8, 1, 3, 1] = 0|y = Conv(x, w) {group = 8, kernel_shape = [3, 1]}", "f32 [N, 8, 4, 4]"},
    {"input s f32 [N, 2, 50]|const w f32 [4, 2, 5] = 0|y = Conv(s, w) {strides = [3]}", "f32 [N, 4, 16]"},
    {"y = MaxPool(x) {kernel_shape = [2, 2], strides = [2, 2]}", "f32 [N, 8, 3, 2]"},
    {"y = MaxPool(x) {kernel_shape = [3, 3], strides = [2, 2]}", "f32 [N, 8, 2, 1]"},
    {"y = MaxPool(x) {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1}", "f32 [N, 8, 3, 2]"},
    // With stride 3 a further window would start beyond the input: 6 + 1 at 6 is outside, as in PyTorch.
    {"y = AveragePool(x) {kernel_shape = [1, 1], strides = [3, 3], ceil_mode = 1}", "f32 [N, 8, 2, 2]"},
    {"y = AveragePool(x) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]}", "f32 [N, 8, 6, 4]"},
    {"z, y = MaxPool(x) {kernel_shape = [2, 2]}", "i64 [N, 8, 5, 3]"},
    {"y = GlobalAveragePool(x)", "f32 [N, 8, 1, 1]"},
    {"y = GlobalMaxPool(x)", "f32 [N, 8, 1, 1]"},
    {"y = GlobalLpPool(x)", "f32 [N, 8, 1, 1]"},
    {"y = LpPool(x) {kernel_shape = [3, 2]}", "f32 [N, 8, 4, 3]"},
    {"y = AveragePool(x) {kernel_shape = [2, 2], dilations = [2, 3]}", "f32 [N, 8, 4, 1]"},
    // ConvTranspose: out = stride * (in - 1) + output_padding + dilation * (kernel - 1) + 1 - pads
    {"const w f32 [8, 3, 2, 2] = 0|y = ConvTranspose(x, w) {strides = [2, 2]}", "f32 [N, 3, 12, 8]"},
    {"const w f32 [8, 3, 3, 3] = 0|y = ConvTranspose(x, w) {strides = [2, 3], pads = [1, 0, 1, 2], output_padding = [1, 2]}",
     "f32 [N, 3, 12, 12]"},
    {"const w f32 [8, 2, 3, 2] = 0|y = ConvTranspose(x, w) {group = 4, dilations = [2, 1]}", "f32 [N, 8, 10, 5]"},
    {"const w f32 [8, 3, 3, 3] = 0|y = ConvTranspose(x, w) {auto_pad = \"SAME_UPPER\", strides = [2, 2]}",
     "f32 [N, 3, 12, 8]"},
    {"const w f32 [8, 3, 3, 3] = 0|y = ConvTranspose(x, w) {output_shape = [11, 9], strides = [2, 2]}",
     "f32 [N, 3, 11, 9]"},
    // Recurrent layers: every step, the last one, the cell
    {"input t f32 [N, 5, 3]|a = Transpose(t) {perm = [1, 0, 2]}|const w f32 [2, 16, 3] = 0|const r f32 [2, 16, 4] = 0|"
     "y, h, c = LSTM(a, w, r) {direction = \"bidirectional\"}",
     "f32 [5, 2, N, 4]"},
    {"input t f32 [N, 5, 3]|a = Transpose(t) {perm = [1, 0, 2]}|const w f32 [1, 12, 3] = 0|const r f32 [1, 12, 4] = 0|"
     "s, y = GRU(a, w, r)",
     "f32 [1, N, 4]"},
    {"input t f32 [N, 5, 3]|const w f32 [1, 4, 3] = 0|const r f32 [1, 4, 4] = 0|y = RNN(t, w, r) {layout = 1}",
     "f32 [N, 5, 1, 4]"},
    // Indices and positions
    {"input i i64 [N, 2, 6, 4]|y = GatherElements(x, i) {axis = 1}", "f32 [N, 2, 6, 4]"},
    {"input i i64 [N, 7, 2]|y = GatherND(x, i) {batch_dims = 1}", "f32 [N, 7, 4]"},
    {"input i i64 [N, 2, 6, 4]|input u f32 [N, 2, 6, 4]|y = ScatterElements(x, i, u) {axis = 1}", "f32 [N, 8, 6, 4]"},
    {"const r i64 [4] = {1, 2, 1, 3}|y = Tile(x, r)", "f32 [N, 16, 6, 12]"},
    {"y = DepthToSpace(x) {blocksize = 2}", "f32 [N, 2, 12, 8]"},
    {"y = SpaceToDepth(x) {blocksize = 2}", "f32 [N, 32, 3, 2]"},
    {"const s f32 [4] = {1.0, 1.0, 1.5, 0.5}|y = Resize(x, _, s)", "f32 [N, 8, 9, 2]"},
    {"const s i64 [4] = {1, 8, 5, 7}|y = Resize(x, _, _, s) {mode = \"linear\"}", "f32 [N, 8, 5, 7]"},
    {"const a f32 [] = {0.5}|const b f32 [] = {3.0}|const d f32 [] = {0.5}|y = Range(a, b, d)", "f32 [5]"},
    // Products
    {"y = Einsum(x, x) {equation = \"nchw,ndhw->ncd\"}", "f32 [N, 8, 8]"},
    {"const w f32 [4, 3] = 0|y = Einsum(x, w) {equation = \"...i,ij\"}", "f32 [N, 8, 6, 3]"},
    {"input a f32 [N, 5]|const b f32 [3, 5] = 0|const c f32 [3] = 0|y = Gemm(a, b, c) {transB = 1}", "f32 [N, 3]"},
    {"const a f32 [5, 2] = 0|const b f32 [5, 3] = 0|y = Gemm(a, b) {transA = 1}", "f32 [2, 3]"},
    {"const b f32 [4, 7] = 0|y = MatMul(x, b)", "f32 [N, 8, 6, 7]"},
    {"const b f32 [8, 4, 7] = 0|y = MatMul(x, b)", "f32 [N, 8, 6, 7]"},
    {"const b f32 [4] = 0|y = MatMul(x, b)", "f32 [N, 8, 6]"},
    {"const a f32 [6] = 0|y = MatMul(a, x)", "f32 [N, 8, 4]"},
    // Normalisation and activation
    {"const c f32 [8] = 1|y = BatchNormalization(x, c, c, c, c)", "f32 [N, 8, 6, 4]"},
    {"const c f32 [4] = 1|y = LayerNormalization(x, c, c)", "f32 [N, 8, 6, 4]"},
    {"const c f32 [1, 6, 4] = 1|a, m, y = LayerNormalization(x, c) {axis = 2}", "f32 [N, 8, 1, 1]"},
    {"const c f32 [8] = 1|y = InstanceNormalization(x, c, c)", "f32 [N, 8, 6, 4]"},
    {"const c f32 [8] = 1|y = GroupNormalization(x, c, c) {num_groups = 4}", "f32 [N, 8, 6, 4]"},
    {"const c f32 [4] = 1|y = GroupNormalization(x, c, c) {num_groups = 4}", "f32 [N, 8, 6, 4]"},
    {"y = LRN(x) {size = 5}", "f32 [N, 8, 6, 4]"},
    {"y = MeanVarianceNormalization(x) {axes = [2, 3]}", "f32 [N, 8, 6, 4]"},
    {"y = Softmax(x)", "f32 [N, 8, 6, 4]"},
    {"y = LogSoftmax(x) {axis = 1}", "f32 [N, 8, 6, 4]"},
    {"y = Clip(x) {min = 0.0, max = 6.0}", "f32 [N, 8, 6, 4]"},
    {"const six f32 [] = 6|y = Clip(x, _, six)", "f32 [N, 8, 6, 4]"},
    {"y = HardSwish(x)", "f32 [N, 8, 6, 4]"},
    // Element-wise
    {"const c f32 [8, 1, 1] = 1|y = Add(x, c)", "f32 [N, 8, 6, 4]"},
    {"const c f32 [2, 1, 8, 1, 4] = 1|y = Mul(c, x)", "f32 [2, N, 8, 6, 4]"},
    {"const c f32 [2, 1, 1, 1, 1] = 1|y = Mul(c, x)", "f32 [2, N, 8, 6, 4]"},
    {"const c i64 [] = {2}|y = Pow(x, c)", "f32 [N, 8, 6, 4]"},
    {"y = Max(x, x, x)", "f32 [N, 8, 6, 4]"},
    {"const c f32 [] = 0|b = Equal(x, c)|n = Not(b)|y = Where(n, x, c)", "f32 [N, 8, 6, 4]"},
    {"const c f32 [] = 0|y = Equal(x, c)", "bool [N, 8, 6, 4]"},
    {"y = Gelu(x)", "f32 [N, 8, 6, 4]"},
    {"const s f32 [8, 1, 1] = 0|y = PRelu(x, s)", "f32 [N, 8, 6, 4]"},
    {"y = IsInf(x)", "bool [N, 8, 6, 4]"},
    {"const c f32 [6, 1] = 0|y = LessOrEqual(x, c)", "bool [N, 8, 6, 4]"},
    {"a = IsNaN(x)|const b bool [4] = 1|y = Xor(a, b)", "bool [N, 8, 6, 4]"},
    {"const c i64 [3, 1] = 1|const d i64 [2] = 1|y = Mod(c, d)", "i64 [3, 2]"},
    {"const c f32 [2, 1, 1, 1, 1] = 1|y = Mean(x, c)", "f32 [2, N, 8, 6, 4]"},
    // Reductions: axes as attribute or input
    {"y = ReduceMean(x) {axes = [2, 3]}", "f32 [N, 8, 1, 1]"},
    {"y = ReduceMean(x) {axes = [-1, -2], keepdims = 0}", "f32 [N, 8]"},
    {"const a i64 [1] = {1}|y = ReduceSum(x, a) {keepdims = 0}", "f32 [N, 6, 4]"},
    {"y = ReduceMax(x) {noop_with_empty_axes = 1}", "f32 [N, 8, 6, 4]"},
    {"const c f32 [2, 3] = 0|y = ReduceMin(c) {keepdims = 0}", "f32 []"},
    {"y = ReduceL2(x) {axes = [1], keepdims = 0}", "f32 [N, 6, 4]"},
    {"y = ArgMax(x) {axis = 1, keepdims = 0}", "i64 [N, 6, 4]"},
    {"y = ArgMin(x) {axis = 1}", "i64 [N, 1, 6, 4]"},
    {"const k i64 [1] = {3}|y, i = TopK(x, k) {axis = 1}", "f32 [N, 3, 6, 4]"},
    {"v, y = TopK(x) {k = 3}", "i64 [N, 8, 6, 3]"},
    {"const a i64 [] = {1}|y = CumSum(x, a)", "f32 [N, 8, 6, 4]"},
    // Moving elements
    {"y = Concat(x, x, x) {axis = -3}", "f32 [N, 24, 6, 4]"},
    {"a, y = Split(x) {axis = 1}", "f32 [N, 4, 6, 4]"},
    {"a, y = Split(x) {axis = 1, split = [5, 3]}", "f32 [N, 3, 6, 4]"},
    {"const s i64 [2] = {2, 6}|a, y = Split(x, s) {axis = 1}", "f32 [N, 6, 6, 4]"},
    {"a, b, y = Split(x) {axis = 1, num_outputs = 3}", "f32 [N, 2, 6, 4]"},
    {"y = Slice(x) {starts = [1, 0], ends = [-1, 99], axes = [1, 3]}", "f32 [N, 6, 6, 4]"},
    {"const s i64 [4] = {0, 1, 0, 3}|const e i64 [4] = {9223372036854775807, 7, 5, -9223372036854775808}|"
     "const a i64 [4] = {0, 1, 2, 3}|const t i64 [4] = {1, 4, 2, -2}|y = Slice(x, s, e, a, t)",
     "f32 [N, 2, 3, 2]"},
    {"k = Size(x)|const m i64 [1] = {-1}|e = Reshape(k, m)|const s i64 [1] = {2}|const a i64 [1] = {1}|"
     "y = Slice(x, s, e, a)",
     "f32 [N, 6, 6, 4]"},
    {"const s i64 [1] = {5}|const e i64 [1] = {2}|const a i64 [1] = {2}|y = Slice(x, s, e, a)", "f32 [N, 8, 0, 4]"},
    {"y = Pad(x) {pads = [0, 0, 1, 2, 0, 0, 3, -1]}", "f32 [N, 8, 10, 5]"},
    {"const p i64 [4] = {1, 2, 0, 1}|const a i64 [2] = {2, -1}|y = Pad(x, p, _, a) {mode = \"reflect\"}",
     "f32 [N, 8, 7, 7]"},
    {"y = Transpose(x) {perm = [2, 0, 3, 1]}", "f32 [6, N, 4, 8]"},
    {"y = Transpose(x)", "f32 [4, 6, 8, N]"},
    {"const i i64 [] = {-1}|y = Gather(x, i) {axis = 2}", "f32 [N, 8, 4]"},
    {"const i i64 [2, 3] = 1|y = Gather(x, i) {axis = 1}", "f32 [N, 2, 3, 6, 4]"},
    {"const table f32 [100, 16] = 0|input i i64 [N, 12]|y = Gather(table, i)", "f32 [N, 12, 16]"},
    {"y, m = Dropout(x) {ratio = 0.5}", "f32 [N, 8, 6, 4]"},
    {"input c f32 [N, 2, 3]|y = Trilu(c)", "f32 [N, 2, 3]"},
    {"const c f32 [2, 3] = 0|y = EyeLike(c) {dtype = 7}", "i64 [2, 3]"},
    {"input c i64 [N]|const d i64 [] = {5}|const v f32 [2] = {0, 1}|y = OneHot(c, d, v)", "f32 [N, 5]"},
    {"input c i64 [N]|const d f32 [1] = {5}|const v f32 [2] = {0, 1}|y = OneHot(c, d, v) {axis = 0}", "f32 [5, N]"},
    {"y = Identity(x)", "f32 [N, 8, 6, 4]"},
    {"y = Cast(x) {to = 10}", "f16 [N, 8, 6, 4]"},
    // Shapes
    {"y = Flatten(x)", "f32 [N, 192]"},
    {"y = Flatten(x) {axis = 2}", "f32 [8N, 24]"},
    {"y = Flatten(x) {axis = 4}", "f32 [192N, 1]"},
    {"y = Flatten(x) {axis = -1}", "f32 [48N, 4]"},
    {"p = GlobalMaxPool(x)|y = Squeeze(p)", "f32 [N, 8]"},
    {"p = GlobalMaxPool(x)|y = Squeeze(p) {axes = [-1]}", "f32 [N, 8, 1]"},
    {"const a i64 [2] = {2, 3}|p = GlobalMaxPool(x)|y = Squeeze(p, a)", "f32 [N, 8]"},
    {"y = Unsqueeze(x) {axes = [0, -1]}", "f32 [1, N, 8, 6, 4, 1]"},
    {"const a i64 [1] = {2}|y = Unsqueeze(x, a)", "f32 [N, 8, 1, 6, 4]"},
    {"y = Constant() {value = i64 [2] {1, 2}}", "i64 [2]"},
    {"y = Constant() {value_float = 1.0}", "f32 []"},
    {"y = Constant() {value_ints = [1, 2, 3]}", "i64 [3]"},
    {"const a i64 [] = {2}|const b i64 [] = {9}|const c i64 [] = {3}|y = Range(a, b, c)", "i64 [3]"},
    {"const a i64 [] = {9}|const b i64 [] = {2}|const c i64 [] = {-3}|y = Range(a, b, c)", "i64 [3]"},
    {"y = Size(x)", "i64 []"},
    {"const c i32 [] = 0|y = CastLike(x, c)", "i32 [N, 8, 6, 4]"},
    {"y = Shape(x)", "i64 [4]"},
    {"y = Shape(x) {start = 1, end = -1}", "i64 [2]"},
    {"const s i64 [2] = {3, 4}|y = ConstantOfShape(s) {value = i64 [1] {7}}", "i64 [3, 4]"},
    {"const c f32 [1, 8, 1, 1] = 0|s = Shape(x)|y = Expand(c, s)", "f32 [N, 8, 6, 4]"},
};

std::string infer_y(const std::string& lines, std::string* error = nullptr) {
  std::string text = "graph g opset 17\ninput x f32 [N, 8, 6, 4]\n" + lines + "\noutput y\n";
  for (char& c : text)
    if (c == '|') c = '\n';
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  const Status status = infer_shapes(*graph);
  if (!status) {
    if (error) *error = std::string(to_string(status.error().code)) + ": " + status.error().to_string();
    return "";
  }
  const Value& y = graph->value(graph->find_value("y"));
  return std::string(to_string(y.dtype)) + " " + to_string(*y.shape);
}

TEST_CASE("every operator form gets its shape") {
  for (const Row& row : kRows) {
    CAPTURE(row.lines);
    std::string error;
    const std::string shape = infer_y(row.lines, &error);
    CAPTURE(error);
    CHECK(shape == row.expected);
  }
}

// Targets of Reshape as they stand in real exports.
constexpr Row kReshapes[] = {
    {"const t i64 [2] = {0, -1}|y = Reshape(x, t)", "f32 [N, 192]"},
    {"const t i64 [2] = {-1, 192}|y = Reshape(x, t)", "f32 [N, 192]"},
    {"const t i64 [2] = {-1, 24}|y = Reshape(x, t)", "f32 [8N, 24]"},
    {"const t i64 [4] = {0, 0, -1, 0}|y = Reshape(x, t)", "f32 [N, 8, 6, 4]"},
    {"const t i64 [5] = {0, 2, 4, 0, -1}|y = Reshape(x, t)", "f32 [N, 2, 4, 4, 6]"},
    {"const t i64 [5] = {0, 2, 4, 6, 4}|y = Reshape(x, t)", "f32 [N, 2, 4, 6, 4]"},
    {"const t i64 [1] = {-1}|y = Reshape(x, t)", "f32 [192N]"},
    // Exported with a batch of 1
    {"const t i64 [2] = {1, 192}|y = Reshape(x, t)", "f32 [N, 192]"},
    {"const t i64 [2] = {1, -1}|y = Reshape(x, t)", "f32 [N, 192]"},
    {"const t i64 [3] = {6, 8, -1}|y = Reshape(x, t)", "f32 [6N, 8, 4]"},
    {"a = Transpose(x) {perm = [1, 0, 2, 3]}|const s i64 [2] = {-1, 24}|b = Reshape(a, s)|"
     "const t i64 [3] = {8, -1, 24}|y = Reshape(b, t)",
     "f32 [8, N, 24]"},
    {"const t i64 [3] = {1, 8, 23}|y = Reshape(x, t)", ""},
    // Folded into the leading dimension and back, as windowed attention does
    {"const t i64 [3] = {-1, 6, 4}|a = Reshape(x, t)|const u i64 [4] = {-1, 8, 6, 4}|y = Reshape(a, u)",
     "f32 [N, 8, 6, 4]"},
    // The batch in second place
    {"a = Transpose(x) {perm = [1, 0, 2, 3]}|const t i64 [3] = {8, -1, 24}|y = Reshape(a, t)", "f32 [8, N, 24]"},
    // Shape chains: Gather, Slice, Concat, arithmetic
    {"s = Shape(x)|const z i64 [] = {0}|n = Gather(s, z)|const a i64 [1] = {0}|u = Unsqueeze(n, a)|"
     "const m i64 [1] = {-1}|t = Concat(u, m) {axis = 0}|y = Reshape(x, t)",
     "f32 [N, 192]"},
    {"s = Shape(x)|const b i64 [1] = {0}|const e i64 [1] = {2}|h = Slice(s, b, e)|const m i64 [1] = {-1}|"
     "t = Concat(h, m) {axis = 0}|y = Reshape(x, t)",
     "f32 [N, 8, 24]"},
    {"s = Shape(x)|const zero i64 [1] = {0}|const one i64 [1] = {1}|n = Gather(s, zero)|c = Gather(s, one)|nc = Mul(n, "
     "c)|"
     "const m i64 [1] = {24}|t = Concat(nc, m) {axis = 0}|y = Reshape(x, t)",
     "f32 [8N, 24]"},
    {"s = Shape(x)|const one i64 [] = {1}|c = Gather(s, one)|const two i64 [] = {2}|h = Div(c, two)|v = Sub(h, two)|w "
     "= Add(v, two)|"
     "const a i64 [1] = {0}|u = Unsqueeze(w, a)|const z i64 [1] = {0}|const m i64 [1] = {-1}|"
     "t = Concat(z, u, m) {axis = 0}|y = Reshape(x, t)",
     "f32 [N, 4, 48]"},
    {"s = Shape(x)|const z i64 [] = {0}|n = Gather(s, z)|f = Cast(n) {to = 6}|k = Cast(f) {to = 7}|const a i64 [1] = "
     "{0}|"
     "u = Unsqueeze(k, a)|const r i64 [1] = {192}|t = Concat(u, r) {axis = 0}|y = Reshape(x, t)",
     "f32 [N, 192]"},
    {"s = Shape(x)|a, b, c, d = Split(s) {axis = 0}|q = Squeeze(a)|const z i64 [1] = {0}|u = Unsqueeze(q, z)|"
     "const m i64 [1] = {-1}|t = Concat(u, m, d) {axis = 0}|y = Reshape(x, t)",
     "f32 [N, 48, 4]"},
    // PyTorch's expand: -1 keeps a dimension
    {"const c f32 [1, 1, 4] = 0|s = Shape(x)|const z i64 [1] = {0}|n = Gather(s, z)|const m i64 [2] = {-1, -1}|"
     "t = Concat(n, m) {axis = 0}|l = Shape(t)|o = ConstantOfShape(l) {value = i64 [1] {1}}|const neg i64 [] = {-1}|"
     "p = Mul(o, neg)|e = Equal(t, p)|w = Where(e, o, t)|y = Expand(c, w)",
     "f32 [N, 1, 4]"},
    // PyTorch's pad: pairs from the last axis on, turned around
    {"const given i64 [4] = {1, 2, 0, 0}|const four i64 [1] = {4}|zeros = ConstantOfShape(four) {value = i64 [1] {0}}|"
     "all = Concat(given, zeros) {axis = 0}|const two i64 [2] = {-1, 2}|pairs = Reshape(all, two)|"
     "const last i64 [1] = {-1}|const low i64 [1] = {-9223372036854775807}|const zero i64 [1] = {0}|"
     "turned = Slice(pairs, last, low, zero, last)|columns = Transpose(turned) {perm = [1, 0]}|const flat i64 [1] = "
     "{-1}|"
     "pads = Reshape(columns, flat)|p = Cast(pads) {to = 7}|y = Pad(x, p)",
     "f32 [N, 8, 6, 7]"},
    {"const given i64 [2, 3] = {1, 2, 3, 4, 5, 6}|t = Transpose(given)|const one i64 [1] = {1}|const three i64 [1] = "
     "{3}|"
     "s = Slice(t, one, three)|const f i64 [1] = {-1}|y2 = Reshape(s, f)|y = ConstantOfShape(y2)",
     "f32 [2, 5, 3, 6]"},
    {"n = Size(x)|const h i64 [] = {24}|r = Div(n, h)|const a i64 [1] = {0}|u = Unsqueeze(r, a)|"
     "const m i64 [1] = {-1}|t = Concat(u, m) {axis = 0}|y = Reshape(x, t)",
     "f32 [8N, 24]"},
    // A batch that is not leading
    {"input t f32 [N, 5, 6]|a = Transpose(t) {perm = [1, 0, 2]}|const s i64 [4] = {5, 1, 2, 3}|y = Reshape(a, s)",
     "f32 [5, N, 2, 3]"},
    {"input t f32 [N, 5, 6]|a = Transpose(t) {perm = [1, 0, 2]}|const s i64 [4] = {0, 0, -1, 3}|y = Reshape(a, s)",
     "f32 [5, N, 2, 3]"},
    // Positions up to the batch size
    {"s = Shape(x)|const z i64 [] = {0}|n = Gather(s, z)|const one i64 [] = {1}|y = Range(z, n, one)", "i64 [N]"},
};

TEST_CASE("reshapes and shape chains keep the batch as a symbol") {
  for (const Row& row : kReshapes) {
    CAPTURE(row.lines);
    std::string error;
    const std::string shape = infer_y(row.lines, &error);
    CAPTURE(error);
    CHECK(shape == row.expected);
  }
}

constexpr Row kErrors[] = {
    // Samples would mix
    {"const c f32 [8, 6, 4] = 1|y = LayerNormalization(x, c) {axis = 0}",
     "unsupported: node y (LayerNormalization): the normalisation works along axis 0 of [N, 8, 6, 4], which is the "
     "batch: samples must stay independent"},
    {"y = MeanVarianceNormalization(x)",
     "unsupported: node y (MeanVarianceNormalization): the normalisation works along axis 0 of [N, 8, 6, 4], which is "
     "the batch: samples must stay independent"},
    {"const k i64 [1] = {1}|y, i = TopK(x, k) {axis = 0}",
     "unsupported: node y (TopK): the order works along axis 0 of [N, 8, 6, 4], which is the batch: samples must stay "
     "independent"},
    {"const a i64 [] = {0}|y = CumSum(x, a)",
     "unsupported: node y (CumSum): the sum works along axis 0 of [N, 8, 6, 4], which is the batch: samples must stay "
     "independent"},
    {"input m f32 [N, 3]|y = Trilu(m)",
     "unsupported: node y (Trilu): the triangle works along axis 0 of [N, 3], which is the batch: samples must stay "
     "independent"},
    {"const r f32 [] = 0.5|const t bool [] = {1}|y = Dropout(x, r, t)",
     "unsupported: node y (Dropout): training_mode: export the model for inference"},
    {"input c i64 [N]|const d i64 [] = {-5}|const v f32 [2] = {0, 1}|y = OneHot(c, d, v)",
     "invalid_model: node y (OneHot): the depth must be one number from 0 to 268435456, got [-5]"},
    {"const a f32 [] = 0|y = Range(a, a, a)", "invalid_model: node y (Range): delta must be a number other than 0"},
    {"const a f64 [] = 0|y = Range(a, a, a)",
     "unsupported: node y (Range): only ranges of f32, i64 and i32 are supported, got f64"},
    // Transposed convolutions, recurrent layers, equations, indices
    {"const w f32 [4, 3, 2, 2] = 0|y = ConvTranspose(x, w)",
     "invalid_model: node y (ConvTranspose): the weight [4, 3, 2, 2] is for 4 channels, the input [N, 8, 6, 4] has 8"},
    {"const w f32 [8, 3, 2, 2] = 0|y = ConvTranspose(x, w) {pads = [4, 0, 4, 0]}",
     "invalid_model: node y (ConvTranspose): axis 2 of the output would have size -1"},
    {"const w f32 [8, 3, 2, 2] = 0|y = ConvTranspose(x, w) {output_padding = [1]}",
     "invalid_model: node y (ConvTranspose): attribute output_padding: expected 2 values, got 1"},
    {"input t f32 [N, 5, 3]|const w f32 [1, 8, 3] = 0|const r f32 [1, 6, 2] = 0|y, h, c = LSTM(t, w, r) {layout = 1}",
     "invalid_model: node y (LSTM): the recurrent weight must have shape [1, 8, 2], got [1, 6, 2]"},
    {"input t f32 [N, 5, 3]|const w f32 [1, 8, 3] = 0|const r f32 [1, 8, 2] = 0|y, h, c = LSTM(t, w, r) {layout = 1, "
     "hidden_size = 3}",
     "invalid_model: node y (LSTM): attribute hidden_size: 3 is not the recurrent weight's 2"},
    {"y = Einsum(x) {equation = \"abc\"}",
     "invalid_model: node y (Einsum): attribute equation: \"abc\" does not suit an input with 4 dimensions"},
    {"y = Einsum(x) {equation = \"abcd->abcx\"}",
     "invalid_model: node y (Einsum): attribute equation: the output of \"abcd->abcx\" must list labels of inputs once"},
    {"y = Einsum(x) {equation = \"ab.d\"}",
     "invalid_model: node y (Einsum): attribute equation: \"ab.d\" has something else than letters and one ellipsis"},
    {"y = Einsum(x, x) {equation = \"abcd,abdc->ab\"}",
     "invalid_model: node y (Einsum): attribute equation: axis 2 of input 1 has size [6], elsewhere it is [4]"},
    {"input i f32 [N, 2, 6, 4]|y = GatherElements(x, i) {axis = 1}",
     "invalid_model: node y (GatherElements): indices must be i64 or i32, got f32"},
    {"input i i64 [N, 2, 9, 4]|y = GatherElements(x, i) {axis = 1}",
     "invalid_model: node y (GatherElements): indices [N, 2, 9, 4] reach beyond axis 2 of [N, 8, 6, 4]"},
    {"input i i64 [N, 2, 6, 4]|y = ScatterElements(x, i, x) {axis = 1}",
     "invalid_model: node y (ScatterElements): updates must have the data's type and the shape of the indices "
     "[N, 2, 6, 4], got f32 [N, 8, 6, 4]"},
    {"y = DepthToSpace(x) {blocksize = 3}",
     "invalid_model: node y (DepthToSpace): 8 channels are no multiple of a block of 3 by 3"},
    {"y = Resize(x)", "invalid_model: node y (Resize): one of scales and sizes is needed"},
    {"const s f32 [4] = {1.0, 1.0, 0.0, 1.0}|y = Resize(x, _, s)",
     "invalid_model: node y (Resize): scale 0.000000 of axis 2 is out of range"},
    {"const s f32 [4] = 1.0|y = Resize(x, _, s) {mode = \"area\"}",
     "invalid_model: node y (Resize): attribute mode: expected one of nearest, linear, cubic, got area"},
    // Normalisation, orders, slopes
    {"const c f32 [6] = 1|y = LayerNormalization(x, c)",
     "unsupported: node y (LayerNormalization): the scale has shape [6]; only that of the normalised axes, [4], is "
     "supported"},
    {"const c f32 [4] = 1|y = LayerNormalization(x, c) {stash_type = 16}",
     "unsupported: node y (LayerNormalization): attribute stash_type: statistics are computed as f32, type number 1, "
     "only"},
    {"const c f32 [8] = 1|y = GroupNormalization(x, c, c) {num_groups = 3}",
     "invalid_model: node y (GroupNormalization): attribute num_groups: 3 does not divide 8 channels"},
    {"const c f32 [7] = 1|y = InstanceNormalization(x, c, c)",
     "invalid_model: node y (InstanceNormalization): the scale must have shape [8], got [7]"},
    {"y = LRN(x)", "invalid_model: node y (LRN): attribute size: expected at least 1, got 0"},
    {"y = LRN(x) {size = 1.5}", "invalid_model: node y (LRN): attribute size: expected an integer, got a float"},
    {"const k i64 [1] = {5}|y, i = TopK(x, k)",
     "invalid_model: node y (TopK): k must be one number from 0 to 4, got [5]"},
    {"input k i64 [N]|y, i = TopK(x, k)",
     "unsupported: node y (TopK): k must be known before the model runs, but it is computed from data"},
    {"const c f32 [2, 1, 1, 1, 1] = 1|y = PRelu(x, c)",
     "invalid_model: node y (PRelu): a slope of shape [2, 1, 1, 1, 1] does not broadcast to the input [N, 8, 6, 4]"},
    {"y = And(x, x)", "invalid_model: node y (And): an input must be bool, got f32"},
    {"const w f32 [16, 4, 3, 3] = 0|y = Conv(x, w)",
     "invalid_model: node y (Conv): the weight [16, 4, 3, 3] is for 4 channels per group, the input [N, 8, 6, 4] has "
     "8"},
    {"const w f32 [16, 8, 3] = 0|y = Conv(x, w)",
     "invalid_model: node y (Conv): the weight of an input [N, 8, 6, 4] must have 4 dimensions, got shape [16, 8, 3]"},
    {"const w f32 [16, 8, 7, 3] = 0|y = Conv(x, w)",
     "invalid_model: node y (Conv): a window of 7 does not fit into axis 2 of [N, 8, 6, 4] with pads 0 and 0"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {group = 3}",
     "invalid_model: node y (Conv): group 3 must divide 8 input channels and 16 output channels"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {group = 0}",
     "invalid_model: node y (Conv): group 0 must divide 8 input channels and 16 output channels"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {strides = [2, 2, 2]}",
     "invalid_model: node y (Conv): attribute strides: expected 2 values, got 3"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {strides = [0, 1]}",
     "invalid_model: node y (Conv): attribute strides: each value must be from 1 to 268435456, got 0"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {dilations = [1, 9223372036854775807]}",
     "invalid_model: node y (Conv): attribute dilations: each value must be from 1 to 268435456, got "
     "9223372036854775807"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {pads = [-1, 0, 0, 0]}",
     "invalid_model: node y (Conv): attribute pads: each value must be from 0 to 268435456, got -1"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {pads = 1}",
     "invalid_model: node y (Conv): attribute pads: expected integers, got an integer"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {pads = [200000000, 200000000, 0, 0]}",
     "limit_exceeded: node y (Conv): shape [N, 16, 200000004, 200000002] has more than 268435456 elements per sample"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {auto_pad = \"SAME\"}",
     "invalid_model: node y (Conv): attribute auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got SAME"},
    {"const w f32 [16, 8, 3, 3] = 0|y = Conv(x, w) {kernel_shape = [3, 1]}",
     "invalid_model: node y (Conv): attribute kernel_shape: [3, 1] is not the weight's [3, 3]"},
    {"const w f32 [16, 8, 3, 3] = 0|const b f32 [8] = 0|y = Conv(x, w, b)",
     "invalid_model: node y (Conv): the bias must have shape [16], got [8]"},
    {"const w f16 [16, 8, 3, 3] = 0|y = Conv(x, w)",
     "invalid_model: node y (Conv): inputs must have one type, got f32 and f16"},
    {"y = Conv(x)", "invalid_model: node y (Conv): expected 2 to 3 inputs, got 1"},
    {"y = Conv(x, _)", "invalid_model: node y (Conv): expected 2 to 3 inputs, got 1"},
    {"y = Relu(x, x)", "invalid_model: node y (Relu): expected 1 input, got 2"},
    {"y, z = Relu(x)", "invalid_model: node y (Relu): makes at most 1 output, but 2 are listed"},
    {"y = MaxPool(x)", "invalid_model: node y (MaxPool): attribute kernel_shape: expected 2 values, got 0"},
    {"y = MaxPool(x) {kernel_shape = [2, 2], pads = [2, 0, 0, 0]}",
     "invalid_model: node y (MaxPool): attribute pads: [2, 0, 0, 0] must be smaller than the window [2, 2]"},
    {"const b f32 [5, 7] = 0|y = MatMul(x, b)",
     "invalid_model: node y (MatMul): the inner dimensions of [N, 8, 6, 4] and [5, 7] differ"},
    {"const b f32 [3, 5] = 0|y = Gemm(x, b)",
     "invalid_model: node y (Gemm): A must have 2 dimensions, got shape [N, 8, 6, 4]"},
    {"const c f32 [3, 1] = 0|y = Add(x, c)",
     "invalid_model: node y (Add): shapes [N, 8, 6, 4] and [3, 1] cannot be broadcast together"},
    {"const c f32 [2, 1, 1, 1] = 0|y = Add(x, c)",
     "invalid_model: node y (Add): shapes [N, 8, 6, 4] and [2, 1, 1, 1] cannot be broadcast together"},
    {"y = Softmax(x) {axis = 4}", "invalid_model: node y (Softmax): axis 4 is outside of a tensor with 4 dimensions"},
    {"y = Softmax(x) {axis = 0}",
     "unsupported: node y (Softmax): the softmax works along axis 0 of [N, 8, 6, 4], which is the batch: samples must "
     "stay independent"},
    {"y = ReduceMean(x)",
     "unsupported: node y (ReduceMean): the reduction works along axis 0 of [N, 8, 6, 4], which is the batch: samples "
     "must stay independent"},
    {"y = ReduceMean(x) {axes = [1, -3]}", "invalid_model: node y (ReduceMean): axis -3 is listed twice"},
    {"y = Concat(x, x) {axis = 0}",
     "unsupported: node y (Concat): the concatenation works along axis 0 of [N, 8, 6, 4], which is the batch: samples "
     "must stay independent"},
    {"y = Concat(x, x)", "invalid_model: node y (Concat): attribute axis is missing"},
    {"const c f32 [1, 8, 6, 4] = 0|y = Concat(x, c) {axis = 1}",
     "unsupported: node y (Concat): shapes [N, 8, 6, 4] and [1, 8, 6, 4] do not both have one row per sample: export "
     "the model with a symbolic batch"},
    {"const c f32 [2, 8, 6, 4] = 0|y = Concat(x, c) {axis = 1}",
     "invalid_model: node y (Concat): shapes [N, 8, 6, 4] and [2, 8, 6, 4] differ outside of axis 1"},
    {"a, b, y = Split(x) {axis = 1}",
     "invalid_model: node a (Split): axis 1 of [N, 8, 6, 4] cannot be split into 3 equal parts"},
    {"a, y = Split(x) {axis = 1, split = [9223372036854775807, 9223372036854775807]}",
     "invalid_model: node a (Split): parts [9223372036854775807, 9223372036854775807] for 2 outputs do not add up to "
     "axis 1 of [N, 8, 6, 4]"},
    {"y = Slice(x) {starts = [1], ends = [2]}",
     "unsupported: node y (Slice): the slice works along axis 0 of [N, 8, 6, 4], which is the batch: samples must stay "
     "independent"},
    {"y = Slice(x) {starts = [1], ends = [2, 3]}",
     "invalid_model: node y (Slice): starts, ends, axes and steps must be equally many, got 1, 2, 1 and 1"},
    {"const i i64 [2] = {0, 8}|y = Gather(x, i) {axis = 1}",
     "invalid_model: node y (Gather): index 8 is outside of an axis of 8"},
    {"y = Transpose(x) {perm = [0, 1, 1, 2]}",
     "invalid_model: node y (Transpose): attribute perm: [0, 1, 1, 2] is not an order of the axes of [N, 8, 6, 4]"},
    {"y = Pad(x) {pads = [0, 0, 9223372036854775807, 0, 0, 0, 9223372036854775807, 0]}",
     "invalid_model: node y (Pad): pads 9223372036854775807 and 9223372036854775807 do not suit axis 2 of [N, 8, 6, 4] "
     "in mode constant"},
    {"y = Squeeze(x) {axes = [1]}",
     "invalid_model: node y (Squeeze): axis 1 of [N, 8, 6, 4] is not 1 and cannot be dropped"},
    {"const t i64 [2] = {-1, 5}|y = Reshape(x, t)",
     "invalid_model: node y (Reshape): cannot reshape [N, 8, 6, 4] into [?, 5]"},
    {"const t i64 [2] = {-1, -1}|y = Reshape(x, t)",
     "invalid_model: node y (Reshape): cannot reshape [N, 8, 6, 4] into [?, ?]: only one dimension may be left open"},
    {"const t i64 [2] = {-7, 1}|y = Reshape(x, t)",
     "invalid_model: node y (Reshape): the target shape [?, 1] has impossible dimensions"},
    {"const t i64 [3] = {16777216, 16777216, 16777216}|y = Reshape(x, t)",
     "limit_exceeded: node y (Reshape): shape [16777216, 16777216, 16777216] has more than 268435456 elements per "
     "sample"},
    {"i = Cast(x) {to = 7}|const s i64 [1] = {-1}|f = Reshape(i, s)|y = Reshape(x, f)",
     "unsupported: node y (Reshape): the target shape is computed from data"},
    {"y = Cast(x) {to = 8}", "unsupported: node y (Cast): attribute to: type number 8 is not supported"},
    {"a = Unsqueeze(x) {axes = [0, 1, 2, 3, 4]}|y = Relu(a)",
     "unsupported: node a (Unsqueeze): shape [1, 1, 1, 1, 1, N, 8, 6, 4] has more than 8 dimensions"},
    {"const s i64 [2] = {100000, 100000}|y = ConstantOfShape(s)",
     "limit_exceeded: node y (ConstantOfShape): shape [100000, 100000] has more than 268435456 elements per sample"},
    {"const a i64 [] = {0}|const b i64 [] = {9223372036854775807}|const c i64 [] = {1}|y = Range(a, b, c)",
     "limit_exceeded: node y (Range): the range's limits are beyond 268435456"},
    {"a = Foo(x)|b = Bar(a)|c = \"my.domain::Foo\"(b)|d = Foo(c) {name = \"last\"}|y = Relu(d)",
     "unsupported: operators not supported: Foo (node a, node last), Bar (node b), my.domain::Foo (node c)"},
};

TEST_CASE("what cannot be inferred is refused with code, place and reason") {
  for (const Row& row : kErrors) {
    CAPTURE(row.lines);
    std::string error;
    CHECK(infer_y(row.lines, &error) == "");
    CHECK(error == row.expected);
  }
}

TEST_CASE("a leading 1 of an input is the batch; other fixed batches and open dimensions are refused") {
  const auto infer_input = [](const char* shape) {
    auto graph = parse_graph("graph g opset 17\ninput x f32 " + std::string(shape) + "\ny = Relu(x)\noutput y\n");
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    const Status status = infer_shapes(*graph);
    return status ? to_string(*graph->value(graph->outputs[0]).shape) : status.error().to_string();
  };
  CHECK(infer_input("[1, 3]") == "[N, 3]");
  CHECK(infer_input("[N, 3]") == "[N, 3]");
  CHECK(infer_input("[?, 3]") == "[N, 3]");
  CHECK(infer_input("[4, 3]") ==
        "input x has a fixed batch of 4 in shape [4, 3]; export the model with a batch of 1 or a symbolic batch");
  CHECK(infer_input("[N, 3, ?]") ==
        "input x has no size for dimension 2 of shape [N, 3, ?]; only the batch may be open");
  CHECK(infer_input("[]") == "input x is a scalar; the leading dimension of every input must be the batch");
  CHECK(infer_input("") == "input x has no shape");
  CHECK(infer_input("[N, 999999999]") == "input x: shape [N, 999999999] has more than 268435456 elements per sample");
}

TEST_CASE("a graph that is not batched has the shapes that it states") {
  auto graph = parse_graph("graph g opset 17\ninput a f32 [1, 3]\ninput b f32 [4, 1]\ninput c f32 []\ny = Add(a, b)\nz = Mul(y, c)\noutput z\n");
  REQUIRE(graph.ok());
  graph->batched = false;
  REQUIRE(infer_shapes(*graph).ok());
  CHECK(to_string(*graph->value(graph->outputs[0]).shape) == "[4, 3]");
  CHECK(to_string(*graph->value(graph->inputs[0]).shape) == "[1, 3]");
}

TEST_CASE("known shapes are inferred around unknown operators and unsupported forms") {
  auto graph = parse_graph(R"(graph g opset 17
input x f32 [N, 8, 6, 4]
a = Relu(x)
b = Foo(a)
c = Relu(b)
d = ReduceMean(a)
e = GlobalMaxPool(a)
output c, d, e
)");
  REQUIRE(graph.ok());
  graph->value(graph->find_value("c")).shape = Shape{{3, false}};  // stale
  REQUIRE(infer_known_shapes(*graph).ok());
  const auto shape = [&](const char* name) {
    const auto& known = graph->value(graph->find_value(name)).shape;
    return known ? to_string(*known) : std::string("unknown");
  };
  CHECK(shape("a") == "[N, 8, 6, 4]");
  CHECK(shape("b") == "unknown");
  CHECK(shape("c") == "unknown");
  CHECK(shape("d") == "unknown");
  CHECK(shape("e") == "[N, 8, 1, 1]");

  auto wrong = parse_graph("graph g opset 17\ninput x f32 [N, 8]\na = Foo(x)\ny = Softmax(x) {axis = 2}\noutput y\n");
  REQUIRE(wrong.ok());
  CHECK(infer_known_shapes(*wrong).error().to_string() ==
        "node y (Softmax): axis 2 is outside of a tensor with 2 dimensions");
}

TEST_CASE("the operators that image and signal classifiers use are known") {
  CHECK(find_operator("Conv") != nullptr);
  CHECK(find_operator("Foo") == nullptr);
  const std::vector<std::string> names = known_operators();
  CHECK(std::is_sorted(names.begin(), names.end()));
  for (const char* op : {"Conv",          "Gemm",
                         "MatMul",        "BatchNormalization",
                         "Relu",          "LeakyRelu",
                         "Clip",          "Sigmoid",
                         "Tanh",          "HardSigmoid",
                         "HardSwish",     "Elu",
                         "Softmax",       "LogSoftmax",
                         "Add",           "Sub",
                         "Mul",           "Div",
                         "Pow",           "Sqrt",
                         "Exp",           "Log",
                         "Abs",           "Neg",
                         "Min",           "Max",
                         "Erf",           "AveragePool",
                         "MaxPool",       "GlobalAveragePool",
                         "GlobalMaxPool", "ReduceMean",
                         "ReduceSum",     "ReduceMax",
                         "ReduceMin",     "Concat",
                         "Split",         "Slice",
                         "Pad",           "Reshape",
                         "Flatten",       "Squeeze",
                         "Unsqueeze",     "Transpose",
                         "Expand",        "Gather",
                         "Shape",         "Cast",
                         "Constant",      "ConstantOfShape",
                         "Identity",      "Dropout",
                         "Where",         "Equal",
                         "Not",           "ArgMax",
                         "Range"}) {
    CAPTURE(op);
    CHECK(find_operator(op) != nullptr);
  }
}

}  // namespace
}  // namespace offramp
