// Mapping: which stretch of the backbone runs on which target, exactly, under limits of memory and worst-case latency.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/cut_points.h"
#include "search/search.h"
#include "search/targets.h"

namespace offramp {

inline constexpr size_t kMaxCutPoints = 4096;

// What plans and mappings are compared by.
enum class Cost {
  kMacs,       // the same on every mapping: mappings are then compared by latency
  kLatency,    // ns
  kEnergy,     // nJ
  kLinkBytes,
};
std::string_view to_string(Cost cost);  // "macs", "latency", "energy", "link_bytes"

// An exit as a mapping sees it. It stands before a cut at the same point.
struct MappedExit {
  int32_t point = 0;  // index of a cut point, neither the first nor the last
  double head_macs = 0;
  int64_t head_weight_bytes = 0;
  int64_t head_activation_bytes = 0;  // beside the point's own value
  double leave = 0;                   // share of all rows that leave here
};

// Target t runs the stretches behind point starts[t] up to starts[t + 1]; none if the two are equal. targets + 1 numbers, the
// first 0, the last that of the output's point.
struct Mapping {
  std::vector<int32_t> starts;
  bool operator==(const Mapping&) const = default;
};
// "device: input to conv3, fog: conv3 to output"; targets that run nothing are left out.
std::string describe(const Mapping& mapping, std::span<const CutPoint> points, const Targets& targets);

// What a plan costs on a mapping, per sample.
// latency = sum over stretches of P(reach) * macs / macs_per_s + sum over links of P(cross) * link; the worst case has every P = 1;
// link = rtt + (encoded bytes + header) / bytes_per_s + packing and unpacking; an output that is reached crosses no link.
// memory of a target = weights and heads + the most activations of its stretches. Source: DESIGN section 1.4.
struct MappingFigures {
  double latency_ns = 0, worst_case_latency_ns = 0;
  double energy_nj = 0, link_bytes = 0;
  std::vector<int64_t> memory_bytes;  // by target
  std::vector<double> cross;          // by link, P(cross)
  std::vector<double> link_ns;        // by link, of one crossing; 0 where nothing crosses
  std::vector<double> bytes_sent;     // likewise
  double cost(Cost cost) const;       // kMacs: latency
};
// Preconditions: speeds are known, exits rise by point, the mapping fits the points and targets.
MappingFigures evaluate_mapping(std::span<const CutPoint> points, std::span<const MappedExit> exits, const Targets& targets,
                                const Mapping& mapping);

// The mapping of least cost within the limits, of all; among equals the one of least worst-case latency, then the one
// that cuts latest, which keeps data local.
// Errors: kInfeasible naming the limit that no mapping meets, by how much the nearest fails, and which that is;
// kInvalidArgument for an unmeasured speed, too many or no targets, links or exits that do not fit.
Result<Mapping> find_mapping(std::span<const CutPoint> points, std::span<const MappedExit> exits, const Targets& targets, Cost cost);

// A mapping's costs in the form of Outcomes: leaving at a point costs up_to[point], and the heads that were run.
struct MappedCosts {
  std::vector<double> up_to;         // by cut point: all that happens before an exit there; the last: the whole backbone
  std::vector<double> per_head_mac;  // by cut point
};
// kMacs gives plain MACs.
MappedCosts mapped_costs(std::span<const CutPoint> points, const Targets& targets, const Mapping& mapping, Cost cost);

// What a mapping's limits leave for exits, `leave` aside: of worst-case latency, and of each target's memory. Activations of
// two heads on one target count as if both were alive at once, so a plan within the budgets meets the limits.
std::vector<Budget> exit_budgets(std::span<const CutPoint> points, std::span<const MappedExit> possible, const Targets& targets,
                                 const Mapping& mapping);

}  // namespace offramp
