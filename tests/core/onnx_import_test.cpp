// What the importer makes of valid models: constants in all their forms, names, inputs, attributes, order.
#include <doctest/doctest.h>

#include <limits>

#include "graph/text.h"
#include "onnx/onnx.h"
#include "proto_bytes.h"

namespace offramp {
namespace {

using namespace proto;

// The graph's text form, or the error.
std::string imported(const std::vector<uint8_t>& bytes) {
  auto graph = import_onnx(bytes);
  return graph ? print_graph(*graph) : graph.error().to_string();
}

std::string imported_constant(const Message& constant) {
  const std::string text = imported(model_bytes(add_parts(constant)));
  const size_t begin = text.find("const "), end = text.find('\n', begin);
  return begin == std::string::npos ? text : text.substr(begin, end - begin);
}

}  // namespace

TEST_CASE("import: a small model") {
  GraphParts parts = add_parts(tensor("w", {2}, {0.5f, -1}));
  CHECK(imported(model_bytes(parts, 13)) ==
        "graph g opset 13\n"
        "input x f32 [N, 2]\n"
        "const w f32 [2] = {0.5, -1.0}\n"
        "y = Add(x, w) {name = \"sum\"}\n"
        "output y\n");
}

TEST_CASE("import: constants come as raw bytes or typed lists") {
  CHECK(imported_constant(tensor("w", {2}, {1, 2})) == "const w f32 [2] = {1.0, 2.0}");
  CHECK(imported_constant(tensor_head("w", kFloat, {2}).text(4, raw<float>({1, 2}))) == "const w f32 [2] = {1.0, 2.0}");
  CHECK(imported_constant(tensor_head("w", kDouble, {1}).text(10, raw<double>({2.5}))) == "const w f64 [1] = {2.5}");
  CHECK(imported_constant(tensor_head("w", kInt64, {2}).packed(7, {-1, int64_t{1} << 40})) ==
        "const w i64 [2] = {-1, 1099511627776}");
  CHECK(imported_constant(tensor_head("w", kInt32, {2}).packed(5, {-1, 7})) == "const w i32 [2] = {-1, 7}");
  CHECK(imported_constant(tensor_head("w", kInt8, {2}).packed(5, {-128, 127})) == "const w i8 [2] = {-128, 127}");
  CHECK(imported_constant(tensor_head("w", kUint8, {2}).packed(5, {0, 255})) == "const w u8 [2] = {0, 255}");
  CHECK(imported_constant(tensor_head("w", kFloat16, {2}).packed(5, {0x3c00, 0xc000})) ==
        "const w f16 [2] = {1.0, -2.0}");
  CHECK(imported_constant(tensor_head("w", kFloat16, {1}).text(9, raw<uint16_t>({0x3800}))) ==
        "const w f16 [1] = {0.5}");
  CHECK(imported_constant(tensor("w", {}, {3})) == "const w f32 [] = {3.0}");
  CHECK(imported_constant(tensor("w", {0}, {})) == "const w f32 [0] = {}");
}

TEST_CASE("import: a tensor of its own") {
  const auto bytes = Message().packed(1, {2, 1}).number(2, 1).real(4, 0.5f).real(4, -3).vector();
  const auto tensor = import_tensor(bytes);
  REQUIRE(tensor.ok());
  CHECK(tensor->dims() == Dims{2, 1});
  CHECK(tensor->data<float>()[1] == -3);

  const std::vector<uint8_t> torn(bytes.begin(), bytes.end() - 1);
  const auto refused = import_tensor(torn);
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kInvalidData);
  CHECK(refused.error().to_string() == "not an ONNX tensor: protobuf cannot parse it");
}

TEST_CASE("import: a bool is 0 or 1 whatever the byte") {
  const auto graph =
      import_onnx(model_bytes(add_parts(tensor_head("w", kBool, {3}).text(9, std::string("\0\1\7", 3)))));
  REQUIRE(graph.ok());
  const Tensor* tensor = graph->constant(graph->find_value("w"));
  REQUIRE(tensor != nullptr);
  CHECK(reinterpret_cast<const uint8_t*>(tensor->raw())[1] == 1);
  CHECK(reinterpret_cast<const uint8_t*>(tensor->raw())[2] == 1);
}

TEST_CASE("import: opsets before 6 only with operators that have not changed since") {
  GraphParts parts = relu_parts();
  parts.nodes = {node("Softplus", {"x"}, {"y"})};
  CHECK(import_onnx(model_bytes(parts, 1)).ok());
  parts.nodes = {node("Softplus", {"x"}, {"z"}), node("Relu", {"z"}, {"y"})};
  const auto refused = import_onnx(model_bytes(parts, 1));
  REQUIRE(!refused.ok());
  CHECK(refused.error().to_string() == "loading model: opset 1; opsets 6 to 22 are supported");
}

