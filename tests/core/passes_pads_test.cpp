// make_pads_explicit: auto_pad in numbers, and zero pads moved into convolutions.
#include "passes_support.h"

namespace offramp {
namespace {

using namespace testing;

std::string explicit_pads(const std::string& lines) {
  Graph graph = inferred("graph g opset 17\n" + lines);
  const auto changed = make_pads_explicit(graph);
  if (!changed) return changed.error().to_string();
  const Shape before = *graph.value(graph.outputs[0]).shape;
  const Status status = infer_known_shapes(graph);
  CHECK(status.ok());
  CHECK(to_string(*graph.value(graph.outputs[0]).shape) == to_string(before));
  return body(std::move(graph));
}

std::string convolution(const std::string& attributes) {
  return "input x f32 [N, 1, 7, 8]\nconst w f32 [1, 1, 3, 4] = 1\ny = Conv(x, w) {" + attributes + "}\noutput y\n";
}
std::string pads_of(const std::string& attributes) {
  const std::string text = explicit_pads(convolution(attributes));
  const size_t begin = text.find('{', text.find("Conv"));
  return begin == std::string::npos ? "" : text.substr(begin, text.find('}', begin) + 1 - begin);
}

}  // namespace

TEST_CASE("make_pads_explicit: auto_pad") {
  CHECK(pads_of("auto_pad = \"SAME_UPPER\"") == "{pads = [1, 1, 1, 2]}");
  CHECK(pads_of("auto_pad = \"SAME_LOWER\"") == "{pads = [1, 2, 1, 1]}");
  CHECK(pads_of("auto_pad = \"SAME_UPPER\", strides = [2, 2]") == "{pads = [1, 1, 1, 1], strides = [2, 2]}");
  CHECK(pads_of("auto_pad = \"SAME_UPPER\", dilations = [2, 1]") == "{dilations = [2, 1], pads = [2, 1, 2, 2]}");
  CHECK(pads_of("auto_pad = \"VALID\"") == "");
  CHECK(pads_of("auto_pad = \"NOTSET\", pads = [1, 0, 0, 1]") == "{pads = [1, 0, 0, 1]}");
  CHECK(explicit_pads(
            "input x f32 [N, 1, 6]\ny = MaxPool(x) {auto_pad = \"SAME_UPPER\", ceil_mode = 1, kernel_shape = [2], "
            "strides = [4]}\noutput y\n") ==
        "input x f32 [N, 1, 6]\ny = MaxPool(x) {kernel_shape = [2], pads = [0, 0], strides = [4]}\noutput y\n");
}

TEST_CASE("make_pads_explicit: a zero Pad moves into its Conv") {
  const std::string head =
      "input x f32 [N, 1, 5, 5]\nconst w f32 [1, 1, 3, 3] = 1\nconst p i64 [8] = {0, 0, 1, 2, 0, 0, 3, 4}\n";
  const std::string tail = "y = Conv(q, w) {pads = [1, 1, 1, 1]}\noutput y\n";
  const Graph before = inferred("graph g opset 17\n" + head + "q = Pad(x, p)\n" + tail);
  Graph after = before;
  REQUIRE(make_pads_explicit(after).ok());
  REQUIRE(after.nodes.size() == 1);
  CHECK(after.nodes[0].integers("pads") == std::vector<int64_t>{2, 3, 4, 5});
  CHECK(computed(before) == computed(after));
  Graph zero = inferred("graph g opset 17\n" + head + "const v f32 [] = {0.0}\nq = Pad(x, p, v)\n" + tail);
  REQUIRE(make_pads_explicit(zero).ok());
  CHECK(zero.nodes.size() == 1);
}

TEST_CASE("make_pads_explicit: other pads stay") {
  const auto nodes_left = [](const std::string& pads, const std::string& pad, const std::string& more = "") {
    Graph graph =
        inferred("graph g opset 17\ninput x f32 [N, 2, 5]\nconst v f32 [] = {1.0}\nconst p i64 [6] = " + pads +
                 "\nq = " + pad + "\nconst w f32 [1, 2, 2] = 1\nconst w4 f32 [1, 4, 2] = 1\n" +
                 (more.empty() ? "y = Conv(q, w)\noutput y\n" : more));
    const auto changed = make_pads_explicit(graph);
    CHECK(changed.ok());
    CHECK_FALSE(*changed);
    return graph.nodes.size();
  };
  CHECK(nodes_left("{0, 0, 1, 0, 0, 1}", "Pad(x, p, v)") == 2);
  CHECK(nodes_left("{0, 0, 1, 0, 0, 1}", "Pad(x, p) {mode = \"edge\"}") == 2);
  CHECK(nodes_left("{0, 0, -1, 0, 0, 1}", "Pad(x, p)") == 2);
  CHECK(nodes_left("{0, 1, 1, 0, 1, 1}", "Pad(x, p)", "y = Conv(q, w4)\noutput y\n") == 2);
  CHECK(nodes_left("{0, 0, 1, 0, 0, 1}", "Pad(x, p)", "y = Conv(q, w)\noutput y\noutput q\n") == 2);
}

}  // namespace offramp
