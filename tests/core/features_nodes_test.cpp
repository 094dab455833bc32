// The feature model against the extractor's own pooling: the same numbers, for every form that a value has.
#include "core/package_fixture.h"
#include "features/features.h"
#include "features/layout.h"
#include "features/pooling_nodes.h"
#include "onnx/onnx.h"

using namespace offramp;

namespace {

// One sequence [N, T, C] and one image with channels behind.
constexpr const char* kChannelsLast = R"(graph behind opset 17
input x f32 [N, 6, 10]
const w1 f32 [10, 8] = normal(1) * 0.4
const w2 f32 [8, 12] = normal(2) * 0.4
const w3 f32 [12, 3] = normal(3) * 0.4
a = MatMul(x, w1)
low = Relu(a)
b = MatMul(low, w2)
high = Relu(b)
m = ReduceMean(high) {axes = [1], keepdims = 0}
y = MatMul(m, w3)
output y
)";
// An input and values of the names that the model's outputs have.
constexpr const char* kTakenNames = R"(graph taken opset 17
input features f32 [N, 5]
const w1 f32 [7, 5] = normal(1)
const b1 f32 [7] = 0.1
const w2 f32 [3, 7] = normal(2)
const b2 f32 [3] = 0.0
a = Gemm(features, w1, b1) {transB = 1}
logits = Relu(a)
y = Gemm(logits, w2, b2) {transB = 1}
output y
)";

constexpr float kTolerance = 1e-3f;  // what half floats round, of values below 2

struct Extracted {
  FeatureTable table;
  Tensor features, logits;  // of the model that was written and read again
};

Extracted extract(const char* text, int64_t rows) {
  const Graph graph = test::graph_of(text);
  const std::vector<ExitPoint> points = find_exit_points(graph);
  REQUIRE(points.size() >= 1);
  Dims dims = offramp::bind(*graph.value(graph.inputs[0]).shape, rows);
  Tensor x(DType::kF32, dims);
  Rng rng(5);
  for (float& v : x.mutable_data<float>()) v = rng.normal();
  Extracted extracted;
  auto extractor = FeatureExtractor::create(graph, points, {Backend::kReference});
  REQUIRE(extractor.ok());
  REQUIRE((*extractor)->extract(x, std::vector<int32_t>(size_t(rows)), extracted.table).ok());
  extracted.table.finish();

  auto written = feature_graph(graph, points);
  REQUIRE_MESSAGE(written.ok(), written.error().to_string());
  auto bytes = export_onnx(*written);
  REQUIRE_MESSAGE(bytes.ok(), bytes.error().to_string());
  auto read = import_onnx(*bytes);
  REQUIRE_MESSAGE(read.ok(), read.error().to_string());
  REQUIRE(infer_shapes(*read).ok());
  CHECK(read->value(read->outputs[0]).name == "features");
  CHECK(read->value(read->outputs[1]).name == "logits");
  auto session = Session::create(std::move(*read), {.backend = Backend::kReference});
  REQUIRE_MESSAGE(session.ok(), session.error().to_string());
  auto outputs = (*session)->run(std::span(&x, 1));
  REQUIRE(outputs.ok());
  extracted.features = std::move((*outputs)[0]);
  extracted.logits = std::move((*outputs)[1]);
  return extracted;
}

TEST_CASE("features: the written model gives what is extracted here, exit point by exit point") {
  for (const char* text : {test::kMapBackbone, test::kSignalBackbone, kChannelsLast, kTakenNames}) {
    CAPTURE(text);
    constexpr int64_t kRows = 3;
    const Extracted extracted = extract(text, kRows);
    const FeatureTable& table = extracted.table;
    int64_t at = 0;
    for (size_t point = 0; point < table.gap_gmp.size(); ++point)
      for (const HalfMatrix* matrix : {&table.gap_gmp[point], &table.grid[point]}) {
        std::vector<float> own(size_t(matrix->columns()));
        for (int64_t row = 0; row < kRows && !own.empty(); ++row) {
          matrix->read_row(row, own.data());
          for (size_t i = 0; i < own.size(); ++i) {
            const float seen = extracted.features.data<float>()[size_t(row * extracted.features.dims()[1] + at) + i];
            CHECK(std::abs(seen - own[i]) <= kTolerance * std::max(1.0f, std::abs(own[i])));
          }
        }
        at += matrix->columns();
      }
    CHECK(extracted.features.dims() == Dims{kRows, at});
    REQUIRE(extracted.logits.dims() == table.logits.dims());
    for (size_t i = 0; i < extracted.logits.data<float>().size(); ++i)
      CHECK(extracted.logits.data<float>()[i] == doctest::Approx(table.logits.data<float>()[i]).epsilon(1e-5));
  }
}

}  // namespace
