// The cheapest plans found, by how much each loses.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "search/search.h"

namespace offramp {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A plan over prepared columns, in order of exit point.
struct Found {
  double cost = kInfinity;  // over all rows
  int64_t loss = 0;         // rows: harmed, or by other rules those answered wrong
  int64_t harmed = 0, mended = 0;
  int32_t exits = 0;
  std::array<int32_t, kMaxExits> column{}, level{};
};

// By loss, the cheapest plan found that loses at most so much. Among equals: less harm, then the first columns, then
// the higher thresholds.
class Staircase {
 public:
  explicit Staircase(int64_t rows) : costs_(size_t(rows) + 1, kInfinity), plan_(size_t(rows) + 1, -1) {}
  double cost(int64_t loss) const { return costs_[size_t(loss)]; }
  // Null if no plan loses so little.
  const Found* at(int64_t loss) const { return plan_[size_t(loss)] < 0 ? nullptr : &plans_[size_t(plan_[size_t(loss)])]; }
  void offer(const Found& found);

 private:
  bool improves(const Found& found, size_t slot) const;
  void drop_unused();
  std::vector<double> costs_;   // by loss
  std::vector<int32_t> plan_;   // by loss, index into plans_
  std::vector<Found> plans_;
  size_t drop_at_ = 1024;
};

}  // namespace offramp
