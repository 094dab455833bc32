// Mappings against brute force over all cuts, with every figure computed anew from DESIGN section 1.4's formulas.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "every_mapping.h"

namespace offramp {
namespace {

struct Case {
  std::vector<CutPoint> points;
  std::vector<MappedExit> exits;
  Targets targets;
};

Case random_case(Rng& rng, size_t targets, size_t exits) {
  Case c;
  const size_t count = 4 + rng.below(4);
  for (size_t p = 0; p < count; ++p) {
    CutPoint point{"p" + std::to_string(p), int64_t(10 + rng.below(90))};
    if (p > 0) {
      point.macs = double(1000 + rng.below(9000));
      point.weight_bytes = int64_t(100 + rng.below(900));
      point.activation_bytes = 4 * (point.elements + c.points.back().elements);
    }
    c.points.push_back(point);
  }
  double left = 1;
  std::vector<int32_t> inner;
  for (int32_t p = 1; p + 1 < int32_t(count); ++p) inner.push_back(p);
  rng.shuffle(std::span(inner));
  inner.resize(std::min(exits, inner.size()));
  std::sort(inner.begin(), inner.end());
  for (int32_t p : inner) {
    const double leave = left * double(rng.uniform());
    left -= leave;
    c.exits.push_back({p, double(10 + rng.below(500)), int64_t(10 + rng.below(200)), int64_t(4 * rng.below(50)), leave});
  }
  for (size_t t = 0; t < targets; ++t) {
    Target target;
    target.name = "t" + std::to_string(t);
    target.macs_per_s = 1e6 * double(1 + rng.below(50));
    target.energy_nj_per_mac = double(rng.below(100)) / 10;
    c.targets.targets.push_back(target);
    if (t == 0) continue;
    Link link;
    link.bytes_per_s = 1e5 * double(1 + rng.below(30));
    link.rtt_ns = 1e4 * double(rng.below(50));
    link.header_bytes = int64_t(rng.below(64));
    link.pack_ns_per_element = double(rng.below(20));
    link.unpack_ns_per_element = double(rng.below(20));
    link.energy_nj_per_byte = double(rng.below(200));
    link.encoding = Encoding(rng.below(3));
    c.targets.links.push_back(link);
  }
  return c;
}

struct Figures {
  double latency = 0, worst = 0, energy = 0, bytes = 0, overrun = 0;
  double cost(Cost cost) const { return cost == Cost::kEnergy ? energy : cost == Cost::kLinkBytes ? bytes : latency; }
};

// Walks the backbone from the input to the output, the way a sample does.
Figures walk(const Case& c, const std::vector<int32_t>& starts) {
  Figures f;
  double here = 1;  // share of rows that still run
  size_t t = 0, exit = 0;
  std::vector<int64_t> weights(c.targets.targets.size()), activations(c.targets.targets.size());
  for (size_t p = 1; p < c.points.size(); ++p) {
    for (; t + 1 < c.targets.targets.size() && size_t(starts[t + 1]) < p; ++t) {
      const Link& link = c.targets.links[t];
      const double elements = double(c.points[p - 1].elements);
      const double per_element = link.encoding == Encoding::kF32 ? 4 : link.encoding == Encoding::kF16 ? 2 : 1;
      const double bytes = per_element * elements + (link.encoding == Encoding::kU8 ? 8 : 0) + double(link.header_bytes);
      const double ns = link.rtt_ns + bytes / link.bytes_per_s * 1e9 +
                        elements * (link.pack_ns_per_element + link.unpack_ns_per_element);
      f.latency += here * ns;
      f.worst += ns;
      f.bytes += here * bytes;
      f.energy += here * bytes * link.energy_nj_per_byte;
    }
    double macs = c.points[p].macs;
    int64_t weight = c.points[p].weight_bytes, activation = c.points[p].activation_bytes;
    double leave = 0;
    if (exit < c.exits.size() && size_t(c.exits[exit].point) == p) {
      macs += c.exits[exit].head_macs;
      weight += c.exits[exit].head_weight_bytes;
      activation = std::max(activation, 4 * c.points[p].elements + c.exits[exit].head_activation_bytes);
      leave = c.exits[exit++].leave;
    }
    const Target& target = c.targets.targets[t];
    f.latency += here * macs / target.macs_per_s * 1e9;
    f.worst += macs / target.macs_per_s * 1e9;
    f.energy += here * macs * target.energy_nj_per_mac;
    weights[t] += weight;
    activations[t] = std::max(activations[t], activation);
    here -= leave;
  }
  for (size_t i = 0; i < weights.size(); ++i)
    f.overrun += double(std::max<int64_t>(0, weights[i] + activations[i] - c.targets.targets[i].memory_bytes));
  return f;
}

constexpr Cost kCosts[] = {Cost::kMacs, Cost::kLatency, Cost::kEnergy, Cost::kLinkBytes};

void check_against_brute_force(const Case& c, Cost cost, int& feasible, int& refused) {
  double best = INFINITY;
  for_every_mapping(c.points.size(), c.targets.targets.size(), [&](const Mapping& mapping) {
    const Figures f = walk(c, mapping.starts);
    if (f.overrun == 0 && f.worst <= c.targets.worst_case_latency_ns) best = std::min(best, f.cost(cost));
  });
  const auto found = find_mapping(c.points, c.exits, c.targets, cost);
  CHECK(found.ok() == std::isfinite(best));
  if (!found.ok()) {
    CHECK(found.error().code == ErrorCode::kInfeasible);
    ++refused;
    return;
  }
  ++feasible;
  const Figures f = walk(c, found->starts);
  CHECK(f.cost(cost) == doctest::Approx(best).epsilon(1e-12));
  CHECK(f.overrun == 0);
  const MappingFigures told = evaluate_mapping(c.points, c.exits, c.targets, *found);
  CHECK(told.latency_ns == doctest::Approx(f.latency).epsilon(1e-12));
  CHECK(told.worst_case_latency_ns == doctest::Approx(f.worst).epsilon(1e-12));
  CHECK(told.energy_nj == doctest::Approx(f.energy).epsilon(1e-12));
  CHECK(told.link_bytes == doctest::Approx(f.bytes).epsilon(1e-12));
}

}  // namespace

TEST_CASE("mapping: the best of all cuts, without limits") {
  Rng rng(1);
  int feasible = 0, refused = 0;
  for (size_t targets : {1, 2, 3, 4})
    for (size_t exits : {0, 1, 2, 3})
      for (int i = 0; i < 25; ++i)
        for (Cost cost : kCosts) check_against_brute_force(random_case(rng, targets, exits), cost, feasible, refused);
  CHECK(feasible == 1600);
}

TEST_CASE("mapping: the best of all cuts that meet memory and worst-case limits") {
  Rng rng(2);
  int feasible = 0, refused = 0;
  for (size_t targets : {2, 3, 4})
    for (size_t exits : {0, 1, 2})
      for (int i = 0; i < 60; ++i) {
        Case c = random_case(rng, targets, exits);
        // Limits that some mappings meet and others do not: those of a random mapping, or a little less.
        std::vector<std::vector<int32_t>> all;
        for_every_mapping(c.points.size(), c.targets.targets.size(), [&](const Mapping& mapping) { all.push_back(mapping.starts); });
        const Figures f = walk(c, all[rng.below(uint32_t(all.size()))]);
        if (i % 3 != 1) c.targets.worst_case_latency_ns = f.worst * (0.8 + 0.3 * double(rng.uniform()));
        if (i % 3 != 0)
          for (Target& target : c.targets.targets) target.memory_bytes = int64_t(800 + rng.below(5000));
        for (Cost cost : kCosts) check_against_brute_force(c, cost, feasible, refused);
      }
  // Both outcomes were really tried.
  CHECK(feasible > 1000);
  CHECK(refused > 100);
}

TEST_CASE("mapping: costs in the form of outcomes say what the mapping costs") {
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    const Case c = random_case(rng, 1 + rng.below(4), rng.below(4));
    for_every_mapping(c.points.size(), c.targets.targets.size(), [&](const Mapping& mapping) {
      if (rng.below(4) != 0) return;
      const Figures f = walk(c, mapping.starts);
      for (Cost cost : kCosts) {
        if (cost == Cost::kMacs) continue;
        const MappedCosts costs = mapped_costs(c.points, c.targets, mapping, cost);
        double mean = 0, heads = 0, left = 1;
        for (const MappedExit& e : c.exits) {
          heads += e.head_macs * costs.per_head_mac[size_t(e.point)];
          mean += e.leave * (costs.up_to[size_t(e.point)] + heads);
          left -= e.leave;
        }
        mean += left * (costs.up_to.back() + heads);
        CHECK(mean == doctest::Approx(f.cost(cost)).epsilon(1e-9));
      }
    });
  }
}

