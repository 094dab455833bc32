// Small outcome tables, and the plain enumeration that searches are compared with.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "base/rng.h"
#include "search/search.h"

namespace offramp {

// Few distinct scores and costs if coarse, so that ties are common. Class 2 has few rows.
Outcomes random_table(Rng& rng, int64_t rows, int candidates, bool coarse);
// Two candidates on four rows, small enough for pencil and paper.
Outcomes tiny_table();
// Neither allowance nor near ties.
SearchOptions plain(Rule rule, double max_drop);

// Every plan of at most so many exits, the backbone first; among equals the higher threshold comes first.
std::vector<Plan> every_plan(const Outcomes& o, int max_exits);
// What a plan changes for each class's rows, counted row by row.
struct Changes {
  int64_t rows = 0, harmed = 0, mended = 0;
};
std::map<int32_t, Changes> changes_by_class(const Outcomes& o, const Plan& plan);
// What the rule counts: harm, or the error.
double loss(const Plan& plan, Rule rule);
// Whether a plan is within every limit of the options, counted row by row.
bool meets_limits(const Outcomes& o, const Plan& plan, const SearchOptions& options);
// The best plan of all that meet the limits: least by the rule, then within the near tie fewest exits and least loss.
// Null if none does. `least`: the least by the rule, as a share of the backbone's cost.
const Plan* best_plan(const Outcomes& o, const std::vector<Plan>& plans, const SearchOptions& options, double* least);
// What the rule makes least.
double worth(const Outcomes& o, const Plan& plan, const SearchOptions& options);

}  // namespace offramp
