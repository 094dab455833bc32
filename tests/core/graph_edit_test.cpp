// Building and editing graphs: names, compacting, sorting, validating, cutting.
#include <doctest/doctest.h>

#include "graph/graph.h"
#include "graph/text.h"

namespace offramp {
namespace {

Graph parse(const char* text) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  return std::move(graph).value();
}

constexpr const char* kBranches = R"(
graph branches opset 13
input x f32 [N, 4]
const w f32 [4, 4] = normal(1)
const unused f32 [2] = 1
a = MatMul(x, w)
b = Relu(a)
dead = Exp(a)
c = Add(a, b)
output c
)";

TEST_CASE("shapes print with the batch as N and bind to a batch size") {
  const Shape shape = {{1, true}, {16, false}, {4, true}, {-1, false}, {0, false}};
  CHECK(to_string(shape) == "[N, 16, 4N, ?, 0]");
  CHECK(to_string(Shape{}) == "[]");
  CHECK(offramp::bind({{1, true}, {16, false}, {4, true}}, 3) == Dims{3, 16, 12});
}

TEST_CASE("a taken value name gets a suffix that is not taken either") {
  Graph graph;
  CHECK(graph.value(graph.add_value("y")).name == "y");
  CHECK(graph.value(graph.add_value("y_1")).name == "y_1");
  CHECK(graph.value(graph.add_value("y")).name == "y_2");
  CHECK(graph.value(graph.add_value("y")).name == "y_3");
  CHECK(graph.value(graph.add_value("")).name == "value");
  const ValueId id = graph.find_value("y_2");
  graph.rename_value(id, "logits");
  CHECK(graph.find_value("logits") == id);
  CHECK_FALSE(graph.find_value("y_2"));
  graph.rename_value(id, "y");
  CHECK(graph.value(id).name == "y_4");
}

TEST_CASE("add_node names node and value alike, and attributes fall back to what was asked for") {
  Graph graph;
  const ValueId x = graph.add_value("x");
  const ValueId y = graph.add_node(
      "Conv", {x}, "x",
      {{"group", int64_t{2}}, {"alpha", 0.5f}, {"mode", std::string("edge")}, {"pads", std::vector<int64_t>{1, 2}}});
  const Node& node = graph.nodes.front();
  CHECK(node.name == "x_1");
  CHECK(graph.value(y).name == "x_1");
  CHECK(node.frame() == "node x_1 (Conv)");
  CHECK(node.integer("group", 1) == 2);
  CHECK(node.integer("axis", -1) == -1);
  CHECK(node.integer("mode", 7) == 7);  // another type
  CHECK(node.number("alpha", 0) == 0.5f);
  CHECK(node.number("group", 0) == 2.0f);
  CHECK(node.text("mode", "") == "edge");
  CHECK(node.integers("pads") == std::vector<int64_t>{1, 2});
  CHECK(node.integers("strides", {1}) == std::vector<int64_t>{1});
}

TEST_CASE("constants set type and shape of their value") {
  Graph graph;
  const ValueId id = graph.add_constant("c", Tensor::of<int64_t>({2, 1}, std::vector<int64_t>{3, 4}));
  CHECK(graph.is_constant(id));
  CHECK(graph.value(id).dtype == DType::kI64);
  CHECK(to_string(*graph.value(id).shape) == "[2, 1]");
  graph.erase_constant(id);
  CHECK(graph.constant(id) == nullptr);
}

TEST_CASE("producers and consumers are listed by value, each reader once") {
  const Graph graph = parse(R"(graph g opset 17
input x f32 [N, 4]
a = Relu(x)
b = Add(a, a)
output b)");
  CHECK(graph.producers() == std::vector<int32_t>{-1, 0, 1});
  CHECK(graph.consumers() == std::vector<std::vector<int32_t>>{{0}, {1}, {}});
}

TEST_CASE("replacing uses reaches graph outputs") {
  Graph graph = parse(kBranches);
  graph.replace_uses(graph.find_value("c"), graph.find_value("b"));
  graph.compact();
  CHECK(print_graph(graph).find("output b\n") != std::string::npos);
  CHECK(graph.nodes.size() == 2);
}

TEST_CASE("compacting drops what no output needs and keeps the rest") {
  Graph graph = parse(kBranches);
  graph.compact();
  REQUIRE(validate(graph).ok());
  CHECK(graph.value_count() == 5);
  CHECK(graph.constants().size() == 1);
  CHECK_FALSE(graph.find_value("dead"));
  CHECK_FALSE(graph.find_value("unused"));
  CHECK(graph.value(graph.outputs[0]).name == "c");
  CHECK(graph.nodes[2].inputs == std::vector<ValueId>{graph.find_value("a"), graph.find_value("b")});
  CHECK(graph.opset == 13);
}