TEST_CASE("mapping: what is left for exits within limits") {
  Rng rng(4);
  for (int i = 0; i < 100; ++i) {
    Case c = random_case(rng, 3, 2);
    for (Target& target : c.targets.targets) target.memory_bytes = 5000;
    c.targets.worst_case_latency_ns = 1e7;
    for_every_mapping(c.points.size(), c.targets.targets.size(), [&](const Mapping& mapping) {
      const std::vector<Budget> budgets = exit_budgets(c.points, c.exits, c.targets, mapping);
      REQUIRE(budgets.size() == 4);
      // Alone, an exit uses exactly what it adds; together, at least that.
      const auto room_with = [&](const std::vector<MappedExit>& exits) {
        const MappingFigures figures = evaluate_mapping(c.points, exits, c.targets, mapping);
        std::vector<double> room = {c.targets.worst_case_latency_ns - figures.worst_case_latency_ns};
        for (int64_t bytes : figures.memory_bytes) room.push_back(5000 - double(bytes));
        return room;
      };
      const std::vector<double> all = room_with(c.exits);
      for (size_t b = 0; b < 4; ++b) {
        double used = 0;
        for (size_t e = 0; e < c.exits.size(); ++e) {
          CHECK(budgets[b].room - budgets[b].use[e] == doctest::Approx(room_with({c.exits[e]})[b]).epsilon(1e-9));
          used += budgets[b].use[e];
        }
        CHECK(budgets[b].room - used <= all[b] + 1e-6);
      }
    });
  }
}

