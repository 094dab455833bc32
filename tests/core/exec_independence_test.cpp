// Samples of a batch do not touch each other: each row of a batch is what the sample gives alone, wherever operators in
// between keep the batch.
#include <doctest/doctest.h>

#include <cstring>

#include "base/rng.h"
#include "exec/session.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

struct Case {
  const char* name;
  const char* body;  // one input x with the batch in front, one output with it in front
};

constexpr Case kCases[] = {
    {"LSTM behind a transposition", R"(input x f32 [N, 5, 3]
const w f32 [2, 16, 3] = normal(1) * 0.5
const r f32 [2, 16, 4] = normal(2) * 0.5
const b f32 [2, 32] = normal(3) * 0.5
t = Transpose(x) {perm = [1, 0, 2]}
h, last, cell = LSTM(t, w, r, b) {hidden_size = 4, direction = "bidirectional"}
s = Transpose(h) {perm = [0, 2, 1, 3]}
const shape i64 [3] = {0, 0, -1}
f = Reshape(s, shape)
y = Transpose(f) {perm = [1, 0, 2]}
output y)"},
    {"LSTM with a state made for the batch", R"(input x f32 [N, 5, 3]
const w f32 [1, 16, 3] = normal(1) * 0.5
const r f32 [1, 16, 4] = normal(2) * 0.5
const zero i64 [1] = {0}
const one i64 [1] = {1}
const size i64 [1] = {4}
d = Shape(x)
n = Gather(d, zero)
dims = Concat(one, n, size) {axis = 0}
const start f32 [1, 1, 4] = {0.5, -0.5, 1.0, 0.25}
h0 = Expand(start, dims)
t = Transpose(x) {perm = [1, 0, 2]}
h, last, cell = LSTM(t, w, r, _, _, h0, h0) {hidden_size = 4}
axes = Identity(zero)
y = Squeeze(last, axes)
output y)"},
    {"GRU with one state for all", R"(input x f32 [N, 4, 3]
const w f32 [1, 6, 3] = normal(1) * 0.5
const r f32 [1, 6, 2] = normal(2) * 0.5
const h0 f32 [1, 1, 2] = {0.5, -0.5}
t = Transpose(x) {perm = [1, 0, 2]}
h, last = GRU(t, w, r, _, _, h0) {hidden_size = 2, linear_before_reset = 1}
y = Transpose(last) {perm = [1, 0, 2]}
output y)"},
    {"RNN with the batch first", R"(input x f32 [N, 4, 3]
const w f32 [1, 2, 3] = normal(1) * 0.5
const r f32 [1, 2, 2] = normal(2) * 0.5
y, last = RNN(x, w, r) {hidden_size = 2, layout = 1}
output y)"},
    {"a token tiled for every sample", R"(input x f32 [N, 3, 2]
const token f32 [1, 1, 2] = {7.0, 8.0}
const zero i64 [1] = {0}
const ones i64 [2] = {1, 1}
d = Shape(x)
n = Gather(d, zero)
times = Concat(n, ones) {axis = 0}
t = Tile(token, times)
y = Concat(t, x) {axis = 1}
output y)"},
    {"Resize to sizes that follow the batch", R"(input x f32 [N, 2, 3, 4]
d = Shape(x) {start = 0, end = 2}
const map i64 [2] = {5, 6}
sizes = Concat(d, map) {axis = 0}
y = Resize(x, _, _, sizes) {mode = "linear"}
output y)"},
    {"Einsum that moves the batch", R"(input x f32 [N, 3, 2]
const w f32 [2, 4] = normal(1)
z = Einsum(x, w) {equation = "btc,cd->tbd"}
y = Einsum(z, z) {equation = "tbd,sbd->bts"}
output y)"},
    {"ConvTranspose", R"(input x f32 [N, 2, 4]
const w f32 [2, 3, 3] = normal(1)
y = ConvTranspose(x, w) {strides = [2], group = 1}
output y)"},
};

