// Enumerates every subset of up to two exits and every threshold vector of each. Rows are added to a histogram once per
// pair; running sums then give each vector's exact counts. Blocks of vectors that plans found before beat on both axes
// are passed over, which loses nothing.
#include "search/search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "search/columns.h"

namespace offramp {
namespace {

constexpr int64_t kStepWork = 6'000'000;  // row additions or threshold vectors per step
constexpr int kBlock = 16;                // neighbouring thresholds bounded together
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Found {
  double cost = kInfinity;  // over all rows
  int64_t loss = 0, harmed = 0;
  std::array<int32_t, 2> column{-1, -1}, level{};
};

// The cheapest plan found with at most each loss.
class Staircase {
 public:
  explicit Staircase(int64_t rows) : best_(size_t(rows) + 1) {}
  double cost(int64_t loss) const { return best_[size_t(loss)].cost; }
  const Found& at(int64_t loss) const { return best_[size_t(loss)]; }
  int64_t losses() const { return int64_t(best_.size()); }
  void offer(const Found& found) {
    const auto improves = [&](const Found& old) {
      if (found.cost != old.cost || found.loss != old.loss) return found.cost < old.cost;
      if (found.harmed != old.harmed) return found.harmed < old.harmed;
      return found.column == old.column && found.level > old.level;
    };
    for (auto i = size_t(found.loss); i < best_.size() && improves(best_[i]); ++i) best_[i] = found;
  }

 private:
  std::vector<Found> best_;
};

Status validate(const Outcomes& outcomes, const SearchOptions& options) {
  const auto out_of_range = [](const char* what, const std::string& allowed, const std::string& got) {
    return invalid_argument(std::string(what) + " must be " + allowed + ", got " + got);
  };
  if (options.max_exits < 0 || options.max_exits > 2)
    return out_of_range("max_exits", "0 to 2", std::to_string(options.max_exits));
  if (options.levels < 2 || options.levels > 4096)
    return out_of_range("levels", "2 to 4096", std::to_string(options.levels));
  if (!(options.max_drop >= 0 && options.max_drop <= 1))
    return out_of_range("max_drop", "a share from 0 to 1", std::to_string(options.max_drop));
  if (!(options.near_tie >= 0 && options.near_tie <= 1))
    return out_of_range("near_tie", "a share from 0 to 1", std::to_string(options.near_tie));
  if (outcomes.rows() == 0) return invalid_argument("no rows to search on");
  if (outcomes.rows() > kMaxSearchRows)
    return limit_exceeded(std::to_string(outcomes.rows()) + " rows, at most " + std::to_string(kMaxSearchRows));
  if (int64_t(outcomes.candidates.size()) > kMaxCandidates)
    return limit_exceeded(std::to_string(outcomes.candidates.size()) + " candidates, at most " +
                          std::to_string(kMaxCandidates));
  if (outcomes.base_predictions.size() != outcomes.labels.size())
    return invalid_argument("expected " + std::to_string(outcomes.rows()) + " predictions of the backbone, got " +
                            std::to_string(outcomes.base_predictions.size()));
  if (!(outcomes.base_cost > 0 && std::isfinite(outcomes.base_cost)))
    return out_of_range("base_cost", "positive and finite", std::to_string(outcomes.base_cost));
  return {};
}

Status validate_candidate(const Outcomes& outcomes, size_t index) {
  const ExitCandidate& c = outcomes.candidates[index];
  const std::string name = "candidate " + std::to_string(index);
  const size_t rows = outcomes.labels.size();
  if (c.scores.size() != rows || c.predictions.size() != rows)
    return invalid_argument(name + ": expected " + std::to_string(rows) + " scores and predictions, got " +
                            std::to_string(c.scores.size()) + " and " + std::to_string(c.predictions.size()));
  for (double cost : {c.backbone_cost, c.head_cost})
    if (!(cost >= 0 && std::isfinite(cost)))
      return invalid_argument(name + ": costs must be finite and not negative, got " + std::to_string(cost));
  for (size_t row = 0; row < rows; ++row)
    if (!(c.scores[row] >= 0 && c.scores[row] <= 1))
      return invalid_argument(name + ": the score of row " + std::to_string(row) + " must be in [0, 1], got " +
                              (std::isnan(c.scores[row]) ? "NaN" : std::to_string(c.scores[row])));
  return {};
}

}  // namespace

struct ExitSearch::State {
  const Outcomes& outcomes;
  SearchOptions options;
  int64_t rows = 0, base_wrong = 0, exit_points = 0;
  std::vector<int32_t> usable;  // candidates that are not the paper's
  std::vector<Column> columns;
  int64_t pairs = 0, prepare_per_step = 1, pairs_per_step = 1, prepare_steps = 1, pair_steps = 0, steps_done = 0;
  size_t first = 0, second = 1;  // the next pair of columns
  bool failed = false;
  std::array<std::vector<Staircase>, 2> stairs;  // all plans, and those that meet the limit; by number of exits
  std::array<std::vector<int64_t>, 3> limits;    // by number of exits: the most (harmed - mended) for `changed` rows
  int64_t looked_at = 0;

