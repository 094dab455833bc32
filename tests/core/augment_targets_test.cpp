// A whole augmentation with targets: exits and mapping chosen together, told in the report, and written into the package.
#include "core/package_fixture.h"

#include "offramp.h"
#include "onnx/onnx.h"

using namespace offramp;
using namespace offramp::test;

namespace {

constexpr int64_t kRows = 120;  // of each part

// Noise on one of three patterns, which is the label.
struct Rows {
  Tensor x;
  std::vector<int32_t> labels;
};
Rows rows_of_part(uint64_t seed) {
  Rows rows = {random_input({kRows, 2, 12, 12}, seed), {}};
  const auto values = rows.x.mutable_data<float>();
  for (size_t r = 0; r < size_t(kRows); ++r) {
    const auto label = int32_t(r % 3);
    const float strength = r % 2 ? 0.9f : 0.25f;  // some are easy, some are not
    rows.labels.push_back(label);
    for (size_t i = 0; i < 288; ++i) {
      const bool first = i < 144, even = (i / 12 + i) % 2 == 0;
      values[288 * r + i] += strength * (label == 2 ? (even ? 1.0f : -1.0f) : (label == 0) == first ? 1.5f : 0.0f);
    }
  }
  return rows;
}

// The map backbone with random filters, and a last layer that takes the nearest mean of its features.
Graph backbone() {
  Graph graph = graph_of(kMapBackbone);
  const Rows rows = rows_of_part(39);
  const Tensor features = evaluate(graph, {"f"}, rows.x)[0];
  std::vector<float> weights(24), biases(3);
  for (size_t r = 0; r < size_t(kRows); ++r)
    for (size_t i = 0; i < 8; ++i) weights[8 * size_t(rows.labels[r]) + i] += features.data<float>()[8 * r + i] * 3 / kRows;
  for (size_t c = 0; c < 3; ++c)
    for (size_t i = 0; i < 8; ++i) {
      biases[c] -= 0.5f * 100 * weights[8 * c + i] * weights[8 * c + i];
      weights[8 * c + i] *= 100;
    }
  graph.set_constant(graph.find_value("w4"), Tensor::of<float>({3, 8}, weights));
  graph.set_constant(graph.find_value("b4"), Tensor::of<float>({3}, biases));
  return graph;
}

struct Outcome {
  Json report = {};
  std::vector<PackageFile> files;
  Rows test;
};

Result<Outcome> augmented(Json options) {
  auto onnx = export_onnx(backbone());
  REQUIRE(onnx.ok());
  options["backend"] = "reference";
  options["epochs"] = 30;
  options["max_drop_pp"] = 5;
  OFFRAMP_TRY(auto augmenter, Augmenter::create(*onnx, options));
  Outcome outcome;
  for (auto part : {Augmenter::Part::kTrain, Augmenter::Part::kSelect, Augmenter::Part::kTest}) {
    outcome.test = rows_of_part(40 + uint64_t(part));
    OFFRAMP_RETURN_IF_ERROR(augmenter->add_rows(part, outcome.test.x, outcome.test.labels));
  }
  for (std::string phase; phase != "finished";) {
    OFFRAMP_TRY(const Augmenter::Progress progress, augmenter->step());
    phase = progress.phase;
  }
  outcome.report = augmenter->result();
  OFFRAMP_TRY(outcome.files, augmenter->package(Json::object()));
  return outcome;
}

Outcome augmented_or_fail(const Json& options) {
  auto outcome = augmented(options);
  REQUIRE_MESSAGE(outcome.ok(), outcome.error().to_string());
  return std::move(outcome).value();
}

Json two_targets(const char* encoding) {
  return {{"targets",
           {{{"name", "device"}, {"kind", "device"}, {"macs_per_s", 1e6}, {"energy_nj_per_mac", 1}},
            {{"name", "fog"}, {"kind", "fog"}, {"macs_per_s", 1e8}, {"energy_nj_per_mac", 2}}}},
          {"links", {{{"bytes_per_s", 1e6}, {"rtt_ns", 1e6}, {"energy_nj_per_byte", 3}, {"header_bytes", 16}, {"encoding", encoding}}}}};
}

// Rows of the package that runs in stages, as the report tells them: the same answers, by exit.
void check_package(const Outcome& outcome) {
  const Package package = load(outcome.files);
  const Json& plan = outcome.report["plan"];
  CHECK(package.manifest["mapping"] == plan["mapping"]);
  CHECK(package.manifest["mapping"].back()["to"] == package.stages.size());
  size_t exits = 0;
  for (const Stage& stage : package.stages) exits += stage.has_exit;
  CHECK(exits == plan["exits"].size());
  auto runtime = StagedRuntime::create(load(outcome.files), {Backend::kReference});
  REQUIRE(runtime.ok());
  int right = 0;
  for (int64_t row = 0; row < kRows; ++row) {
    auto exited = (*runtime)->run(outcome.test.x.rows(row, row + 1));
    REQUIRE(exited.ok());
    right += exited->predicted_class == outcome.test.labels[size_t(row)];
  }
  CHECK(double(right) / kRows == doctest::Approx(plan["accuracy"].get<double>()).epsilon(0.02));
}

}  // namespace