Tensor run_alone(Session& session, const Tensor& x) {
  auto outputs = session.run({&x, 1});
  REQUIRE_MESSAGE(outputs.ok(), outputs.error().to_string());
  return std::move((*outputs)[0]);
}

TEST_CASE("every row of a batch is what its sample gives alone") {
  for (const Case& test : kCases) {
    CAPTURE(test.name);
    auto graph = parse_graph("graph case opset 17\n" + std::string(test.body) + "\n");
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    const Status inferred = infer_shapes(*graph);
    REQUIRE_MESSAGE(inferred.ok(), inferred.error().to_string());
    const Shape shape = *graph->value(graph->outputs[0]).shape;
    REQUIRE(shape[0] == Dim{1, true});
    for (const Backend backend : {Backend::kReference, Backend::kXnnpack}) {
      auto session = Session::create(*graph, {backend});
      REQUIRE_MESSAGE(session.ok(), session.error().to_string());
      Tensor x(DType::kF32, offramp::bind(*graph->value(graph->inputs[0]).shape, 3));
      Rng rng(1, 2);
      for (float& value : x.mutable_data<float>()) value = rng.normal();
      const Tensor together = run_alone(**session, x);
      CHECK(together.dims() == offramp::bind(shape, 3));
      for (int64_t row = 0; row < 3; ++row) {
        const Tensor alone = run_alone(**session, x.rows(row, row + 1)), part = together.rows(row, row + 1);
        REQUIRE(alone.dims() == part.dims());
        for (size_t i = 0; i < part.data<float>().size(); ++i)
          CHECK(part.data<float>()[i] == doctest::Approx(alone.data<float>()[i]).epsilon(1e-5));
      }
    }
  }
}

struct Refusal {
  const char* body;
  const char* message;
};

TEST_CASE("what would mix samples is refused") {
  constexpr Refusal kRefusals[] = {
      {"input x f32 [N, 5, 3]\nconst w f32 [1, 8, 3] = 0\nconst r f32 [1, 8, 2] = 0\ny, h, c = LSTM(x, w, r)\noutput y",
       "the recurrence works along axis 0 of [N, 5, 3], which is the batch: samples must stay independent"},
      {"input x f32 [N, 3]\ny = Einsum(x, x) {equation = \"bi,bj->ij\"}\noutput y",
       "sums over the batch, so samples are not independent"},
      {"input x f32 [N, 3]\ny = Einsum(x, x) {equation = \"bi,ci->bc\"}\noutput y",
       "shape [N, N] has every sample for every sample: samples must stay independent"},
      {"input x f32 [N, 3]\nconst r i64 [2] = {2, 1}\ny = Tile(x, r)\noutput y",
       "the tiling works along axis 0 of [N, 3], which is the batch: samples must stay independent"},
      {"input x f32 [N, 3]\nconst i i64 [2, 3] = 0\ny = GatherElements(x, i) {axis = 1}\noutput y",
       "indices [2, 3] and data [N, 3] do not both have one row per sample"},
      {"input x f32 [N, 3]\nconst i i64 [2, 1] = 0\ny = GatherND(x, i)\noutput y",
       "the index works along axis 0 of [N, 3], which is the batch: samples must stay independent"},
      {"input x f32 [N, 3, 2, 2]\nconst s f32 [4] = {2.0, 1.0, 1.0, 1.0}\ny = Resize(x, _, s)\noutput y",
       "the resizing works along axis 0 of [N, 3, 2, 2], which is the batch: samples must stay independent"},
  };
  for (const Refusal& test : kRefusals) {
    CAPTURE(test.body);
    auto graph = parse_graph("graph case opset 17\n" + std::string(test.body) + "\n");
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    const Status status = infer_shapes(*graph);
    REQUIRE(!status.ok());
    CHECK(status.error().code == ErrorCode::kUnsupported);
    CHECK(status.error().message == test.message);
  }
}

}  // namespace
}  // namespace offramp
