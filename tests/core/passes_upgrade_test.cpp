// upgrade_opset where it writes whole nodes: resizing, repeating pads, and opset 6's way to broadcast.
#include "passes_support.h"

namespace offramp::testing {
namespace {

std::string upgraded(const std::string& opset, const std::string& lines) {
  // Older forms are no valid newer ones.
  Graph graph = std::stoi(opset) < 11 ? parsed("graph g opset " + opset + "\n" + lines)
                                     : inferred("graph g opset " + opset + "\n" + lines);
  const auto changed = upgrade_opset(graph);
  if (!changed) return std::string(to_string(changed.error().code)) + ": " + changed.error().to_string();
  const auto again = upgrade_opset(graph);
  REQUIRE(again.ok());
  CHECK_FALSE(*again);
  return body(std::move(graph));
}

TEST_CASE("upgrade_opset: Upsample and the first Resize count from the corner") {
  const std::string want =
      "input x f32 [N, 2, 4, 4]\n"
      "const SCALES f32 [4] = {1.0, 1.0, 2.0, 2.0}\n"
      "y = Resize(x, _, SCALES) {coordinate_transformation_mode = \"asymmetric\", mode = \"linear\", nearest_mode = \"floor\"}\n"
      "output y\n";
  const auto wanted = [&want](const std::string& name) {
    std::string text = want;
    for (size_t at; (at = text.find("SCALES")) != std::string::npos;) text.replace(at, 6, name);
    return text;
  };
  const std::string x = "input x f32 [N, 2, 4, 4]\n", s = "const s f32 [4] = {1.0, 1.0, 2.0, 2.0}\n";
  CHECK(upgraded("7", x + "y = Upsample(x) {mode = \"linear\", scales = [1.0, 1.0, 2.0, 2.0]}\noutput y\n") == wanted("y.scales"));
  CHECK(upgraded("9", x + s + "y = Upsample(x, s) {mode = \"linear\"}\noutput y\n") == wanted("s"));
  CHECK(upgraded("10", x + s + "y = Resize(x, s) {mode = \"linear\"}\noutput y\n") == wanted("s"));
}

TEST_CASE("upgrade_opset: Resize for some axes becomes one for all, and sizes follow the batch") {
  CHECK(upgraded("18", "input x f32 [N, 2, 4, 4]\nconst s f32 [2] = {2.0, 3.0}\n"
                       "y = Resize(x, _, s) {antialias = 0, axes = [2, -1], keep_aspect_ratio_policy = \"stretch\"}\noutput y\n") ==
        "input x f32 [N, 2, 4, 4]\nconst y.scales f32 [4] = {1.0, 1.0, 2.0, 3.0}\n"
        "y = Resize(x, _, y.scales)\noutput y\n");
  CHECK(upgraded("13", "input x f32 [N, 2, 4, 4]\nconst s i64 [4] = {1, 2, 8, 6}\ny = Resize(x, _, _, s)\noutput y\n") ==
        "input x f32 [N, 2, 4, 4]\nconst y.rest i64 [3] = {2, 8, 6}\n"
        "y.batch = Shape(x) {end = 1, start = 0}\n"
        "y.sizes = Concat(y.batch, y.rest) {axis = 0}\n"
        "y = Resize(x, _, _, y.sizes)\noutput y\n");
}

TEST_CASE("Resize in forms that have no kernel is refused by name") {
  const std::string head = "graph g opset 18\ninput x f32 [N, 2, 5, 4]\nconst s f32 [4] = {1.0, 1.0, 0.5, 2.0}\n";
  const auto refused = [&head](const std::string& line) {
    Graph graph = parsed(head + line + "\noutput y\n");
    REQUIRE(normalise(graph, run_reference).ok());
    const auto parts = unsupported_parts(graph);
    return parts.size() == 1 ? parts[0] : std::to_string(parts.size()) + " parts";
  };
  CHECK(refused("y = Resize(x, _, s) {antialias = 1, mode = \"linear\"}") == "node y (Resize): attribute antialias");
  CHECK(refused("y = Resize(x, _, s) {coordinate_transformation_mode = \"align_corners\", mode = \"linear\"}") ==
        "node y (Resize): align_corners with scale 0.500000 of an axis of 5, which gives no whole size; "
        "export the model with sizes");
}

TEST_CASE("upgrade_opset: states of zeros are left off") {
  const std::string head = "input x f32 [5, N, 3]\nconst w f32 [1, 8, 3] = 0.5\nconst r f32 [1, 8, 2] = 0.5\n";
  Graph graph = parsed("graph g opset 14\n" + head + "const z f32 [1, 1, 2] = 0\nconst c f32 [1, 1, 2] = 0.5\n"
                       "y, h, s = LSTM(x, w, r, _, _, z, c)\noutput y\n");
  REQUIRE(upgrade_opset(graph).ok());
  CHECK_FALSE(bool(graph.nodes[0].inputs[5]));
  CHECK(bool(graph.nodes[0].inputs[6]));
}

TEST_CASE("upgrade_opset: pads by repetition become slices of the input") {
  const std::string lines = "input x f32 [N, 2, 4]\nconst p i64 [6] = {0, 0, 3, 0, 1, -1}\n"
                            "y = Pad(x, p) {mode = \"wrap\"}\noutput y\n";
  const Graph before = inferred("graph g opset 19\n" + lines);
  Graph after = before;
  REQUIRE(upgrade_opset(after).ok());
  REQUIRE(infer_shapes(after).ok());
  for (const Node& node : after.nodes) CHECK(node.op != "Pad");
  CHECK(to_string(*after.value(after.outputs[0]).shape) == "[N, 3, 6]");
  CHECK(computed(after) == computed(before));
}

TEST_CASE("upgrade_opset: what opset 6 aligns at an axis gets its trailing dimensions") {
  CHECK(upgraded("6", "input x f32 [N, 2, 4, 5]\nconst b f32 [2] = {1.0, 2.0}\nconst c f32 [4, 5] = 0.5\n"
                      "a = Add(x, b) {axis = 1, broadcast = 1}\n"
                      "y = Mul(a, c) {broadcast = 1}\noutput y\n") ==
        body(parsed("graph g opset 17\ninput x f32 [N, 2, 4, 5]\nconst b f32 [2] = {1.0, 2.0}\nconst c f32 [4, 5] = 0.5\n"
                    "const a.aligned.axes i64 [2] = {1, 2}\n"
                    "a.aligned = Unsqueeze(b, a.aligned.axes)\n"
                    "a = Add(x, a.aligned)\ny = Mul(a, c)\noutput y\n")));
  CHECK(upgraded("6", "input x f32 [N, 2, 4]\nconst s f32 [2] = {0.1, 0.2}\ny = PRelu(x, s)\noutput y\n") ==
        "input x f32 [N, 2, 4]\nconst s f32 [2] = {0.1, 0.2}\nconst y.aligned.axes i64 [1] = {1}\n"
        "y.aligned = Unsqueeze(s, y.aligned.axes)\ny = PRelu(x, y.aligned)\noutput y\n");
}

}  // namespace
}  // namespace offramp::testing
