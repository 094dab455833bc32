// A model of tokens takes them as whole f32 numbers, like any other samples.
#include <doctest/doctest.h>

#include "graph/operators.h"
#include "graph/text.h"
#include "offramp.h"
#include "onnx/onnx.h"

namespace offramp {
namespace {

// Tokens 0 to 3 are classes 0, 1, 0, 1; the answer is the majority.
std::vector<uint8_t> token_model() {
  auto graph = parse_graph(
      "graph tokens opset 17\n"
      "input x i64 [N, 3]\n"
      "const words f32 [4, 2] = {1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0}\n"
      "const mix f32 [2, 2] = {1.0, 0.0, 0.0, 1.0}\n"
      "e = Gather(words, x)\n"
      "h = MatMul(e, mix)\n"
      "m = ReduceMean(h) {axes = [1], keepdims = 0}\n"
      "y = Gemm(m, mix)\n"
      "output y\n");
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  REQUIRE(infer_shapes(*graph).ok());
  auto bytes = export_onnx(*graph);
  REQUIRE(bytes.ok());
  return std::move(bytes).value();
}

TEST_CASE("token model: inspected with its own type and with exit points") {
  const auto report = inspect_model(token_model());
  REQUIRE_MESSAGE(report.ok(), report.error().to_string());
  CHECK((*report)["inputs"] == Json::parse(R"([{"name": "x", "dtype": "i64", "shape": ["N", 3]}])"));
  REQUIRE((*report)["exit_points"].size() == 1);
  CHECK((*report)["exit_points"][0]["shape"] == Json::parse("[2]"));
}

TEST_CASE("token model: answers rows of any number type, and refuses tokens that it has no words for") {
  const auto evaluator = Evaluator::from_model(token_model(), Json::array(), Backend::kXnnpack);
  REQUIRE_MESSAGE(evaluator.ok(), evaluator.error().to_string());
  const std::vector<int32_t> labels = {0, 1, 0};
  REQUIRE((*evaluator)->set_rows(Tensor::of<int64_t>({3, 3}, {0, 2, 1, 3, 1, 0, 2, 2, 4}), labels).ok());
  CHECK((*evaluator)->run_base(0).ok());
  CHECK((*evaluator)->run_base(1).ok());
  CHECK((*evaluator)->result()["accuracy"] == 1.0);
  const Status status = (*evaluator)->run_base(2);
  REQUIRE(!status.ok());
  CHECK(status.error().code == ErrorCode::kInvalidModel);
  CHECK(status.error().to_string() == "row 2 > node e (Gather): index 4 is outside [-4, 3]");
}

}  // namespace
}  // namespace offramp
