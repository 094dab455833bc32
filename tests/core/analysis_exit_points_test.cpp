// Exit points on the block types that classifiers are built of, and against brute force on random graphs.
#include <doctest/doctest.h>

#include "analysis/costs.h"
#include "analysis/exit_points.h"
#include "base/rng.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

Graph inferred(const std::string& text) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  const Status status = infer_shapes(*graph);
  REQUIRE_MESSAGE(status.ok(), status.error().to_string());
  return std::move(graph).value();
}

// "at shape macs parameters" of each exit point, one per line.
std::string points_of(const Graph& graph) {
  std::string text;
  for (const ExitPoint& p : find_exit_points(graph))
    text += p.at + " " + to_string(p.shape) + " " + std::to_string(p.macs) + " " + std::to_string(p.parameters) + "\n";
  return text;
}

TEST_CASE("plain chain: the last value before the next MACs stands for its layer") {
  const Graph graph = inferred(R"(graph chain opset 17
input x f32 [N, 3, 8, 8]
const w1 f32 [4, 3, 3, 3] = normal(1)
const s f32 [4] = 1
c1 = Conv(x, w1) {pads = [1, 1, 1, 1]}
b1 = BatchNormalization(c1, s, s, s, s)
r1 = Relu(b1)
const w2 f32 [8, 4, 3, 3] = normal(2)
const bias2 f32 [8] = 0
c2 = Conv(r1, w2, bias2) {pads = [1, 1, 1, 1], strides = [2, 2], name = "second"}
r2 = Relu(c2) {name = "second/relu"}
p = GlobalAveragePool(r2)
f = Flatten(p)
const w3 f32 [8, 10] = normal(3)
logits = MatMul(f, w3)
y = Softmax(logits)
output y)");
  // 64 pixels x 4 x 27, then 16 pixels x 8 x 36; the shared scale counts once.
  CHECK(points_of(graph) == "r1 [4, 8, 8] 6912 112\nf [8] 11520 408\n");
  const Costs costs = measure_costs(graph);
  CHECK(costs.macs == 6912 + 4608 + 80);
  CHECK(costs.parameters == 108 + 4 + 288 + 8 + 80);
  CHECK(costs.weight_bytes == 4 * 488);
  CHECK(costs.node_macs == std::vector<int64_t>{6912, 0, 0, 4608, 0, 0, 0, 80, 0});
}

TEST_CASE("residual blocks: only block ends, with identity and with projection shortcuts") {
  const Graph graph = inferred(R"(graph residual opset 17
input x f32 [N, 2, 4, 4]
const w f32 [2, 2, 1, 1] = normal(1)
stem = Conv(x, w)
r0 = Relu(stem)
a1 = Conv(r0, w)
a2 = Relu(a1)
a3 = Conv(a2, w)
a4 = Add(a3, r0)
block1 = Relu(a4)
b1 = Conv(block1, w) {strides = [2, 2]}
b2 = Relu(b1)
b3 = Conv(b2, w)
b4 = Conv(block1, w) {strides = [2, 2], name = "projection"}
b5 = Add(b3, b4)
block2 = Relu(b5)
p = GlobalAveragePool(block2)
f = Flatten(p)
const v f32 [3, 2] = normal(2)
y = Gemm(f, v) {transB = 1}
output y)");
  CHECK(points_of(graph) == "r0 [2, 4, 4] 64 4\nblock1 [2, 4, 4] 192 4\nf [2] 240 4\n");
}

TEST_CASE("dense block: only what comes after the last concatenation") {
  const Graph graph = inferred(R"(graph dense opset 17
input x f32 [N, 2, 4, 4]
const w1 f32 [2, 2, 1, 1] = normal(1)
const w2 f32 [2, 4, 1, 1] = normal(1)
const w3 f32 [3, 6, 1, 1] = normal(1)
stem = Conv(x, w1)
d1 = Conv(stem, w1)
k1 = Concat(stem, d1) {axis = 1}
d2 = Conv(k1, w2)
k2 = Concat(stem, d1, d2) {axis = 1}
t = Conv(k2, w3) {name = "transition"}
p = AveragePool(t) {kernel_shape = [2, 2], strides = [2, 2], name = "pool"}
const w4 f32 [2, 3, 1, 1] = normal(1)
c = Conv(p, w4)
g = GlobalAveragePool(c)
y = Flatten(g)
output y)");
  CHECK(points_of(graph) == "stem [2, 4, 4] 64 4\nk2 [6, 4, 4] 256 12\npool [3, 2, 2] 544 30\n");
}

