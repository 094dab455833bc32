// MACs by hand, parameters, and the peak of activation memory.
#include <doctest/doctest.h>

#include "analysis/costs.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

Costs costs_of(const std::string& lines) {
  auto graph = parse_graph("graph g opset 17\n" + lines + "\noutput y\n");
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  const Status status = infer_shapes(*graph);
  REQUIRE_MESSAGE(status.ok(), status.error().to_string());
  return measure_costs(*graph);
}

TEST_CASE("MACs of convolutions and products, for one sample") {
  const std::string map = "input x f32 [N, 6, 10, 8]\n";
  CHECK(costs_of(map + "const w f32 [4, 6, 3, 3] = 0\ny = Conv(x, w) {pads = [1, 1, 1, 1]}").macs == 80 * 4 * 6 * 9);
  CHECK(costs_of(map + "const w f32 [4, 6, 3, 3] = 0\ny = Conv(x, w)").macs == 8 * 6 * 4 * 6 * 9);
  CHECK(costs_of(map + "const w f32 [12, 2, 1, 5] = 0\ny = Conv(x, w) {group = 3, pads = [0, 2, 0, 2]}").macs ==
        80 * 12 * 2 * 5);
  CHECK(costs_of(map +
                 "const w f32 [6, 1, 3, 3] = 0\nconst b f32 [6] = 0\ny = Conv(x, w, b) {group = 6, strides = [2, 2]}")
            .macs == 4 * 3 * 6 * 9);
  CHECK(costs_of("input x f32 [N, 20]\nconst w f32 [5, 20] = 0\ny = Gemm(x, w) {transB = 1}").macs == 100);
  CHECK(costs_of("input x f32 [N, 7, 20]\nconst w f32 [20, 5] = 0\ny = MatMul(x, w)").macs == 700);
  CHECK(costs_of("input x f32 [N, 2, 7, 20]\nt = Transpose(x) {perm = [0, 1, 3, 2]}\ny = MatMul(x, t)").macs ==
        2 * 7 * 7 * 20);
  CHECK(costs_of("input x f32 [N, 20]\ny = Relu(x)").macs == 0);
  CHECK(costs_of(map + "const w f32 [6, 4, 3, 3] = 0\ny = ConvTranspose(x, w) {strides = [2, 2]}").macs == 80 * 6 * 4 * 9);
  CHECK(costs_of(map + "const w f32 [6, 2, 2, 2] = 0\ny = ConvTranspose(x, w) {group = 3}").macs == 80 * 6 * 2 * 4);
  const std::string steps = "input x f32 [N, 7, 20]\nt = Transpose(x) {perm = [1, 0, 2]}\n";
  CHECK(costs_of(steps + "const w f32 [2, 32, 20] = 0\nconst r f32 [2, 32, 8] = 0\n"
                         "y, h, c = LSTM(t, w, r) {direction = \"bidirectional\"}").macs == 7 * 2 * 32 * (20 + 8));
  CHECK(costs_of(steps + "const w f32 [1, 24, 20] = 0\nconst r f32 [1, 24, 8] = 0\ny, h = GRU(t, w, r)").macs ==
        7 * 24 * (20 + 8));
  CHECK(costs_of("input x f32 [N, 2, 7, 20]\ny = Einsum(x, x) {equation = \"bhqd,bhkd->bhqk\"}").macs == 2 * 7 * 7 * 20);
  // Folded into the leading dimension, a sample still has all its rows.
  CHECK(costs_of("input x f32 [N, 7, 20]\nconst s i64 [2] = {-1, 20}\nr = Reshape(x, s)\nconst w f32 [20, 5] = 0\ny = "
                 "MatMul(r, w)")
            .macs == 700);
}

TEST_CASE("parameters are float constants in use, shared ones once; weight bytes are all constants in use") {
  const Costs costs = costs_of(R"(input x f32 [N, 4]
const w f32 [4, 4] = 0
const unused f32 [100] = 0
const target i64 [2] = {-1, 4}
a = MatMul(x, w)
b = MatMul(a, w)
y = Reshape(b, target))");
  CHECK(costs.parameters == 16);
  CHECK(costs.weight_bytes == 64 + 16);
}

TEST_CASE("sums of costs saturate") {
  CHECK(add_costs(3, 4) == 7);
  CHECK(add_costs(INT64_MAX - 1, 2) == INT64_MAX);
}

TEST_CASE("the peak counts inputs and outputs of a node and what waits for later nodes") {
  const auto peak = [](const std::string& lines) {
    auto graph = parse_graph("graph g opset 17\n" + lines);
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    REQUIRE(infer_shapes(*graph).ok());
    return peak_activation_bytes(*graph);
  };
  // x and a; then a and b; x is gone by then
  CHECK(peak("input x f32 [N, 10]\na = Relu(x)\nb = Relu(a)\noutput b\n") == 80);
  // x waits for the sum while a and b are alive
  CHECK(peak("input x f32 [N, 10]\na = Relu(x)\nb = Relu(a)\nc = Add(b, x)\noutput c\n") == 120);
  // an output stays to the end, a constant is no activation, and types have their sizes
  CHECK(peak("input x f32 [N, 10]\nconst k f32 [10] = 1\na = Add(x, k)\nb = Cast(a) {to = 10}\nc = Neg(b)\noutput c, "
             "a\n") == 80);
  // nothing is computed: the output is a constant
  CHECK(peak("input x f32 [N, 10]\nconst k f32 [10] = 1\noutput k\n") == 0);
  // the unused half of a split is alive only while it is made
  CHECK(peak("input x f32 [N, 10]\na, b = Split(x) {axis = 1}\nc = Relu(a)\nd = Relu(c)\noutput d\n") == 80);
}

}  // namespace
}  // namespace offramp
