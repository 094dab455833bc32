// The staged runtime: the same answers as backbone, pooling and head computed apart, and the MACs that were spent.
#include "core/package_fixture.h"

#include <cmath>
#include <limits>

#include "runtime/staged_runtime.h"

using namespace offramp;
using namespace offramp::test;

namespace {

constexpr Backend kBackends[] = {Backend::kReference, Backend::kXnnpack};

std::unique_ptr<StagedRuntime> runtime_of(const Graph& graph, const PackageContents& contents,
                                          Backend backend = Backend::kReference) {
  auto runtime = StagedRuntime::create(load(write(graph, contents)), {backend});
  REQUIRE_MESSAGE(runtime.ok(), runtime.error().to_string());
  return std::move(runtime).value();
}

// What a package must answer, from its parts: backbone values, pool_features, Head::logits, score_row.
Exited by_hand(const Graph& graph, const PackageContents& contents, const Tensor& input) {
  std::vector<std::string> values;
  for (const PackageExit& exit : contents.exits) values.push_back(graph.value(exit.value).name);
  values.push_back(graph.value(graph.outputs[0]).name);
  const std::vector<Tensor> tensors = evaluate(graph, values, input);
  Exited exited;
  for (size_t k = 0; k < tensors.size(); ++k) {
    const bool last = k == contents.exits.size();
    Tensor logits = tensors[k];
    if (!last) logits = contents.exits[k].head.logits(pool_features(tensors[k], contents.exits[k].head.kind.pooling));
    const auto row = logits.data<float>();
    exited.exit = int32_t(k);
    exited.probabilities.resize(row.size());
    exited.score = score_row(row, last ? 1.0f : contents.exits[k].head.temperature,
                             last ? Score::kMaxProbability : contents.exits[k].score, exited.probabilities,
                             last ? GateWeights{} : contents.exits[k].gate);
    exited.predicted_class = int32_t(std::max_element(row.begin(), row.end()) - row.begin());
    if (last || exited.score >= contents.exits[k].threshold) break;
  }
  return exited;
}

void check_close(const Exited& got, const Exited& wanted) {
  CHECK(got.exit == wanted.exit);
  CHECK(got.predicted_class == wanted.predicted_class);
  CHECK(std::fabs(got.score - wanted.score) < 1e-5f);
  REQUIRE(got.probabilities.size() == wanted.probabilities.size());
  for (size_t i = 0; i < got.probabilities.size(); ++i)
    CHECK(std::fabs(got.probabilities[i] - wanted.probabilities[i]) < 1e-5f);
}

}  // namespace

TEST_CASE("answers are those of backbone, pooling and head computed apart") {
  const Graph graph = graph_of(kMapBackbone);
  const PackageContents contents = map_contents(graph, 0.65f, 0.98f);
  for (Backend backend : kBackends) {
    auto runtime = runtime_of(graph, contents, backend);
    int exits[3] = {};
    for (uint64_t seed = 0; seed < 60; ++seed) {
      const Tensor input = random_input({1, 2, 12, 12}, seed);
      auto got = runtime->run(input);
      REQUIRE_MESSAGE(got.ok(), got.error().to_string());
      check_close(*got, by_hand(graph, contents, input));
      ++exits[got->exit];
    }
    for (int count : exits) CHECK(count > 0);  // else the thresholds above test nothing
  }
}

TEST_CASE("a gate's score at run time is the score that it was fitted for") {
  const Graph graph = graph_of(kMapBackbone);
  PackageContents contents = map_contents(graph, 0.5f, 0.8f);
  contents.exits[0].score = contents.exits[1].score = Score::kGate;
  contents.exits[0].gate = {-4.1f, 3.7f, 2.25f, -0.3f};
  contents.exits[1].gate = {-4.0f, -1.0f / 3, 7.0f, 1.5e-7f};
  const Package loaded = load(write(graph, contents));
  for (size_t k = 0; k < 2; ++k) CHECK(loaded.stages[k].gate == contents.exits[k].gate);  // to the bit
  int exits[3] = {};
  auto runtime = runtime_of(graph, contents, Backend::kXnnpack);
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Tensor input = random_input({1, 2, 12, 12}, seed);
    auto got = runtime->run(input);
    REQUIRE_MESSAGE(got.ok(), got.error().to_string());
    check_close(*got, by_hand(graph, contents, input));
    ++exits[got->exit];
  }
  for (int count : exits) CHECK(count > 0);
}

