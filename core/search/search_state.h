// What the parts of a search share: prepared columns, limits, and the best plans so far.
#pragma once
#include <array>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "search/limits.h"
#include "search/staircase.h"

namespace offramp {

inline constexpr int64_t kStepWork = 6'000'000;  // row additions or threshold vectors per step

inline constexpr int64_t kExpansions = 96;       // plans whose neighbours are searched, per number of exits beyond two

using PlanKey = std::pair<std::array<int32_t, kMaxExits>, std::array<int32_t, kMaxExits>>;  // columns, levels

struct SearchState {
  const Outcomes& outcomes;
  const SearchOptions options;
  int64_t rows = 0;
  std::vector<int32_t> usable;  // candidates that are not the paper's
  std::vector<Column> columns;  // of usable candidates
  std::optional<Limits> limits;
  // By number of exits: the cheapest of all plans, and of those that meet every limit.
  std::vector<Staircase> all, within;
  // Of plans that break nothing but the floor or the worst cost: the nearest to it.
  std::optional<Found> nearest_floor, nearest_worst;
  bool any_within = false;
  int64_t looked_at = 0;

  int64_t pairs = 0, prepare_per_step = 1, pairs_per_step = 1, prepare_steps = 1, pair_steps = 0, steps_done = 0;
  size_t first = 0, second = 1;  // the next pair of columns
  int64_t beyond_steps = 0;
  std::set<std::pair<int, PlanKey>> expanded;
  bool failed = false;

  SearchState(const Outcomes& o, const SearchOptions& s) : outcomes(o), options(s), rows(o.rows()) { plan_steps(); }
  const ExitCandidate& candidate(size_t column) const { return outcomes.candidates[size_t(usable[column])]; }
  bool is_pair(size_t a, size_t b) const {
    const std::array pair = {a, b};
    return candidate(a).exit_point < candidate(b).exit_point && fits(pair);
  }
  // Whether exits at these columns together stay within the budgets.
  bool fits(std::span<const size_t> subset) const;

  void plan_steps();
  Status begin();
  Status prepare_some();
  void search_some();
  void search_single(size_t a);
  void search_pair(size_t a, size_t b);
  // Takes note of a plan. classes_ok: whether it keeps the limit by class.
  void consider(const Found& found, bool classes_ok);
  // True if no plan of so many exits with at least this harm and cost and at most these mended rows can improve on what was
  // found: of all plans, or of those within the limits (by class and worst cost excepted).
  bool beaten_by_all(size_t exits, int64_t harmed, int64_t mended, double cost) const;
  bool beaten_within(size_t exits, int64_t harmed, int64_t mended, double cost) const;
  // Of a sample that leaves as late as any can: at the first exit whose threshold all scores reach, or at the end.
  double worst_cost(const Found& found) const;

  double sure_right(const Found& f) const { return limits->sure_right(f.exits, f.harmed, f.mended); }

  // Beyond two exits, see many_exits.cpp.
  std::vector<double> end_costs(const Found& plan) const;
  bool measure(Found& plan) const;
  void sweep_two(const Found& plan, size_t p, size_t q);
  void expand(const Found& plan, int exits);
  void add_exit(const Found& plan, size_t most);
  std::vector<int32_t> worth_adding(const Found& plan, size_t most) const;
  void search_beyond();

  Plan plan_of(const Found& found) const;
  std::vector<Found> whole_front() const;
  Found choose() const;
  Status feasible() const;
};

Status validate_search(const Outcomes& outcomes, const SearchOptions& options);
Status validate_candidate(const Outcomes& outcomes, size_t index);

}  // namespace offramp
