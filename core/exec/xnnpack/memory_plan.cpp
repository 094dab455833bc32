#include "exec/xnnpack/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace offramp::xnnpack {

MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes, size_t gap) {
  MemoryPlan plan;
  plan.offsets.assign(lifetimes.size(), 0);
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  const auto padded = [&](size_t i) {
    return (lifetimes[i].bytes + gap + kPlanAlignment - 1) / kPlanAlignment * kPlanAlignment;
  };
  std::vector<size_t> placed;  // by offset
  for (size_t i : order) {
    size_t offset = 0;
    for (size_t other : placed) {
      if (lifetimes[other].last < lifetimes[i].first || lifetimes[i].last < lifetimes[other].first) continue;
      if (offset + padded(i) <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + padded(other));
    }
    plan.offsets[i] = offset;
    plan.bytes = std::max(plan.bytes, offset + padded(i));
    placed.insert(std::upper_bound(placed.begin(), placed.end(), offset,
                                   [&](size_t at, size_t other) { return at < plan.offsets[other]; }),
                  i);
  }
  return plan;
}

}  // namespace offramp::xnnpack
