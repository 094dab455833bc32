// Two thresholds of a plan of many exits, exactly, while its other exits stand fixed.
#include <algorithm>
#include <cmath>

#include "search/search_state.h"

namespace offramp {
namespace {

constexpr int64_t kBlock = 16;  // neighbouring thresholds bounded together

// Sums over rows. The least and most are of the terms that lower cost and harm or mend, to bound partial sums with.
struct Sums {
  double cost = 0, least_cost = 0;
  int64_t harmed = 0, least_harmed = 0, mended = 0, most_mended = 0;
  void add(double by_cost, int64_t by_harmed, int64_t by_mended) {
    cost += by_cost;
    harmed += by_harmed;
    mended += by_mended;
    least_cost += std::min(0.0, by_cost);
    least_harmed += std::min<int64_t>(0, by_harmed);
    most_mended += std::max<int64_t>(0, by_mended);
  }
};

// Where a row ends if neither free exit takes it.
struct Rest {
  size_t end = 0;
  Counts outcome = counts_of(false, false);
};

}  // namespace

std::vector<double> SearchState::end_costs(const Found& plan) const {
  std::vector<double> costs;
  double heads = 0;
  for (size_t e = 0; e < size_t(plan.exits); ++e) {
    const ExitCandidate& c = candidate(size_t(plan.column[e]));
    heads += c.head_cost;
    costs.push_back(c.backbone_cost + heads);
  }
  costs.push_back(outcomes.base_cost + heads);
  return costs;
}

// Counts a plan row by row, and raises its thresholds as far as the same rows leave at each exit. Returns whether it
// keeps the limit by class.
bool SearchState::measure(Found& plan) const {
  const auto exits = size_t(plan.exits);
  const std::vector<double> costs = end_costs(plan);
  std::vector<Counts> counts(exits + 1);
  std::vector<int32_t> least_passed(exits, 1 << 16);
  ClassTally classes(*limits, plan.exits);
  for (size_t row = 0; row < size_t(rows); ++row) {
    size_t e = 0;
    for (; e < exits; ++e) {
      const int32_t passed = columns[size_t(plan.column[e])].levels.passed[row];
      if (passed <= plan.level[e]) continue;
      least_passed[e] = std::min(least_passed[e], passed);
      break;
    }
    const Counts outcome = e < exits ? columns[size_t(plan.column[e])].rows[row] : counts_of(false, false);
    counts[e] += outcome;
    classes.count_row(row, outcome, 1);
  }
  plan.cost = 0;
  plan.harmed = plan.mended = 0;
  for (size_t e = 0; e <= exits; ++e) {
    plan.cost += double(rows_of(counts[e])) * costs[e];
    plan.harmed += harmed_of(counts[e]);
    plan.mended += mended_of(counts[e]);
    // The lowest threshold stays: it promises that no sample gets past.
    if (e < exits && plan.level[e] > 0 && rows_of(counts[e]) > 0) plan.level[e] = least_passed[e] - 1;
  }
  plan.loss = limits->loss_of(plan.harmed, plan.mended);
  return classes.ok();
}

void SearchState::sweep_two(const Found& plan, size_t p, size_t q) {
  const auto exits = size_t(plan.exits);
  if (const std::vector<size_t> used(plan.column.begin(), plan.column.begin() + plan.exits); !fits(used)) return;
  const std::vector<double> costs = end_costs(plan);
  const Column& one = columns[size_t(plan.column[p])];
  const Column& two = columns[size_t(plan.column[q])];
  const auto levels_p = int64_t(one.levels.thresholds.size()), levels_q = int64_t(two.levels.thresholds.size());
  const int64_t blocks = (levels_q + kBlock - 1) / kBlock;
  looked_at += levels_p * levels_q;

  // At the first exit's lowest threshold every row that gets to it leaves there.
  std::vector<Rest> rest(static_cast<size_t>(rows));
  Sums base;
  ClassTally at_first(*limits, plan.exits), both(*limits, plan.exits);
  for (size_t row = 0; row < size_t(rows); ++row) {
    Rest& r = rest[row];
    for (r.end = 0; r.end < exits; ++r.end) {
      const Column& fixed = columns[size_t(plan.column[r.end])];
      if (r.end == p || r.end == q || int32_t(fixed.levels.passed[row]) <= plan.level[r.end]) continue;
      r.outcome = fixed.rows[row];
      break;
    }
    const Counts outcome = r.end < p ? r.outcome : one.rows[row];
    base.add(costs[std::min(r.end, p)], harmed_of(outcome), mended_of(outcome));
    at_first.count_row(row, outcome, 1);
  }
  std::vector<Sums> bins(size_t(blocks * kBlock)), coarse(static_cast<size_t>(blocks));
  Sums whole;
  std::vector<char> ok(size_t(blocks * kBlock), 1);

  for (int64_t i = 0; i < levels_p; ++i) {
    for (int32_t at = i > 0 ? one.level_end[size_t(i - 1)] : 0; at < one.level_end[size_t(i)]; ++at) {
      const auto row = size_t(one.by_level[size_t(at)]);
      const Rest& r = rest[row];
      if (r.end < p) continue;
      const auto more = [](Counts to, Counts from, int64_t (*of)(Counts)) { return of(to) - of(from); };
      base.add(costs[r.end] - costs[p], more(r.outcome, one.rows[row], harmed_of), more(r.outcome, one.rows[row], mended_of));
      at_first.count_row(row, one.rows[row], -1);
      at_first.count_row(row, r.outcome, 1);
      if (r.end < q) continue;
      const auto bin = size_t(two.levels.passed[row] - 1);
      for (Sums* sums : {&bins[bin], &coarse[bin / kBlock], &whole})
        sums->add(costs[q] - costs[r.end], more(two.rows[row], r.outcome, harmed_of), more(two.rows[row], r.outcome, mended_of));
    }
    if (i == 0) continue;  // nothing gets past the first exit: plans of fewer exits say the same
    const auto beaten = [&](const Sums& run, const Sums& next) {
      const int64_t harmed = base.harmed + run.harmed + next.least_harmed;
      const int64_t mended = base.mended + run.mended + next.most_mended;
      const double cost = base.cost + run.cost + next.least_cost;
      return beaten_by_all(exits, harmed, mended, cost) && beaten_within(exits, harmed, mended, cost);
    };
    if (beaten({}, whole)) continue;

    bool swept = !limits->by_class();
    const auto classes_ok = [&](int64_t level) {
      if (!swept) {
        swept = true;
        both.become(at_first);
        int64_t from = levels_q;
        for (size_t at = size_t(rows); at-- > 0;) {
          const auto row = size_t(two.by_level[at]);
          if (rest[row].end < q || int64_t(one.levels.passed[row]) > i || two.rows[row] == rest[row].outcome) continue;
          for (const bool is_ok = both.ok(); from > int64_t(two.levels.passed[row]);) ok[size_t(--from)] = is_ok;
          both.count_row(row, rest[row].outcome, -1);
          both.count_row(row, two.rows[row], 1);
        }
        while (from > 0) ok[size_t(--from)] = both.ok();
      }
      return ok[size_t(level)] != 0;
    };
    Sums run;  // of the rows that leave at the second exit
    for (int64_t block = blocks - 1; block >= 0; --block) {
      if (beaten(run, coarse[size_t(block)])) {
        const Sums& c = coarse[size_t(block)];
        run.add(c.cost, c.harmed, c.mended);
        continue;
      }
      for (int64_t j = std::min((block + 1) * kBlock, levels_q) - 1; j >= block * kBlock; --j) {
        const Sums& bin = bins[size_t(j)];
        run.add(bin.cost, bin.harmed, bin.mended);
        const int64_t harmed = base.harmed + run.harmed, mended = base.mended + run.mended;
        const int64_t loss = limits->loss_of(harmed, mended);
        const double surely = (base.cost + run.cost) * (1 + 1e-12);  // rounding must not make an equal plan look cheaper
        if (!(surely < all[exits].cost(loss)) &&
            !(surely < within[exits].cost(loss) && limits->meets_drop(plan.exits, harmed, mended) && classes_ok(j)))
          continue;
        Found found = plan;
        found.level[p] = int32_t(i);
        found.level[q] = int32_t(j);
        const bool keeps_classes = measure(found);
        consider(found, keeps_classes);
      }
    }
  }
}

}  // namespace offramp