  State(const Outcomes& o, const SearchOptions& s) : outcomes(o), options(s), rows(o.rows()) { plan_steps(); }

  const ExitCandidate& candidate(size_t column) const { return outcomes.candidates[size_t(usable[column])]; }

  void plan_steps() {
    if (int64_t(outcomes.candidates.size()) > kMaxCandidates) return;  // step() will refuse
    std::vector<int32_t> points;
    for (size_t c = 0; c < outcomes.candidates.size(); ++c) {
      if (outcomes.candidates[c].paper) continue;
      usable.push_back(int32_t(c));
      points.push_back(outcomes.candidates[c].exit_point);
    }
    if (options.max_exits == 0) usable.clear();
    if (options.max_exits == 2)
      for (size_t a = 0; a < usable.size(); ++a)
        for (size_t b = 0; b < usable.size(); ++b) pairs += is_pair(a, b);
    std::sort(points.begin(), points.end());
    exit_points = std::unique(points.begin(), points.end()) - points.begin();
    const int64_t levels = std::min<int64_t>(rows, options.levels);
    prepare_per_step = std::max<int64_t>(1, kStepWork / (32 * std::max<int64_t>(rows, 1)));
    pairs_per_step = std::max<int64_t>(1, kStepWork / std::max<int64_t>(1, 2 * rows + levels * levels / 4));
    prepare_steps = std::max<int64_t>(1, (int64_t(usable.size()) + prepare_per_step - 1) / prepare_per_step);
    pair_steps = (pairs + pairs_per_step - 1) / pairs_per_step;
  }

  bool is_pair(size_t a, size_t b) const { return candidate(a).exit_point < candidate(b).exit_point; }

  Status begin() {
    OFFRAMP_RETURN_IF_ERROR(validate(outcomes, options));
    for (size_t r = 0; r < size_t(rows); ++r) base_wrong += outcomes.base_predictions[r] != outcomes.labels[r];
    for (auto& set : stairs) set.assign(size_t(options.max_exits) + 1, Staircase(rows));
    for (int exits = 0; exits <= options.max_exits; ++exits) {
      auto& limit = limits[size_t(exits)];
      limit.resize(size_t(rows) + 1);
      for (int64_t changed = 0; changed <= rows; ++changed) {
        const double allowed = options.max_drop - allowance(exits, changed);
        // The added speck forgives the rounding of a limit such as 0.01 * 300.
        limit[size_t(changed)] = int64_t(std::floor(allowed * double(rows) + 1e-9));
      }
    }
    ++looked_at;
    consider(0, {double(rows) * outcomes.base_cost, loss_of(0, 0), 0, {-1, -1}, {}}, 0, 0);
    return {};
  }

  double allowance(int exits, int64_t changed) const {
    return options.allowance ? search_allowance(exits, exit_points, rows, double(changed) / double(rows)) : 0;
  }
  int64_t loss_of(int64_t harmed, int64_t mended) const {
    return options.rule == Rule::kHarm ? harmed : base_wrong + harmed - mended;
  }
  bool meets_limit(int exits, int64_t harmed, int64_t mended) const {
    if (options.rule == Rule::kHarm) mended = 0;
    return exits == 0 || harmed - mended <= limits[size_t(exits)][size_t(harmed + mended)];
  }
  void consider(int exits, const Found& found, int64_t harmed, int64_t mended) {
    stairs[0][size_t(exits)].offer(found);
    if (meets_limit(exits, harmed, mended)) stairs[1][size_t(exits)].offer(found);
  }

