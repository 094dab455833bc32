// Heads on values whose channels come last: sequences of transformers, pictures of TensorFlow.
#include <doctest/doctest.h>

#include "features/features.h"
#include "features/layout.h"
#include "package_fixture.h"
#include "runtime/staged_runtime.h"

namespace offramp {
namespace {

bool channels_last(const std::string& lines) {
  const Graph graph = test::graph_of("graph g opset 17\n" + lines);
  return has_channels_last(graph, graph.find_value("v"));
}

TEST_CASE("layout: told by what reads the value") {
  const std::string sequence = "input x f32 [N, 6, 4]\nconst w f32 [4, 4] = normal(1)\nconst s f32 [4] = 1\nv = Relu(x)\n";
  const std::string map = "input x f32 [N, 4, 6, 6]\nconst k f32 [4, 4, 1, 1] = normal(1)\nv = Relu(x)\n";
  CHECK(channels_last(sequence + "y = MatMul(v, w)\noutput y\n"));
  CHECK(channels_last(sequence + "y = LayerNormalization(v, s, s)\noutput y\n"));
  CHECK(channels_last(sequence + "a = Sigmoid(v)\nb = Mul(a, v)\ny = MatMul(b, w)\noutput y\n"));
  CHECK(channels_last(sequence + "y = ReduceMean(v) {axes = [1], keepdims = 0}\noutput y\n"));
  CHECK(!channels_last(sequence + "y = ReduceMean(v) {axes = [-1], keepdims = 0}\noutput y\n"));
  CHECK(!channels_last(sequence + "y = Tanh(v)\noutput y\n"));
  CHECK(!channels_last(map + "y = Conv(v, k)\noutput y\n"));
  CHECK(!channels_last(map + "y = GlobalAveragePool(v)\noutput y\n"));
  CHECK(!channels_last(map + "y = Transpose(v) {perm = [0, 2, 3, 1]}\noutput y\n"));
  CHECK(channels_last(map + "t = Transpose(v) {perm = [0, 3, 1, 2]}\nconst q f32 [2, 6, 1, 1] = 1\ny = Conv(t, q)\noutput y\n"));
}

// Tokens [N, 6, 4] with a residual layer, the mean, and a classifier.
const char* const kSequences =
    "graph sequences opset 17\n"
    "input x f32 [N, 6, 4]\n"
    "const w f32 [4, 4] = normal(1)\n"
    "const c f32 [3, 4] = normal(2)\n"
    "a = MatMul(x, w)\n"
    "v = Add(a, x)\n"
    "b = MatMul(v, w)\n"
    "d = Add(b, v)\n"
    "m = ReduceMean(d) {axes = [1], keepdims = 0}\n"
    "y = Gemm(m, c) {transB = 1}\n"
    "output y\n";

TEST_CASE("layout: features of a sequence are averages over its steps") {
  const Graph graph = test::graph_of(kSequences);
  const std::vector<ExitPoint> points = find_exit_points(graph);
  REQUIRE(points.size() >= 1);
  REQUIRE(points[0].value == graph.find_value("v"));
  CHECK(points[0].shape == Dims{6, 4});
  auto extractor = FeatureExtractor::create(graph, points, {});
  REQUIRE_MESSAGE(extractor.ok(), extractor.error().to_string());
  const Tensor inputs = test::random_input({2, 6, 4}, 5);
  FeatureTable table;
  REQUIRE((*extractor)->extract(inputs, std::vector<int32_t>{0, 1}, table).ok());
  REQUIRE(table.gap_gmp[0].columns() == 8);
  const Tensor value = test::evaluate(graph, {"v"}, inputs)[0];
  for (int64_t row = 0; row < 2; ++row) {
    std::vector<float> features(8);
    table.gap_gmp[0].read_row(row, features.data());
    for (int64_t channel = 0; channel < 4; ++channel) {
      double sum = 0;
      for (int64_t step = 0; step < 6; ++step) sum += value.data<float>()[size_t((row * 6 + step) * 4 + channel)];
      CHECK(features[size_t(channel)] == doctest::Approx(sum / 6).epsilon(2e-3));
    }
  }
}

TEST_CASE("layout: a package's head on a sequence answers as the head does") {
  const Graph graph = test::graph_of(kSequences);
  const Dims shape = head_shape({6, 4}, true);
  CHECK(shape == Dims{4, 6});
  PackageContents contents;
  Head head = test::random_head({"linear_grid", Pooling::kGrid, 0}, shape, 3, 9);
  contents.exits = {{"v", graph.find_value("v"), head, Score::kMaxProbability, 0.0f}};
  const Package package = test::load(test::write(graph, contents));
  const Tensor input = test::random_input({1, 6, 4}, 6);
  const Tensor logits = test::evaluate(package.stages[0].graph, {"logits"}, input)[0];

  Graph turned = graph;
  const ValueId front = add_channels_first(turned, turned.find_value("v"), 3, true);
  REQUIRE(infer_shapes(turned).ok());
  const Tensor map = test::evaluate(turned, {turned.value(front).name}, input)[0];
  const Tensor features = pool_features(map, Pooling::kGrid);
  for (size_t k = 0; k < 3; ++k) {
    double sum = head.b1[k];
    for (size_t i = 0; i < size_t(head.inputs); ++i) sum += double(head.w1[k * size_t(head.inputs) + i]) * features.data<float>()[i];
    CHECK(logits.data<float>()[k] == doctest::Approx(sum).epsilon(1e-4));
  }
}

}  // namespace
}  // namespace offramp
