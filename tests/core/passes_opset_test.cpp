// upgrade_opset: every older and newer form we know, written in opset 17's.
#include "passes_support.h"

namespace offramp {
namespace {

using namespace testing;

std::string upgraded(const std::string& opset, const std::string& lines) {
  // Newer forms need the rank of their input.
  const std::string text = "graph g opset " + opset + "\n" + lines;
  Graph graph = std::stoi(opset) < 18 ? parsed(text) : inferred(text);
  const auto changed = upgrade_opset(graph);
  if (!changed) return std::string(to_string(changed.error().code)) + ": " + changed.error().to_string();
  CHECK(graph.opset == 17);
  const auto again = upgrade_opset(graph);
  CHECK(again.ok());
  if (again) CHECK_FALSE(*again);
  return body(std::move(graph));
}

}  // namespace

TEST_CASE("upgrade_opset: attributes become inputs") {
  CHECK(upgraded("9",
                 "input x f32 [N, 3, 8, 8]\n"
                 "a = Clip(x) {max = 6.0, min = 0.0}\n"
                 "b = Slice(a) {axes = [2], ends = [6], starts = [1]}\n"
                 "c = Pad(b) {mode = \"constant\", pads = [0, 0, 1, 1, 0, 0, 1, 1], value = 0.5}\n"
                 "d = Unsqueeze(c) {axes = [1]}\n"
                 "e = Squeeze(d) {axes = [1]}\n"
                 "f, g = Split(e) {axis = 1, split = [1, 2]}\n"
                 "y = ReduceSum(g) {axes = [2, 3], keepdims = 0}\n"
                 "output y\noutput f\n") ==
        "input x f32 [N, 3, 8, 8]\n"
        "const a.min f32 [] = {0.0}\n"
        "const a.max f32 [] = {6.0}\n"
        "const b.starts i64 [1] = {1}\n"
        "const b.ends i64 [1] = {6}\n"
        "const b.axes i64 [1] = {2}\n"
        "const c.pads i64 [8] = {0, 0, 1, 1, 0, 0, 1, 1}\n"
        "const c.value f32 [] = {0.5}\n"
        "const d.axes i64 [1] = {1}\n"
        "const e.axes i64 [1] = {1}\n"
        "const f.split i64 [2] = {1, 2}\n"
        "const y.axes i64 [2] = {2, 3}\n"
        "a = Clip(x, a.min, a.max)\n"
        "b = Slice(a, b.starts, b.ends, b.axes)\n"
        "c = Pad(b, c.pads, c.value) {mode = \"constant\"}\n"
        "d = Unsqueeze(c, d.axes)\n"
        "e = Squeeze(d, e.axes)\n"
        "f, g = Split(e, f.split) {axis = 1}\n"
        "y = ReduceSum(g, y.axes) {keepdims = 0}\n"
        "output y\n"
        "output f\n");
}

TEST_CASE("upgrade_opset: inputs of opset 18 become attributes again") {
  CHECK(upgraded("18",
                 "input x f32 [N, 5, 8, 8]\n"
                 "const axes i64 [2] = {2, -1}\n"
                 "const pads i64 [4] = {1, 2, 3, 4}\n"
                 "a = Pad(x, pads, _, axes)\n"
                 "b, c = Split(a) {axis = 1, num_outputs = 2}\n"
                 "d = ReduceMax(c, axes)\n"
                 "e = ReduceMin(b) {noop_with_empty_axes = 1}\n"
                 "y = ReduceMean(e, axes) {keepdims = 0}\n"
                 "output y\noutput d\n") ==
        "input x f32 [N, 5, 8, 8]\n"
        "const a.pads i64 [8] = {0, 0, 1, 2, 0, 0, 3, 4}\n"
        "const b.split i64 [2] = {3, 2}\n"
        "a = Pad(x, a.pads)\n"
        "b, c = Split(a, b.split) {axis = 1}\n"
        "d = ReduceMax(c) {axes = [2, -1]}\n"
        "e = Identity(b)\n"
        "y = ReduceMean(e) {axes = [2, -1], keepdims = 0}\n"
        "output y\n"
        "output d\n");
}

TEST_CASE("upgrade_opset: softmax along one axis keeps it") {
  CHECK(upgraded("11", "input x f32 [N, 10]\ny = Softmax(x)\noutput y\n") ==
        "input x f32 [N, 10]\ny = Softmax(x) {axis = 1}\noutput y\n");
  CHECK(upgraded("11", "input x f32 [N, 10, 1, 1]\ny = LogSoftmax(x)\noutput y\n") ==
        "input x f32 [N, 10, 1, 1]\ny = LogSoftmax(x) {axis = 1}\noutput y\n");
  CHECK(upgraded("11", "input x f32 [N, 3, 4]\ny = Softmax(x) {axis = -1}\noutput y\n") ==
        "input x f32 [N, 3, 4]\ny = Softmax(x) {axis = 2}\noutput y\n");
  CHECK(upgraded("13", "input x f32 [N, 3, 4]\ny = Softmax(x)\noutput y\n") ==
        "input x f32 [N, 3, 4]\ny = Softmax(x)\noutput y\n");
}

TEST_CASE("upgrade_opset: softmax over several axes is written out") {
  const std::string before = "input x f32 [N, 3, 4]\ny = Softmax(x) {axis = 1}\noutput y\n";
  CHECK(upgraded("11", before) ==
        "input x f32 [N, 3, 4]\n"
        "const y.shape i64 [3] = {-1, 3, 4}\n"
        "y.flat = Flatten(x) {axis = 1}\n"
        "y.rows = Softmax(y.flat) {axis = -1}\n"
        "y = Reshape(y.rows, y.shape)\n"
        "output y\n");
  Graph graph = parsed("graph g opset 11\n" + before);
  REQUIRE(upgrade_opset(graph).ok());
  const std::vector<float> y = computed(graph, 1);
  float sum = 0;
  for (float value : y) sum += value;
  CHECK(y.size() == 12);
  CHECK(sum == doctest::Approx(1.0));
}

TEST_CASE("upgrade_opset: what has no opset 17 form stays for shape inference to judge") {
  for (const std::string& body :
       {std::string("input x f32 [N, 1, 8]\ny = AveragePool(x) {dilations = [2], kernel_shape = [2]}\noutput y\n"),
        std::string("input x f32 [N, 1, 8]\nconst c f32 [1] = {1.0}\n"
                    "y = BatchNormalization(x, c, c, c, c) {spatial = 0}\noutput y\n")})
    CHECK(upgraded("7", body) == body);
}

TEST_CASE("upgrade_opset: reductions, orders and groups in their newer and older forms") {
  CHECK(upgraded("9", "input x f32 [N, 6]\ny, i = TopK(x) {axis = 1, k = 2}\noutput y\n") ==
        "input x f32 [N, 6]\nconst y.k i64 [1] = {2}\ny, i = TopK(x, y.k) {axis = 1}\noutput y\n");
  CHECK(upgraded("18", "input x f32 [N, 6]\nconst a i64 [1] = {1}\ny = ReduceL2(x, a)\noutput y\n") ==
        "input x f32 [N, 6]\ny = ReduceL2(x) {axes = [1]}\noutput y\n");
  CHECK(upgraded("18", "input x f32 [N, 4, 3]\nconst s f32 [2] = {1, 2}\nconst b f32 [2] = {3, 4}\n"
                       "y = GroupNormalization(x, s, b) {num_groups = 2}\noutput y\n") ==
        "input x f32 [N, 4, 3]\nconst s.by_channel f32 [4] = {1.0, 1.0, 2.0, 2.0}\n"
        "const b.by_channel f32 [4] = {3.0, 3.0, 4.0, 4.0}\n"
        "y = GroupNormalization(x, s.by_channel, b.by_channel) {num_groups = 2}\noutput y\n");
  CHECK(upgraded("17", "input x f32 [N, 1, 8]\ny, i = MaxPool(x) {kernel_shape = [2]}\noutput y\n") ==
        "input x f32 [N, 1, 8]\ny = MaxPool(x) {kernel_shape = [2]}\noutput y\n");
}

TEST_CASE("upgrade_opset: batch norm's unused statistics go") {
  Graph graph = parsed(
      "graph g opset 9\ninput x f32 [N, 1, 8]\nconst c f32 [1] = 1\n"
      "y, m, v = BatchNormalization(x, c, c, c, c) {spatial = 1}\noutput y\n");
  REQUIRE(upgrade_opset(graph).ok());
  CHECK(body(graph) ==
        "input x f32 [N, 1, 8]\nconst c f32 [1] = {1.0}\ny = BatchNormalization(x, c, c, c, c)\noutput y\n");
}

}  // namespace offramp
