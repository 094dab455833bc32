// Targets: the processors that a plan's stages are placed on, in order, and the links between neighbours.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/result.h"

namespace offramp {

enum class TargetKind { kDevice, kEdge, kFog, kCloud };
std::string_view to_string(TargetKind kind);  // "device", "edge", "fog", "cloud"

struct Target {
  std::string name;
  TargetKind kind = TargetKind::kDevice;
  bool measured = false;   // this machine: its speed is measured by the host
  double macs_per_s = 0;   // 0: not yet measured
  int64_t memory_bytes = std::numeric_limits<int64_t>::max();
  double energy_nj_per_mac = 0;
  std::string url;         // where its stages are served; empty: not said
};

// From one target to the next.
struct Link {
  double bytes_per_s = 1;
  double rtt_ns = 0;             // there and back, the answer's way included
  int64_t header_bytes = 0;      // sent with every tensor
  double pack_ns_per_element = 0, unpack_ns_per_element = 0;
  double energy_nj_per_byte = 0;
  Encoding encoding = Encoding::kF32;
};

struct Targets {
  std::vector<Target> targets;  // at least one
  std::vector<Link> links;      // links[t] from targets[t] to targets[t + 1]
  double worst_case_latency_ns = std::numeric_limits<double>::infinity();  // limit
};

inline constexpr size_t kMaxTargets = 16;

// Gives targets that are this machine its measured speed. Errors: kInvalidArgument unless it is positive and finite.
Status set_measured_speed(Targets& targets, double macs_per_s);
// Whether some target still waits for set_measured_speed.
bool needs_measured_speed(const Targets& targets);

}  // namespace offramp
