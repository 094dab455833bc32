// Einsum as products of matrices: the graph that comes out, and that it computes the same.
#include "passes_support.h"

namespace offramp::testing {
namespace {

constexpr const char* kEquations[] = {
    "bhqd,bhkd->bhqk", "bhqk,bhkd->bqhd", "bqd,bkd->bkq", "bnc,bnd->bncd", "bni,bi->bn", "bic,bjc->bijc", "bij,bij->b", "bij,bkj->bik",
};

Graph with_equation(const std::string& equation) {
  const auto shape = [](const std::string& labels) {
    std::string text;
    for (char c : labels) text += (text.empty() ? "" : ", ") + (c == 'b' ? "N" : std::to_string(2 + (c - 'a') % 5));
    return "[" + text + "]";
  };
  const size_t comma = equation.find(','), arrow = equation.find("->");
  return inferred("graph g opset 17\ninput a f32 " + shape(equation.substr(0, comma)) + "\ninput c f32 " +
                  shape(equation.substr(comma + 1, arrow - comma - 1)) + "\ny = Einsum(a, c) {equation = \"" + equation +
                  "\"}\noutput y\n");
}

TEST_CASE("lower_einsums keeps what is computed, for any batch") {
  for (const char* equation : kEquations) {
    CAPTURE(equation);
    const Graph before = with_equation(equation);
    Graph after = before;
    REQUIRE(lower_einsums(after));
    REQUIRE(infer_shapes(after).ok());
    for (const Node& node : after.nodes) CHECK(node.op != "Einsum");
    CHECK(to_string(*after.value(after.outputs[0]).shape) == to_string(*before.value(before.outputs[0]).shape));
    for (int64_t batch : {1, 3}) {
      const auto want = computed(before, batch), got = computed(after, batch);
      REQUIRE(got.size() == want.size());
      for (size_t i = 0; i < want.size(); ++i) CHECK(double(got[i]) == doctest::Approx(double(want[i])).epsilon(1e-5));
    }
  }
}

TEST_CASE("lower_einsums: attention becomes one product and what turns its operands") {
  CHECK(normalised("graph g opset 17\ninput q f32 [N, 4, 6, 8]\ninput k f32 [N, 4, 6, 8]\n"
                   "y = Einsum(q, k) {equation = \"bhqd,bhkd->bhqk\"}\noutput y\n") ==
        "input q f32 [N, 4, 6, 8]\ninput k f32 [N, 4, 6, 8]\n"
        "y.transposed = Transpose(k) {perm = [0, 1, 3, 2]}\n"
        "y = MatMul(q, y.transposed) {name = \"y.product\"}\noutput y\n");
}

TEST_CASE("lower_einsums: weights are turned once, when the model is loaded") {
  CHECK(normalised("graph g opset 17\ninput x f32 [N, 6, 8]\nconst w f32 [2, 8] = 0.5\n"
                   "y = Einsum(x, w) {equation = \"btc,dc->btd\"}\noutput y\n").find("Transpose") == std::string::npos);
}

TEST_CASE("lower_einsums leaves diagonals, long products and wrong equations") {
  for (const char* line : {"y = Einsum(x) {equation = \"bii->bi\"}", "y = Einsum(x, x, x) {equation = \"bij,bjk,bkl->bil\"}",
                           "y = Einsum(x) {equation = \"bij,bjk\"}"}) {
    CAPTURE(line);
    Graph graph = parsed("graph g opset 17\ninput x f32 [N, 3, 3]\n" + std::string(line) + "\noutput y\n");
    CHECK_FALSE(lower_einsums(graph));
    CHECK(graph.nodes[0].op == "Einsum");
  }
}

}  // namespace
}  // namespace offramp::testing
