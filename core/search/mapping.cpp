// The best mapping by dynamic programming: targets are placed one after the other, and for each point where one may end,
// those partial mappings are kept that no other beats in both cost and worst-case latency. Nothing else about the
// past matters to what follows, so the result is exact.
#include "search/mapping.h"

#include <algorithm>

#include "analysis/costs.h"

namespace offramp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNsPerS = 1e9;
constexpr int64_t kBytesPerActivation = 4;

// A run of stretches on one target: their heads included, and what share of rows runs them.
struct Run {
  double macs = 0, reached_macs = 0;
  int64_t weight_bytes = 0, activation_bytes = 0;
  void extend(const Run& next) {
    macs += next.macs;
    reached_macs += next.reached_macs;
    weight_bytes = add_costs(weight_bytes, next.weight_bytes);
    activation_bytes = std::max(activation_bytes, next.activation_bytes);
  }
  int64_t memory_bytes() const { return add_costs(weight_bytes, activation_bytes); }
};

// All that a mapping's cost is made of.
class Costing {
 public:
  Costing(std::span<const CutPoint> points, std::span<const MappedExit> exits, const Targets& targets)
      : points_(points), targets_(targets), stretches_(points.size()), stay_(points.size(), 1.0) {
    double stay = 1;
    size_t exit = 0;
    for (size_t p = 0; p < points.size(); ++p) {
      Run& s = stretches_[p];
      s = {points[p].macs, 0, points[p].weight_bytes, points[p].activation_bytes};
      const double reach = stay;
      for (; exit < exits.size() && size_t(exits[exit].point) == p; ++exit) {
        s.macs += exits[exit].head_macs;
        s.weight_bytes = add_costs(s.weight_bytes, exits[exit].head_weight_bytes);
        s.activation_bytes = std::max(s.activation_bytes,
                                      kBytesPerActivation * points[p].elements + exits[exit].head_activation_bytes);
        stay = std::max(0.0, stay - exits[exit].leave);
      }
      s.reached_macs = reach * s.macs;
      stay_[p] = stay;
    }
  }

  int32_t last() const { return int32_t(points_.size()) - 1; }
  double stay(int32_t point) const { return stay_[size_t(point)]; }
  const Run& stretch(int32_t point) const { return stretches_[size_t(point)]; }
  Run run(int32_t from, int32_t to) const {
    Run run;
    for (int32_t p = from + 1; p <= to; ++p) run.extend(stretch(p));
    return run;
  }

  double compute_ns(size_t target, double macs) const { return macs * kNsPerS / targets_.targets[target].macs_per_s; }
  bool crosses(int32_t cut) const { return cut < last(); }
  double sent_bytes(size_t link, int32_t cut) const {
    const Link& l = targets_.links[link];
    return double(encoded_bytes(l.encoding, points_[size_t(cut)].elements) + l.header_bytes);
  }
  double link_ns(size_t link, int32_t cut) const {
    const Link& l = targets_.links[link];
    const double elements = double(points_[size_t(cut)].elements);
    return l.rtt_ns + sent_bytes(link, cut) * kNsPerS / l.bytes_per_s +
           elements * (l.pack_ns_per_element + l.unpack_ns_per_element);
  }

  double target_cost(Cost cost, size_t target, const Run& run) const {
    if (cost == Cost::kLinkBytes) return 0;
    if (cost == Cost::kEnergy) return run.reached_macs * targets_.targets[target].energy_nj_per_mac;
    return compute_ns(target, run.reached_macs);
  }
  double link_cost(Cost cost, size_t link, int32_t cut) const {
    if (!crosses(cut)) return 0;
    return stay(cut) * link_unit(cost, link, cut);
  }
  // Of one crossing.
  double link_unit(Cost cost, size_t link, int32_t cut) const {
    if (cost == Cost::kLinkBytes) return sent_bytes(link, cut);
    if (cost == Cost::kEnergy) return sent_bytes(link, cut) * targets_.links[link].energy_nj_per_byte;
    return link_ns(link, cut);
  }

