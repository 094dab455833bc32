// A plan of the front, taken in place of the one that the search chose: what it is told to do is what the front said of it.
#include "core/augment_resume_world.h"

using namespace offramp;
using namespace offramp::test;

namespace {

const Json kDeviceAndFog = {
    {"targets", {{{"name", "device"}, {"kind", "device"}, {"macs_per_s", 1e8}, {"memory_bytes", 1 << 26}},
                 {{"name", "fog"}, {"kind", "fog"}, {"macs_per_s", 1e11}, {"memory_bytes", 1 << 30}}}},
    {"links", {{{"bytes_per_s", 1e9}, {"rtt_ns", 1000}, {"encoding", "u8"}}}}};

std::unique_ptr<Augmenter> finished(const ResumeWorld& world) {
  auto augmenter = world.filled();
  finish(*augmenter);
  return augmenter;
}

void pick_all(Augmenter& augmenter) {
  const Json front = augmenter.result()["pareto"];
  REQUIRE(front.size() > 1);
  for (size_t i = 0; i < front.size(); ++i) {
    CAPTURE(i);
    REQUIRE(augmenter.pick(int64_t(i)).ok());
    CHECK(step(augmenter).phase == "finished");
    const Json result = augmenter.result();
    const Json& plan = result["plan"];
    CHECK(result["search"]["rule"] == "picked");
    CHECK(plan["accuracy"] == front[i]["accuracy"]);
    CHECK(plan["mean_macs"] == front[i]["mean_macs"]);
    CHECK(plan["harm_pp"] == front[i]["harm_pp"]);
    CHECK(plan["certificate"].is_null());
    REQUIRE(plan["exits"].size() == front[i]["exits"].size());
    for (size_t e = 0; e < plan["exits"].size(); ++e) CHECK(plan["exits"][e]["at"] == front[i]["exits"][e]);
    CHECK(result["evidence"]["reliability"].size() == plan["exits"].size());
    CHECK(result["pareto"] == front);
    const auto files = augmenter.package(Json::object());
    REQUIRE(files.ok());
    CHECK(files->size() == plan["exits"].size() + 2);  // the manifest, and a stage more than exits
  }
}

TEST_CASE("pick: every plan of the front is told and packaged as the front says") {
  const ResumeWorld world(Json::object(), {150, 120, 80, 0});
  pick_all(*finished(world));
}

TEST_CASE("pick: a certificate is the tested plan's alone, and another search forgets what was picked") {
  const ResumeWorld world({{"certify_pp", 40}, {"confidence", 90}}, {60, 60, 40, 60});
  const auto augmenter = finished(world);
  const Json before = augmenter->result();
  CHECK(before["search"]["rule"] == "harm");
  CHECK_FALSE(before["plan"]["certificate"].is_null());
  pick_all(*augmenter);
  REQUIRE(augmenter->replan({{"certify_pp", 40}, {"confidence", 90}, {"epochs", 2}}).ok());
  finish(*augmenter);
  CHECK(augmenter->result() == before);
}

TEST_CASE("pick: with targets, the plan is mapped and its rows travel through the compressed link") {
  const ResumeWorld world({{"targets", kDeviceAndFog}, {"cost", "latency"}}, {100, 60, 40, 0});
  const auto augmenter = finished(world);
  const Json front = augmenter->result()["pareto"];
  bool travelled = false;
  for (size_t i = 0; i < front.size(); ++i) {
    CAPTURE(i);
    REQUIRE(augmenter->pick(int64_t(i)).ok());
    while (step(*augmenter).phase != "finished") travelled = true;
    const Json plan = augmenter->result()["plan"];
    REQUIRE(plan["exits"].size() == front[i]["exits"].size());
    for (size_t e = 0; e < plan["exits"].size(); ++e) CHECK(plan["exits"][e]["at"] == front[i]["exits"][e]);
    CHECK(plan["mapped"]["links"].size() == 1);
    const auto files = augmenter->package(Json::object());
    REQUIRE(files.ok());
    CHECK(load_package(sources_of(*files)).ok());
  }
  CHECK(travelled);
}

TEST_CASE("pick: what is not there, or not yet") {
  const ResumeWorld world(Json::object(), {100, 60, 40, 0});
  const auto augmenter = world.filled();
  const auto refused = [&](int64_t plan) {
    const Status status = augmenter->pick(plan);
    return !status.ok() && status.error().code == ErrorCode::kInvalidArgument &&
           status.error().message == "another plan, of those there are, can be made when the first is finished";
  };
  CHECK(refused(0));
  finish(*augmenter);
  const Json before = augmenter->result();
  CHECK(refused(-1));
  CHECK(refused(int64_t(before["pareto"].size())));
  CHECK(augmenter->result() == before);
}

}  // namespace
