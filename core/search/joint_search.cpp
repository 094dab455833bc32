// Alternates the exit search and the mapping. Both steps are exact and neither makes the plan dearer, so each start ends; that
// it ends at the best of all is not sure, hence several starts that differ in where rows are taken to leave.
#include "search/joint_search.h"

#include <algorithm>

namespace offramp {
namespace {

// All mappings, in order; stops after `most` and says so by returning one more.
std::vector<Mapping> every_mapping(int32_t last, size_t targets, size_t most) {
  std::vector<Mapping> all;
  std::vector<int32_t> starts(targets + 1, 0);
  starts.back() = last;
  while (all.size() <= most) {
    all.push_back({starts});
    size_t i = targets;  // the last cut that can still move; those behind it start again from it
    while (i > 1 && starts[i - 1] == last) --i;
    if (i == 1) break;
    std::fill(starts.begin() + int64_t(i) - 1, starts.end() - 1, starts[i - 1] + 1);
  }
  return all;
}

bool meets_limits(const MappingFigures& figures, const Targets& targets) {
  for (size_t t = 0; t < targets.targets.size(); ++t)
    if (figures.memory_bytes[t] > targets.targets[t].memory_bytes) return false;
  return figures.worst_case_latency_ns <= targets.worst_case_latency_ns;
}

}  // namespace

std::vector<MappedExit> mapped_exits(const Outcomes& outcomes, const std::vector<HeadMemory>& heads,
                                     const std::vector<PlannedExit>& exits, const PlanFigures& figures) {
  std::vector<MappedExit> mapped;
  for (size_t e = 0; e < exits.size(); ++e) {
    const auto c = size_t(exits[e].candidate);
    mapped.push_back({outcomes.candidates[c].exit_point + 1, outcomes.candidates[c].head_cost, heads[c].weight_bytes,
                      heads[c].activation_bytes, figures.exit_rates[e]});
  }
  return mapped;
}

void set_mapped_costs(Outcomes& outcomes, const Outcomes& macs, const MappedCosts& costs) {
  outcomes.base_cost = costs.up_to.back();
  for (size_t c = 0; c < macs.candidates.size(); ++c) {
    const auto point = size_t(macs.candidates[c].exit_point) + 1;
    outcomes.candidates[c].backbone_cost = costs.up_to[point];
    outcomes.candidates[c].head_cost = macs.candidates[c].head_cost * costs.per_head_mac[point];
  }
}

struct JointSearch::State {
  const Outcomes& macs;
  const std::vector<HeadMemory>& heads;
  std::vector<CutPoint> points;
  Targets targets;
  JointOptions options;

  Outcomes costed = {};               // with the costs of `mapping`
  std::vector<Mapping> starts = {};   // still to try, the last one next
  std::vector<Mapping> searched = {};  // with as many thresholds as now
  Mapping mapping = {};
  std::unique_ptr<ExitSearch> search = nullptr;
  bool begun = false, last_search = false, finished = false, failed = false;
  int64_t steps_done = 0;
  JointResult best = {};
  double best_cost = std::numeric_limits<double>::infinity();
  double plain_cost = 1;         // of the backbone on its best mapping

