// The whole way to a certified plan on a small model: its rows, what is packaged, and the outcomes without a certificate.
#include <doctest/doctest.h>

#include <algorithm>

#include "offramp.h"
#include "onnx/onnx.h"
#include "package_fixture.h"

namespace offramp {
namespace {

using namespace test;

struct Rows {
  Tensor inputs;
  std::vector<int32_t> labels;  // the backbone's own answers, but for every seventh row
};
Rows draw_rows(const Graph& graph, int64_t rows, uint64_t seed) {
  Rows drawn{random_input({rows, 2, 12, 12}, seed), {}};
  for (int64_t r = 0; r < rows; ++r) {
    const Tensor logits = evaluate(graph, {"y"}, drawn.inputs.rows(r, r + 1))[0];
    const auto values = logits.data<float>();
    const auto answer = int32_t(std::max_element(values.begin(), values.end()) - values.begin());
    drawn.labels.push_back(r % 7 == 0 ? int32_t(r / 7 % 3) : answer);
  }
  return drawn;
}

struct Outcome {
  Json result;
  Package package;
};
Outcome augment(const Graph& graph, Json options, int64_t certify_rows) {
  auto bytes = export_onnx(graph);
  REQUIRE(bytes.ok());
  options["epochs"] = 2;
  auto augmenter = Augmenter::create(*bytes, options);
  REQUIRE_MESSAGE(augmenter.ok(), augmenter.error().to_string());
  using Part = Augmenter::Part;
  for (Part part : {Part::kTrain, Part::kSelect, Part::kTest, Part::kCertify}) {
    const int64_t count = part == Part::kCertify ? certify_rows : 150;
    if (count == 0) continue;
    const Rows rows = draw_rows(graph, count, 10 + uint64_t(part));
    REQUIRE((*augmenter)->add_rows(part, rows.inputs, rows.labels).ok());
  }
  for (;;) {
    const auto progress = (*augmenter)->step();
    REQUIRE_MESSAGE(progress.ok(), progress.error().to_string());
    if (progress->phase == "finished") break;
  }
  auto files = (*augmenter)->package(Json::object());
  REQUIRE_MESSAGE(files.ok(), files.error().to_string());
  return {(*augmenter)->result(), load(*files)};
}

TEST_CASE("augment with a certificate: the packaged plan is the one that passed") {
  const Graph graph = graph_of(kMapBackbone);
  const Outcome certified = augment(graph, {{"certify_pp", 40}, {"confidence", 90}}, 200);
  const Json& plan = certified.result["plan"];
  CHECK(certified.result["rows"]["certify"] == 200);
  CHECK(certified.result["search"]["max_drop_pp"] == 40);
  REQUIRE(plan["certificate"].is_object());
  CHECK(plan["certificate"]["rows"] == 200);
  CHECK(plan["certificate"]["p_value"].get<double>() <= 0.1);
  CHECK(plan["certificate"]["risk"].get<double>() < 0.4);
  CHECK(plan["exits"].size() >= 1);
  // The package runs the certified plan.
  REQUIRE(certified.package.stages.size() == plan["exits"].size() + 1);
  for (size_t e = 0; e < plan["exits"].size(); ++e) {
    CHECK(certified.package.stages[e].at == plan["exits"][e]["at"].get<std::string>());
    CHECK(certified.package.stages[e].threshold == plan["exits"][e]["threshold"].get<float>());
  }
  CHECK(certified.package.manifest["evidence"]["plan"]["certificate"] == plan["certificate"]);

  // The user's own limit bounds it: never bolder than the plan that the same limit gives without a certificate.
  const Outcome plain = augment(graph, {{"max_drop_pp", 10}}, 0);
  const Outcome bounded = augment(graph, {{"max_drop_pp", 10}, {"certify_pp", 40}}, 200);
  CHECK(plain.result["plan"]["certificate"].is_null());
  CHECK_FALSE(plain.result["search"].contains("certify"));
  CHECK(bounded.result["plan"]["mean_macs"].get<double>() >= plain.result["plan"]["mean_macs"].get<double>() - 1e-6);
}

TEST_CASE("augment with a certificate: too few rows leave the search's plan, and say so") {
  const Graph graph = graph_of(kMapBackbone);
  const Outcome plain = augment(graph, {{"max_drop_pp", 20}}, 0);
  const Outcome few = augment(graph, {{"max_drop_pp", 20}, {"certify_pp", 1}}, 40);
  CHECK(few.result["plan"]["certificate"].is_null());
  CHECK(few.result["plan"]["exits"] == plain.result["plan"]["exits"]);
  CHECK(few.result["search"]["certify"]["rows_needed"] == 299);
  CHECK(few.result["search"]["certify"]["plain"].get<std::string>().rfind("no certificate: 40 certify rows are too few", 0) == 0);
}

TEST_CASE("augment with a certificate: options and rows that do not go together") {
  const Graph graph = graph_of(kMapBackbone);
  const auto bytes = export_onnx(graph);
  const auto refused = [&](const Json& options) { return Augmenter::create(*bytes, options).error().to_string(); };
  CHECK(refused({{"confidence", 95}}) == "option confidence: it is that of a certificate; certify_pp asks for one");
  CHECK(refused({{"certify_pp", 1}, {"method", "paper"}}) ==
        "option certify_pp: the paper's method has no certificate; choose the method \"joint\"");
  CHECK(refused({{"certify_pp", 0}}) == "option certify_pp: expected a number from 0.01 to 50.0, got 0");
  CHECK(refused({{"certify_pp", 1}, {"confidence", 100}}) == "option confidence: expected a number from 50.0 to 99.99, got 100");
  for (bool asked : {false, true}) {
    auto augmenter = Augmenter::create(*bytes, asked ? Json{{"certify_pp", 1}} : Json::object());
    REQUIRE(augmenter.ok());
    const Rows rows = draw_rows(graph, 60, 3);
    using Part = Augmenter::Part;
    for (Part part : {Part::kTrain, Part::kSelect, Part::kTest}) REQUIRE((*augmenter)->add_rows(part, rows.inputs, rows.labels).ok());
    if (!asked) REQUIRE((*augmenter)->add_rows(Part::kCertify, rows.inputs, rows.labels).ok());
    CHECK((*augmenter)->step().error().message == (asked ? "a certificate needs certify rows, got none"
                                                         : "certify rows are for a certificate; option certify_pp asks for one"));
  }
}

}  // namespace
}  // namespace offramp
