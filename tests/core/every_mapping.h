// Every mapping of a backbone's segments onto targets, for brute force.
#pragma once
#include <functional>
#include <vector>

#include "search/mapping.h"

namespace offramp {

// `points`: single-tensor cuts, the input and the output among them.
inline void for_every_mapping(size_t points, size_t targets, const std::function<void(const Mapping&)>& visit) {
  const auto last = int32_t(points) - 1;
  std::vector<int32_t> starts = {0};
  const std::function<void()> extend = [&] {
    if (starts.size() == targets) {
      starts.push_back(last);
      visit({starts});
      starts.pop_back();
      return;
    }
    for (int32_t cut = starts.back(); cut <= last; ++cut) {
      starts.push_back(cut);
      extend();
      starts.pop_back();
    }
  };
  extend();
}

}  // namespace offramp