  Status begin();
  void begin_search(const Mapping& next);
  Status end_search();
  void restate(const Mapping& other);
  double worth(const PlanFigures& plan, const MappingFigures& figures) const;
  Status add_starts();
  bool is_searched(const Mapping& m) const { return std::find(searched.begin(), searched.end(), m) != searched.end(); }
};

Status JointSearch::State::begin() {
  if (heads.size() != macs.candidates.size())
    return invalid_argument("expected memory of " + std::to_string(macs.candidates.size()) + " heads, got " +
                            std::to_string(heads.size()));
  for (const ExitCandidate& candidate : macs.candidates)
    if (candidate.exit_point < 0 || size_t(candidate.exit_point) + 2 >= points.size())
      return invalid_argument("exit point " + std::to_string(candidate.exit_point) + " is none of " +
                              std::to_string(int64_t(points.size()) - 2));
  OFFRAMP_TRY(const Mapping plain, find_mapping(points, {}, targets, options.cost));
  costed = macs;
  OFFRAMP_RETURN_IF_ERROR(add_starts());
  std::erase(starts, plain);
  std::reverse(starts.begin(), starts.end());
  if (int64_t(starts.size()) >= options.starts)
    starts.erase(starts.begin(), starts.begin() + (int64_t(starts.size()) - options.starts + 1));
  begun = true;
  plain_cost = options.cost == Cost::kMacs ? macs.base_cost : evaluate_mapping(points, {}, targets, plain).cost(options.cost);
  begin_search(plain);
  return {};
}

// Mappings that suit a backbone whose rows leave early at one place or another.
Status JointSearch::State::add_starts() {
  const auto last = int32_t(points.size()) - 1;
  const auto most = size_t(std::max(options.starts, 1));
  const auto add = [&](const Mapping& start) {
    if (std::find(starts.begin(), starts.end(), start) == starts.end() &&
        meets_limits(evaluate_mapping(points, {}, targets, start), targets))
      starts.push_back(start);
  };
  const std::vector<Mapping> all = every_mapping(last, targets.targets.size(), most);
  if (all.size() <= most) {
    for (const Mapping& start : all) add(start);
    return {};
  }
  const int32_t places = std::min<int32_t>(last - 1, options.starts);
  for (double leave : {0.6, 0.9})
    for (int32_t i = 0; i < places; ++i) {
      const MappedExit exit = {1 + i * (last - 1) / places, 0, 0, 0, leave};
      OFFRAMP_TRY(const Mapping start, find_mapping(points, {&exit, 1}, targets, options.cost));
      add(start);
    }
  for (size_t t = 0; t < targets.targets.size(); ++t) {
    Mapping alone{std::vector<int32_t>(targets.targets.size() + 1, 0)};
    std::fill(alone.starts.begin() + int64_t(t) + 1, alone.starts.end(), last);
    add(alone);
  }
  return {};
}

void JointSearch::State::begin_search(const Mapping& next) {
  mapping = next;
  searched.push_back(next);
  MappedCosts costs = mapped_costs(points, targets, mapping, options.cost);
  // Where nothing costs anything, as with link bytes on one target, plans are compared by their MACs.
  if (costs.up_to.back() <= 0) costs = mapped_costs(points, targets, mapping, Cost::kMacs);
  set_mapped_costs(costed, macs, costs);
  SearchOptions search_options = options.search;
  if (!last_search) search_options.levels = std::min(search_options.levels, options.quick_levels);
  std::vector<MappedExit> possible;
  for (size_t c = 0; c < macs.candidates.size(); ++c)
    possible.push_back({macs.candidates[c].exit_point + 1, macs.candidates[c].head_cost, heads[c].weight_bytes,
                        heads[c].activation_bytes, 0});
  search_options.budgets = exit_budgets(points, possible, targets, mapping);
  search = std::make_unique<ExitSearch>(costed, search_options);
  ++best.mappings_searched;
}

// Takes the plan found, and gives it its best mapping, which may be the next to search.
Status JointSearch::State::end_search() {
  SearchResult found = search->take();
  search.reset();
  std::vector<MappedExit> exits = mapped_exits(macs, heads, found.chosen.exits, found.chosen.figures);
  OFFRAMP_TRY(const Mapping next, find_mapping(points, exits, targets, options.cost));
  const MappingFigures figures = evaluate_mapping(points, exits, targets, next);
  const double cost = worth(found.chosen.figures, figures);
  if (cost < best_cost || last_search) {
    best_cost = cost;
    best.found = std::move(found);
    best.exits = std::move(exits);
    best.mapping = next;
    best.figures = figures;
  }
  if (!is_searched(next)) {
    begin_search(next);
  } else if (last_search) {
    restate(next);
    finished = true;
  } else {
    while (!starts.empty() && is_searched(starts.back())) starts.pop_back();
    last_search = starts.empty();
    if (last_search) searched.clear();
    begin_search(last_search ? Mapping(best.mapping) : Mapping(starts.back()));
  }
  return {};
}

// What plans on different mappings are compared by.
double JointSearch::State::worth(const PlanFigures& plan, const MappingFigures& figures) const {
  const double cost = options.cost == Cost::kMacs ? plan.mean_cost : figures.cost(options.cost);
  if (options.search.rule != Rule::kWeighted || !(plain_cost > 0)) return cost;
  const double base_error = std::max(1 - evaluate_plan(macs, {}).accuracy, 1 / double(macs.rows()));
  return options.search.cost_weight * cost / plain_cost + (1 - options.search.cost_weight) * (1 - plan.accuracy) / base_error;
}

// The plans found with their costs on another mapping.
void JointSearch::State::restate(const Mapping& other) {
  set_mapped_costs(costed, macs, mapped_costs(points, targets, other, options.cost));
  for (Plan& plan : best.found.front) plan.figures = evaluate_plan(costed, plan.exits);
  best.found.chosen.figures = evaluate_plan(costed, best.found.chosen.exits);
}

JointSearch::JointSearch(const Outcomes& outcomes, const std::vector<HeadMemory>& heads, std::vector<CutPoint> points,
                         Targets targets, const JointOptions& options)
    : state_(new State{outcomes, heads, std::move(points), std::move(targets), options}) {
  state_->best.cost = options.cost;
}
JointSearch::~JointSearch() = default;

int64_t JointSearch::total_steps() const {
  const State& s = *state_;
  if (s.finished) return s.steps_done;
  const int64_t searches = s.last_search ? 0 : int64_t(s.starts.size()) + 1;
  const int64_t current = s.search ? s.search->total_steps() : 1;
  return s.steps_done + 1 + current * searches;
}

bool JointSearch::done() const { return state_->finished || state_->failed; }

Status JointSearch::step() {
  State& s = *state_;
  if (done()) return {};
  Status status = s.begun ? s.search->step() : s.begin();
  if (status.ok() && s.search->done()) status = s.end_search();
  s.failed = !status.ok();
  ++s.steps_done;
  return status;
}

JointResult JointSearch::take() {
  OFFRAMP_CHECK(state_->finished);
  return std::move(state_->best);
}

Result<JointResult> search_jointly(const Outcomes& outcomes, const std::vector<HeadMemory>& heads, std::vector<CutPoint> points,
                                   Targets targets, const JointOptions& options) {
  JointSearch search(outcomes, heads, std::move(points), std::move(targets), options);
  while (!search.done()) OFFRAMP_RETURN_IF_ERROR(search.step());
  return search.take();
}

}  // namespace offramp
