#include "read_targets.h"

#include <algorithm>
#include <numeric>

#include "samples/object_reader.h"

namespace offramp {
namespace {

constexpr ErrorCode kCode = ErrorCode::kInvalidArgument;
constexpr double kMost = 9007199254740992.0;  // 2^53, as the manifest allows
constexpr int64_t kMostBytes = int64_t{1} << 53;
constexpr int64_t kDefaultHeaderBytes = 512;  // HTTP's head and the JSON part of an Open Inference Protocol request
constexpr size_t kMaxName = 1024;

double number_or(ObjectReader& reader, const char* key, double low, double high, double otherwise) {
  return reader.has(key) ? reader.number(key, low, high) : otherwise;
}

TargetKind kind_of(const std::string& name) {
  for (TargetKind kind : {TargetKind::kDevice, TargetKind::kEdge, TargetKind::kFog, TargetKind::kCloud})
    if (name == to_string(kind)) return kind;
  return TargetKind::kDevice;
}

Encoding encoding_of(const std::string& name) {
  for (Encoding encoding : {Encoding::kF32, Encoding::kF16, Encoding::kU8})
    if (name == to_string(encoding)) return encoding;
  return Encoding::kF32;
}

Result<Target> read_target(const Json& json) {
  ObjectReader reader(json, kCode);
  Target target;
  target.name = reader.text("name", 1, kMaxName);
  target.kind = kind_of(reader.one_of("kind", {"device", "edge", "fog", "cloud"}));
  const bool stated = reader.has("macs_per_s");
  target.measured = reader.has("speed");
  if (target.measured) reader.one_of("speed", {"measured"});
  if (stated) target.macs_per_s = reader.number("macs_per_s", 1, 1e18);
  if (reader.ok() && stated == target.measured)
    reader.fail(stated ? "\"speed\" and \"macs_per_s\" contradict each other: leave one out"
                       : "its speed is missing: state \"macs_per_s\", or \"speed\": \"measured\" for this machine");
  if (reader.has("memory_bytes")) target.memory_bytes = reader.integer("memory_bytes", 1, kMostBytes);
  target.energy_nj_per_mac = number_or(reader, "energy_nj_per_mac", 0, kMost, 0);
  if (reader.has("url")) target.url = reader.text("url", 1, kMaxName);
  OFFRAMP_RETURN_IF_ERROR(reader.finish());
  return target;
}

// A link's ends, where named, are its neighbours.
void check_ends(ObjectReader& reader, const std::vector<Target>& targets, size_t i) {
  const auto place = [&](const std::string& name) {
    return std::find_if(targets.begin(), targets.end(), [&](const Target& t) { return t.name == name; }) - targets.begin();
  };
  for (const auto& [key, wanted] : {std::pair{"from", i}, std::pair{"to", i + 1}}) {
    if (!reader.has(key)) continue;
    const std::string name = reader.text(key, 1, kMaxName);
    if (!reader.ok()) return;
    const auto at = size_t(place(name));
    if (at == wanted) continue;
    const std::string expected = in_quotes(targets[wanted].name);
    if (at == targets.size()) reader.fail(in_quotes(key) + " names " + in_quotes(name) + ", which is no target; expected " + expected);
    else if (key == std::string("to") && at <= i)
      reader.fail("it leads back to " + in_quotes(name) +
                  ": links must not form a cycle, each leads from one target to the next, expected \"to\" " + expected);
    else reader.fail(in_quotes(key) + " names " + in_quotes(name) + ", but links join neighbours in order; expected " + expected);
  }
}

Result<Link> read_link(const Json& json, const std::vector<Target>& targets, size_t i) {
  ObjectReader reader(json, kCode);
  Link link;
  check_ends(reader, targets, i);
  link.bytes_per_s = reader.number("bytes_per_s", 1, kMost);
  link.rtt_ns = reader.number("rtt_ns", 0, kMost);
  link.energy_nj_per_byte = number_or(reader, "energy_nj_per_byte", 0, kMost, 0);
  link.header_bytes = reader.has("header_bytes") ? reader.integer("header_bytes", 0, 1 << 20) : kDefaultHeaderBytes;
  link.pack_ns_per_element = number_or(reader, "pack_ns_per_element", 0, 1e9, 0);
  link.unpack_ns_per_element = number_or(reader, "unpack_ns_per_element", 0, 1e9, 0);
  if (reader.has("encoding")) link.encoding = encoding_of(reader.one_of("encoding", {"f32", "f16", "u8"}));
  OFFRAMP_RETURN_IF_ERROR(reader.finish());
  return link;
}

std::string at_index(const char* list, size_t i) { return std::string(list) + "[" + std::to_string(i) + "]"; }

// Insertions, deletions and replacements between two names.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j)
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])}));
  }
  return row[b.size()];
}