TEST_CASE("sorting is stable, and a cycle is named by a node on it") {
  Graph graph = parse(kBranches);
  std::swap(graph.nodes[0], graph.nodes[3]);  // Add, Relu, Exp, MatMul
  CHECK(validate(graph).error().to_string() ==
        "node c (Add): reads \"a\", which no earlier node, input or constant makes");
  REQUIRE(graph.sort().ok());
  REQUIRE(validate(graph).ok());
  std::string order;
  for (const Node& node : graph.nodes) order += node.name + " ";
  CHECK(order == "a b c dead ");  // c stood before dead
  REQUIRE(graph.sort().ok());
  CHECK(graph.nodes[3].name == "dead");

  // tail hangs behind the cycle a -> b -> a and must not be blamed.
  Graph cyclic = parse(R"(graph g opset 17
input x f32 [N, 4]
a = Add(x, x)
b = Relu(a)
tail = Relu(b)
output tail)");
  std::swap(cyclic.nodes[0], cyclic.nodes[2]);
  cyclic.nodes[2].inputs[1] = cyclic.find_value("b");
  const Status status = cyclic.sort();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kInvalidModel);
  CHECK(status.error().to_string() == "node b (Relu) is part of a cycle: it needs its own output");
}

TEST_CASE("validation names what is broken") {
  const auto broken = [](auto edit) {
    Graph graph = parse(kBranches);
    edit(graph);
    const Status status = validate(graph);
    REQUIRE_FALSE(status.ok());
    return status.error().to_string();
  };
  CHECK(validate(parse(kBranches)).ok());
  CHECK(broken([](Graph& g) { g.nodes[1].inputs[0] = {99}; }) == "node b (Relu): input 0 is value 99 of 7");
  CHECK(broken([](Graph& g) { g.nodes[1].outputs[0] = {-2}; }) == "node b (Relu): output 0 is value -2 of 7");
  CHECK(broken([](Graph& g) { g.nodes[1].outputs = {g.find_value("a")}; }) ==
        "node b (Relu): makes \"a\", which is already made by another node");
  CHECK(broken([](Graph& g) { g.nodes[1].outputs = {g.find_value("x")}; }) ==
        "node b (Relu): makes \"x\", which is already a graph input");
  CHECK(broken([](Graph& g) { g.nodes[1].outputs = {g.find_value("w")}; }) ==
        "node b (Relu): makes \"w\", which is already a constant");
  CHECK(broken([](Graph& g) { g.nodes[1].op.clear(); }) == "node b (): has no operator");
  CHECK(broken([](Graph& g) { g.nodes[1].outputs.clear(); }) == "node b (Relu): has no outputs");
  CHECK(broken([](Graph& g) { g.inputs.push_back(g.find_value("w")); }) == "graph input \"w\" is a constant too");
  CHECK(broken([](Graph& g) { g.inputs.push_back(g.inputs[0]); }) == "graph input \"x\" is listed twice");
  CHECK(broken([](Graph& g) { g.outputs.clear(); }) == "the graph has no outputs");
  CHECK(broken([](Graph& g) { g.outputs = {{7}}; }) == "a graph output is value 7 of 7");
  CHECK(broken([](Graph& g) { g.nodes.pop_back(); }) == "graph output \"c\" is made by no node");
  CHECK(broken([](Graph& g) { g.value({0}).name = g.value({1}).name; }) == "two values are named \"w\"");
  Graph absent = parse(kBranches);
  absent.nodes[3].inputs.push_back({});
  CHECK(validate(absent).ok());

  Graph large;
  large.nodes.resize(100'001);
  CHECK(validate(large).error().code == ErrorCode::kLimitExceeded);
  CHECK(validate(large).error().message == "the graph has 100001 nodes, at most 100000 are allowed");
}

TEST_CASE("a subgraph keeps names, constants, types and the opset") {
  const Graph graph = parse(kBranches);
  const auto at = [&](const char* name) { return graph.find_value(name); };
  const auto head = extract_subgraph(graph, {at("x")}, {at("b")});
  REQUIRE(head.ok());
  CHECK(head->opset == 13);
  CHECK(head->name == "branches");
  CHECK(head->nodes.size() == 2);
  CHECK(head->constant(head->find_value("w"))->elements() == 16);
  CHECK(to_string(*head->value(head->inputs[0]).shape) == "[N, 4]");
  CHECK(validate(*head).ok());

  const auto tail = extract_subgraph(graph, {at("a")}, {at("c"), at("a")});
  REQUIRE(tail.ok());
  CHECK(print_graph(*tail) == "graph branches opset 13\ninput a f32\nb = Relu(a)\nc = Add(a, b)\noutput c\noutput a\n");
  CHECK(validate(*tail).ok());

  const auto missing = extract_subgraph(graph, {at("b")}, {at("c")});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ErrorCode::kInvalidArgument);
  CHECK(missing.error().to_string() == "the subgraph needs \"x\", which is not among its inputs");
  CHECK(extract_subgraph(graph, {{-1}}, {at("c")}).error().message ==
        "an input of the subgraph is not a value of the graph");
  CHECK(extract_subgraph(graph, {at("x"), at("x")}, {at("c")}).error().message == "\"x\" is listed twice as input");
}

TEST_CASE("a subgraph may start at one output of a node that it needs for another") {
  const Graph graph = parse(R"(graph g opset 17
input x f32 [N, 4]
a, b = Split(x) {axis = 1}
c = Add(a, b)
output c)");
  const auto part = extract_subgraph(graph, {graph.find_value("x"), graph.find_value("a")}, {graph.find_value("c")});
  REQUIRE(part.ok());
  CHECK(validate(*part).ok());
  CHECK(part->nodes.size() == 2);
  CHECK(part->nodes[1].inputs[0] == part->inputs[1]);
}

}  // namespace
}  // namespace offramp
