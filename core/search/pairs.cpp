// Every threshold vector of one or two exits. Rows are added to a histogram once per pair; running sums then give each
// vector's exact counts. Blocks of vectors that plans found before beat on both axes are passed over, which loses nothing.
#include <algorithm>
#include <cmath>

#include "search/search_state.h"

namespace offramp {
namespace {

constexpr int64_t kBlock = 16;  // neighbouring thresholds bounded together

// Which thresholds of a second exit keep the limit by class, as the first exit's threshold rises.
class PairClasses {
 public:
  PairClasses(const Limits& limits, const Column& one, const Column& two, int64_t blocks)
      : one_(one), two_(two), active_(limits.by_class()), final_(limits.class_limit_is_final()), first_(limits, 2),
        both_(limits, 2), left_(one.changes.size()), ok_(active_ ? size_t(blocks * kBlock) : 0),
        block_ok_(active_ ? size_t(blocks) : 0) {
    for (const ClassChange& change : one.changes) first_.add(change);
  }
  // Rows that pass at most this many of the first exit's levels do not leave there any more. Rising from call to call.
  void raise_first(int64_t level) {
    for (; left_ > 0 && one_.changes[left_ - 1].passed <= level; --left_) first_.remove(one_.changes[left_ - 1]);
    first_level_ = level;
    swept_ = !active_;
  }
  // False if the first exit alone breaks the limit for good.
  bool first_ok() const { return first_.ok() || !final_; }
  bool at(int64_t second_level) {
    sweep_second();
    return !active_ || ok_[size_t(second_level)];
  }
  bool any_in(int64_t block) {
    sweep_second();
    return !active_ || block_ok_[size_t(block)];
  }

 private:
  void sweep_second() {
    if (swept_) return;
    swept_ = true;
    std::fill(block_ok_.begin(), block_ok_.end(), 0);
    both_.become(first_);
    auto level = int64_t(two_.levels.thresholds.size()) - 1;
    const auto settle = [&](int64_t down_to) {  // down to this level the same changes leave
      for (const bool ok = both_.ok(); level >= down_to; --level) {
        ok_[size_t(level)] = ok;
        block_ok_[size_t(level / kBlock)] |= ok;
      }
    };
    for (const ClassChange& change : two_.changes) {
      if (int64_t(one_.levels.passed[size_t(change.row)]) > first_level_) continue;
      settle(change.passed);
      if (final_ && !both_.ok()) break;
      both_.add(change);
    }
    settle(0);
  }

