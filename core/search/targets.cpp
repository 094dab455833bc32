#include "search/targets.h"

#include <cmath>

namespace offramp {

std::string_view to_string(TargetKind kind) {
  switch (kind) {
    case TargetKind::kDevice: return "device";
    case TargetKind::kEdge: return "edge";
    case TargetKind::kFog: return "fog";
    case TargetKind::kCloud: return "cloud";
  }
  return "?";
}

Status set_measured_speed(Targets& targets, double macs_per_s) {
  if (!(macs_per_s > 0 && std::isfinite(macs_per_s)))
    return invalid_argument("the measured speed must be positive and finite, got " + std::to_string(macs_per_s));
  for (Target& target : targets.targets)
    if (target.measured) target.macs_per_s = macs_per_s;
  return {};
}

bool needs_measured_speed(const Targets& targets) {
  for (const Target& target : targets.targets)
    if (target.measured && target.macs_per_s == 0) return true;
  return false;
}

}  // namespace offramp
