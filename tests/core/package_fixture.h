// A small backbone with heads of random weights, for the tests of package and runtime.
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "exec/session.h"
#include "graph/operators.h"
#include "graph/text.h"
#include "package/package.h"

namespace offramp::test {

// Two convolutional stages and a classifier; "low" and "high" are cuts, the values of the residual block are not.
inline constexpr const char* kMapBackbone = R"(graph maps opset 17
input x f32 [N, 2, 12, 12]
const w1 f32 [4, 2, 3, 3] = normal(1) * 0.4
const w2 f32 [8, 4, 3, 3] = normal(2) * 0.2
const w3 f32 [8, 8, 3, 3] = normal(3) * 0.1
const w4 f32 [3, 8] = normal(4) * 0.8
const b4 f32 [3] = {0.1, -0.2, 0.3}
c1 = Conv(x, w1) {pads = [1, 1, 1, 1], strides = [1, 1], kernel_shape = [3, 3], name = "conv1"}
low = Relu(c1) {name = "relu1"}
c2 = Conv(low, w2) {pads = [1, 1, 1, 1], strides = [2, 2], kernel_shape = [3, 3], name = "conv2"}
r2 = Relu(c2) {name = "relu2"}
c3 = Conv(r2, w3) {pads = [1, 1, 1, 1], strides = [1, 1], kernel_shape = [3, 3], name = "conv3"}
a3 = Add(c3, r2) {name = "add3"}
high = Relu(a3) {name = "relu3"}
g = GlobalAveragePool(high) {name = "pool"}
f = Flatten(g) {axis = 1, name = "flatten"}
y = Gemm(f, w4, b4) {transB = 1, name = "fc"}
output y
)";
// By hand: outputs x taps x channels in.
inline constexpr int64_t kLowMacs = 4 * 12 * 12 * 9 * 2;
inline constexpr int64_t kMiddleMacs = 8 * 6 * 6 * 9 * 4 + 8 * 6 * 6 * 9 * 8;
inline constexpr int64_t kLastMacs = 8 * 3;

inline constexpr const char* kSignalBackbone = R"(graph signals opset 17
input samples f32 [N, 1, 40]
const w1 f32 [6, 1, 5] = normal(1) * 0.4
const w2 f32 [24, 240] = normal(2) * 0.05
const b2 f32 [24] = 0.1
const w3 f32 [4, 24] = normal(3) * 0.4
const b3 f32 [4] = 0.0
c1 = Conv(samples, w1) {pads = [2, 2], strides = [1], kernel_shape = [5], name = "conv1"}
wave = Relu(c1) {name = "relu1"}
f = Flatten(wave) {axis = 1, name = "flatten"}
d = Gemm(f, w2, b2) {transB = 1, name = "dense"}
vector = Relu(d) {name = "relu2"}
scores = Gemm(vector, w3, b3) {transB = 1, name = "fc"}
output scores
)";

inline Graph graph_of(const std::string& text) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  auto inferred = infer_shapes(*graph);
  REQUIRE_MESSAGE(inferred.ok(), inferred.error().to_string());
  return std::move(graph).value();
}

// Of a call that must fail: the whole text.
template <class T>
std::string error_of(const Result<T>& result, ErrorCode code) {
  REQUIRE(!result.ok());
  CHECK(result.error().code == code);
  return result.error().to_string();
}

inline Head random_head(const HeadKind& kind, const Dims& shape, int64_t classes, uint64_t seed) {
  Head head;
  head.kind = kind;
  const NetworkShape network = network_of(kind, shape, classes);
  head.inputs = network.inputs;
  head.classes = classes;
  Rng rng(seed);
  const auto fill = [&](std::vector<float>& values, int64_t count, float scale) {
    values.resize(size_t(count));
    for (float& value : values) value = rng.normal() * scale;
  };
  for (const ConvLayer& layer : network.body) {
    HeadConv conv = {layer, {}, {}};
    fill(conv.weights, layer.weights(), 0.4f);
    fill(conv.biases, layer.out_channels, 0.3f);
    head.body.push_back(std::move(conv));
  }
  const int64_t first = kind.hidden > 0 ? kind.hidden : classes;
  fill(head.w1, first * head.inputs, 0.5f);
  fill(head.b1, first, 0.1f);
  if (kind.hidden > 0) {
    fill(head.w2, classes * kind.hidden, 0.7f);
    fill(head.b2, classes, 0.1f);
  }
  head.temperature = 1.25f;
  return head;
}