  const Column& one_;
  const Column& two_;
  const bool active_, final_;
  ClassTally first_, both_;
  size_t left_;  // changes of the first exit that still leave there
  int64_t first_level_ = 0;
  bool swept_ = false;
  std::vector<char> ok_, block_ok_;
};

}  // namespace

void SearchState::search_single(size_t a) {
  if (!fits({&a, 1})) return;
  const Column& column = columns[a];
  const double leave = candidate(a).backbone_cost + candidate(a).head_cost;
  const double stay = outcomes.base_cost + candidate(a).head_cost;
  ClassTally classes(*limits, 1);
  size_t next = 0;
  for (size_t i = column.levels.thresholds.size(); i-- > 0;) {
    for (; next < column.changes.size() && column.changes[next].passed > i; ++next) classes.add(column.changes[next]);
    const Counts out = column.leaving[i];
    Found found{double(rows_of(out)) * leave + double(rows - rows_of(out)) * stay,
                limits->loss_of(harmed_of(out), mended_of(out)), harmed_of(out), mended_of(out), 1, {int32_t(a)}, {int32_t(i)}};
    consider(found, classes.ok());
  }
  looked_at += int64_t(column.levels.thresholds.size());
}

bool SearchState::beaten_by_all(size_t exits, int64_t harmed, int64_t mended, double cost) const {
  const int64_t loss = std::max<int64_t>(0, limits->loss_of(harmed, mended));
  return loss > rows || all[exits].cost(loss) < cost - 1e-12 * std::abs(cost);
}

bool SearchState::beaten_within(size_t exits, int64_t harmed, int64_t mended, double cost) const {
  const int64_t loss = std::max<int64_t>(0, limits->loss_of(harmed, mended));
  if (loss > rows || limits->hopeless(harmed, mended) || within[exits].cost(loss) < cost - 1e-12 * std::abs(cost)) return true;
  if (!limits->has_floor()) return false;
  const double right = limits->most_right(harmed, mended);
  return right < limits->floor() && (any_within || (nearest_floor && right <= sure_right(*nearest_floor)));
}

void SearchState::search_pair(size_t a, size_t b) {
  const Column& one = columns[a];
  const Column& two = columns[b];
  const double cost_a = candidate(a).backbone_cost + candidate(a).head_cost;
  const double heads = candidate(a).head_cost + candidate(b).head_cost;
  const double cost_b = candidate(b).backbone_cost + heads, cost_end = outcomes.base_cost + heads;
  const auto levels_a = int64_t(one.levels.thresholds.size()), levels_b = int64_t(two.levels.thresholds.size());
  const int64_t blocks = (levels_b + kBlock - 1) / kBlock;
  std::vector<Counts> bins(size_t(blocks * kBlock)), coarse(static_cast<size_t>(blocks));
  PairClasses classes(*limits, one, two, blocks);
  looked_at += levels_a * levels_b;

  // Level i of the first exit: rows that passed at most i of its thresholds go on to the second.
  for (int64_t i = 0; i < levels_a; ++i) {
    for (int32_t at = i > 0 ? one.level_end[size_t(i - 1)] : 0; at < one.level_end[size_t(i)]; ++at) {
      const auto row = size_t(one.by_level[size_t(at)]);
      const auto bin = size_t(two.levels.passed[row] - 1);
      bins[bin] += two.rows[row];
      coarse[bin / kBlock] += two.rows[row];
    }
    classes.raise_first(i);
    const Counts out_a = one.leaving[size_t(i)];
    const int64_t left_a = rows_of(out_a), harmed_a = harmed_of(out_a), mended_a = mended_of(out_a);
    const int64_t rest = rows - left_a;
    const double spent_a = double(left_a) * cost_a;
    const auto cost_with = [&](int64_t left_b) {
      return spent_a + double(left_b) * cost_b + double(rest - left_b) * cost_end;
    };
    const auto least_cost = [&](int64_t from, int64_t to) { return std::min(cost_with(from), cost_with(to)); };
    const double least = least_cost(0, rest);
    if (beaten_by_all(2, harmed_a, mended_a + rest, least) &&
        (!classes.first_ok() || beaten_within(2, harmed_a, mended_a + rest, least)))
      continue;
    const bool end_ok = i == 0 || limits->meets_worst_cost(cost_end);
    Counts out_b = 0;  // of the rows that leave at the second exit
    for (int64_t block = blocks - 1; block >= 0; --block) {
      const Counts with_block = out_b + coarse[size_t(block)];
      const int64_t least_harmed = harmed_a + harmed_of(out_b), most_mended = mended_a + mended_of(with_block);
      const double least_here = least_cost(rows_of(out_b), rows_of(with_block));
      if (beaten_by_all(2, least_harmed, most_mended, least_here) &&
          (!(end_ok || block == 0) || beaten_within(2, least_harmed, most_mended, least_here) || !classes.any_in(block))) {
        out_b = with_block;
        continue;
      }
      for (int64_t j = std::min((block + 1) * kBlock, levels_b) - 1; j >= block * kBlock; --j) {
        out_b += bins[size_t(j)];
        const int64_t harmed = harmed_a + harmed_of(out_b), mended = mended_a + mended_of(out_b);
        const double cost = cost_with(rows_of(out_b));
        const int64_t loss = limits->loss_of(harmed, mended);
        if (cost <= all[2].cost(loss) || (cost <= within[2].cost(loss) && classes.at(j)))
          consider({cost, loss, harmed, mended, 2, {int32_t(a), int32_t(b)}, {int32_t(i), int32_t(j)}}, classes.at(j));
      }
    }
  }
}

}  // namespace offramp