  void search_single(size_t a) {
    const Column& column = columns[a];
    const double leave = candidate(a).backbone_cost + candidate(a).head_cost;
    const double stay = outcomes.base_cost + candidate(a).head_cost;
    for (size_t i = 0; i < column.levels.thresholds.size(); ++i) {
      const Counts out = column.leaving[i];
      const double cost = double(rows_of(out)) * leave + double(rows - rows_of(out)) * stay;
      consider(1, {cost, loss_of(harmed_of(out), mended_of(out)), harmed_of(out), {int32_t(a), -1}, {int32_t(i), 0}},
               harmed_of(out), mended_of(out));
    }
    looked_at += int64_t(column.levels.thresholds.size());
  }

  // True if no plan with at least this loss and cost can be better than what was found.
  bool beaten(int64_t harmed, int64_t mended, double cost) const {
    const int64_t loss = std::max<int64_t>(0, loss_of(harmed, mended));
    if (loss > rows) return true;
    const double sure = cost - 1e-12 * std::abs(cost);
    if (!(stairs[0][2].cost(loss) < sure)) return false;
    const int64_t drop = options.rule == Rule::kHarm ? harmed : harmed - mended;
    const bool hopeless = double(drop) > options.max_drop * double(rows) + 1;
    return hopeless || stairs[1][2].cost(loss) < sure;
  }