TEST_CASE("augmenting for targets: the mapping is told and packaged") {
  const Outcome outcome = augmented_or_fail({{"targets", two_targets("f32")}, {"cost", "latency"}});
  const Json& plan = outcome.report["plan"];
  const Json& mapped = plan["mapped"];
  REQUIRE(plan["mapping"].size() == 2);
  CHECK(plan["mapping"][0]["target"] == "device");
  CHECK(mapped["worst_case_latency_ns"].get<double>() >= mapped["expected_latency_ns"].get<double>());
  CHECK(mapped["targets"][1]["macs_per_s"] == 1e8);
  // The whole model takes 41 ms on the device, about 2.8 ms by sending the input: no plan may be worse.
  CHECK(mapped["expected_latency_ns"].get<double>() < 2.9e6);
  CHECK(outcome.report["search"]["cost"] == "latency");
  CHECK(plan["harm_pp"].get<double>() <= 15);
  check_package(outcome);
}

TEST_CASE("augmenting for targets: without them nothing is told of targets") {
  const Outcome outcome = augmented_or_fail(Json::object());
  CHECK(!outcome.report["plan"].contains("mapped"));
  CHECK(outcome.report["plan"]["mapping"][0]["target"] == "local");
}

TEST_CASE("augmenting for targets: answers behind a compressed link are those of the receiver") {
  for (const char* encoding : {"f16", "u8"}) {
    // The device may hold no more than the first convolution, so something crosses.
    Json targets = two_targets(encoding);
    targets["targets"][0]["memory_bytes"] = 6000;
    const Outcome outcome = augmented_or_fail({{"targets", targets}, {"cost", "energy"}});
    const Json& plan = outcome.report["plan"];
    const double crossing = plan["mapped"]["links"][0]["cross_rate"].get<double>();
    CHECK(plan["mapped"]["targets"][0]["memory_bytes"].get<int64_t>() <= 6000);
    // The same by hand: the backbone with the link in it, on the test rows.
    CHECK(crossing > 0);
    CHECK(plan["accuracy"].get<double>() > 0.5);
    const Package package = load(outcome.files);
    CHECK(package.manifest["links"][0]["encoding"] == plan["mapped"]["links"][0]["encoding"]);
  }
}

TEST_CASE("augmenting for targets: what cannot be met is refused with the nearest") {
  Json targets = two_targets("f32");
  for (Json& target : targets["targets"]) target["memory_bytes"] = 1000;
  auto outcome = augmented({{"targets", targets}});
  REQUIRE(!outcome.ok());
  CHECK(outcome.error().code == ErrorCode::kInfeasible);
  CHECK(outcome.error().to_string().find("no cut of the model fits the targets' memory: the nearest (") == 0);
  outcome = augmented({{"targets", two_targets("f32")}, {"max_latency_ms", 0.5}});
  REQUIRE(!outcome.ok());
  CHECK(outcome.error().code == ErrorCode::kInfeasible);
  CHECK(outcome.error().to_string().find("no mapping keeps the worst case within 0.5 ms: the nearest (") == 0);
  outcome = augmented({{"targets", "two-mcu"}});
  REQUIRE(!outcome.ok());
  CHECK(outcome.error().to_string() ==
        "option targets: unknown targets \"two-mcu\"; known are two-mcus, phone-edge-cloud, browser-fog; did you mean two-mcus?");
}
