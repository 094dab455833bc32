// targets.json: what is read, what is refused and why, and the presets.
#include <doctest/doctest.h>

#include "read_targets.h"

namespace offramp {
namespace {

// The example of DESIGN section 1.4.
constexpr const char* kExample = R"({
  "targets": [
    { "name": "device", "kind": "device", "speed": "measured", "memory_bytes": 67108864, "energy_nj_per_mac": 0.02 },
    { "name": "fog", "kind": "fog", "macs_per_s": 2.0e10, "memory_bytes": 8589934592, "url": "http://127.0.0.1:8700" } ],
  "links": [ { "bytes_per_s": 6250000, "rtt_ns": 20000000, "energy_nj_per_byte": 100, "encoding": "u8" } ],
  "limits": { "worst_case_latency_ns": 200000000 } })";

Json example() { return *parse_json(kExample, ErrorCode::kInternal); }

std::string refusal(const Json& json) {
  const auto read = parse_targets(json);
  if (read.ok()) return "taken";
  CHECK(read.error().code == ErrorCode::kInvalidArgument);
  return read.error().to_string();
}

}  // namespace

TEST_CASE("targets: the design's example") {
  auto read = parse_targets(example());
  REQUIRE(read.ok());
  Targets& targets = *read;
  REQUIRE(targets.targets.size() == 2);
  CHECK(targets.targets[0].name == "device");
  CHECK(targets.targets[0].measured);
  CHECK(targets.targets[0].memory_bytes == 67108864);
  CHECK(targets.targets[0].energy_nj_per_mac == 0.02);
  CHECK(targets.targets[1].kind == TargetKind::kFog);
  CHECK(targets.targets[1].macs_per_s == 2e10);
  CHECK(targets.targets[1].url == "http://127.0.0.1:8700");
  REQUIRE(targets.links.size() == 1);
  CHECK(targets.links[0].encoding == Encoding::kU8);
  CHECK(targets.links[0].header_bytes == 512);
  CHECK(targets.worst_case_latency_ns == 2e8);
  CHECK(needs_measured_speed(targets));
  CHECK(set_measured_speed(targets, 0).error().to_string() == "the measured speed must be positive and finite, got 0.000000");
  REQUIRE(set_measured_speed(targets, 3e9).ok());
  CHECK(targets.targets[0].macs_per_s == 3e9);
  CHECK(!needs_measured_speed(targets));
}

