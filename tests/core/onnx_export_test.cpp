// What is written comes back the same, in the same bytes, in forms that ONNX's checker accepts.
#include <doctest/doctest.h>

#include "graph/operators.h"
#include "graph/text.h"
#include "onnx/onnx.h"

namespace offramp {
namespace {

Graph parsed(const std::string& text, bool infer = true) {
  auto graph = parse_graph(text);
  if (!graph) FAIL(graph.error().to_string());
  if (infer) {
    const Status status = infer_shapes(*graph);
    if (!status) FAIL(status.error().to_string());
  }
  return std::move(*graph);
}

const std::string kSmall =
    "graph small opset 17\n"
    "input x f32 [N, 1, 4, 4]\n"
    "const w f32 [2, 1, 1, 1] = {0.5, -1}\n"
    "const k i64 [2] = {-1, 32}\n"
    "c = Conv(x, w) {name = \"conv1\", pads = [0, 0, 0, 0], strides = [1, 1]}\n"
    "r = LeakyRelu(c) {alpha = 0.25}\n"
    "y = Reshape(r, k)\n"
    "output y\n";

std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

TEST_CASE("export: a graph comes back as it was") {
  const Graph graph = parsed(kSmall);
  const auto bytes = export_onnx(graph);
  REQUIRE(bytes.ok());
  auto back = import_onnx(*bytes);
  REQUIRE(back.ok());
  CHECK(print_graph(*back) == print_graph(graph));
  REQUIRE(infer_shapes(*back).ok());
  const auto again = export_onnx(*back);
  REQUIRE(again.ok());
  CHECK(*again == *bytes);
}

TEST_CASE("export: same graph, same bytes, whatever the order of attributes") {
  std::string reordered = kSmall;
  const std::string before = "pads = [0, 0, 0, 0], strides = [1, 1]", after = "strides = [1, 1], pads = [0, 0, 0, 0]";
  reordered.replace(reordered.find(before), before.size(), after);
  const auto one = export_onnx(parsed(kSmall)), two = export_onnx(parsed(reordered));
  REQUIRE(one.ok());
  REQUIRE(two.ok());
  CHECK(*one == *two);
  CHECK(text_of(*one).find("offramp") != std::string::npos);
}

TEST_CASE("export: nodes get unique names") {
  Graph graph = parsed("graph g opset 17\ninput x f32 [N, 2]\na = Relu(x)\nb = Relu(a)\ny = Relu(b)\noutput y\n");
  graph.nodes[0].name = graph.nodes[1].name = "same";
  graph.nodes[2].name = "";
  const auto bytes = export_onnx(graph);
  REQUIRE(bytes.ok());
  const auto back = import_onnx(*bytes);
  REQUIRE(back.ok());
  CHECK(back->nodes[0].name == "same");
  CHECK(back->nodes[1].name == "same_1");
  CHECK(back->nodes[2].name == "y");
}

TEST_CASE("export: operators of other domains, absent inputs") {
  const Graph graph = parsed(
      "graph g opset 17\n"
      "input x f32 [N, 2]\n"
      "const w f32 [2] = {1, 2}\n"
      "a = com.example::Blur(x, _, w) {name = \"blur\"}\n"
      "y = Relu(x)\n"
      "output y\n",
      /*infer=*/false);
  Graph known = graph;
  REQUIRE(infer_known_shapes(known).ok());
  const auto bytes = export_onnx(known);
  REQUIRE(bytes.ok());
  const auto back = import_onnx(*bytes);
  REQUIRE(back.ok());
  CHECK(print_graph(*back) == print_graph(graph));
}

TEST_CASE("export: a node that came later raises the opset, and the other forms with it") {
  const Graph graph = parsed(
      "graph g opset 17\ninput x f32 [N, 4, 6]\na, b = Split(x) {axis = 1}\ng = Gelu(a)\nm = Add(g, b)\n"
      "y = ReduceMean(m) {axes = [2], keepdims = 0}\noutput y\n");
  const auto bytes = export_onnx(graph);
  REQUIRE(bytes.ok());
  auto back = import_onnx(*bytes);
  REQUIRE(back.ok());
  const std::string newer =
      "graph g opset 21\ninput x f32 [N, 4, 6]\nconst y.axes i64 [1] = {2}\n"
      "a, b = Split(x) {axis = 1, num_outputs = 2}\ng = Gelu(a)\nm = Add(g, b)\n"
      "y = ReduceMean(m, y.axes) {keepdims = 0}\noutput y\n";
  CHECK(print_graph(*back) == newer);
  REQUIRE(infer_shapes(*back).ok());
  const auto again = export_onnx(*back);
  REQUIRE(again.ok());
  CHECK(*again == *bytes);
  // A part of it without the newer node keeps its forms.
  Graph part = *back;
  part.nodes[1].op = "Relu";
  part.opset = 17;
  const auto rest = export_onnx(part);
  REQUIRE(rest.ok());
  CHECK(import_onnx(*rest)->opset == 21);
}

TEST_CASE("export: Resize's symmetric half pixels raise the opset") {
  for (const auto& [mode, opset] : {std::pair{"half_pixel_symmetric", 21}, std::pair{"half_pixel", 17}}) {
    const auto bytes = export_onnx(parsed(
        "graph g opset 17\ninput x f32 [N, 1, 4, 6]\nconst s f32 [4] = {1.0, 1.0, 2.0, 2.0}\n"
        "y = Resize(x, _, s) {coordinate_transformation_mode = \"" + std::string(mode) + "\", mode = \"linear\"}\noutput y\n"));
    REQUIRE(bytes.ok());
    CHECK(import_onnx(*bytes)->opset == opset);
  }
}

TEST_CASE("export: a constant output is made by a node") {
  const Graph graph =
      parsed("graph g opset 17\ninput x f32 [N, 2]\nconst c f32 [1] = {7}\ny = Relu(x)\noutput y\noutput c\n");
  const auto bytes = export_onnx(graph);
  REQUIRE(bytes.ok());
  const auto back = import_onnx(*bytes);
  REQUIRE(back.ok());
  CHECK(print_graph(*back) ==
        "graph g opset 17\n"
        "input x f32 [N, 2]\n"
        "c = Constant() {value = f32 [1] {7.0}}\n"
        "y = Relu(x)\n"
        "output y\n"
        "output c\n");
}

TEST_CASE("export: what cannot be written is refused") {
  const auto refusal = [](const Graph& graph) {
    const auto bytes = export_onnx(graph);
    return bytes ? "written" : std::string(to_string(bytes.error().code)) + ": " + bytes.error().to_string();
  };
  CHECK(refusal(parsed(kSmall, /*infer=*/false)) ==
        "invalid_argument: writing model: the shape of \"y\" is not known; normalise the graph first");
  Graph old = parsed(kSmall), broken = parsed(kSmall);
  old.opset = 11;
  CHECK(refusal(old) == 
        "invalid_argument: writing model: opset 11, expected 13 to 17 or 21; normalise the graph first");
  broken.outputs.clear();
  CHECK(refusal(broken) == "invalid_model: writing model: the graph has no outputs");
}

}  // namespace offramp