TEST_CASE("every pooling on maps, signals and vectors is what pool_features defines") {
  for (Backend backend : kBackends)
    for (Pooling pooling : {Pooling::kGap, Pooling::kGapGmp, Pooling::kGrid})
      for (int64_t hidden : {0, 7})
        for (const char* at : {"low", "high", "wave", "vector"}) {
          const bool maps = std::string(at) == "low" || std::string(at) == "high";
          const Graph graph = graph_of(maps ? kMapBackbone : kSignalBackbone);
          PackageContents contents;
          contents.exits = {make_exit(graph, at, at, {"head", pooling, hidden}, Score::kEntropy, 0.0f)};
          auto runtime = runtime_of(graph, contents, backend);
          const Tensor input = random_input(offramp::bind(*graph.value(graph.inputs[0]).shape, 1), 3);
          auto got = runtime->run(input);
          REQUIRE_MESSAGE(got.ok(), got.error().to_string());
          CHECK(got->exit == 0);
          check_close(*got, by_hand(graph, contents, input));
        }
}

TEST_CASE("uneven maps: grids that do not divide the map") {
  for (const char* dims : {"[N, 3, 7, 5]", "[N, 3, 3, 9]", "[N, 3, 37]", "[N, 3, 1, 1]", "[N, 200, 6, 6]"}) {
    const bool signal = std::string(dims) == "[N, 3, 37]";
    const std::string channels = std::string(dims) == "[N, 200, 6, 6]" ? "200" : "3";
    const Graph graph =
        graph_of("graph uneven opset 17\ninput x f32 " + std::string(dims) + "\nconst w f32 [2, " + channels +
                 "] = normal(1) * 0.5\nh = Relu(x)\n"
                 "g = GlobalAveragePool(h)\nf = Flatten(g) {axis = 1}\ny = Gemm(f, w) {transB = 1}\noutput y\n");
    for (Pooling pooling : {Pooling::kGrid, Pooling::kGapGmp}) {
      PackageContents contents;
      contents.exits = {make_exit(graph, "h", "h", {"head", pooling, 0}, Score::kMaxProbability, 0.0f)};
      const Tensor input = random_input(offramp::bind(*graph.value(graph.inputs[0]).shape, 1), 4);
      CAPTURE(dims);
      CAPTURE(signal);
      for (Backend backend : kBackends) {
        auto got = runtime_of(graph, contents, backend)->run(input);
        REQUIRE_MESSAGE(got.ok(), got.error().to_string());
        check_close(*got, by_hand(graph, contents, input));
      }
    }
  }
}

TEST_CASE("MACs are those executed: early and late exits, counted by hand") {
  const Graph graph = graph_of(kMapBackbone);
  const Tensor input = random_input({1, 2, 12, 12}, 1);
  struct Case {
    float low, high;
    int32_t exit;
    int64_t macs;
  };
  const Case cases[] = {
      {0.0f, 0.0f, 0, kLowMacs + kLowHeadMacs},
      {2.0f, 0.0f, 1, kLowMacs + kLowHeadMacs + kMiddleMacs + kHighHeadMacs},
      {2.0f, 2.0f, 2, kLowMacs + kLowHeadMacs + kMiddleMacs + kHighHeadMacs + kLastMacs},
  };
  for (Backend backend : kBackends)
    for (const Case& c : cases) {
      auto runtime = runtime_of(graph, map_contents(graph, c.low, c.high), backend);
      CHECK(runtime->executed_macs() == 0);
      for (int64_t run = 1; run <= 3; ++run) {
        auto got = runtime->run(input);
        REQUIRE(got.ok());
        CHECK(got->exit == c.exit);
        CHECK(runtime->executed_macs() == run * c.macs);
      }
    }
}

