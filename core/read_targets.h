// targets.json and the targets that are known by name.
#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "search/targets.h"

namespace offramp {

// The format is that of DESIGN section 1.4 and docs/targets.md.
// Errors: kInvalidArgument naming the key, what it may be, and what was there.
Result<Targets> parse_targets(const Json& json);

// Names of the presets, in order.
std::vector<std::string> target_preset_names();
// A preset by name. Errors: kInvalidArgument naming all presets and the one that was likely meant.
Result<Targets> target_preset(const std::string& name);

}  // namespace offramp