 private:
  std::span<const CutPoint> points_;
  const Targets& targets_;
  std::vector<Run> stretches_;  // by the point they end at; the first is empty
  std::vector<double> stay_;    // by point: share of rows that go on behind it
};

// What the dynamic programme minimises, and which limits hold.
struct Aim {
  Cost cost = Cost::kLatency;
  bool overrun = false;     // minimise bytes beyond memory instead
  bool worst_only = false;  // minimise the worst case instead
  double worst_limit = kInfinity;
};

struct Partial {
  double cost = 0, worst = 0;
  std::vector<int32_t> starts;
};

bool beats(const Partial& a, const Partial& b) {
  if (a.cost != b.cost) return a.cost < b.cost;
  if (a.worst != b.worst) return a.worst < b.worst;
  return a.starts > b.starts;
}

// Adds a partial mapping unless another one is at least as good in both respects; drops those it makes useless.
void keep(std::vector<Partial>& kept, Partial partial, bool worst_counts) {
  const auto covers = [&](const Partial& a, const Partial& b) {
    if (a.cost > b.cost || (worst_counts && a.worst > b.worst)) return false;
    return (a.cost < b.cost) || (worst_counts && a.worst < b.worst) || beats(a, b);
  };
  for (const Partial& other : kept)
    if (covers(other, partial)) return;
  std::erase_if(kept, [&](const Partial& other) { return covers(partial, other); });
  kept.push_back(std::move(partial));
}

// The best mapping for an aim; empty starts if there is none.
Partial solve(const Costing& costing, const Targets& targets, const Aim& aim) {
  const int32_t last = costing.last();
  const size_t count = targets.targets.size();
  const bool worst_counts = aim.worst_limit < kInfinity;
  std::vector<std::vector<Partial>> ends(size_t(last) + 1);  // by the point where the targets so far end
  ends[0].push_back({0, 0, {0}});
  for (size_t t = 0; t < count; ++t) {
    std::vector<std::vector<Partial>> next(ends.size());
    for (int32_t from = 0; from <= last; ++from) {
      if (ends[size_t(from)].empty()) continue;
      Run run;
      for (int32_t to = from; to <= last; ++to) {
        if (to > from) run.extend(costing.stretch(to));
        const int64_t memory = run.memory_bytes(), allowed = targets.targets[t].memory_bytes;
        if (memory > allowed && !aim.overrun) break;  // more stretches need no less
        if (t + 1 == count && to < last) continue;
        double cost = costing.target_cost(aim.cost, t, run);
        double worst = costing.compute_ns(t, run.macs);
        if (t + 1 < count) {
          cost += costing.link_cost(aim.cost, t, to);
          if (costing.crosses(to)) worst += costing.link_ns(t, to);
        }
        if (aim.worst_only) cost = worst;
        if (aim.overrun) cost = double(std::max<int64_t>(0, memory - allowed));
        for (const Partial& partial : ends[size_t(from)]) {
          Partial longer = {partial.cost + cost, partial.worst + worst, partial.starts};
          if (longer.worst > aim.worst_limit) continue;
          longer.starts.push_back(to);
          keep(next[size_t(to)], std::move(longer), worst_counts);
        }
      }
    }
    ends = std::move(next);
  }
  Partial best;
  for (const Partial& partial : ends[size_t(last)])
    if (best.starts.empty() || beats(partial, best)) best = partial;
  return best;
}

Status validate(std::span<const CutPoint> points, std::span<const MappedExit> exits, const Targets& targets) {
  if (points.size() < 2) return invalid_argument("a mapping needs an input and an output point");
  if (points.size() > kMaxCutPoints)
    return limit_exceeded(std::to_string(points.size()) + " cut points, at most " + std::to_string(kMaxCutPoints));
  const size_t count = targets.targets.size();
  if (count == 0 || count > kMaxTargets)
    return invalid_argument("a mapping needs 1 to " + std::to_string(kMaxTargets) + " targets, got " + std::to_string(count));
  if (targets.links.size() + 1 != count)
    return invalid_argument(std::to_string(count) + " targets need " + std::to_string(count - 1) + " links, got " +
                            std::to_string(targets.links.size()));
  for (const Target& target : targets.targets)
    if (!(target.macs_per_s > 0))
      return invalid_argument("the speed of target \"" + target.name + "\" is not known: measure it, or state macs_per_s");
  for (size_t e = 0; e < exits.size(); ++e)
    if (exits[e].point <= (e > 0 ? exits[e - 1].point : 0) || exits[e].point + 1 >= int32_t(points.size()))
      return invalid_argument("exit " + std::to_string(e) + " stands at point " + std::to_string(exits[e].point) +
                              ": exits rise, from 1 to " + std::to_string(points.size() - 2));
  return {};
}