TEST_CASE("stepping: a stage's boundary can be carried elsewhere and goes on there") {
  const Graph graph = graph_of(kMapBackbone);
  const PackageContents contents = map_contents(graph, 2.0f, 2.0f);
  auto here = runtime_of(graph, contents), there = runtime_of(graph, contents);
  const Tensor input = random_input({1, 2, 12, 12}, 1);
  auto first = here->begin(input);
  REQUIRE(first.ok());
  auto* needs = std::get_if<NeedsStage>(&*first);
  REQUIRE(needs != nullptr);
  CHECK(needs->stage == 1);
  CHECK(needs->boundary.dims() == Dims{1, 4, 12, 12});
  const Tensor low = evaluate(graph, {"low"}, input)[0];
  // As a host would send it; the next one goes on as it stands.
  const Tensor sent = needs->boundary.plain();
  for (int64_t i = 0; i < low.elements(); ++i) CHECK(sent.data<float>()[size_t(i)] == low.data<float>()[size_t(i)]);
  auto second = there->run_stage(1, sent);
  REQUIRE(second.ok());
  auto* more = std::get_if<NeedsStage>(&*second);
  REQUIRE(more != nullptr);
  CHECK(more->stage == 2);
  CHECK(more->boundary.dims() == Dims{1, 8, 6, 6});
  auto third = there->run_stage(2, more->boundary);
  REQUIRE(third.ok());
  auto* exited = std::get_if<Exited>(&*third);
  REQUIRE(exited != nullptr);
  check_close(*exited, by_hand(graph, contents, input));
  CHECK(here->executed_macs() == kLowMacs + kLowHeadMacs);
  CHECK(there->executed_macs() == kMiddleMacs + kHighHeadMacs + kLastMacs);
}

TEST_CASE("a sample comes raw, with or without its row, and of any type") {
  const Graph graph = graph_of(kMapBackbone);
  PackageContents contents = map_contents(graph);
  auto steps = parse_json(R"([{"op":"scale","by":0.0078125},{"op":"normalize","mean":[1,0.5],"std":[0.5,1],"axis":-1},
                              {"op":"transpose","axes":[0,3,1,2]}])", ErrorCode::kInvalidData);
  contents.preprocess = *Preprocess::parse(*steps);
  auto runtime = runtime_of(graph, contents);
  std::vector<uint8_t> pixels(288);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = uint8_t(i * 89);
  Tensor input(DType::kF32, {1, 2, 12, 12});
  for (size_t c = 0; c < 2; ++c)
    for (size_t i = 0; i < 144; ++i) {
      const float value = float(pixels[i * 2 + c]) * 0.0078125f;
      input.mutable_data<float>()[c * 144 + i] = c == 0 ? (value - 1) / 0.5f : value - 0.5f;
    }
  const Exited wanted = by_hand(graph, contents, input);
  for (const Dims& dims : {Dims{12, 12, 2}, Dims{1, 12, 12, 2}}) {
    auto got = runtime->run(Tensor::of(dims, pixels));
    REQUIRE_MESSAGE(got.ok(), got.error().to_string());
    check_close(*got, wanted);
  }
  // A first dimension of 1 that is the sample's own.
  const Graph signals = graph_of(kSignalBackbone);
  auto other = runtime_of(signals, {});
  const Tensor wave = random_input({1, 40}, 2);
  auto a = other->run(wave), b = other->run(wave.reshaped({1, 1, 40}));
  REQUIRE((a.ok() && b.ok()));
  CHECK(a->probabilities == b->probabilities);
}

TEST_CASE("what a runtime refuses") {
  const Graph graph = graph_of(kMapBackbone);
  auto runtime = runtime_of(graph, map_contents(graph, 2.0f, 2.0f));
  CHECK(error_of(runtime->begin(Tensor(DType::kU8, {3, 12, 12})), ErrorCode::kInvalidArgument) ==
        "expected one sample that becomes [1, 2, 12, 12], got shape [3, 12, 12], which becomes [1, 3, 12, 12]");
  CHECK(error_of(runtime->begin(Tensor(DType::kU8, {2, 2, 12, 12})), ErrorCode::kInvalidArgument) ==
        "expected one sample that becomes [1, 2, 12, 12], got shape [2, 2, 12, 12], which becomes [1, 2, 2, 12, 12]");
  CHECK(error_of(runtime->begin(Tensor()), ErrorCode::kInvalidArgument) ==
        "expected one sample that becomes [1, 2, 12, 12], got shape [0], which becomes [1, 0]");
  CHECK(error_of(runtime->begin(Tensor(DType::kU8, {1, 1, 1, 1, 1, 1, 1, 1, 1})), ErrorCode::kInvalidArgument) ==
        "a sample of shape [1, 1, 1, 1, 1, 1, 1, 1, 1] does not fit: samples must have 1 to 8 dimensions, the first of "
        "which are the rows; got 9");
  Tensor input = random_input({2, 12, 12}, 1);
  input.mutable_data<float>()[7] = std::numeric_limits<float>::infinity();
  CHECK(error_of(runtime->begin(input), ErrorCode::kInvalidData) ==
        "the sample is not finite at element 7 of the model's input");
  // Finite, but the logits are not.
  for (float& value : input.mutable_data<float>()) value = 3e38f;
  CHECK(error_of(runtime->begin(input), ErrorCode::kInvalidData).substr(0, 60) ==
        "stage 0 (stages/0.onnx): the logits are not finite for class");
  CHECK(error_of(runtime->run_stage(-1, Tensor()), ErrorCode::kInvalidArgument) ==
        "stage -1 does not exist: the package has stages 0 to 2");
  CHECK(error_of(runtime->run_stage(3, Tensor()), ErrorCode::kInvalidArgument) ==
        "stage 3 does not exist: the package has stages 0 to 2");
  CHECK(error_of(runtime_of(graph, {})->run_stage(1, Tensor()), ErrorCode::kInvalidArgument) ==
        "stage 1 does not exist: the package has stages 0 to 0");
  CHECK(error_of(runtime->run_stage(1, Tensor(DType::kF32, {1, 4, 12, 11})), ErrorCode::kInvalidArgument) ==
        "stage 1 takes a boundary tensor f32 [1, 4, 12, 12], got f32 [1, 4, 12, 11]");
  CHECK(error_of(runtime->run_stage(1, Tensor(DType::kI32, {1, 4, 12, 12})), ErrorCode::kInvalidArgument) ==
        "stage 1 takes a boundary tensor f32 [1, 4, 12, 12], got i32 [1, 4, 12, 12]");
  Tensor boundary(DType::kF32, {1, 4, 12, 12});
  boundary.mutable_data<float>()[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_of(runtime->run_stage(1, boundary), ErrorCode::kInvalidData) ==
        "the boundary tensor of stage 1 is not finite at element 3");
  CHECK(error_of(StagedRuntime::create({}, {}), ErrorCode::kInvalidArgument) == "the package has no stages");
}