TEST_CASE("transformer block: tokens after each residual sum") {
  const Graph graph = inferred(R"(graph transformer opset 17
input x f32 [N, 1, 4, 4]
const wp f32 [6, 1, 2, 2] = normal(1)
const t i64 [3] = {0, 6, 4}
const wq f32 [6, 6] = normal(2)
const scale f32 [] = 0.4
const pos f32 [4, 6] = normal(3)
patches = Conv(x, wp) {strides = [2, 2]}
flat = Reshape(patches, t)
rows = Transpose(flat) {perm = [0, 2, 1]}
tokens = Add(rows, pos)
q = MatMul(tokens, wq)
k = MatMul(tokens, wq)
v = MatMul(tokens, wq)
kt = Transpose(k) {perm = [0, 2, 1]}
s = MatMul(q, kt)
s2 = Mul(s, scale)
a = Softmax(s2)
o = MatMul(a, v)
h = Add(tokens, o) {name = "attention/residual"}
const up f32 [6, 12] = normal(4)
const down f32 [12, 6] = normal(5)
m1 = MatMul(h, up)
m2 = Relu(m1)
m3 = MatMul(m2, down)
h2 = Add(h, m3) {name = "mlp/residual"}
mean = ReduceMean(h2) {axes = [1], keepdims = 0}
const wl f32 [6, 3] = normal(6)
y = MatMul(mean, wl)
output y)");
  // patches 4x6x4; q, k, v 3x(4x6x6); scores and context 2x(4x4x6); mlp 2x(4x6x12)
  CHECK(points_of(graph) == "tokens [4, 6] 96 48\nattention/residual [4, 6] 720 85\nmean [6] 1296 229\n");
}

TEST_CASE("inception: branches join in a concatenation") {
  const Graph graph = inferred(R"(graph inception opset 17
input x f32 [N, 2, 4, 4]
const w f32 [2, 2, 1, 1] = normal(1)
const w3 f32 [2, 2, 3, 3] = normal(1)
stem = Conv(x, w)
b1 = Conv(stem, w)
b2a = Conv(stem, w)
b2 = Conv(b2a, w3) {pads = [1, 1, 1, 1]}
b3a = MaxPool(stem) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]}
b3 = Conv(b3a, w)
mixed = Concat(b1, b2, b3) {axis = 1}
const w6 f32 [4, 6, 1, 1] = normal(1)
last = Conv(mixed, w6)
g = GlobalAveragePool(last)
y = Flatten(g)
output y)");
  CHECK(points_of(graph) == "stem [2, 4, 4] 64 4\nmixed [6, 4, 4] 832 40\n");
}

