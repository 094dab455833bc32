// Thresholds worth trying for one candidate, and where each row stands among them.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace offramp {

struct ThresholdLevels {
  std::vector<float> thresholds;  // rising; the first is 0, which every row reaches
  std::vector<uint16_t> passed;   // by row, how many thresholds its score reaches: at level i it leaves if passed > i
};
// Every distinct score opens a level, its threshold midway to the next lower score; beyond `levels` of them, those at
// the scores' quantiles. Precondition: scores in [0, 1], at least one; 2 <= levels <= 4096.
ThresholdLevels threshold_levels(std::span<const float> scores, int levels);

}  // namespace offramp
