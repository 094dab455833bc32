// fold_batch_norms: same numbers, no BatchNormalization.
#include "passes_support.h"

namespace offramp {
namespace {

using namespace testing;

const std::string kStatistics =
    "const scale f32 [3] = {0.5, -1.5, 2.0}\n"
    "const shift f32 [3] = {1.0, 0.0, -3.0}\n"
    "const mean f32 [3] = {0.25, -4.0, 1.0}\n"
    "const variance f32 [3] = {4.0, 0.09, 1.0}\n";

// Folds, compares the numbers with those of the graph as it was, and names what is left.
std::string operators_after(const std::string& lines, double tolerance = 2e-5) {
  Graph graph = inferred("graph g opset 17\n" + lines);
  const std::vector<float> before = computed(graph);
  const auto changed = fold_batch_norms(graph);
  if (!changed) return changed.error().to_string();
  remove_dead_nodes(graph);
  REQUIRE(validate(graph).ok());
  CHECK(largest_difference(before, computed(graph)) <= tolerance);
  std::string ops;
  for (const Node& node : graph.nodes) ops += (ops.empty() ? "" : " ") + node.op;
  return ops;
}

}  // namespace

TEST_CASE("fold_batch_norms: into a Conv") {
  const std::string head = "input x f32 [N, 2, 5, 5]\n" + kStatistics + "const w f32 [3, 2, 3, 3] = normal(1) * 0.2\n";
  const std::string norm = "y = BatchNormalization(c, scale, shift, mean, variance) {epsilon = 0.001}\noutput y\n";
  CHECK(operators_after(head + "c = Conv(x, w) {pads = [1, 1, 1, 1]}\n" + norm) == "Conv");
  CHECK(operators_after(head + "const b f32 [3] = {1.0, 2.0, 3.0}\nc = Conv(x, w, b)\n" + norm) == "Conv");
  Graph graph = inferred("graph g opset 17\n" + head + "c = Conv(x, w) {name = \"conv1\"}\n" + norm);
  REQUIRE(fold_batch_norms(graph).ok());
  graph.compact();
  CHECK(graph.nodes[0].frame() == "node conv1 (Conv)");
  CHECK(graph.value(graph.nodes[0].outputs[0]).name == "y");
}

TEST_CASE("fold_batch_norms: depthwise, and a weight that two convolutions share") {
  CHECK(operators_after("input x f32 [N, 3, 5]\n" + kStatistics +
                        "const w f32 [3, 1, 3] = normal(1)\n"
                        "c = Conv(x, w) {group = 3, pads = [1, 1]}\n"
                        "n = BatchNormalization(c, scale, shift, mean, variance)\n"
                        "d = Conv(x, w) {group = 3, pads = [1, 1]}\n"
                        "y = Add(n, d)\n"
                        "output y\n",
                        1e-4) == "Conv Conv Add");
}

TEST_CASE("fold_batch_norms: into a Gemm") {
  const std::string head = "input x f32 [N, 4]\n" + kStatistics;
  const std::string norm = "y = BatchNormalization(c, scale, shift, mean, variance)\noutput y\n";
  CHECK(operators_after(head + "const w f32 [4, 3] = normal(1)\nc = Gemm(x, w) {alpha = 0.5}\n" + norm, 1e-4) ==
        "Gemm");
  CHECK(operators_after(head + "const w f32 [3, 4] = normal(1)\nconst b f32 [3] = {1.0, 2.0, 3.0}\n"
                               "c = Gemm(x, w, b) {beta = 2.0, transB = 1}\n" + norm, 1e-4) == "Gemm");
  CHECK(operators_after(head + "const w f32 [3, 4] = normal(1)\nconst b f32 [] = {1.5}\n"
                               "c = Gemm(x, w, b) {transB = 1}\n" + norm, 1e-4) == "Gemm");
}

TEST_CASE("fold_batch_norms: alone it becomes Mul and Add") {
  CHECK(operators_after("input x f32 [N, 3, 5, 5]\n" + kStatistics +
                        "y = BatchNormalization(x, scale, shift, mean, variance)\noutput y\n") == "Mul Add");
  // Somebody else reads what the convolution makes.
  CHECK(operators_after("input x f32 [N, 3, 5]\n" + kStatistics +
                        "const w f32 [3, 3, 1] = normal(1)\n"
                        "c = Conv(x, w)\n"
                        "n = BatchNormalization(c, scale, shift, mean, variance)\n"
                        "y = Add(n, c)\n"
                        "output y\n") == "Conv Mul Add Add");
}

TEST_CASE("fold_batch_norms: a variance that gives no finite scale is refused") {
  CHECK(operators_after("input x f32 [N, 3, 5]\n" + kStatistics +
                        "const negative f32 [3] = {1.0, -0.5, 1.0}\n"
                        "y = BatchNormalization(x, scale, shift, mean, negative) {name = \"bn1\"}\noutput y\n") ==
        "node bn1 (BatchNormalization): channel 1 has variance -0.500000 and epsilon 0.000010, which give no finite "
        "scale");
}

}  // namespace offramp
