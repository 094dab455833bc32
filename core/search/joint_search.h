// The joint choice of exits and mapping: which exits pay depends on where stages run, and the other way round.
#pragma once
#include <memory>
#include <vector>

#include "search/mapping.h"
#include "search/search.h"

namespace offramp {

// What a candidate's head needs where it runs.
struct HeadMemory {
  int64_t weight_bytes = 0;
  int64_t activation_bytes = 0;
};

struct JointOptions {
  Cost cost = Cost::kMacs;
  SearchOptions search;
  int starts = 12;        // mappings to begin from; if there are no more than that, each of them, and the choice is exact
  int quick_levels = 48;  // of the searches that only compare mappings; the last one has search.levels
};

struct JointResult {
  SearchResult found;      // mean_cost in the cost asked for, on `mapping`
  std::vector<MappedExit> exits;  // of found.chosen
  Mapping mapping;
  MappingFigures figures;
  Cost cost = Cost::kMacs;
  int64_t mappings_searched = 0;
};

// The exits of a plan, with their rates on the rows of `figures`.
// Preconditions: as JointSearch.
std::vector<MappedExit> mapped_exits(const Outcomes& outcomes, const std::vector<HeadMemory>& heads,
                                     const std::vector<PlannedExit>& exits, const PlanFigures& figures);
// The outcomes with costs as they are on a mapping. `macs` are those with costs in MACs.
void set_mapped_costs(Outcomes& outcomes, const Outcomes& macs, const MappedCosts& costs);

// From each start: the best exits for the mapping, the best mapping for the exits, and so on until neither changes. The cheapest
// end of all is then searched with all thresholds.
class JointSearch {
 public:
  // `outcomes` has costs in MACs; its exit point i is cut point i + 1. `heads` are by candidate. All must outlive the search.
  // Errors (from step): as ExitSearch and find_mapping; kInfeasible if no mapping meets the limits even without exits.
  JointSearch(const Outcomes& outcomes, const std::vector<HeadMemory>& heads, std::vector<CutPoint> points, Targets targets,
              const JointOptions& options);
  ~JointSearch();
  // A guess before the first step, and while starts lead on to further mappings.
  int64_t total_steps() const;
  bool done() const;
  Status step();
  JointResult take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};
// All steps at once.
Result<JointResult> search_jointly(const Outcomes& outcomes, const std::vector<HeadMemory>& heads, std::vector<CutPoint> points,
                                   Targets targets, const JointOptions& options);

}  // namespace offramp
