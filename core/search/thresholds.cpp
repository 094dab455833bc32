#include "search/thresholds.h"

#include <algorithm>

namespace offramp {

ThresholdLevels threshold_levels(std::span<const float> scores, int levels) {
  std::vector<float> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<size_t> starts;  // positions where a new value begins, but not the first
  for (size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i] != sorted[i - 1]) starts.push_back(i);
  if (starts.size() + 1 > size_t(levels)) {
    std::vector<size_t> thinned;
    for (int q = 1; q < levels; ++q) {
      const size_t wanted = size_t(q) * sorted.size() / size_t(levels);
      // The start of the value that stands at this quantile; a value wider than a quantile is taken once.
      auto next = std::upper_bound(starts.begin(), starts.end(), wanted);
      if (next == starts.begin()) continue;
      const size_t start = *(next - 1);
      if (thinned.empty() || thinned.back() != start) thinned.push_back(start);
    }
    starts = std::move(thinned);
  }
  ThresholdLevels result;
  result.thresholds.push_back(0.0f);
  for (size_t start : starts) {
    const float below = sorted[start - 1], at = sorted[start];
    const float middle = below + (at - below) * 0.5f;
    result.thresholds.push_back(middle > below ? middle : at);
  }
  result.passed.reserve(scores.size());
  for (float score : scores) {
    const auto above = std::upper_bound(result.thresholds.begin(), result.thresholds.end(), score);
    result.passed.push_back(uint16_t(above - result.thresholds.begin()));
  }
  return result;
}

}  // namespace offramp
