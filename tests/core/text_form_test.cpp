// The graph's text form: what it says, that it survives a round trip, and its errors by line.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "base/rng.h"
#include "graph/text.h"

namespace offramp {
namespace {

std::string error_of(const std::string& text) {
  const auto graph = parse_graph(text);
  REQUIRE_FALSE(graph.ok());
  return graph.error().to_string();
}

TEST_CASE("the header's example parses") {
  const auto graph = parse_graph(R"(
graph tiny opset 17
input x f32 [N, 1, 28, 28]
const w f32 [4, 1, 3, 3] = normal(7) * 0.1     # comment
const half f32 [2] = 0.5
const k i64 [1] = {3}
y = Conv(x, w, _) {pads = [1, 1, 1, 1], strides = [1, 1], name = "conv1"}
z, i = TopK(y, k)
output z, i
)");
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  CHECK(graph->name == "tiny");
  CHECK(graph->opset == 17);
  CHECK(to_string(*graph->value(graph->inputs[0]).shape) == "[N, 1, 28, 28]");
  REQUIRE(graph->nodes.size() == 2);
  CHECK(graph->nodes[0].name == "conv1");
  CHECK(graph->nodes[0].inputs[2] == ValueId{});
  CHECK(graph->nodes[0].integers("pads") == std::vector<int64_t>{1, 1, 1, 1});
  CHECK(graph->nodes[1].name == "z");
  CHECK(graph->outputs.size() == 2);
  CHECK(graph->constant(graph->find_value("half"))->data<float>()[1] == 0.5f);
  Rng rng(7);
  for (float weight : graph->constant(graph->find_value("w"))->data<float>()) CHECK(weight == rng.normal() * 0.1f);
}

TEST_CASE("printing gives back every form") {
  const std::string text = R"(graph "odd name" opset 13
input x f32 [N, 4N, 3, ?]
input input f64
input s i32 []
const f f32 [2, 2] = {0.1, -0.0, inf, 1e-20}
const n f32 [] = {nan}
const d f64 [1] = {0.1}
const h f16 [2] = {0.5, -2.0}
const i i64 [3] = {-1, 9223372036854775807, -9223372036854775808}
const b bool [2] = {1, 0}
const u u8 [2] = {255, 0}
const e i8 [0] = {}
conv/1:0 = "my.domain::Conv"(x, _, f) {alpha = 0.2, axis = -1, empty = [], f = [1.0, 2.5], k = [1, 2], t = f32 [2] {1.0, 2.0}, w = ["a\"b", "\\\n\x01"], name = "the conv"}
output = Split(conv/1:0) {mode = "text"}
y, _, "a b" = Split(output)
z = Add(y, input)
output z
output "a b"
)";
  const auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  std::string bare = text;
  bare.replace(bare.find("\"my.domain::Conv\""), 17, "my.domain::Conv");
  CHECK(print_graph(*graph) == bare);
  const auto again = parse_graph(print_graph(*graph));
  REQUIRE_MESSAGE(again.ok(), again.error().to_string());
  CHECK(print_graph(*again) == bare);
}

TEST_CASE("floats survive a round trip bit by bit") {
  Rng rng(3);
  std::vector<float> values;
  while (values.size() < 16) {
    const auto value = std::bit_cast<float>(rng.next());
    if (!std::isnan(value)) values.push_back(value);
  }
  Graph graph;
  graph.name = "g";
  graph.outputs = {graph.add_constant("c", Tensor::of<float>({16}, values))};
  const auto again = parse_graph(print_graph(graph));
  REQUIRE_MESSAGE(again.ok(), again.error().to_string());
  const auto data = again->constant(again->find_value("c"))->data<float>();
  for (size_t i = 0; i < values.size(); ++i)
    CHECK(std::bit_cast<uint32_t>(data[i]) == std::bit_cast<uint32_t>(values[i]));
}

TEST_CASE("a large constant prints as its hash, which cannot be read back") {
  const auto graph = parse_graph("graph g opset 17\nconst c f32 [17] = 0.0\noutput c\n");
  REQUIRE(graph.ok());
  // sha256 of 68 zero bytes
  const std::string text = print_graph(*graph);
  CHECK(text.find("const c f32 [17] = sha256(") != std::string::npos);
  CHECK(error_of(text) == "line 2: the constant was printed as its sha256 only; its elements are lost");
}

TEST_CASE("errors name the line and what was expected there") {
  const std::string head = "graph g opset 17\ninput x f32 [N, 4]\n";
  CHECK(error_of("") == "expected \"graph NAME opset NUMBER\" first, got no statement at all");
  CHECK(error_of("\n# only\ninput x f32") == "line 3: expected \"graph NAME opset NUMBER\", got \"input\"");
  CHECK(error_of("graph g") == "line 1: expected \"opset\", got the end of the line");
  CHECK(error_of("graph g opset x") == "line 1: expected the opset's number, got \"x\"");
  CHECK(error_of(head + "input y") == "line 3: expected a type such as f32, got the end of the line");
  CHECK(error_of(head + "input y f32 [N, q]") == "line 3: expected a dimension such as 3, N, 4N or ?, got \"q\"");
  CHECK(error_of(head + "input x f32") == "line 3: \"x\" is made twice");
  CHECK(error_of(head + "y = Relu(z)") == "line 3: no line above makes \"z\"");
  CHECK(error_of(head + "y = Relu x") == "line 3: expected \"(\", got \"x\"");
  CHECK(error_of(head + "y, y = Split(x)") == "line 3: \"y\" is made twice");
  CHECK(error_of(head + "y = Relu(x) {a = }") == "line 3: expected a number, got \"}\"");
  CHECK(error_of(head + "y = Relu(x) {a = 1, a = 2}") == "line 3: attribute \"a\" is given twice");
  CHECK(error_of(head + "y = Relu(x) {a = 99999999999999999999}") ==
        "line 3: integer 99999999999999999999 does not fit in 64 bits");
  CHECK(error_of(head + "y = Relu(x) {a = \"b}") == "line 3: a text lacks its closing quote");
  CHECK(error_of(head + "y = Relu(x) extra") == "line 3: expected the end of the line, got \"extra\"");
  CHECK(error_of(head + "const c f32 [2] = {1}") == "line 3: expected 2 elements, got 1");
  CHECK(error_of(head + "const c i64 [1] = 0.5") == "line 3: a constant of type i64 takes integers only");
  CHECK(error_of(head + "const c i64 [1] = normal(1)") == "line 3: normal() makes f32 constants only");
  CHECK(error_of(head + "const c f32 [N] = 1") == "line 3: a constant's shape must be numbers, got [N]");
  CHECK(error_of(head + "const c f32 [99999, 99999] = 1") ==
        "line 3: shape [99999, 99999] has more than 268435456 elements");
  CHECK(error_of(head + "const c u8 [65536, 1024] = 1\nconst d u8 [1] = 1") ==
        "line 4: the constants have more than 67108864 elements together");
  CHECK(error_of(head + "const c u8 [0, 3] = 1\nconst d f32 [0] = 1\n") == "the graph has no outputs");
}

}  // namespace
}  // namespace offramp
