// The joint search for exits and thresholds on cached outcomes, and the whole Pareto front. Exact up to two exits; beyond
// them a local search from the exact results (many_exits.cpp).
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "heads/outcomes.h"

namespace offramp {

struct PlannedExit {
  int32_t candidate = 0;   // index into Outcomes::candidates
  float threshold = 0;     // leave here if score >= threshold
};

// What a plan does to a set of rows.
struct PlanFigures {
  double accuracy = 0;
  double harm = 0;       // share of rows where the backbone is right and the early answer wrong
  double mean_cost = 0;  // per sample, heads included
  std::vector<double> exit_rates;     // by exit, then the backbone's own
  std::vector<double> exit_accuracy;  // of the rows that leave there; NaN if none does
};

struct Plan {
  std::vector<PlannedExit> exits;  // in order of exit point; empty: the backbone as it is
  PlanFigures figures;             // on the rows searched
};

// Runs a plan over a table. Also for tables with other rows, of the same candidates.
PlanFigures evaluate_plan(const Outcomes& outcomes, const std::vector<PlannedExit>& exits);

enum class Rule {
  kHarm,      // least cost with harm + allowance <= max_drop
  kAccuracy,  // least cost with accuracy - allowance >= base - max_drop
  kWeighted,  // least cost_weight * cost + (1 - cost_weight) * error, both relative to the backbone's; no max_drop
};

std::string_view to_string(Rule rule);  // "harm", "accuracy", "weighted"

// Most candidates and rows a search takes, so that its memory and time are bounded.
inline constexpr int kMaxExits = 8;
inline constexpr int64_t kMaxCandidates = 2048;
inline constexpr int64_t kMaxSearchRows = (int64_t{1} << 21) - 1;

// A limit that a plan's exits share: the uses of those it has must not add up to more than room.
struct Budget {
  double room = 0;
  std::vector<double> use = {};  // by candidate
};

struct SearchOptions {
  int max_exits = 2;           // 0 to kMaxExits
  int levels = 256;            // 2 to 4096 thresholds tried per exit: all of its scores, or their quantiles if more
  double max_drop = 0.01;
  Rule rule = Rule::kHarm;
  bool allowance = true;       // for having looked at many candidates: see search_allowance
  double near_tie = 0.005;     // of the base cost: within that, the plan with fewer exits wins, then the one that loses less
  double cost_weight = 0.9;    // for kWeighted
  // Most that any class may lose of its own rows, by the same rule and with an allowance in rows that knows of the number of
  // classes, so a class of few rows gets none to lose. A plan that harms no row of a class is always within it.
  std::optional<double> max_class_drop = {};
  std::optional<double> min_accuracy = {};    // least accuracy - allowance
  std::optional<double> max_worst_cost = {};  // of a sample that leaves nowhere early, heads included
  std::vector<Budget> budgets = {};           // other plans are not looked at
};

// What a plan's measured drop is taken to understate, in shares of rows: see allowance.cpp for the reason.
// `choices`: how many independent places each exit was chosen from. `changed`: share of rows that make up the drop (rows
// harmed, or for kAccuracy rows harmed or mended).
double search_allowance(int exits, double choices, int64_t rows, double changed);
// As many as so many candidates are worth.
double independent_choices(int64_t candidates);

struct SearchResult {
  // Pareto-optimal in (harm or accuracy, mean cost): the backbone, then plans cheaper than it down to the cheapest.
  // At most kMaxFront of them, evenly thinned; the chosen plan stays if it is one of them.
  std::vector<Plan> front;
  Plan chosen;
  double allowance = 0;     // what was added to the chosen plan's harm
  int64_t plans_looked_at = 0;
};

inline constexpr int64_t kMaxFront = 400;

struct SearchState;
// A stepped search: one step handles a bounded number of exit subsets.
class ExitSearch {
 public:
  // `outcomes` must outlive the search; paper candidates are passed over. Equal plans: fewer exits, then less harm,
  // then the first candidates, then the higher thresholds. Thresholds stand midway between neighbouring scores; the
  // lowest is 0. Errors (from step): kInvalidArgument for options out of range, no rows, scores outside [0, 1] (NaN
  // included), costs that are negative or not finite, or columns of another length than the rows; kLimitExceeded;
  // kInfeasible, naming the nearest plan, if not even the backbone meets min_accuracy or max_worst_cost.
  ExitSearch(const Outcomes& outcomes, const SearchOptions& options);
  ~ExitSearch();
  int64_t total_steps() const;
  bool done() const;
  Status step();
  SearchResult take();

 private:
  std::unique_ptr<SearchState> state_;
};
// All steps at once.
Result<SearchResult> search_exits(const Outcomes& outcomes, const SearchOptions& options);

}  // namespace offramp