TEST_CASE("an operator without a kernel is refused with its stage") {
  Graph graph = graph_of(kMapBackbone);
  Package package = load(write(graph, map_contents(graph)));
  package.stages[1].graph.nodes[0].op = "Mystery";
  const std::string error =
      error_of(StagedRuntime::create(std::move(package), {Backend::kReference}), ErrorCode::kUnsupported);
  CHECK(error.substr(0, 25) == "stage 1 (stages/1.onnx): ");
  CHECK(error.find("Mystery") != std::string::npos);
}

TEST_CASE("cuts without exits change neither answers nor MACs") {
  const Graph graph = graph_of(kMapBackbone);
  for (Backend backend : kBackends) {
    // Thresholds that some samples meet, at each exit.
    const auto plain = runtime_of(graph, map_contents(graph, 0.65f, 0.98f), backend);
    const auto cut = runtime_of(graph, cut_contents(graph, 0.65f, 0.98f), backend);
    const std::vector<int32_t> stage_of_exit = {1, 3, 5};
    std::vector<int> left(3);
    for (uint64_t seed = 0; seed < 40; ++seed) {
      const Tensor input = random_input({1, 2, 12, 12}, 500 + seed);
      auto wanted = plain->run(input), got = cut->run(input);
      REQUIRE(wanted.ok());
      REQUIRE_MESSAGE(got.ok(), got.error().to_string());
      CHECK(got->exit == stage_of_exit[size_t(wanted->exit)]);
      CHECK(got->predicted_class == wanted->predicted_class);
      CHECK(std::fabs(got->score - wanted->score) < 1e-5f);
      ++left[size_t(wanted->exit)];
    }
    CHECK(plain->executed_macs() == cut->executed_macs());
    for (int count : left) CHECK(count > 0);
  }
}

TEST_CASE("a stage without an exit hands on its boundary") {
  const Graph graph = graph_of(kMapBackbone);
  const auto runtime = runtime_of(graph, cut_contents(graph, 2.0f, 2.0f));
  const Tensor input = random_input({1, 2, 12, 12}, 7);
  auto result = runtime->begin(input);
  for (int32_t stage = 1; stage < 6; ++stage) {
    REQUIRE(result.ok());
    const auto* needs = std::get_if<NeedsStage>(&*result);
    REQUIRE(needs);
    CHECK(needs->stage == stage);
    if (stage == 1) {
      const Tensor boundary = needs->boundary.plain();
      const Tensor wanted = evaluate(graph, {"c1"}, input)[0];
      for (size_t i = 0; i < wanted.data<float>().size(); ++i) CHECK(boundary.data<float>()[i] == wanted.data<float>()[i]);
    }
    result = runtime->run_stage(stage, needs->boundary);
  }
  REQUIRE(result.ok());
  CHECK(std::get_if<Exited>(&*result)->exit == 5);
}
