// What a user says about targets, and a chosen mapping as packages and reports have it: stages on targets.
#pragma once
#include <optional>
#include <vector>

#include "base/json.h"
#include "package/package.h"
#include "search/joint_search.h"

namespace offramp {

struct MappingOptions {
  std::optional<Targets> targets = {};  // none: all stages run on this machine, and plans are compared by MACs
  Cost cost = Cost::kMacs;
  std::optional<double> max_latency_ns = {};       // worst case, in place of the targets' own limit
  std::optional<double> measured_macs_per_s = {};  // of this machine on this model
};

// The name of a preset, or the targets themselves. Errors: as target_preset and parse_targets.
Result<Targets> read_targets(const Json& value);
// Errors: kInvalidArgument naming the costs there are.
Result<Cost> read_cost(const Json& value);
// Fills in what follows from other options: this machine as the only target where latency counts, measured speeds, the limit.
// Errors: kInvalidArgument for a cost that no target states, or a speed that was not measured.
Status complete(MappingOptions& options);

// A plan's stages on targets.
struct StageMapping {
  std::vector<PackageCut> cuts;        // that have no exit
  std::vector<PackageTarget> targets;  // each of Targets, also those without stages
};
// `exits`: cut points at which exits stand, rising. `exit_points`: those of cut points 1, 2, ...
StageMapping map_stages(const std::vector<int32_t>& exits, const Mapping& mapping, const Targets& targets,
                        const std::vector<ExitPoint>& exit_points);

// [{target, from, to}], stages half-open.
Json stages_json(const std::vector<PackageTarget>& targets);
// {expected_latency_ns, worst_case_latency_ns, energy_nj, link_bytes, targets: [{target, kind, macs_per_s, measured, memory_bytes}],
// links: [{cross_rate, ns, bytes, encoding}]}
Json figures_json(const MappingFigures& figures, const Targets& targets);

}  // namespace offramp
