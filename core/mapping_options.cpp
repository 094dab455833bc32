#include "mapping_options.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "read_targets.h"
#include "samples/object_reader.h"

namespace offramp {

Result<Targets> read_targets(const Json& value) {
  if (value.is_string()) return target_preset(value.get<std::string>());
  return parse_targets(value);
}

Result<Cost> read_cost(const Json& value) {
  std::string list;
  for (Cost cost : {Cost::kMacs, Cost::kLatency, Cost::kEnergy, Cost::kLinkBytes}) {
    if (value == std::string(to_string(cost))) return cost;
    list += (list.empty() ? "" : ", ") + in_quotes(to_string(cost));
  }
  return invalid_argument("expected one of " + list + ", got " + value.dump());
}

Status complete(MappingOptions& options) {
  if (!options.targets && (options.cost == Cost::kLatency || options.max_latency_ns)) {
    Target here;
    here.name = "local";
    here.measured = true;
    options.targets = Targets{{here}, {}};
  }
  if (!options.targets) {
    if (options.cost == Cost::kMacs) return {};
    return invalid_argument("cost " + std::string(to_string(options.cost)) + " needs targets that state it");
  }
  Targets& targets = *options.targets;
  if (options.max_latency_ns) targets.worst_case_latency_ns = *options.max_latency_ns;
  if (options.measured_macs_per_s) OFFRAMP_RETURN_IF_ERROR(set_measured_speed(targets, *options.measured_macs_per_s));
  if (needs_measured_speed(targets))
    return invalid_argument("a target has \"speed\": \"measured\", and no speed was measured: hand in measured_macs_per_s");
  if (options.cost == Cost::kEnergy) {
    bool stated = false;
    for (const Target& target : targets.targets) stated = stated || target.energy_nj_per_mac > 0;
    for (const Link& link : targets.links) stated = stated || link.energy_nj_per_byte > 0;
    if (!stated) return invalid_argument("cost energy needs energy_nj_per_mac or energy_nj_per_byte: no target or link states one");
  }
  if (options.cost == Cost::kLinkBytes && targets.links.empty())
    return invalid_argument("cost link_bytes needs a link: there is one target only");
  return {};
}

StageMapping map_stages(const std::vector<int32_t>& exits, const Mapping& mapping, const Targets& targets,
                        const std::vector<ExitPoint>& exit_points) {
  const auto last = int32_t(exit_points.size()) + 1;
  std::set<int32_t> ends(exits.begin(), exits.end());
  StageMapping result;
  for (size_t t = 1; t + 1 < mapping.starts.size(); ++t) {
    const int32_t point = mapping.starts[t];
    if (point <= 0 || point >= last || !ends.insert(point).second) continue;
    const ExitPoint& place = exit_points[size_t(point) - 1];
    const auto before = std::lower_bound(exits.begin(), exits.end(), point) - exits.begin();
    result.cuts.push_back({place.at, place.value, size_t(before)});
  }
  // The stage that begins behind a point.
  const auto stage_behind = [&](int32_t point) {
    if (point >= last) return int64_t(ends.size()) + 1;
    return int64_t(std::distance(ends.begin(), ends.upper_bound(point)));
  };
  for (size_t t = 0; t < targets.targets.size(); ++t)
    result.targets.push_back({targets.targets[t].name, stage_behind(mapping.starts[t]), stage_behind(mapping.starts[t + 1])});
  return result;
}

Json stages_json(const std::vector<PackageTarget>& targets) {
  Json list = Json::array();
  for (const PackageTarget& t : targets) list.push_back({{"target", t.target}, {"from", t.from}, {"to", t.to}});
  return list;
}

Json figures_json(const MappingFigures& figures, const Targets& targets) {
  Json json = {{"expected_latency_ns", figures.latency_ns},
               {"worst_case_latency_ns", figures.worst_case_latency_ns},
               {"energy_nj", figures.energy_nj},
               {"link_bytes", figures.link_bytes},
               {"targets", Json::array()},
               {"links", Json::array()}};
  for (size_t t = 0; t < targets.targets.size(); ++t) {
    const Target& target = targets.targets[t];
    json["targets"].push_back({{"target", target.name},
                               {"kind", to_string(target.kind)},
                               {"macs_per_s", target.macs_per_s},
                               {"measured", target.measured},
                               {"memory_bytes", figures.memory_bytes[t]}});
  }
  for (size_t l = 0; l < targets.links.size(); ++l)
    json["links"].push_back(
        {{"cross_rate", figures.cross[l]}, {"ns", figures.link_ns[l]}, {"bytes", figures.bytes_sent[l]}, {"encoding", to_string(targets.links[l].encoding)}});
  return json;
}

}  // namespace offramp