inline PackageExit make_exit(const Graph& graph, const std::string& value, const std::string& at, const HeadKind& kind,
                             Score score, float threshold) {
  const ValueId id = graph.find_value(value);
  REQUIRE(bool(id));
  Dims shape = offramp::bind(*graph.value(id).shape, 1);
  shape.erase(shape.begin());
  const int64_t classes = (*graph.value(graph.outputs[0]).shape)[1].size;
  return {at, id, random_head(kind, shape, classes, 77 + uint64_t(id.index)), score, threshold};
}

// The map backbone with a grid head at "low" and a hidden-layer head at "high".
inline PackageContents map_contents(const Graph& graph, float low_threshold = 0.6f, float high_threshold = 0.7f) {
  PackageContents contents;
  contents.exits = {
      make_exit(graph, "low", "relu1", {"linear_grid", Pooling::kGrid, 0}, Score::kMaxProbability, low_threshold),
      make_exit(graph, "high", "relu3", {"mlp_gap_gmp", Pooling::kGapGmp, 5}, Score::kMargin, high_threshold)};
  contents.labels = {"cat", "dog", "fish"};
  contents.evidence = {{"rows", {{"test", 100}}}, {"accuracy", 0.875}};
  return contents;
}
// The same with cuts between targets in front of, between and behind the exits.
inline PackageContents cut_contents(const Graph& graph, float low_threshold = 0.6f, float high_threshold = 0.7f) {
  PackageContents contents = map_contents(graph, low_threshold, high_threshold);
  contents.cuts = {{"conv1", graph.find_value("c1"), 0}, {"relu2", graph.find_value("r2"), 1}, {"flatten", graph.find_value("f"), 2}};
  contents.mapping = {{"device", 0, 1}, {"edge", 1, 1}, {"fog", 1, 3}, {"cloud", 3, 6}};
  for (Encoding encoding : {Encoding::kF32, Encoding::kF16, Encoding::kU8}) {
    Link link;
    link.bytes_per_s = 1e6;
    link.rtt_ns = 2e7;
    link.energy_nj_per_byte = 100;
    link.encoding = encoding;
    contents.links.push_back(link);
  }
  return contents;
}
inline constexpr int64_t kLowHeadMacs = 4 * 16 * 3;
inline constexpr int64_t kHighHeadMacs = 5 * (16 + 3);

inline std::vector<PackageFile> write(const Graph& graph, const PackageContents& contents) {
  auto files = write_package(graph, contents);
  REQUIRE_MESSAGE(files.ok(), files.error().to_string());
  return std::move(files).value();
}

inline Package load(const std::vector<PackageFile>& files) {
  auto package = load_package(sources_of(files));
  REQUIRE_MESSAGE(package.ok(), package.error().to_string());
  return std::move(package).value();
}

inline Tensor random_input(Dims dims, uint64_t seed) {
  Tensor input(DType::kF32, std::move(dims));
  Rng rng(seed);
  for (float& value : input.mutable_data<float>()) value = rng.normal();
  return input;
}

// The values of a graph for one input, by the reference kernels.
inline std::vector<Tensor> evaluate(Graph graph, const std::vector<std::string>& values, const Tensor& input) {
  graph.outputs.clear();
  for (const std::string& value : values) graph.outputs.push_back(graph.find_value(value));
  auto session = Session::create(graph, {Backend::kReference});
  REQUIRE_MESSAGE(session.ok(), session.error().to_string());
  auto outputs = (*session)->run({&input, 1});
  REQUIRE_MESSAGE(outputs.ok(), outputs.error().to_string());
  return std::move(outputs).value();
}

}  // namespace offramp::test
