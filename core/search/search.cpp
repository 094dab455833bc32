// The steps of a search, and the choice of a plan from what they found.
#include "search/search.h"

#include <algorithm>
#include <cstdio>

#include "search/search_state.h"

namespace offramp {
namespace {

std::string in_words(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", number);
  return text;
}

}  // namespace

std::string_view to_string(Rule rule) {
  return rule == Rule::kHarm ? "harm" : rule == Rule::kAccuracy ? "accuracy" : "weighted";
}

void SearchState::plan_steps() {
  if (int64_t(outcomes.candidates.size()) > kMaxCandidates) return;  // step() will refuse
  for (const Budget& budget : options.budgets)
    if (budget.use.size() != outcomes.candidates.size()) return;
  for (size_t c = 0; c < outcomes.candidates.size() && options.max_exits > 0; ++c)
    if (!outcomes.candidates[c].paper) usable.push_back(int32_t(c));
  for (size_t a = 0; a < usable.size() && options.max_exits >= 2; ++a)
    for (size_t b = 0; b < usable.size(); ++b) pairs += is_pair(a, b);
  const int64_t levels = std::min<int64_t>(rows, options.levels);
  prepare_per_step = std::max<int64_t>(1, kStepWork / (32 * std::max<int64_t>(rows, 1)));
  pairs_per_step = std::max<int64_t>(1, kStepWork / std::max<int64_t>(1, 2 * rows + levels * levels / 4));
  prepare_steps = std::max<int64_t>(1, (int64_t(usable.size()) + prepare_per_step - 1) / prepare_per_step);
  pair_steps = (pairs + pairs_per_step - 1) / pairs_per_step;
  if (pairs > 0) beyond_steps = std::max(0, std::min(options.max_exits, kMaxExits) - 2) * kExpansions;
}

bool SearchState::fits(std::span<const size_t> subset) const {
  for (const Budget& budget : options.budgets) {
    double use = 0;
    for (size_t column : subset) use += budget.use[size_t(usable[column])];
    if (use > budget.room) return false;
  }
  return true;
}

Status SearchState::begin() {
  OFFRAMP_RETURN_IF_ERROR(validate_search(outcomes, options));
  limits.emplace(outcomes, options);
  all.assign(size_t(options.max_exits) + 1, Staircase(rows));
  within = all;
  ++looked_at;
  Found backbone{double(rows) * outcomes.base_cost, limits->loss_of(0, 0)};
  consider(backbone, true);
  return {};
}

double SearchState::worst_cost(const Found& found) const {
  double heads = 0;
  for (size_t e = 0; e < size_t(found.exits); ++e) {
    const ExitCandidate& c = candidate(size_t(found.column[e]));
    heads += c.head_cost;
    if (found.level[e] == 0) return c.backbone_cost + heads;
  }
  return outcomes.base_cost + heads;
}

void SearchState::consider(const Found& found, bool classes_ok) {
  const int exits = found.exits;
  all[size_t(exits)].offer(found);
  if (!classes_ok || !limits->meets_drop(exits, found.harmed, found.mended)) return;
  const double worst = worst_cost(found);
  const bool worst_ok = limits->meets_worst_cost(worst);
  const bool floor_ok = limits->meets_floor(exits, found.harmed, found.mended);
  if (floor_ok && worst_ok) {
    within[size_t(exits)].offer(found);
    any_within = true;
  }
  if (!floor_ok && worst_ok && (!nearest_floor || sure_right(found) > sure_right(*nearest_floor))) nearest_floor = found;
  if (!worst_ok && floor_ok && (!nearest_worst || worst < worst_cost(*nearest_worst))) nearest_worst = found;
}

Status SearchState::prepare_some() {
  if (steps_done == 0) OFFRAMP_RETURN_IF_ERROR(begin());
  for (int64_t k = 0; k < prepare_per_step && columns.size() < usable.size(); ++k) {
    const int32_t index = usable[columns.size()];
    OFFRAMP_RETURN_IF_ERROR(validate_candidate(outcomes, size_t(index)));
    columns.push_back(prepare_column(outcomes, index, options.levels));
    columns.back().changes = limits->changes_of(columns.back());
    search_single(columns.size() - 1);
  }
  return {};
}

void SearchState::search_some() {
  for (int64_t k = 0; k < pairs_per_step && first < columns.size();) {
    if (second < columns.size() && is_pair(first, second)) {
      search_pair(first, second);
      ++k;
    }
    if (++second >= columns.size()) {
      ++first;
      second = 0;
    }
  }
}

Plan SearchState::plan_of(const Found& found) const {
  Plan plan;
  for (size_t e = 0; e < size_t(found.exits); ++e) {
    const Column& column = columns[size_t(found.column[e])];
    plan.exits.push_back({column.candidate, column.levels.thresholds[size_t(found.level[e])]});
  }
  plan.figures = evaluate_plan(outcomes, plan.exits);
  return plan;
}

std::vector<Found> SearchState::whole_front() const {
  std::vector<Found> front = {*all[0].at(rows)};
  double cheapest = front[0].cost;
  for (int64_t loss = 0; loss <= rows; ++loss) {
    const Found* best = nullptr;
    for (const Staircase& s : all)
      if (s.cost(loss) < cheapest) {
        cheapest = s.cost(loss);
        best = s.at(loss);
      }
    if (best) front.push_back(*best);
  }
  return front;
}

// The least by the rule within the limits; within a near tie of it the fewest exits, and then the least loss.
Found SearchState::choose() const {
  const double whole = outcomes.base_cost * double(rows);
  const double base_wrong = double(std::max<int64_t>(1, limits->base_wrong()));
  const bool weighted = options.rule == Rule::kWeighted;
  const auto worth = [&](const Found& f) {
    return weighted ? options.cost_weight * f.cost / whole + (1 - options.cost_weight) * double(f.loss) / base_wrong
                    : f.cost / whole;
  };
  double least = kInfinity;
  for (const Staircase& s : within)
    for (int64_t loss = 0; loss <= rows; ++loss)
      if (const Found* found = s.at(loss)) least = std::min(least, worth(*found));
  const double tie = least + options.near_tie + 1e-9;  // the speck forgives rounding, which compilers do differently
  for (const Staircase& s : within)
    for (int64_t loss = 0; loss <= rows; ++loss)
      if (const Found* found = s.at(loss); found && worth(*found) <= tie) return *found;
  check_failed(__FILE__, __LINE__, "feasible() was asked first");
}

Status SearchState::feasible() const {
  if (any_within) return {};
  const double n = double(rows);
  const auto accuracy = [&](const Found& f) { return (n - double(limits->base_wrong() + f.harmed - f.mended)) / n; };
  const auto share = [&](const Found& f) { return in_words(100 * f.cost / n / outcomes.base_cost) + " % of its cost"; };
  const double base_right = (n - double(limits->base_wrong())) / n;
  if (options.max_worst_cost && nearest_worst) {
    std::string message = "no plan keeps every sample's cost within " + in_words(*options.max_worst_cost) +
                          ": the model itself costs " + in_words(outcomes.base_cost);
    if (nearest_worst->exits) message += ", the nearest plan at most " + in_words(worst_cost(*nearest_worst));
    return infeasible(std::move(message));
  }
  std::string message = "no plan reaches accuracy " + in_words(options.min_accuracy.value_or(0)) + ": the model itself has " +
                        in_words(base_right);
  if (nearest_floor && nearest_floor->exits) {
    const Found& best = *nearest_floor;
    const double extra = limits->allowance(best.exits, best.harmed + best.mended) / n;
    message += ", the best plan " + in_words(accuracy(best)) + " at " + share(best);
    if (extra > 0) message += " (" + in_words(accuracy(best) - extra) + " with the allowance for having chosen it)";
  }
  return infeasible(std::move(message));
}

ExitSearch::ExitSearch(const Outcomes& outcomes, const SearchOptions& options)
    : state_(std::make_unique<SearchState>(outcomes, options)) {}
ExitSearch::~ExitSearch() = default;

int64_t ExitSearch::total_steps() const { return state_->prepare_steps + state_->pair_steps + state_->beyond_steps; }
bool ExitSearch::done() const { return state_->failed || state_->steps_done >= total_steps(); }

Status ExitSearch::step() {
  SearchState& s = *state_;
  if (done()) return {};
  Status status;
  if (s.steps_done < s.prepare_steps) {
    status = s.prepare_some();
  } else if (s.steps_done < s.prepare_steps + s.pair_steps) {
    s.search_some();
  } else {
    s.search_beyond();
  }
  ++s.steps_done;
  if (status && done()) status = s.feasible();
  s.failed = !status;
  return status;
}

SearchResult ExitSearch::take() {
  OFFRAMP_CHECK(done() && !state_->failed);
  const SearchState& s = *state_;
  SearchResult result;
  const Found chosen = s.choose();
  const auto is_chosen = [&](const Found& f) { return f.column == chosen.column && f.level == chosen.level; };
  const std::vector<Found> front = s.whole_front();
  const auto count = int64_t(front.size());
  int64_t last_slot = -1;
  for (int64_t i = 0; i < count; ++i) {
    // Evenly thinned: the first plan of each slot, the last plan, and the chosen one.
    const int64_t slot = count <= kMaxFront ? i : i * (kMaxFront - 2) / count;
    if (slot != last_slot || i == count - 1 || is_chosen(front[size_t(i)]))
      result.front.push_back(s.plan_of(front[size_t(i)]));
    last_slot = slot;
  }
  result.chosen = s.plan_of(chosen);
  result.allowance =
      s.limits->allowance(chosen.exits, s.limits->changed_of(chosen.harmed, chosen.mended)) / double(s.rows);
  result.plans_looked_at = s.looked_at;
  return result;
}

Result<SearchResult> search_exits(const Outcomes& outcomes, const SearchOptions& options) {
  ExitSearch search(outcomes, options);
  while (!search.done()) OFFRAMP_RETURN_IF_ERROR(search.step());
  return search.take();
}

}  // namespace offramp
