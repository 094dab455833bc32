// The joint choice of exits and mapping against brute force: every plan of up to two exits on every mapping.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/rng.h"
#include "every_mapping.h"
#include "search/joint_search.h"

namespace offramp {
namespace {

struct Case {
  Outcomes outcomes;
  std::vector<HeadMemory> heads;
  std::vector<CutPoint> points;
  Targets targets;
};

Case random_case(Rng& rng, size_t targets, bool limited) {
  Case c;
  const int32_t exit_points = 3 + int32_t(rng.below(3));
  for (int32_t p = 0; p < exit_points + 2; ++p) {
    CutPoint point{"p" + std::to_string(p), int64_t(20 + rng.below(300))};
    if (p > 0) {
      point.macs = double(1000 + rng.below(4000));
      point.weight_bytes = int64_t(100 + rng.below(900));
      point.activation_bytes = 4 * (point.elements + c.points.back().elements);
    }
    c.points.push_back(point);
  }
  Outcomes& o = c.outcomes;
  o.classes = 3;
  for (const CutPoint& p : c.points) o.base_cost += p.macs;
  for (int r = 0; r < 24; ++r) {
    o.labels.push_back(int32_t(rng.below(3)));
    o.base_predictions.push_back(rng.below(10) < 8 ? o.labels.back() : int32_t(rng.below(3)));
  }
  double macs = 0;
  for (int32_t i = 0; i < exit_points; ++i) {
    macs += c.points[size_t(i) + 1].macs;
    ExitCandidate e;
    e.exit_point = i;
    e.backbone_cost = macs;
    e.head_cost = double(20 + rng.below(800));
    for (int32_t label : o.labels) {
      e.scores.push_back(float(rng.below(12)) / 11);
      e.predictions.push_back(rng.uniform() < 0.3f + 0.1f * float(i) + 0.4f * e.scores.back() ? label : int32_t(rng.below(3)));
    }
    o.candidates.push_back(e);
    c.heads.push_back({int64_t(10 + rng.below(400)), int64_t(4 * rng.below(100))});
  }
  for (size_t t = 0; t < targets; ++t) {
    Target target;
    target.name = "t" + std::to_string(t);
    target.macs_per_s = 1e6 * double(1 + rng.below(20)) * double(t + 1);
    target.energy_nj_per_mac = double(1 + rng.below(100)) / 10;
    if (limited) target.memory_bytes = int64_t(2500 + rng.below(4000));
    c.targets.targets.push_back(target);
    if (t == 0) continue;
    Link link;
    link.bytes_per_s = 1e6 * double(1 + rng.below(30));
    link.rtt_ns = 1e4 * double(rng.below(50));
    link.header_bytes = int64_t(rng.below(64));
    link.energy_nj_per_byte = double(rng.below(20));
    link.encoding = Encoding(rng.below(3));
    c.targets.links.push_back(link);
  }
  return c;
}

// Plans of up to two exits with harm within the limit.
std::vector<std::vector<PlannedExit>> every_plan(const Outcomes& o, double max_drop) {
  std::vector<std::vector<PlannedExit>> plans = {{}};
  const auto add = [&](std::vector<PlannedExit> exits) {
    if (evaluate_plan(o, exits).harm <= max_drop + 1e-9) plans.push_back(std::move(exits));
  };
  std::vector<std::set<float>> levels;
  for (const ExitCandidate& c : o.candidates) levels.emplace_back(c.scores.begin(), c.scores.end());
  for (size_t a = 0; a < levels.size(); ++a)
    for (float t : levels[a]) {
      add({{int32_t(a), t}});
      for (size_t b = a + 1; b < levels.size(); ++b)
        for (float u : levels[b]) add({{int32_t(a), t}, {int32_t(b), u}});
    }
  return plans;
}

// The least cost of any plan on any mapping; infinite if none meets the limits.
double brute_force(const Case& c, Cost cost, double max_drop) {
  double best = INFINITY;
  const auto plans = every_plan(c.outcomes, max_drop);
  std::vector<std::vector<MappedExit>> exits;
  std::vector<double> mean_macs;
  for (const auto& plan : plans) {
    const PlanFigures figures = evaluate_plan(c.outcomes, plan);
    exits.push_back(mapped_exits(c.outcomes, c.heads, plan, figures));
    mean_macs.push_back(figures.mean_cost);
  }
  for_every_mapping(c.points.size(), c.targets.targets.size(), [&](const Mapping& mapping) {
    for (size_t i = 0; i < exits.size(); ++i) {
      const MappingFigures f = evaluate_mapping(c.points, exits[i], c.targets, mapping);
      bool fits = f.worst_case_latency_ns <= c.targets.worst_case_latency_ns;
      for (size_t t = 0; t < f.memory_bytes.size(); ++t) fits = fits && f.memory_bytes[t] <= c.targets.targets[t].memory_bytes;
      if (fits) best = std::min(best, cost == Cost::kMacs ? mean_macs[i] : f.cost(cost));
    }
  });
  return best;
}

JointOptions options_for(Cost cost, double max_drop, int starts) {
  JointOptions options;
  options.cost = cost;
  options.search.max_drop = max_drop;
  options.search.allowance = false;
  options.search.near_tie = 0;
  options.starts = starts;
  return options;
}

void check_result(const Case& c, const JointResult& result) {
  const MappingFigures f = evaluate_mapping(c.points, result.exits, c.targets, result.mapping);
  CHECK(f.worst_case_latency_ns <= c.targets.worst_case_latency_ns);
  for (size_t t = 0; t < f.memory_bytes.size(); ++t) CHECK(f.memory_bytes[t] <= c.targets.targets[t].memory_bytes);
  // The plan's own cost is that of its mapping.
  if (result.cost != Cost::kMacs)
    CHECK(result.found.chosen.figures.mean_cost == doctest::Approx(f.cost(result.cost)).epsilon(1e-9));
}

double cost_of(const JointResult& result) {
  return result.cost == Cost::kMacs ? result.found.chosen.figures.mean_cost : result.figures.cost(result.cost);
}

constexpr Cost kCosts[] = {Cost::kMacs, Cost::kLatency, Cost::kEnergy, Cost::kLinkBytes};

}  // namespace

TEST_CASE("joint search: from every mapping it is brute force's best") {
  Rng rng(11);
  for (size_t targets : {1, 2, 3})
    for (int i = 0; i < 8; ++i)
      for (Cost cost : kCosts) {
        const Case c = random_case(rng, targets, false);
        const auto result = search_jointly(c.outcomes, c.heads, c.points, c.targets, options_for(cost, 0.1, 1000));
        REQUIRE_MESSAGE(result.ok(), result.error().to_string());
        check_result(c, *result);
        CHECK(cost_of(*result) == doctest::Approx(brute_force(c, cost, 0.1)).epsilon(1e-9));
      }
}

TEST_CASE("joint search: limits of memory and worst-case latency hold, and what no mapping meets is refused") {
  Rng rng(12);
  int feasible = 0, refused = 0, equal = 0;
  for (size_t targets : {2, 3})
    for (int i = 0; i < 12; ++i)
      for (Cost cost : kCosts) {
        Case c = random_case(rng, targets, true);
        // A worst case between that of the fastest and of the slowest target.
        double slow = INFINITY;
        for (const Target& t : c.targets.targets) slow = std::min(slow, t.macs_per_s);
        if (i % 2) c.targets.worst_case_latency_ns = c.outcomes.base_cost / slow * 1e9 * (0.4 + 0.7 * double(rng.uniform()));
        const auto result = search_jointly(c.outcomes, c.heads, c.points, c.targets, options_for(cost, 0.15, 1000));
        const double best = brute_force(c, cost, 0.15);
        CHECK(result.ok() == std::isfinite(best));
        if (!result.ok()) {
          CHECK(result.error().code == ErrorCode::kInfeasible);
          ++refused;
          continue;
        }
        ++feasible;
        check_result(c, *result);
        CHECK(cost_of(*result) >= best * (1 - 1e-9));
        equal += cost_of(*result) <= best * (1 + 1e-9);
      }
  CHECK(feasible > 40);
  CHECK(refused > 10);
  // Budgets count the activations of two heads together, which may cost a plan at the very edge of a memory.
  CHECK(equal >= feasible - 2);
}

TEST_CASE("joint search: a few starts are nearly always enough") {
  Rng rng(13);
  int cases = 0, equal = 0;
  double worst_excess = 0;
  for (int i = 0; i < 25; ++i)
    for (Cost cost : {Cost::kLatency, Cost::kEnergy}) {
      const Case c = random_case(rng, 3, false);
      const auto result = search_jointly(c.outcomes, c.heads, c.points, c.targets, options_for(cost, 0.1, 6));
      REQUIRE_MESSAGE(result.ok(), result.error().to_string());
      const double best = brute_force(c, cost, 0.1);
      CHECK(cost_of(*result) >= best * (1 - 1e-9));
      ++cases;
      equal += cost_of(*result) <= best * (1 + 1e-9);
      worst_excess = std::max(worst_excess, cost_of(*result) / best - 1);
    }
  MESSAGE(equal << " of " << cases << " are the best of all; the worst is " << 100 * worst_excess << " % above");
  CHECK(equal * 10 >= cases * 9);
}

TEST_CASE("joint search: the plan depends on where stages run") {
  // A slow device with a link to a fast fog: what saves MACs on the device is worth more than what saves them on the fog.
  Rng rng(14);
  Case c = random_case(rng, 2, false);
  c.targets.targets[0].macs_per_s = 1e6;
  c.targets.targets[1].macs_per_s = 1e9;
  c.targets.links[0] = {};
  c.targets.links[0].bytes_per_s = 1e9;
  const auto remote = search_jointly(c.outcomes, c.heads, c.points, c.targets, options_for(Cost::kLatency, 0.1, 100));
  REQUIRE(remote.ok());
  CHECK(remote->mapping.starts[1] == 0);  // all on the fog: its link costs nothing
  c.targets.links[0].rtt_ns = 1e12;
  const auto local = search_jointly(c.outcomes, c.heads, c.points, c.targets, options_for(Cost::kLatency, 0.1, 100));
  REQUIRE(local.ok());
  CHECK(local->mapping.starts[1] == int32_t(c.points.size()) - 1);
}

}  // namespace offramp
