// Sessions: what they refuse, many outputs, MACs as they are spent, changing batch sizes.
#include <doctest/doctest.h>

#include <cmath>

#include "exec/reference/kernels.h"
#include "exec/session.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

Graph parse(const char* text) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  const Status inferred = infer_shapes(*graph);
  REQUIRE_MESSAGE(inferred.ok(), inferred.error().to_string());
  return *graph;
}

constexpr const char* kNetwork = R"(graph net opset 17
input x f32 [N, 2, 8, 8]
const w f32 [4, 2, 3, 3] = normal(1) * 0.3
const v f32 [4, 4, 3, 3] = normal(2) * 0.3
const f f32 [3, 4] = normal(3)
a = Conv(x, w) {pads = [1, 1, 1, 1]}
b = Relu(a)
c = Conv(b, v) {pads = [1, 1, 1, 1]}
d = Add(c, b)
e = Relu(d)
g = GlobalAveragePool(e)
h = Flatten(g)
y = Gemm(h, f) {transB = 1}
output y
output b
output e
output x
output f
)";

Tensor ramp(Dims dims) {
  Tensor tensor(DType::kF32, std::move(dims));
  for (size_t i = 0; float& value : tensor.mutable_data<float>()) value = std::sin(float(i++));
  return tensor;
}

TEST_CASE("all operators without a kernel are named at once") {
  const auto graph = parse_graph(R"(graph odd opset 17
input x f32 [N, 3]
a = Attention(x) {name = "attn"}
b = "my.domain::Thing"(a)
y = Relu(b)
output y
)");
  REQUIRE(graph.ok());
  const std::string attention = "node attn (Attention): operator Attention has no kernel";
  const std::string thing = "node b (my.domain::Thing): operator my.domain::Thing has no kernel";
  CHECK(unsupported_parts(*graph) == std::vector{attention, thing});
  for (Backend backend : {Backend::kReference, Backend::kXnnpack}) {
    const auto session = Session::create(*graph, {backend});
    REQUIRE_FALSE(session.ok());
    CHECK(session.error().code == ErrorCode::kUnsupported);
    CHECK(session.error().to_string() == "cannot run " + attention + "; " + thing);
  }
}

TEST_CASE("every operator with shapes has a kernel") {
  for (const std::string& op : known_operators()) {
    CAPTURE(op);
    // Constant nodes become constants before a graph runs.
    if (op != "Constant") CHECK(reference::find_kernel(op, std::nullopt).ok());
  }
}

TEST_CASE("inputs that do not fit are refused") {
  const Graph graph = parse(kNetwork);
  for (Backend backend : {Backend::kReference, Backend::kXnnpack}) {
    auto session = Session::create(graph, {backend});
    REQUIRE(session.ok());
    const auto error_of = [&](const std::vector<Tensor>& inputs) {
      const auto outputs = (*session)->run(inputs);
      REQUIRE_FALSE(outputs.ok());
      CHECK(outputs.error().code == ErrorCode::kInvalidArgument);
      return outputs.error().to_string();
    };
    CHECK(error_of({}) == "expected 1 inputs, got 0");
    CHECK(error_of({Tensor(DType::kF32, {1, 2, 8, 9})}) ==
          "input \"x\": expected f32 [N, 2, 8, 8], got f32 [1, 2, 8, 9]");
    CHECK(error_of({Tensor(DType::kF32, {2, 8, 8})}) == "input \"x\": expected f32 [N, 2, 8, 8], got f32 [2, 8, 8]");
    CHECK(error_of({Tensor(DType::kI64, {1, 2, 8, 8})}) ==
          "input \"x\": expected f32 [N, 2, 8, 8], got i64 [1, 2, 8, 8]");
    CHECK(error_of({Tensor(DType::kF32, {0, 2, 8, 8})}) ==
          "input \"x\": a batch must have 1 to 1048576 samples, got shape [0, 2, 8, 8]");
    CHECK((*session)->executed_macs() == 0);
  }
}

TEST_CASE("inner values, inputs and constants can be outputs") {
  const Graph graph = parse(kNetwork);
  const Tensor x = ramp({2, 2, 8, 8});
  auto reference = Session::create(graph, {Backend::kReference});
  auto xnnpack = Session::create(graph, {Backend::kXnnpack});
  REQUIRE(reference.ok());
  REQUIRE(xnnpack.ok());
  const auto want = (*reference)->run({&x, 1});
  const auto got = (*xnnpack)->run({&x, 1});
  REQUIRE(want.ok());
  REQUIRE_MESSAGE(got.ok(), got.error().to_string());
  REQUIRE(got->size() == 5);
  for (size_t i = 0; i < 5; ++i) {
    CHECK((*got)[i].dims() == (*want)[i].dims());
    for (size_t k = 0; k < (*want)[i].data<float>().size(); ++k)
      CHECK((*got)[i].data<float>()[k] == doctest::Approx((*want)[i].data<float>()[k]).epsilon(1e-5));
  }
}

