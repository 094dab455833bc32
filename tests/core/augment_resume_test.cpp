// A search interrupted anywhere and resumed from its records comes to the very same result as one that ran through.
#include <map>

#include "core/augment_resume_world.h"
#include "exec/threads.h"

using namespace offramp;
using namespace offramp::test;

namespace {

const std::array<int64_t, 4> kSelectRows = {100, 60, 40, 0}, kCrossFitted = {150, 0, 40, 0}, kCertifyRows = {60, 60, 40, 60};

// Resumes from records of the first, a middle and the last step of every phase.
void interrupt_everywhere(const ResumeWorld& world, std::initializer_list<const char*> phases) {
  const auto whole = world.filled();
  std::map<std::string, std::vector<int64_t>> steps;  // that led to the phase
  std::vector<std::string> order;
  int64_t count = 0;
  for (std::string phase; phase != "finished";) {
    phase = step(*whole).phase;
    steps[phase].push_back(++count);
    if (order.empty() || order.back() != phase) order.push_back(phase);
  }
  CHECK(order == std::vector<std::string>(phases.begin(), phases.end()));
  const Bytes expected = finish(*whole);
  const std::string report = whole->result().dump();
  for (const char* head : {"\"mlp_grid\"", "\"mlp_gap_gmp\"", "\"separable_s\""}) CHECK(report.find(head) != std::string::npos);
  CHECK(report.find("\"views\":\"none\"") == std::string::npos);

  std::map<int64_t, std::string> chosen;
  for (const auto& [phase, at] : steps)
    for (size_t i : {size_t{0}, at.size() / 2, at.size() - 1}) chosen[at[i]] = phase;
  const auto source = world.filled();
  int64_t done = 0;
  for (const auto& [at, phase] : chosen) {
    Augmenter::Progress before;
    for (; done < at; ++done) before = step(*source);
    CAPTURE(at);
    CAPTURE(phase);
    const Bytes record = record_of(*source);
    const auto resumed = world.filled();
    const auto progress = resumed->resume(record);
    REQUIRE_MESSAGE(progress.ok(), progress.error().to_string());
    if (phase == "certify" || phase == "evaluate" || phase == "finished" || phase == "search") {
      CHECK(progress->phase == "search");
      CHECK(progress->done == 0);
    } else {
      CHECK(progress->phase == before.phase);
      CHECK(progress->done == before.done);
      CHECK(progress->total == before.total);
      CHECK(record_of(*resumed) == record);
    }
    CHECK(finish(*resumed) == expected);
  }
}

TEST_CASE("resume: with select rows") {
  interrupt_everywhere({Json::object(), kSelectRows}, {"screen", "qualify", "rank", "train", "pooled", "score", "paper", "search", "evaluate", "finished"});
}

TEST_CASE("resume: cross-fitted, in groups") {
  interrupt_everywhere({Json::object(), kCrossFitted, true}, {"screen", "qualify", "rank", "train", "pooled", "score", "paper", "search", "evaluate", "finished"});
}

TEST_CASE("resume: with a certificate") {
  interrupt_everywhere({{{"certify_pp", 40}, {"confidence", 90}}, kCertifyRows},
                       {"screen", "qualify", "rank", "train", "pooled", "score", "paper", "search", "certify", "evaluate", "finished"});
}

TEST_CASE("resume: with targets, at the speed that was measured first") {
  const ResumeWorld world({{"cost", "latency"}, {"measured_macs_per_s", 1e9}}, kSelectRows);
  const Bytes expected = finish(*world.filled());
  const auto source = world.filled();
  while (step(*source).phase != "train") {}
  const auto resumed = world.filled({{"measured_macs_per_s", 2e9}});
  REQUIRE(resumed->resume(record_of(*source)).ok());
  CHECK(finish(*resumed) == expected);
  CHECK(finish(*world.filled({{"measured_macs_per_s", 2e9}})) != expected);
}

TEST_CASE("resume: interrupted again and again, on other numbers of threads") {
  const ResumeWorld world(Json::object(), kCrossFitted);
  const Bytes expected = finish(*world.filled());
  auto augmenter = world.filled();
  int64_t interruptions = 0;
  for (int64_t count = 1; step(*augmenter).phase != "search"; ++count) {
    if (count % 7 != 0) continue;
    const Bytes record = record_of(*augmenter);
    (void)set_thread_count(++interruptions % 2 ? 2 : 1);  // where there are threads
    augmenter = world.filled();
    REQUIRE(augmenter->resume(record).ok());
  }
  REQUIRE(set_thread_count(1).ok());
  CHECK(interruptions >= 3);
  CHECK(finish(*augmenter) == expected);
}

TEST_CASE("resume: another plan from the same heads") {
  const ResumeWorld world(Json::object(), kSelectRows);
  const auto whole = world.filled();
  const Bytes expected = finish(*whole);
  REQUIRE(whole->replan({{"max_drop_pp", 20}, {"epochs", 2}}).ok());
  const Bytes replanned = finish(*whole);
  const auto resumed = world.filled();
  REQUIRE(resumed->resume(record_of(*whole)).ok());
  CHECK(finish(*resumed) == expected);
  REQUIRE(resumed->replan({{"max_drop_pp", 20}, {"epochs", 2}}).ok());
  CHECK(finish(*resumed) == replanned);
}

TEST_CASE("resume: rows from records, however they were divided") {
  const ResumeWorld world(Json::object(), kCrossFitted, true);
  const auto first = world.create();
  for (int64_t begin = 0; begin < 150; begin += 30) REQUIRE(world.add(*first, Part::kTrain, begin, begin + 30).ok());
  REQUIRE(world.add(*first, Part::kTest, 0, 40).ok());
  const auto record = [&](Part part, int64_t begin, int64_t end) {
    auto bytes = first->rows_record(part, begin, end);
    REQUIRE_MESSAGE(bytes.ok(), bytes.error().to_string());
    return std::move(*bytes);
  };
  const auto second = world.create();
  REQUIRE(world.add(*second, Part::kTrain, 0, 20).ok());
  REQUIRE(world.add(*second, Part::kTrain, 20, 80, record(Part::kTrain, 20, 80)).ok());
  REQUIRE(world.add(*second, Part::kTrain, 80, 150).ok());
  REQUIRE(world.add(*second, Part::kTest, 0, 40, record(Part::kTest, 0, 40)).ok());
  CHECK(*second->rows_record(Part::kTrain, 5, 110) == record(Part::kTrain, 5, 110));
  // The same rows for a search record too.
  const auto third = world.filled();
  step(*third);
  REQUIRE(second->resume(record_of(*third)).ok());
  CHECK(finish(*second) == finish(*first));
}

}  // namespace
