#include <doctest/doctest.h>

#include "analysis/cut_points.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {

TEST_CASE("cut points: the input, the exit points and the output, with what each stretch needs") {
  auto graph = parse_graph(R"(graph chain opset 17
input x f32 [N, 3, 8, 8]
const w1 f32 [4, 3, 3, 3] = normal(1)
c1 = Conv(x, w1) {pads = [1, 1, 1, 1]}
r1 = Relu(c1)
const w2 f32 [8, 4, 3, 3] = normal(2)
c2 = Conv(r1, w2) {pads = [1, 1, 1, 1], strides = [2, 2]}
r2 = Relu(c2)
p = GlobalAveragePool(r2)
f = Flatten(p)
const w3 f32 [8, 10] = normal(3)
logits = MatMul(f, w3)
output logits)");
  REQUIRE(graph.ok());
  REQUIRE(infer_shapes(*graph).ok());
  const auto points = find_cut_points(*graph, find_exit_points(*graph));
  REQUIRE(points.ok());
  std::string text;
  for (const CutPoint& p : *points)
    text += p.at + " " + std::to_string(p.elements) + " " + std::to_string(int64_t(p.macs)) + " " + std::to_string(p.weight_bytes) +
            " " + std::to_string(p.activation_bytes) + "\n";
  // Activations: the convolution's input and output; its output and the Relu's.
  CHECK(text ==
        "input 192 0 0 0\n"
        "r1 256 6912 432 2048\n"
        "f 8 4608 1152 1536\n"
        "output 10 80 320 72\n");
}

}  // namespace offramp
