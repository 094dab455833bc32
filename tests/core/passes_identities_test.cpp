// remove_identities and remove_dead_nodes, before and after.
#include "passes_support.h"

namespace offramp {
namespace {

using namespace testing;

std::string without_identities(const std::string& text) {
  Graph graph = inferred(text);
  remove_identities(graph);
  return body(std::move(graph));
}

}  // namespace

TEST_CASE("remove_identities: chains, dropout, casts to the same type") {
  CHECK(without_identities("graph g opset 17\n"
                           "input x f32 [N, 4]\n"
                           "a = Identity(x)\n"
                           "b = Identity(a)\n"
                           "c = Relu(b)\n"
                           "d, mask = Dropout(c)\n"
                           "e = Cast(d) {to = 1}\n"
                           "f = Cast(e) {to = 11}\n"
                           "y = Abs(f)\n"
                           "output y\n") ==
        "input x f32 [N, 4]\n"
        "c = Relu(x)\n"
        "f = Cast(c) {to = 11}\n"
        "y = Abs(f)\n"
        "output y\n");
}

TEST_CASE("remove_identities: outputs keep their names") {
  CHECK(without_identities(
            "graph g opset 17\ninput x f32 [N, 4]\na = Relu(x)\nb = Identity(a)\nz = Abs(a)\ny = Identity(b)\n"
            "output y\noutput z\n") ==
        "input x f32 [N, 4]\n"
        "y = Relu(x) {name = \"a\"}\n"
        "z = Abs(y)\n"
        "output y\n"
        "output z\n");
  // These need their Identity: an input as output, one value as two outputs.
  const std::string needed =
      "input x f32 [N, 4]\n"
      "y = Identity(x)\n"
      "a = Relu(x)\n"
      "b = Identity(a)\n"
      "output y\n"
      "output a\n"
      "output b\n";
  CHECK(without_identities("graph g opset 17\n" + needed) == needed);
}

TEST_CASE("remove_identities: Constant nodes become constants") {
  CHECK(without_identities("graph g opset 17\n"
                           "input x f32 [N, 2]\n"
                           "a = Constant() {value = f32 [2] {1.0, 2.0}}\n"
                           "b = Constant() {value_int = 3}\n"
                           "c = Constant() {value_floats = [0.5, 1.5]}\n"
                           "d = Constant() {value_ints = [4, 5]}\n"
                           "e = Constant() {value_float = 2.5}\n"
                           "y = Odd(x, a, b, c, d, e)\n"
                           "output y\n") ==
        "input x f32 [N, 2]\n"
        "const a f32 [2] = {1.0, 2.0}\n"
        "const b i64 [] = {3}\n"
        "const c f32 [2] = {0.5, 1.5}\n"
        "const d i64 [2] = {4, 5}\n"
        "const e f32 [] = {2.5}\n"
        "y = Odd(x, a, b, c, d, e)\n"
        "output y\n");
}

TEST_CASE("remove_identities: dropout stays where it does something") {
  const std::string mask = "input x f32 [N, 4]\ny, mask = Dropout(x)\nz = Not(mask)\noutput y\noutput z\n";
  CHECK(without_identities("graph g opset 17\n" + mask) == mask);
  const std::string training =
      "input x f32 [N, 4]\n"
      "const t bool [] = {1}\n"
      "y = Dropout(x, _, t)\n"
      "output y\n";
  CHECK(without_identities("graph g opset 17\n" + training) == training);
  Graph graph = parsed("graph g opset 17\n" + training);
  CHECK_FALSE(remove_identities(graph));
}

TEST_CASE("remove_dead_nodes") {
  Graph graph = parsed(
      "graph g opset 17\ninput x f32 [N, 4]\nconst w f32 [4] = 1\na = Add(x, w)\nb = Abs(a)\ny = Relu(x)\noutput y\n");
  CHECK(remove_dead_nodes(graph));
  CHECK(print_graph(graph) == "graph g opset 17\ninput x f32 [N, 4]\ny = Relu(x)\noutput y\n");
  CHECK_FALSE(remove_dead_nodes(graph));
}

TEST_CASE("remove_identities: long chains take linear time") {
  std::string text = "graph g opset 17\ninput x f32 [N, 4]\n";
  std::string last = "x";
  for (int i = 0; i < 20000; ++i) {
    const std::string next = "v" + std::to_string(i);
    text += next + " = Identity(" + last + ")\n";
    last = next;
  }
  Graph graph = parsed(text + "y = Relu(" + last + ")\noutput y\n");
  CHECK(remove_identities(graph));
  CHECK(graph.nodes.size() == 1);
  CHECK(graph.nodes[0].inputs[0] == graph.inputs[0]);
}

}  // namespace offramp
