// Plans of more than two exits: a local search along the fronts. Good plans are taken one after another, those of one exit
// less to add an exit to, and those of as many to exchange one; each new exit's threshold and one other threshold are then
// swept together, exactly. What is found joins the fronts, so thresholds descend coordinate by coordinate, from many starts.
#include <algorithm>
#include <cmath>

#include "search/search_state.h"

namespace offramp {
namespace {

constexpr size_t kMostAdded = 32;  // candidates tried per plan

// The plan with a column put in, its threshold the highest.
Found with(const Found& plan, size_t position, int32_t column, int32_t level) {
  Found more = plan;
  ++more.exits;
  for (size_t e = size_t(plan.exits); e > position; --e) {
    more.column[e] = plan.column[e - 1];
    more.level[e] = plan.level[e - 1];
  }
  more.column[position] = column;
  more.level[position] = level;
  return more;
}

Found without(const Found& plan, size_t position) {
  Found fewer = plan;
  --fewer.exits;
  for (size_t e = position; e + 1 < size_t(plan.exits); ++e) {
    fewer.column[e] = plan.column[e + 1];
    fewer.level[e] = plan.level[e + 1];
  }
  fewer.column[size_t(fewer.exits)] = fewer.level[size_t(fewer.exits)] = 0;
  return fewer;
}

std::vector<const Found*> distinct(const Staircase& stairs, int64_t rows) {
  std::vector<const Found*> plans;
  for (int64_t loss = 0; loss <= rows; ++loss)
    if (const Found* plan = stairs.at(loss); plan && (plans.empty() || plans.back() != plan)) plans.push_back(plan);
  return plans;
}

// 0, 1/2, 1/4, 3/4, 1/8, ...: spreads over [0, 1) however many are taken. Source: van der Corput 1935.
double spread(uint64_t n) {
  double at = 0, step = 0.5;
  for (; n > 0; n /= 2, step /= 2) at += step * double(n % 2);
  return at;
}

}  // namespace

// The candidates that would lower cost + loss most if added alone, loss weighed by what the plan pays for it on average.
std::vector<int32_t> SearchState::worth_adding(const Found& plan, size_t most) const {
  std::vector<std::pair<double, int32_t>> worth;
  const double saved = double(rows) * outcomes.base_cost - plan.cost;
  const double per_loss = std::max(saved, outcomes.base_cost) / double(1 + std::max<int64_t>(0, plan.loss - limits->loss_of(0, 0)));
  for (size_t c = 0; c < columns.size(); ++c) {
    const int32_t point = candidate(c).exit_point;
    size_t position = 0;
    bool taken = false;
    for (size_t e = 0; e < size_t(plan.exits); ++e) {
      const int32_t other = candidate(size_t(plan.column[e])).exit_point;
      taken |= other == point;
      position += other < point;
    }
    if (taken) continue;
    const Found more = with(plan, position, int32_t(c), 0);
    const std::vector<double> costs = end_costs(more);
    std::vector<double> gain(columns[c].levels.thresholds.size() + 1);
    for (size_t row = 0; row < size_t(rows); ++row) {
      size_t e = 0;
      const auto leaves = [&] { return int32_t(columns[size_t(more.column[e])].levels.passed[row]) > more.level[e]; };
      while (e < size_t(more.exits) && (e == position || !leaves())) ++e;
      if (e < position) continue;
      const Counts rest = e < size_t(more.exits) ? columns[size_t(more.column[e])].rows[row] : counts_of(false, false);
      const Counts now = columns[c].rows[row];
      const int64_t lost = limits->loss_of(harmed_of(now), mended_of(now)) - limits->loss_of(harmed_of(rest), mended_of(rest));
      gain[columns[c].levels.passed[row]] += costs[e] - costs[position] - per_loss * double(lost);
    }
    double best = 0, sum = 0;
    for (size_t passed = gain.size(); passed-- > 0;) best = std::max(best, sum += gain[passed]);
    worth.emplace_back(-best, int32_t(c));
  }
  std::sort(worth.begin(), worth.end());
  std::vector<int32_t> chosen;
  for (const auto& [minus, c] : worth)
    if (chosen.size() < most) chosen.push_back(c);
  return chosen;
}

void SearchState::add_exit(const Found& plan, size_t most) {
  for (const int32_t c : worth_adding(plan, most)) {
    size_t position = 0;
    while (position < size_t(plan.exits) &&
           candidate(size_t(plan.column[position])).exit_point < candidate(size_t(c)).exit_point)
      ++position;
    const auto highest = int32_t(columns[size_t(c)].levels.thresholds.size()) - 1;
    const Found more = with(plan, position, c, highest);
    if (position > 0) sweep_two(more, position - 1, position);
    if (position + 1 < size_t(more.exits)) sweep_two(more, position, position + 1);
    if (position + 2 < size_t(more.exits)) sweep_two(more, position, position + 2);
    if (position > 1) sweep_two(more, position - 2, position);
  }
}

void SearchState::expand(const Found& plan, int exits) {
  if (plan.exits < exits) return add_exit(plan, kMostAdded);
  for (size_t p = 0; p < size_t(exits); ++p)
    for (size_t q = p + 1; q < size_t(exits); ++q) sweep_two(plan, p, q);
  for (size_t e = 0; e < size_t(exits); ++e) add_exit(without(plan, e), std::max(kMostAdded / size_t(exits), size_t{4}));
}

// Takes the next plan that has not been expanded: by turns of those within the limits, the cheapest first, and of all,
// spread over the front.
void SearchState::search_beyond() {
  const int64_t step = steps_done - prepare_steps - pair_steps;
  const auto exits = int(3 + step / kExpansions);
  const int64_t turn = step % kExpansions;
  for (int64_t k = 0; k < 4; ++k) {
    const bool fewer = (turn + k) % 2 == 0, limited = (turn + k) % 4 < 2;
    const auto plans = distinct((limited ? within : all)[size_t(exits - fewer)], rows);
    const size_t count = plans.size();
    const size_t start = limited ? 0 : size_t(spread(uint64_t(turn / 4)) * double(count));
    for (size_t n = 0; n < count; ++n) {
      const Found plan = *plans[limited ? count - 1 - n : (start + n) % count];  // a copy: the fronts change
      if (expanded.insert({exits, {plan.column, plan.level}}).second) return expand(plan, exits);
    }
  }
}

}  // namespace offramp
