// Where activations stand in one block of memory, so that values that never live at the same time share it.
#pragma once
#include <cstddef>
#include <vector>

namespace offramp::xnnpack {

// A value that lives from step `first` to step `last`, both included.
struct Lifetime {
  size_t bytes = 0;
  size_t first = 0, last = 0;
};

struct MemoryPlan {
  std::vector<size_t> offsets;  // by lifetime, multiples of kPlanAlignment
  size_t bytes = 0;             // of the whole block
};
inline constexpr size_t kPlanAlignment = 64;

// Largest first, each at the lowest offset that is free throughout its life. `gap` bytes after each value stay
// readable. Source: "Greedy by Size", Pisarchyk and Lee 2020 (arXiv 2001.03288).
MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes, size_t gap);

}  // namespace offramp::xnnpack
