#include "search/staircase.h"

#include <algorithm>

namespace offramp {

bool Staircase::improves(const Found& found, size_t slot) const {
  if (plan_[slot] < 0) return true;
  const Found& old = plans_[size_t(plan_[slot])];
  if (found.cost != old.cost || found.loss != old.loss) return found.cost < old.cost;
  if (found.harmed != old.harmed) return found.harmed < old.harmed;
  return found.column == old.column && found.level > old.level;
}

void Staircase::offer(const Found& found) {
  auto slot = size_t(found.loss);
  if (slot >= plan_.size() || found.cost > costs_[slot] || !improves(found, slot)) return;
  if (plans_.size() >= drop_at_) drop_unused();
  const auto index = int32_t(plans_.size());
  for (; slot < plan_.size() && improves(found, slot); ++slot) {
    plan_[slot] = index;
    costs_[slot] = found.cost;
  }
  plans_.push_back(found);
}

// Plans that nothing points to any more.
void Staircase::drop_unused() {
  std::vector<Found> kept;
  int32_t last = -1;
  for (int32_t& plan : plan_) {  // one plan's slots stand together
    if (plan < 0) continue;
    if (plan != last) kept.push_back(plans_[size_t(plan)]);
    last = plan;
    plan = int32_t(kept.size()) - 1;
  }
  plans_ = std::move(kept);
  drop_at_ = std::max<size_t>(1024, 2 * plans_.size());
}

}  // namespace offramp
