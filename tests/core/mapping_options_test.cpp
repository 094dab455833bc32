// Options about targets, and mappings as stages.
#include <doctest/doctest.h>

#include "mapping_options.h"
#include "read_targets.h"

namespace offramp {
namespace {

std::string completed(MappingOptions options) {
  const Status status = complete(options);
  return status ? "ok" : status.error().to_string();
}

std::vector<ExitPoint> five_points() {
  std::vector<ExitPoint> points;
  for (int32_t i = 0; i < 5; ++i) points.push_back({ValueId{10 + i}, "p" + std::to_string(i + 1), {}, 0, 0});
  return points;
}

// "device 0-1, fog 1-3 | cuts p2@1".
std::string stages(const std::vector<int32_t>& exits, std::vector<int32_t> starts) {
  Targets targets;
  for (size_t t = 0; t + 1 < starts.size(); ++t) {
    targets.targets.push_back({});
    targets.targets.back().name = "t" + std::to_string(t);
  }
  const StageMapping mapping = map_stages(exits, {std::move(starts)}, targets, five_points());
  std::string text;
  for (const PackageTarget& t : mapping.targets) text += t.target + " " + std::to_string(t.from) + "-" + std::to_string(t.to) + " ";
  for (const PackageCut& c : mapping.cuts) text += "| " + c.at + "@" + std::to_string(c.exits_before) + " ";
  return text;
}

}  // namespace

TEST_CASE("mapping options: what follows from what was said") {
  CHECK(completed({}) == "ok");
  CHECK(completed({.cost = Cost::kEnergy}) == "cost energy needs targets that state it");
  CHECK(completed({.cost = Cost::kLatency}) ==
        "a target has \"speed\": \"measured\", and no speed was measured: hand in measured_macs_per_s");
  MappingOptions here = {.cost = Cost::kLatency, .max_latency_ns = 5e6, .measured_macs_per_s = 1e9};
  REQUIRE(complete(here).ok());
  CHECK(here.targets->targets[0].name == "local");
  CHECK(here.targets->targets[0].macs_per_s == 1e9);
  CHECK(here.targets->worst_case_latency_ns == 5e6);
  CHECK(completed({.targets = *target_preset("two-mcus"), .cost = Cost::kEnergy}) == "ok");
  Targets silent = *target_preset("two-mcus");
  for (Target& t : silent.targets) t.energy_nj_per_mac = 0;
  silent.links[0].energy_nj_per_byte = 0;
  CHECK(completed({.targets = silent, .cost = Cost::kEnergy}) ==
        "cost energy needs energy_nj_per_mac or energy_nj_per_byte: no target or link states one");
  silent.targets.pop_back();
  silent.links.clear();
  CHECK(completed({.targets = silent, .cost = Cost::kLinkBytes}) == "cost link_bytes needs a link: there is one target only");
  CHECK(read_cost("latency").value() == Cost::kLatency);
  CHECK(read_cost("speed").error().to_string() ==
        "expected one of \"macs\", \"latency\", \"energy\", \"link_bytes\", got \"speed\"");
  CHECK(read_targets("browser-fog")->targets.size() == 2);
  CHECK(read_targets(3).error().to_string() == "expected an object, got 3");
}

TEST_CASE("mapping options: mappings as stages and cuts") {
  // Five exit points are cut points 1 to 5; 6 is the output.
  CHECK(stages({}, {0, 6}) == "t0 0-1 ");
  CHECK(stages({2, 4}, {0, 6}) == "t0 0-3 ");
  CHECK(stages({2, 4}, {0, 2, 6}) == "t0 0-1 t1 1-3 ");                       // a cut where an exit stands
  CHECK(stages({2, 4}, {0, 3, 6}) == "t0 0-2 t1 2-4 | p3@1 ");                // between the exits
  CHECK(stages({2, 4}, {0, 0, 6}) == "t0 0-0 t1 0-3 ");                       // nothing on the first
  CHECK(stages({2, 4}, {0, 6, 6}) == "t0 0-3 t1 3-3 ");                       // nothing on the last
  CHECK(stages({2, 4}, {0, 1, 1, 5, 6}) == "t0 0-1 t1 1-1 t2 1-4 t3 4-5 | p1@0 | p5@2 ");
  CHECK(stages({}, {0, 3, 6}) == "t0 0-1 t1 1-2 | p3@0 ");
}

}  // namespace offramp