std::string milliseconds(double ns) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6g ms", ns / 1e6);
  return text;
}

Error memory_error(const Costing& costing, std::span<const CutPoint> points, const Targets& targets) {
  const Mapping nearest{solve(costing, targets, {.overrun = true}).starts};
  std::string lacks;
  for (size_t t = 0; t < targets.targets.size(); ++t) {
    const int64_t memory = costing.run(nearest.starts[t], nearest.starts[t + 1]).memory_bytes();
    if (memory <= targets.targets[t].memory_bytes) continue;
    lacks += (lacks.empty() ? "" : ", and ") + std::to_string(memory) + " bytes on " + targets.targets[t].name + ", which has " +
             std::to_string(targets.targets[t].memory_bytes);
  }
  return infeasible("no cut of the model fits the targets' memory: the nearest (" + describe(nearest, points, targets) +
                    ") needs " + lacks + "; raise memory_bytes, add a target, or take a smaller model");
}

Error latency_error(const Costing& costing, std::span<const CutPoint> points, const Targets& targets) {
  const Partial nearest = solve(costing, targets, {.worst_only = true});
  return infeasible("no mapping keeps the worst case within " + milliseconds(targets.worst_case_latency_ns) + ": the nearest (" +
                    describe({nearest.starts}, points, targets) + ") takes " + milliseconds(nearest.worst) + ", " +
                    milliseconds(nearest.worst - targets.worst_case_latency_ns) +
                    " too long; raise the limit, or take faster targets or links");
}

// Whether the stretch that ends at a point runs on a later target.
bool runs_later(const Mapping& mapping, size_t target, int32_t point) {
  return target + 2 < mapping.starts.size() && mapping.starts[target + 1] < point;
}

}  // namespace

std::string_view to_string(Cost cost) {
  switch (cost) {
    case Cost::kMacs: return "macs";
    case Cost::kLatency: return "latency";
    case Cost::kEnergy: return "energy";
    case Cost::kLinkBytes: return "link_bytes";
  }
  return "?";
}

double MappingFigures::cost(Cost cost) const {
  if (cost == Cost::kEnergy) return energy_nj;
  return cost == Cost::kLinkBytes ? link_bytes : latency_ns;
}

std::string describe(const Mapping& mapping, std::span<const CutPoint> points, const Targets& targets) {
  std::string text;
  for (size_t t = 0; t < targets.targets.size(); ++t) {
    const int32_t from = mapping.starts[t], to = mapping.starts[t + 1];
    if (from < to)
      text += (text.empty() ? "" : ", ") + targets.targets[t].name + ": " + points[size_t(from)].at + " to " + points[size_t(to)].at;
  }
  return text;
}

MappingFigures evaluate_mapping(std::span<const CutPoint> points, std::span<const MappedExit> exits, const Targets& targets,
                                const Mapping& mapping) {
  OFFRAMP_CHECK(mapping.starts.size() == targets.targets.size() + 1 && mapping.starts.front() == 0 &&
                mapping.starts.back() + 1 == int32_t(points.size()));
  const Costing costing(points, exits, targets);
  MappingFigures figures;
  for (size_t t = 0; t < targets.targets.size(); ++t) {
    const int32_t from = mapping.starts[t], to = mapping.starts[t + 1];
    const Run run = costing.run(from, to);
    figures.latency_ns += costing.target_cost(Cost::kLatency, t, run);
    figures.energy_nj += costing.target_cost(Cost::kEnergy, t, run);
    figures.worst_case_latency_ns += costing.compute_ns(t, run.macs);
    figures.memory_bytes.push_back(run.memory_bytes());
    if (t + 1 == targets.targets.size()) continue;
    const bool crosses = costing.crosses(to);
    figures.cross.push_back(crosses ? costing.stay(to) : 0);
    figures.link_ns.push_back(crosses ? costing.link_ns(t, to) : 0);
    figures.bytes_sent.push_back(crosses ? costing.sent_bytes(t, to) : 0);
    figures.latency_ns += costing.link_cost(Cost::kLatency, t, to);
    figures.energy_nj += costing.link_cost(Cost::kEnergy, t, to);
    figures.link_bytes += costing.link_cost(Cost::kLinkBytes, t, to);
    figures.worst_case_latency_ns += figures.link_ns.back();
  }
  return figures;
}