struct Preset {
  const char* name;
  const char* json;
};

// Where each number comes from: docs/targets.md.
constexpr Preset kPresets[] = {
    {"two-mcus", R"({
      "targets": [
        { "name": "m0plus", "kind": "device", "macs_per_s": 4.0e6, "memory_bytes": 1048576, "energy_nj_per_mac": 1.2 },
        { "name": "m4f", "kind": "edge", "macs_per_s": 5.0e7, "memory_bytes": 2097152, "energy_nj_per_mac": 0.22 } ],
      "links": [ { "bytes_per_s": 1250000, "rtt_ns": 50000, "energy_nj_per_byte": 5, "header_bytes": 8, "encoding": "f32" } ] })"},
    {"phone-edge-cloud", R"({
      "targets": [
        { "name": "phone", "kind": "device", "macs_per_s": 1.0e10, "memory_bytes": 536870912, "energy_nj_per_mac": 0.1 },
        { "name": "edge", "kind": "edge", "macs_per_s": 4.0e10, "memory_bytes": 4294967296, "energy_nj_per_mac": 0.4 },
        { "name": "cloud", "kind": "cloud", "macs_per_s": 1.0e12, "memory_bytes": 17179869184, "energy_nj_per_mac": 0.25 } ],
      "links": [ { "bytes_per_s": 6250000, "rtt_ns": 10000000, "energy_nj_per_byte": 100, "encoding": "f16" },
                 { "bytes_per_s": 12500000, "rtt_ns": 40000000, "energy_nj_per_byte": 50, "encoding": "f16" } ] })"},
    {"browser-fog", R"({
      "targets": [
        { "name": "browser", "kind": "device", "speed": "measured", "memory_bytes": 1073741824, "energy_nj_per_mac": 0.5 },
        { "name": "fog", "kind": "fog", "macs_per_s": 2.0e10, "memory_bytes": 8589934592, "energy_nj_per_mac": 0.4,
          "url": "http://127.0.0.1:8700" } ],
      "links": [ { "bytes_per_s": 6250000, "rtt_ns": 20000000, "energy_nj_per_byte": 100, "encoding": "f16" } ] })"},
};

}  // namespace

Result<Targets> parse_targets(const Json& json) {
  ObjectReader reader(json, kCode);
  const Json& targets = reader.array("targets", 1, kMaxTargets);
  static const Json kNoLinks = Json::array();
  const Json& links = reader.has("links") ? reader.array("links", 0, kMaxTargets) : kNoLinks;
  const Json* limits = reader.has("limits") ? &reader.object("limits") : nullptr;
  OFFRAMP_RETURN_IF_ERROR(reader.finish());
  Targets result;
  for (size_t i = 0; i < targets.size(); ++i) {
    auto target = read_target(targets[i]).within(at_index("targets", i));
    if (!target) return std::move(target).error();
    for (const Target& other : result.targets)
      if (other.name == target->name)
        return invalid_argument("two targets have the name " + in_quotes(target->name) + ": give each its own").within(at_index("targets", i));
    result.targets.push_back(std::move(target).value());
  }
  if (links.size() + 1 != targets.size())
    return invalid_argument("\"links\" must have one item between each two neighbours of " + std::to_string(targets.size()) +
                            " targets, " + std::to_string(targets.size() - 1) + ", got " + std::to_string(links.size()));
  for (size_t i = 0; i < links.size(); ++i) {
    auto link = read_link(links[i], result.targets, i).within(at_index("links", i));
    if (!link) return std::move(link).error();
    result.links.push_back(std::move(link).value());
  }
  if (!limits) return result;
  ObjectReader limit(*limits, kCode);
  if (limit.has("worst_case_latency_ns")) result.worst_case_latency_ns = limit.number("worst_case_latency_ns", 1, kMost);
  OFFRAMP_RETURN_IF_ERROR(limit.finish().within("limits"));
  return result;
}

std::vector<std::string> target_preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : kPresets) names.push_back(preset.name);
  return names;
}

Result<Targets> target_preset(const std::string& name) {
  std::string list;
  const Preset* nearest = nullptr;
  for (const Preset& preset : kPresets) {
    if (name == preset.name) {
      OFFRAMP_TRY(const Json json, parse_json(preset.json, ErrorCode::kInternal));
      return parse_targets(json);
    }
    list += (list.empty() ? "" : ", ") + std::string(preset.name);
    if (!nearest || edit_distance(name, preset.name) < edit_distance(name, nearest->name)) nearest = &preset;
  }
  return invalid_argument("unknown targets " + in_quotes(name) + "; known are " + list + "; did you mean " +
                          std::string(nearest->name) + "?");
}

}  // namespace offramp