TEST_CASE("MACs are those of the nodes executed, times the batch") {
  const Graph graph = parse(kNetwork);
  const int64_t per_sample = 64 * 4 * 2 * 9 + 64 * 4 * 4 * 9 + 3 * 4;
  for (Backend backend : {Backend::kReference, Backend::kXnnpack}) {
    auto session = Session::create(graph, {backend});
    REQUIRE(session.ok());
    int64_t samples = 0;
    for (int64_t batch : {1, 5, 2}) {
      const Tensor x = ramp({batch, 2, 8, 8});
      REQUIRE((*session)->run({&x, 1}).ok());
      samples += batch;
      CHECK((*session)->executed_macs() == samples * per_sample);
    }
  }
}

TEST_CASE("rows do not depend on the batch they came in, bit by bit") {
  const Graph graph = parse(kNetwork);
  auto session = Session::create(graph);
  REQUIRE(session.ok());
  const Tensor x = ramp({6, 2, 8, 8});
  const auto together = (*session)->run({&x, 1});
  REQUIRE(together.ok());
  for (int64_t row = 0; row < 6; ++row) {
    const Tensor one = x.rows(row, row + 1);
    const auto alone = (*session)->run({&one, 1});
    REQUIRE(alone.ok());
    const Tensor part = (*together)[0].rows(row, row + 1);
    for (size_t k = 0; k < 3; ++k) CHECK((*alone)[0].data<float>()[k] == part.data<float>()[k]);
  }
}

TEST_CASE("outputs outlive the session and later runs") {
  const Graph graph = parse(kNetwork);
  std::vector<Tensor> first;
  {
    auto session = Session::create(graph);
    REQUIRE(session.ok());
    const Tensor x = ramp({1, 2, 8, 8}), zero(DType::kF32, {1, 2, 8, 8});
    auto outputs = (*session)->run({&x, 1});
    REQUIRE(outputs.ok());
    first = *outputs;
    const std::vector<float> before(first[0].data<float>().begin(), first[0].data<float>().end());
    REQUIRE((*session)->run({&zero, 1}).ok());
    CHECK(std::vector<float>(first[0].data<float>().begin(), first[0].data<float>().end()) == before);
  }
  CHECK(std::isfinite(first[0].data<float>()[0]));
}

TEST_CASE("what only tells a Reshape its shape is not computed") {
  const Graph graph = parse(R"(graph flat opset 17
input x f32 [N, 2, 4, 4]
const w f32 [3, 2, 3, 3] = normal(1)
const zero i64 [1] = {0}
const rest i64 [1] = {-1}
c = Conv(x, w)
s = Shape(c)
n = Gather(s, zero)
t = Concat(n, rest) {axis = 0}
y = Reshape(c, t)
output y
)");
  CHECK(to_string(*graph.value(graph.outputs[0]).shape) == "[N, 12]");
  auto session = Session::create(graph), reference = Session::create(graph, {Backend::kReference});
  REQUIRE(session.ok());
  REQUIRE(reference.ok());
  for (const StepProfile& step : (*session)->profile()) CHECK((step.op == "Conv" || step.op == "Transpose"));
  const Tensor x = ramp({3, 2, 4, 4});
  const auto got = (*session)->run({&x, 1}), want = (*reference)->run({&x, 1});
  REQUIRE(got.ok());
  REQUIRE(want.ok());
  CHECK((*got)[0].dims() == Dims{3, 12});
  for (size_t k = 0; k < 36; ++k)
    CHECK((*got)[0].data<float>()[k] == doctest::Approx((*want)[0].data<float>()[k]).epsilon(1e-5));
}

TEST_CASE("inputs must have one batch size") {
  const Graph graph = parse("graph ids opset 17\ninput x f32 [N, 2]\ninput k f32 [N, 2]\ny = Sub(x, k)\noutput y\n");
  auto session = Session::create(graph);
  REQUIRE(session.ok());
  const std::vector<Tensor> inputs = {ramp({2, 2}), ramp({3, 2})};
  const auto outputs = (*session)->run(inputs);
  REQUIRE_FALSE(outputs.ok());
  CHECK(outputs.error().to_string() == "input \"k\": expected f32 [N, 2], got f32 [3, 2]");
}

}  // namespace
}  // namespace offramp