TEST_CASE("import: the leading dimension of inputs is the batch") {
  const auto shape = [](const std::vector<int64_t>& dims) {
    GraphParts parts = relu_parts();
    parts.inputs = {value_info("x", kFloat, dims)};
    const auto graph = import_onnx(model_bytes(parts));
    return graph ? to_string(*graph->value(graph->inputs[0]).shape) : graph.error().to_string();
  };
  CHECK(shape({-1, 3, 8, 8}) == "[N, 3, 8, 8]");
  CHECK(shape({1, 3, 8, 8}) == "[N, 3, 8, 8]");
  CHECK(shape({4, 3}) == "[4, 3]");
  CHECK(shape({-1, 3, -1, 8}) == "[N, 3, ?, 8]");
  CHECK(shape({}) == "[]");
}

TEST_CASE("import: constants that are listed as inputs too are constants") {
  GraphParts parts = add_parts(tensor("w", {2}, {1, 2}));
  parts.inputs.push_back(value_info("w", kFloat, {2}));
  const auto graph = import_onnx(model_bytes(parts));
  REQUIRE(graph.ok());
  CHECK(graph->inputs.size() == 1);
  CHECK(graph->is_constant(graph->find_value("w")));
}

TEST_CASE("import: nodes in any order, absent inputs and outputs, domains, names") {
  GraphParts parts = relu_parts();
  Message custom = node("Blur", {"a", "", "x"}, {"", "b"}, "blur");
  custom.text(7, "com.example");
  Message official = node("Relu", {"b"}, {"y"});
  official.text(7, "ai.onnx");
  parts.nodes = {official, custom, node("Abs", {"x"}, {"a"})};
  CHECK(imported(model_bytes(parts)) ==
        "graph g opset 17\n"
        "input x f32 [N, 2]\n"
        "a = Abs(x)\n"
        "_, b = com.example::Blur(a, _, x) {name = \"blur\"}\n"
        "y = Relu(b)\n"
        "output y\n");
}

TEST_CASE("import: attributes of every kind") {
  GraphParts parts = relu_parts();
  const Message branch = Message().text(1, "then_branch").add(6, graph(relu_parts())).number(20, 5);
  parts.nodes = {node("Odd", {"x"}, {"y"}, "odd",
                      {integer_attribute("i", -3), integers_attribute("list", {1, 2}),
                       Message().text(1, "f").real(2, 0.5f).number(20, 1),
                       Message().text(1, "s").text(4, "a\nb").number(20, 3),
                       Message().text(1, "floats").real(7, 1.5f).real(7, 2.5f).number(20, 6),
                       Message().text(1, "words").text(9, "p").text(9, "q").number(20, 8),
                       tensor_attribute("t", tensor("", {1}, {4})), branch})};
  const auto graph = import_onnx(model_bytes(parts));
  REQUIRE(graph.ok());
  const Node& node = graph->nodes[0];
  CHECK(node.integer("i", 0) == -3);
  CHECK(node.integers("list") == std::vector<int64_t>{1, 2});
  CHECK(node.number("f", 0) == 0.5f);
  CHECK(node.text("s", "") == "a\\x0ab");
  CHECK(std::get<std::vector<float>>(node.attributes.at("floats")) == std::vector<float>{1.5f, 2.5f});
  CHECK(std::get<std::vector<std::string>>(node.attributes.at("words")) == std::vector<std::string>{"p", "q"});
  CHECK(std::get<Tensor>(node.attributes.at("t")).data<float>()[0] == 4);
  // A subgraph is dropped: no operator that has one can run.
  CHECK_FALSE(node.has("then_branch"));
}

TEST_CASE("import: infinities are for masks and bounds") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(import_onnx(model_bytes(add_parts(tensor("w", {2}, {0, -infinity})))).ok());
}

TEST_CASE("import: names that differ only in what is escaped stay apart") {
  GraphParts parts = relu_parts();
  parts.nodes = {node("Relu", {"x"}, {"a\n"}), node("Abs", {"a\n"}, {"a\\x0a"}), node("Neg", {"a\\x0a"}, {"y"})};
  CHECK(imported(model_bytes(parts)) ==
        "graph g opset 17\n"
        "input x f32 [N, 2]\n"
        "\"a\\\\x0a\" = Relu(x)\n"
        "\"a\\\\x0a_1\" = Abs(\"a\\\\x0a\") {name = \"a\\\\x0a\"}\n"
        "y = Neg(\"a\\\\x0a_1\")\n"
        "output y\n");
}

}  // namespace offramp
