// Other targets once heads are trained: the plan is the one that an Augmenter made for them from the start comes to.
#include "core/augment_resume_world.h"

using namespace offramp;
using namespace offramp::test;

namespace {

Json device_and_fog(double device_macs_per_s, double rtt_ns, const char* encoding) {
  return {{"targets", {{{"name", "device"}, {"kind", "device"}, {"macs_per_s", device_macs_per_s}}, {{"name", "fog"}, {"kind", "fog"}, {"speed", "measured"}}}},
          {"links", {{{"bytes_per_s", 1e8}, {"rtt_ns", rtt_ns}, {"encoding", encoding}}}}};
}

Json options_for(const Json& targets) { return {{"targets", targets}, {"cost", "latency"}, {"measured_macs_per_s", 1e11}}; }

Json whole(const ResumeWorld& world) {
  const auto augmenter = world.filled();
  finish(*augmenter);
  return augmenter->result();
}

}  // namespace

TEST_CASE("replan: for other targets, as if they had been there from the start") {
  const ResumeWorld plain(Json::object(), {100, 60, 40, 0});
  const auto augmenter = plain.filled();
  finish(*augmenter);
  const Json without = augmenter->result();
  std::vector<std::string> mappings;
  for (const auto& [speed, rtt, encoding] : std::vector<std::tuple<double, double, const char*>>{{1e6, 1e3, "u8"}, {1e12, 1e9, "f16"}, {1e8, 1e6, "f32"}}) {
    Json options = options_for(device_and_fog(speed, rtt, encoding));
    const Json expected = whole(ResumeWorld(options, {100, 60, 40, 0}));
    options["epochs"] = 2;
    REQUIRE(augmenter->replan(options).ok());
    finish(*augmenter);
    const Json result = augmenter->result();
    CHECK(result["plan"] == expected["plan"]);
    CHECK(result["paper_method"] == expected["paper_method"]);
    CHECK(result["search"] == expected["search"]);
    mappings.push_back(result["plan"]["mapping"].dump());
  }
  CHECK(mappings[0] != mappings[1]);
  Json tight = options_for(device_and_fog(1e8, 1e6, "f32"));
  for (Json& target : tight["targets"]["targets"]) target["memory_bytes"] = 1;
  REQUIRE(augmenter->replan(tight).ok());
  const auto refused = augmenter->step();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kInfeasible);
  REQUIRE(augmenter->replan({{"epochs", 2}}).ok());
  finish(*augmenter);
  CHECK(augmenter->result() == without);
}

TEST_CASE("replan: this machine keeps the speed of the first search") {
  Json options = options_for(device_and_fog(1e8, 1e6, "f32"));
  const ResumeWorld world(options, {100, 60, 40, 0});
  const auto augmenter = world.filled();
  finish(*augmenter);
  const Json first = augmenter->result();
  options["measured_macs_per_s"] = 5e10;
  options["epochs"] = 2;
  REQUIRE(augmenter->replan(options).ok());
  finish(*augmenter);
  CHECK(augmenter->result()["plan"] == first["plan"]);
}