TEST_CASE("no cut: a path around everything leaves no exit point") {
  CHECK(points_of(inferred(R"(graph bypass opset 17
input x f32 [N, 4]
const w f32 [4, 4] = normal(1)
a = MatMul(x, w)
b = MatMul(a, w)
y = Add(b, x)
output y)")).empty());
  CHECK(points_of(inferred("graph none opset 17\ninput x f32 [N, 4]\ny = Relu(x)\noutput y")).empty());
  CHECK(
      points_of(inferred("graph one opset 17\ninput x f32 [N, 4]\nconst w f32 [4, 2] = 1\ny = MatMul(x, w)\noutput y"))
          .empty());
  CHECK(points_of(inferred("graph two opset 17\ninput x f32 [N, 4]\na = Relu(x)\noutput x, a")).empty());
}

TEST_CASE("only float values with one row per sample and at least two dimensions count") {
  // The 8-bit value and the one with the batch in second place are cuts too, but no head can stand there.
  const Graph graph = inferred(R"(graph odd opset 17
input x f32 [N, 2, 4, 4]
const w f32 [2, 2, 1, 1] = normal(1)
a = Conv(x, w)
h = Cast(a) {to = 10}
b = Cast(h) {to = 1}
c = Conv(b, w)
d = Transpose(c) {perm = [1, 0, 2, 3]}
e = Relu(d)
f = Transpose(e) {perm = [1, 0, 2, 3]}
g = Conv(f, w)
y = Flatten(g)
output y)");
  CHECK(points_of(graph) == "b [2, 4, 4] 64 4\nf [2, 4, 4] 128 4\n");
}

TEST_CASE("side branches that the output does not need do not count") {
  const Graph graph = inferred(R"(graph aside opset 17
input x f32 [N, 4]
const w f32 [4, 4] = normal(1)
const v f32 [4, 4] = normal(2)
a = MatMul(x, w)
unused = MatMul(a, v)
b = MatMul(a, w) {name = ""}
c = MatMul(b, w)
output c)");
  CHECK(points_of(graph) == "a [4] 16 16\nb [4] 32 16\n");
}

// Whether the output can still be reached from the input when one value is removed.
bool is_cut(const Graph& graph, ValueId removed) {
  std::vector<char> reached(graph.value_count(), 0);
  reached[size_t(graph.inputs[0].index)] = graph.inputs[0] != removed;
  for (const Node& node : graph.nodes)
    for (ValueId input : node.inputs)
      for (ValueId output : node.outputs)
        if (reached[size_t(input.index)] && output != removed) reached[size_t(output.index)] = 1;
  return !reached[size_t(graph.outputs[0].index)];
}

TEST_CASE("on random graphs the exit points are exactly the single-tensor cuts") {
  Rng rng(11);
  for (int round = 0; round < 300; ++round) {
    Graph graph;
    const ValueId w = graph.add_constant("w", Tensor(DType::kF32, {3, 3}));
    graph.inputs = {graph.add_value("x", DType::kF32, Shape{{1, true}, {3, false}})};
    std::vector<ValueId> values = graph.inputs;
    const uint32_t reach = 1 + rng.below(4);  // how far back the second operand may lie
    for (int n = 0; n < 24; ++n) {
      // Each step costs MACs, so that no cut hides another.
      const ValueId step = graph.add_node("MatMul", {values.back(), w}, "m");
      const size_t back = std::min<size_t>(values.size(), 1 + rng.below(reach));
      values.push_back(step);
      if (rng.below(2)) values.back() = graph.add_node("Add", {step, values[values.size() - 1 - back]}, "a");
    }
    graph.outputs = {values.back()};
    REQUIRE(infer_shapes(graph).ok());
    std::vector<ValueId> expected;
    int64_t last_macs = 0;
    for (const Node& node : graph.nodes) {
      const ValueId id = node.outputs[0];
      last_macs += node.op == "MatMul" ? 9 : 0;
      if (!is_cut(graph, id) || last_macs == 24 * 9) continue;
      // A sum right behind a product that is a cut too stands for it.
      if (node.op == "Add" && !expected.empty() &&
          graph.value(expected.back()).name == graph.value(node.inputs[0]).name)
        expected.pop_back();
      expected.push_back(id);
    }
    std::vector<ValueId> found;
    for (const ExitPoint& point : find_exit_points(graph)) found.push_back(point.value);
    CHECK(found == expected);
  }
}

TEST_CASE("a deep graph whose nodes all reach far back is analysed quickly") {
  Graph graph;
  graph.inputs = {graph.add_value("x", DType::kF32, Shape{{1, true}, {3, false}})};
  std::vector<ValueId> values = graph.inputs;
  for (int n = 0; n < 30'000; ++n) values.push_back(graph.add_node("Relu", {values.back()}, "r"));
  ValueId last = values.back();
  for (int n = 0; n < 30'000; ++n) last = graph.add_node("Add", {last, values[1]}, "a");
  graph.outputs = {last};
  REQUIRE(infer_shapes(graph).ok());
  CHECK(find_exit_points(graph).empty());  // no MACs at all
}

}  // namespace
}  // namespace offramp