  void search_pair(size_t a, size_t b);
  Status prepare_some();
  void search_some();
  Plan plan_of(const Found& found) const;
  std::vector<Found> whole_front() const;
  Found choose(int& exits) const;
};

void ExitSearch::State::search_pair(size_t a, size_t b) {
  const Column& one = columns[a];
  const Column& two = columns[b];
  const double cost_a = candidate(a).backbone_cost + candidate(a).head_cost;
  const double heads = candidate(a).head_cost + candidate(b).head_cost;
  const double cost_b = candidate(b).backbone_cost + heads, cost_end = outcomes.base_cost + heads;
  const auto levels_a = int64_t(one.levels.thresholds.size()), levels_b = int64_t(two.levels.thresholds.size());
  const int64_t blocks = (levels_b + kBlock - 1) / kBlock;
  std::vector<Counts> bins(size_t(blocks * kBlock)), coarse(static_cast<size_t>(blocks));
  looked_at += levels_a * levels_b;

  // Level i of the first exit: rows that passed at most i of its thresholds go on to the second.
  for (int64_t i = 0; i < levels_a; ++i) {
    for (int32_t at = i > 0 ? one.level_end[size_t(i - 1)] : 0; at < one.level_end[size_t(i)]; ++at) {
      const auto row = size_t(one.by_level[size_t(at)]);
      const auto bin = size_t(two.levels.passed[row] - 1);
      bins[bin] += two.rows[row];
      coarse[bin / kBlock] += two.rows[row];
    }
    const Counts out_a = one.leaving[size_t(i)];
    const int64_t left_a = rows_of(out_a), harmed_a = harmed_of(out_a), mended_a = mended_of(out_a);
    const int64_t rest = rows - left_a;
    const double spent_a = double(left_a) * cost_a;
    const auto cost_with = [&](int64_t left_b) {
      return spent_a + double(left_b) * cost_b + double(rest - left_b) * cost_end;
    };
    const auto least_cost = [&](int64_t from, int64_t to) { return std::min(cost_with(from), cost_with(to)); };
    if (beaten(harmed_a, mended_a + rest, least_cost(0, rest))) continue;
    Counts out_b = 0;  // of the rows that leave at the second exit
    for (int64_t block = blocks - 1; block >= 0; --block) {
      const Counts with_block = out_b + coarse[size_t(block)];
      if (beaten(harmed_a + harmed_of(out_b), mended_a + mended_of(with_block),
                 least_cost(rows_of(out_b), rows_of(with_block)))) {
        out_b = with_block;
        continue;
      }
      for (int64_t j = std::min((block + 1) * kBlock, levels_b) - 1; j >= block * kBlock; --j) {
        out_b += bins[size_t(j)];
        const int64_t harmed = harmed_a + harmed_of(out_b), mended = mended_a + mended_of(out_b);
        const double cost = cost_with(rows_of(out_b));
        const int64_t loss = loss_of(harmed, mended);
        if (cost <= stairs[0][2].cost(loss) || cost <= stairs[1][2].cost(loss))
          consider(2, {cost, loss, harmed, {int32_t(a), int32_t(b)}, {int32_t(i), int32_t(j)}}, harmed, mended);
      }
    }
  }
}

Status ExitSearch::State::prepare_some() {
  if (steps_done == 0) OFFRAMP_RETURN_IF_ERROR(begin());
  for (int64_t k = 0; k < prepare_per_step && columns.size() < usable.size(); ++k) {
    const int32_t index = usable[columns.size()];
    OFFRAMP_RETURN_IF_ERROR(validate_candidate(outcomes, size_t(index)));
    columns.push_back(prepare_column(outcomes, index, options.levels));
    search_single(columns.size() - 1);
  }
  return {};
}

void ExitSearch::State::search_some() {
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

Plan ExitSearch::State::plan_of(const Found& found) const {
  Plan plan;
  for (size_t e = 0; e < 2 && found.column[e] >= 0; ++e) {
    const Column& column = columns[size_t(found.column[e])];
    plan.exits.push_back({column.candidate, column.levels.thresholds[size_t(found.level[e])]});
  }
  plan.figures = evaluate_plan(outcomes, plan.exits);
  return plan;
}

std::vector<Found> ExitSearch::State::whole_front() const {
  std::vector<Found> front = {stairs[0][0].at(rows)};
  double cheapest = front[0].cost;
  for (int64_t loss = 0; loss <= rows; ++loss) {
    const Found* best = nullptr;
    for (const Staircase& s : stairs[0])
      if (s.cost(loss) < cheapest) {
        cheapest = s.cost(loss);
        best = &s.at(loss);
      }
    if (best) front.push_back(*best);
  }
  return front;
}

// Least cost within the limit; within a near tie of it the fewest exits, and then the least loss.
Found ExitSearch::State::choose(int& exits) const {
  double least = kInfinity;
  for (const Staircase& s : stairs[1]) least = std::min(least, s.cost(rows));
  const double tie = least + options.near_tie * outcomes.base_cost * double(rows);
  for (exits = 0; exits <= options.max_exits; ++exits)
    for (int64_t loss = 0; loss <= rows; ++loss)
      if (const Found& found = stairs[1][size_t(exits)].at(loss); found.cost <= tie) return found;
  check_failed(__FILE__, __LINE__, "the backbone itself meets every limit");
}

ExitSearch::ExitSearch(const Outcomes& outcomes, const SearchOptions& options)
    : state_(std::make_unique<State>(outcomes, options)) {}
ExitSearch::~ExitSearch() = default;

int64_t ExitSearch::total_steps() const { return state_->prepare_steps + state_->pair_steps; }
bool ExitSearch::done() const { return state_->failed || state_->steps_done >= total_steps(); }

Status ExitSearch::step() {
  State& s = *state_;
  if (done()) return {};
  if (s.steps_done < s.prepare_steps) {
    if (Status status = s.prepare_some(); !status) {
      s.failed = true;
      return status;
    }
  } else {
    s.search_some();
  }
  ++s.steps_done;
  return {};
}

SearchResult ExitSearch::take() {
  OFFRAMP_CHECK(done() && !state_->failed);
  const State& s = *state_;
  SearchResult result;
  int exits = 0;
  const Found chosen = s.choose(exits);
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
  const int64_t changed = s.options.rule == Rule::kHarm
                              ? chosen.harmed
                              : 2 * chosen.harmed - (chosen.loss - s.base_wrong);
  result.allowance = s.allowance(exits, changed);
  result.plans_looked_at = s.looked_at;
  return result;
}

Result<SearchResult> search_exits(const Outcomes& outcomes, const SearchOptions& options) {
  ExitSearch search(outcomes, options);
  while (!search.done()) OFFRAMP_RETURN_IF_ERROR(search.step());
  return search.take();
}

}  // namespace offramp
