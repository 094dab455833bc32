// Streams through a real package: the session's answers are the rule's on what the stages say, and the study's figures are the session's.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "offramp.h"
#include "package_fixture.h"
#include "search/streams.h"

namespace offramp {
namespace {

using namespace test;

constexpr int64_t kRows = 120;

// Records of 30 windows; each window is the one before with a little noise, or once in a while another one.
Tensor windows(uint64_t seed) {
  Tensor all(DType::kF32, {kRows, 2, 12, 12});
  const size_t width = 2 * 12 * 12;
  Rng rng(seed);
  auto values = all.mutable_data<float>();
  for (size_t r = 0; r < size_t(kRows); ++r)
    for (size_t i = 0, fresh = r % 10 == 0; i < width; ++i)
      values[r * width + i] = fresh ? rng.normal() : values[(r - 1) * width + i] + 0.05f * rng.normal();
  return all;
}
std::vector<int32_t> record_starts() {
  std::vector<int32_t> starts(kRows);
  for (size_t r = 0; r < size_t(kRows); r += 30) starts[r] = 1;
  return starts;
}

Package package_with(const Graph& graph, std::vector<float> thresholds) {
  return load(write(graph, map_contents(graph, thresholds[0], thresholds[1])));
}

TEST_CASE("stream session: repeats its scene's answer where the first exit sees no change") {
  const Graph graph = graph_of(kMapBackbone);
  const Tensor rows = windows(1);
  const std::vector<int32_t> starts = record_starts();
  for (const char* rule : {"difference", "patience"}) {
    const double threshold = 0.1;
    auto session = StreamSession::create(package_with(graph, {0.85f, 0.9f}), rule, threshold, Backend::kXnnpack);
    REQUIRE(session.ok());
    auto plain = StagedRuntime::create(package_with(graph, {0.85f, 0.9f}), {});
    auto unsure = StagedRuntime::create(package_with(graph, {2.0f, 2.0f}), {});
    REQUIRE((plain.ok() && unsure.ok()));
    std::vector<float> reference;
    float reference_score = 0;
    int32_t answer = -1;
    int reused = 0;
    for (int64_t r = 0; r < kRows; ++r) {
      if (starts[size_t(r)]) {
        (*session)->forget();
        reference.clear();
      }
      const Tensor window = rows.rows(r, r + 1);
      auto first = (*unsure)->begin(window);
      REQUIRE(first.ok());
      const Exited early = std::get<NeedsStage>(*first).early;
      CHECK(early.exit == 0);
      float distance = 0;
      for (size_t c = 0; c < reference.size(); ++c) distance += std::pow(early.probabilities[c] - reference[c], 2.0f);
      bool same = !reference.empty() && early.score < 0.85f;
      if (std::string(rule) == "difference") same = same && std::sqrt(distance) <= float(threshold);
      else if (same)
        same = early.score >= reference_score - float(threshold) &&
               early.predicted_class == std::max_element(reference.begin(), reference.end()) - reference.begin();
      const auto wanted = (*plain)->run(window);
      REQUIRE(wanted.ok());
      if (!same) {
        reference = early.probabilities;
        reference_score = early.score;
        answer = wanted->predicted_class;
      }
      const int64_t before = (*session)->executed_macs();
      const auto got = (*session)->run(window);
      REQUIRE(got.ok());
      CHECK(got->reused == same);
      CHECK(got->answer.predicted_class == answer);
      CHECK(got->answer.exit == (same ? 0 : wanted->exit));
      if (same) CHECK((*session)->executed_macs() - before == kLowMacs + kLowHeadMacs);
      reused += same;
    }
    CAPTURE(rule);
    CHECK(reused > 10);
    CHECK(reused < kRows - 10);
  }
}

TEST_CASE("stream study: chooses on select records, and its figures are those of a session on the test records") {
  const Graph graph = graph_of(kMapBackbone);
  const std::vector<PackageFile> files = write(graph, map_contents(graph, 0.7f, 0.8f));
  auto study = StreamEvaluator::create(sources_of(files), Backend::kXnnpack);
  REQUIRE(study.ok());
  // The backbone's own answers as labels: it is always right.
  auto base = StagedRuntime::create(package_with(graph, {2.0f, 2.0f}), {});
  const auto labels_of = [&](const Tensor& rows) {
    std::vector<int32_t> labels;
    for (int64_t r = 0; r < kRows; ++r) labels.push_back((*base)->run(rows.rows(r, r + 1))->predicted_class);
    return labels;
  };
  const Tensor select = windows(2), test = windows(3);
  const std::vector<int32_t> labels = labels_of(test), starts = record_starts();
  REQUIRE((*study)->add_rows(StreamEvaluator::Part::kSelect, select, labels_of(select), starts).ok());
  CHECK((*study)->result("difference", 0.9).error().message == "no test rows");
  REQUIRE((*study)->add_rows(StreamEvaluator::Part::kTest, test, labels, starts).ok());

  const auto found = (*study)->result("difference", 0.9);
  REQUIRE_MESSAGE(found.ok(), found.error().to_string());
  const Json& json = *found;
  const double threshold = json["threshold"].is_null() ? -1 : json["threshold"].get<double>();
  auto session = StreamSession::create(
      package_with(graph, {json["exit_thresholds"][0].get<float>(), json["exit_thresholds"][1].get<float>()}), "difference", threshold,
      Backend::kXnnpack);
  REQUIRE(session.ok());
  int64_t right = 0, reused = 0;
  for (int64_t r = 0; r < kRows; ++r) {
    if (starts[size_t(r)]) (*session)->forget();
    const auto got = (*session)->run(test.rows(r, r + 1));
    REQUIRE(got.ok());
    right += got->answer.predicted_class == labels[size_t(r)];
    reused += got->reused;
  }
  CHECK(json["test"]["accuracy"] == double(right) / kRows);
  CHECK(json["test"]["harm_pp"].get<double>() == doctest::Approx(100 * (1 - double(right) / kRows)));
  CHECK(json["test"]["reuse_rate"] == double(reused) / kRows);
  CHECK(json["test"]["mean_macs"].get<double>() == doctest::Approx(double((*session)->executed_macs()) / kRows));
  CHECK(reused > 0);
  CHECK(json["rows"] == Json({{"select", kRows}, {"test", kRows}}));

  const auto strict = (*study)->result("patience", 0);
  REQUIRE_FALSE(strict.ok());
  CHECK(strict.error().code == ErrorCode::kInfeasible);
}

TEST_CASE("streams: bad arguments are named") {
  const Graph graph = graph_of(kMapBackbone);
  const auto session = [&](const std::string& rule, double threshold) {
    return StreamSession::create(package_with(graph, {0.5f, 0.5f}), rule, threshold, Backend::kXnnpack).error().message;
  };
  CHECK(session("hope", 0.5) == "unknown stream rule \"hope\": expected difference or patience");
  CHECK(session("patience", std::nan("")) == "the stream threshold must be finite");
  PackageContents none = map_contents(graph);
  none.exits.clear();
  CHECK(StreamEvaluator::create(sources_of(write(graph, none)), Backend::kXnnpack).error().message ==
        "a stream rule needs a package with an exit; this one is the model as it was");
  const std::vector<PackageFile> files = write(graph, map_contents(graph));
  auto study = StreamEvaluator::create(sources_of(files), Backend::kXnnpack);
  REQUIRE(study.ok());
  const Tensor two = windows(1).rows(0, 2);
  const auto added = [&](std::vector<int32_t> labels, std::vector<int32_t> starts) {
    return (*study)->add_rows(StreamEvaluator::Part::kTest, two, labels, starts).error().to_string();
  };
  CHECK(added({0, 1, 2}, {1, 0, 0}) == "3 labels and 3 marks of where records begin for samples of shape [2, 2, 12, 12]");
  CHECK(added({0, 1}, {1}) == "2 labels and 1 marks of where records begin for samples of shape [2, 2, 12, 12]");
  CHECK(added({0, 3}, {1, 0}) == "row 1: label 3 is not one of the model's 3 classes");
}

}  // namespace
}  // namespace offramp