namespace {

// Two stretches of 1,000 MACs on targets of 1 MMAC/s and 10 MMAC/s; the inner point has 100 elements.
Case plain_case() {
  Case c;
  c.points = {{"input", 400}, {"conv", 100, 1000, 2000, 800}, {"output", 10, 1000, 3000, 500}};
  Target device, fog;
  device.name = "device";
  device.macs_per_s = 1e6;
  fog.name = "fog";
  fog.macs_per_s = 1e7;
  Link link;
  link.bytes_per_s = 1e6;
  link.rtt_ns = 100'000;
  link.header_bytes = 100;
  c.targets = {{device, fog}, {link}};
  return c;
}

}  // namespace

TEST_CASE("mapping: known numbers") {
  Case c = plain_case();
  // All on the device: 2 ms. Cut at conv: 1 ms + 0.1 ms + 500 bytes at 1 byte/us + 0.1 ms. Cut at the input: 0.1 + 1.7 + 0.2 ms.
  const auto latency = [&](std::vector<int32_t> starts) { return evaluate_mapping(c.points, c.exits, c.targets, {starts}).latency_ns; };
  CHECK(latency({0, 2, 2}) == doctest::Approx(2e6));
  CHECK(latency({0, 1, 2}) == doctest::Approx(1.7e6));
  CHECK(latency({0, 0, 2}) == doctest::Approx(2.0e6));
  CHECK(find_mapping(c.points, {}, c.targets, Cost::kLatency)->starts == std::vector<int32_t>{0, 1, 2});
  // 60 % leave at conv, after a head of 100 MACs: 1.1 ms + 40 % of 0.7 ms.
  c.exits = {{1, 100, 40, 8, 0.6}};
  CHECK(latency({0, 1, 2}) == doctest::Approx(1.1e6 + 0.4 * 0.7e6));
  const MappingFigures figures = evaluate_mapping(c.points, c.exits, c.targets, {{0, 1, 2}});
  CHECK(figures.worst_case_latency_ns == doctest::Approx(1.8e6));
  CHECK(figures.link_bytes == doctest::Approx(0.4 * 500));
  CHECK(figures.memory_bytes == std::vector<int64_t>{2000 + 40 + 800, 3000 + 500});
  CHECK(figures.cross[0] == doctest::Approx(0.4));
}

TEST_CASE("mapping: among equals the one that keeps data local") {
  Case c = plain_case();
  c.targets.targets[1].macs_per_s = 1e6;
  c.targets.links[0] = {};
  c.targets.links[0].bytes_per_s = 1e18;
  // No bytes cross on the device alone.
  CHECK(find_mapping(c.points, {}, c.targets, Cost::kLinkBytes)->starts == std::vector<int32_t>{0, 2, 2});
  // Energy is stated for none: all cost nothing, and the shortest worst case wins.
  CHECK(find_mapping(c.points, {}, c.targets, Cost::kEnergy)->starts == std::vector<int32_t>{0, 2, 2});
}

TEST_CASE("mapping: what no mapping meets is told with the nearest one") {
  Case c = plain_case();
  c.targets.targets[0].memory_bytes = 2500;
  c.targets.targets[1].memory_bytes = 3400;
  auto found = find_mapping(c.points, c.exits, c.targets, Cost::kLatency);
  REQUIRE(!found.ok());
  CHECK(found.error().code == ErrorCode::kInfeasible);
  CHECK(found.error().to_string() ==
        "no cut of the model fits the targets' memory: the nearest (device: input to conv, fog: conv to output) needs 2800 bytes on "
        "device, which has 2500, and 3500 bytes on fog, which has 3400; raise memory_bytes, add a target, or take a smaller model");
  c = plain_case();
  c.targets.worst_case_latency_ns = 1.5e6;
  found = find_mapping(c.points, c.exits, c.targets, Cost::kEnergy);
  REQUIRE(!found.ok());
  CHECK(found.error().code == ErrorCode::kInfeasible);
  CHECK(found.error().to_string() ==
        "no mapping keeps the worst case within 1.5 ms: the nearest (device: input to conv, fog: conv to output) takes 1.7 ms, 0.2 ms too "
        "long; raise the limit, or take faster targets or links");
}

TEST_CASE("mapping: input that does not fit") {
  Case c = plain_case();
  const auto error = [&] { return find_mapping(c.points, c.exits, c.targets, Cost::kLatency).error().to_string(); };
  c.targets.targets[0].macs_per_s = 0;
  CHECK(error() == "the speed of target \"device\" is not known: measure it, or state macs_per_s");
  c = plain_case();
  c.targets.links.clear();
  CHECK(error() == "2 targets need 1 links, got 0");
  c = plain_case();
  c.exits = {{2, 1, 1, 1, 0.5}};
  CHECK(error() == "exit 0 stands at point 2: exits rise, from 1 to 1");
  c.targets = {};
  CHECK(error() == "a mapping needs 1 to 16 targets, got 0");
}

}  // namespace offramp