Result<Mapping> find_mapping(std::span<const CutPoint> points, std::span<const MappedExit> exits, const Targets& targets, Cost cost) {
  OFFRAMP_RETURN_IF_ERROR(validate(points, exits, targets));
  const Costing costing(points, exits, targets);
  Partial best = solve(costing, targets, {.cost = cost, .worst_limit = targets.worst_case_latency_ns});
  if (!best.starts.empty()) return Mapping{std::move(best.starts)};
  if (solve(costing, targets, {}).starts.empty()) return memory_error(costing, points, targets);
  return latency_error(costing, points, targets);
}

MappedCosts mapped_costs(std::span<const CutPoint> points, const Targets& targets, const Mapping& mapping, Cost cost) {
  const Costing costing(points, {}, targets);
  MappedCosts costs;
  double spent = 0;
  size_t target = 0;
  for (int32_t p = 0; p < int32_t(points.size()); ++p) {
    for (; runs_later(mapping, target, p); ++target)
      if (cost != Cost::kMacs) spent += costing.link_unit(cost, target, mapping.starts[target + 1]);
    const Target& here = targets.targets[target];
    double per_mac = kNsPerS / here.macs_per_s;
    if (cost == Cost::kMacs) per_mac = 1;
    if (cost == Cost::kEnergy) per_mac = here.energy_nj_per_mac;
    if (cost == Cost::kLinkBytes) per_mac = 0;
    spent += points[size_t(p)].macs * per_mac;
    costs.up_to.push_back(spent);
    costs.per_head_mac.push_back(per_mac);
  }
  return costs;
}

std::vector<Budget> exit_budgets(std::span<const CutPoint> points, std::span<const MappedExit> possible, const Targets& targets,
                                 const Mapping& mapping) {
  const Costing costing(points, {}, targets);
  const MappingFigures figures = evaluate_mapping(points, {}, targets, mapping);
  std::vector<Budget> budgets;
  if (targets.worst_case_latency_ns < kInfinity)
    budgets.push_back({targets.worst_case_latency_ns - figures.worst_case_latency_ns, {}});
  const bool timed = !budgets.empty();
  std::vector<int> memory_budget(targets.targets.size(), -1);
  for (size_t t = 0; t < targets.targets.size(); ++t) {
    if (targets.targets[t].memory_bytes == std::numeric_limits<int64_t>::max()) continue;
    memory_budget[t] = int(budgets.size());
    budgets.push_back({double(targets.targets[t].memory_bytes) - double(figures.memory_bytes[t]), {}});
  }
  for (Budget& budget : budgets) budget.use.resize(possible.size());
  for (size_t e = 0; e < possible.size(); ++e) {
    const MappedExit& exit = possible[e];
    size_t target = 0;
    while (runs_later(mapping, target, exit.point)) ++target;
    if (timed) budgets[0].use[e] = costing.compute_ns(target, exit.head_macs);
    if (memory_budget[target] < 0) continue;
    const Run run = costing.run(mapping.starts[target], mapping.starts[target + 1]);
    const int64_t alive = kBytesPerActivation * points[size_t(exit.point)].elements + exit.head_activation_bytes;
    budgets[size_t(memory_budget[target])].use[e] =
        double(exit.head_weight_bytes) + double(std::max<int64_t>(0, alive - run.activation_bytes));
  }
  return budgets;
}

}  // namespace offramp