TEST_CASE("targets: every way to be wrong names the key and what it may be") {
  const auto with = [](auto change) {
    Json json = example();
    change(json);
    return refusal(json);
  };
  CHECK(refusal(Json::array()) == "expected an object, got array");
  CHECK(with([](Json& j) { j["targets"] = Json::array(); }) == "\"targets\" must have 1 to 16 items, got 0");
  CHECK(with([](Json& j) { j.erase("targets"); }) == "\"targets\" is missing");
  CHECK(with([](Json& j) { j["limit"] = 1; }) == "unknown key \"limit\"; known are limits, links, targets");
  CHECK(with([](Json& j) { j["links"] = Json::array(); }) ==
        "\"links\" must have one item between each two neighbours of 2 targets, 1, got 0");
  CHECK(with([](Json& j) { j["targets"][1]["name"] = "device"; }) ==
        "targets[1]: two targets have the name \"device\": give each its own");
  CHECK(with([](Json& j) { j["targets"][1]["kind"] = "toaster"; }) ==
        "targets[1]: \"kind\" must be one of \"device\", \"edge\", \"fog\", \"cloud\", got \"toaster\"");
  CHECK(with([](Json& j) { j["targets"][0]["colour"] = "red"; }) ==
        "targets[0]: unknown key \"colour\"; known are energy_nj_per_mac, kind, memory_bytes, name, speed");
  CHECK(with([](Json& j) { j["targets"][0]["macs_per_s"] = 5; }) ==
        "targets[0]: \"speed\" and \"macs_per_s\" contradict each other: leave one out");
  CHECK(with([](Json& j) { j["targets"][0].erase("speed"); }) ==
        "targets[0]: its speed is missing: state \"macs_per_s\", or \"speed\": \"measured\" for this machine");
  CHECK(with([](Json& j) { j["targets"][0]["speed"] = "fast"; }) == "targets[0]: \"speed\" must be \"measured\", got \"fast\"");
  CHECK(with([](Json& j) { j["targets"][1]["macs_per_s"] = -3; }) ==
        "targets[1]: \"macs_per_s\" must be a number from 1.0 to 1e+18, got -3");
  CHECK(with([](Json& j) { j["targets"][1]["macs_per_s"] = INFINITY; }) ==
        "targets[1]: \"macs_per_s\" must be a number from 1.0 to 1e+18, got null");
  CHECK(with([](Json& j) { j["targets"][1]["memory_bytes"] = 0; }) ==
        "targets[1]: \"memory_bytes\" must be an integer from 1 to 9007199254740992, got 0");
  CHECK(with([](Json& j) { j["links"][0]["bytes_per_s"] = 0; }) ==
        "links[0]: \"bytes_per_s\" must be a number from 1.0 to 9.007199254740992e+15, got 0");
  CHECK(with([](Json& j) { j["links"][0]["rtt_ns"] = -1; }) ==
        "links[0]: \"rtt_ns\" must be a number from 0.0 to 9.007199254740992e+15, got -1");
  CHECK(with([](Json& j) { j["links"][0]["rtt_ns"] = NAN; }) ==
        "links[0]: \"rtt_ns\" must be a number from 0.0 to 9.007199254740992e+15, got null");
  CHECK(with([](Json& j) { j["links"][0]["encoding"] = "f8"; }) ==
        "links[0]: \"encoding\" must be one of \"f32\", \"f16\", \"u8\", got \"f8\"");
  CHECK(with([](Json& j) { j["limits"]["worst_case_latency_ns"] = 0; }) ==
        "limits: \"worst_case_latency_ns\" must be a number from 1.0 to 9.007199254740992e+15, got 0");
  CHECK(with([](Json& j) { j["limits"]["price"] = 0; }) == "limits: unknown key \"price\"; known are worst_case_latency_ns");
}

TEST_CASE("targets: links that name their ends join neighbours, and form no cycle") {
  const auto with = [](const char* from, const char* to) {
    Json json = example();
    if (*from) json["links"][0]["from"] = from;
    if (*to) json["links"][0]["to"] = to;
    return refusal(json);
  };
  CHECK(with("device", "fog") == "taken");
  CHECK(with("", "fog") == "taken");
  CHECK(with("device", "device") ==
        "links[0]: it leads back to \"device\": links must not form a cycle, each leads from one target to the next, expected \"to\" \"fog\"");
  CHECK(with("fog", "device") == "links[0]: \"from\" names \"fog\", but links join neighbours in order; expected \"device\"");
  CHECK(with("device", "moon") == "links[0]: \"to\" names \"moon\", which is no target; expected \"fog\"");
}

TEST_CASE("targets: presets") {
  CHECK(target_preset_names() == std::vector<std::string>{"two-mcus", "phone-edge-cloud", "browser-fog"});
  for (const std::string& name : target_preset_names()) {
    const auto preset = target_preset(name);
    REQUIRE_MESSAGE(preset.ok(), name);
    CHECK(preset->targets.size() == preset->links.size() + 1);
  }
  CHECK(needs_measured_speed(*target_preset("browser-fog")));
  CHECK(!needs_measured_speed(*target_preset("two-mcus")));
  CHECK(target_preset("two-mcu").error().to_string() ==
        "unknown targets \"two-mcu\"; known are two-mcus, phone-edge-cloud, browser-fog; did you mean two-mcus?");
  CHECK(target_preset("phone-cloud").error().to_string() ==
        "unknown targets \"phone-cloud\"; known are two-mcus, phone-edge-cloud, browser-fog; did you mean phone-edge-cloud?");
}

}  // namespace offramp
