#include "search_tables.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace offramp {
namespace {

constexpr double kSpeck = 1e-9;

std::vector<float> all_thresholds(const ExitCandidate& candidate) {
  const std::set<float> scores(candidate.scores.begin(), candidate.scores.end());
  std::vector<float> out = {0};
  for (auto it = std::next(scores.begin()); it != scores.end(); ++it) {
    const float below = *std::prev(it), middle = below + (*it - below) / 2;
    out.push_back(middle > below ? middle : *it);
  }
  std::reverse(out.begin(), out.end());  // among equals the higher threshold comes first
  return out;
}

}  // namespace

std::map<int32_t, Changes> changes_by_class(const Outcomes& o, const Plan& plan) {
  std::map<int32_t, Changes> changes;
  for (size_t r = 0; r < o.labels.size(); ++r) {
    int32_t answer = o.base_predictions[r];
    for (const PlannedExit& e : plan.exits)
      if (o.candidates[size_t(e.candidate)].scores[r] >= e.threshold) {
        answer = o.candidates[size_t(e.candidate)].predictions[r];
        break;
      }
    const bool base = o.base_predictions[r] == o.labels[r], now = answer == o.labels[r];
    Changes& c = changes[o.labels[r]];
    ++c.rows;
    c.harmed += base && !now;
    c.mended += now && !base;
  }
  return changes;
}

// Few distinct scores and costs, so that ties are common.
Outcomes random_table(Rng& rng, int64_t rows, int candidates, bool coarse) {
  Outcomes o;
  o.classes = 3;
  o.base_cost = 100;
  for (int64_t r = 0; r < rows; ++r) {
    o.labels.push_back(rng.below(5) < 4 ? int32_t(rng.below(2)) : 2);
    o.base_predictions.push_back(rng.below(10) < 8 ? o.labels.back() : int32_t(rng.below(3)));
  }
  for (int c = 0; c < candidates; ++c) {
    ExitCandidate e;
    e.exit_point = c / 2 + int32_t(rng.below(2));
    e.head = c;
    e.backbone_cost = 10.0 * (e.exit_point + 1);
    e.head_cost = 1 + rng.below(3);
    for (int64_t r = 0; r < rows; ++r) {
      const float score = coarse ? float(rng.below(6)) / 5 : rng.uniform();
      e.scores.push_back(score);
      e.predictions.push_back(rng.uniform() < 0.5f + 0.5f * score ? o.labels[size_t(r)] : int32_t(rng.below(3)));
    }
    o.candidates.push_back(e);
  }
  std::stable_sort(o.candidates.begin(), o.candidates.end(),
                   [](const auto& a, const auto& b) { return a.exit_point < b.exit_point; });
  return o;
}

Outcomes tiny_table() {
  Outcomes o;
  o.classes = 2;
  o.base_cost = 100;
  o.labels = {0, 1, 0, 1};
  o.base_predictions = {0, 1, 0, 0};
  ExitCandidate first;
  first.exit_point = 0;
  first.backbone_cost = 20;
  first.head_cost = 5;
  first.scores = {0.9f, 0.5f, 0.7f, 0.3f};
  first.predictions = {0, 0, 0, 1};
  ExitCandidate second = first;
  second.exit_point = 1;
  second.backbone_cost = 60;
  second.head_cost = 1;
  second.scores = {0.8f, 0.6f, 0.8f, 0.2f};
  second.predictions = {0, 1, 0, 1};
  o.candidates = {first, second};
  return o;
}

SearchOptions plain(Rule rule, double max_drop) {
  SearchOptions options;
  options.rule = rule;
  options.max_drop = max_drop;
  options.allowance = false;
  options.near_tie = 0;
  return options;
}

std::vector<Plan> every_plan(const Outcomes& o, int max_exits) {
  std::vector<Plan> plans = {{{}, evaluate_plan(o, {})}};
  // Plans of one exit more, from those of one exit less.
  for (size_t from = 0, to = 1; max_exits > 0; --max_exits, from = to, to = plans.size())
    for (size_t p = from; p < to; ++p)
      for (int32_t c = 0; c < int32_t(o.candidates.size()); ++c) {
        const auto& before = plans[p].exits;
        if (!before.empty() && o.candidates[size_t(before.back().candidate)].exit_point >= o.candidates[size_t(c)].exit_point)
          continue;
        for (float t : all_thresholds(o.candidates[size_t(c)])) {
          std::vector<PlannedExit> exits = plans[p].exits;
          exits.push_back({c, t});
          plans.push_back({exits, evaluate_plan(o, exits)});
        }
      }
  return plans;
}

double loss(const Plan& plan, Rule rule) { return rule == Rule::kHarm ? plan.figures.harm : 1 - plan.figures.accuracy; }

bool meets_limits(const Outcomes& o, const Plan& plan, const SearchOptions& options) {
  const bool by_harm = options.rule == Rule::kHarm;
  const double n = double(o.rows());
  const auto extra = [&](int64_t changed) {  // rows
    if (!options.allowance || plan.exits.empty()) return 0.0;
    return n * search_allowance(int(plan.exits.size()), independent_choices(int64_t(o.candidates.size())), o.rows(), double(changed) / n);
  };
  const auto drop = [&](const Changes& c) {
    return by_harm ? double(c.harmed) + extra(c.harmed) : double(c.harmed - c.mended) + extra(c.harmed + c.mended);
  };
  Changes all;
  const std::map<int32_t, Changes> by_class = changes_by_class(o, plan);
  const auto class_extra = [&](int64_t changed) {
    if (!options.allowance || plan.exits.empty()) return 0.0;
    double subsets = double(by_class.size());
    for (size_t e = 0; e < plan.exits.size(); ++e) subsets *= 1 + independent_choices(int64_t(o.candidates.size()));
    return n * search_allowance(1, subsets - 1, o.rows(), double(changed) / n);
  };
  for (const auto& [label, c] : by_class) {
    all.rows += c.rows;
    all.harmed += c.harmed;
    all.mended += c.mended;
    const int64_t lost = by_harm ? c.harmed : c.harmed - c.mended, changed = by_harm ? c.harmed : c.harmed + c.mended;
    if (options.max_class_drop && c.harmed > 0 &&
        double(lost) + class_extra(changed) > *options.max_class_drop * double(c.rows) + kSpeck)
      return false;
  }
  if (options.rule != Rule::kWeighted && !plan.exits.empty() && drop(all) > options.max_drop * n + kSpeck) return false;
  if (options.min_accuracy &&
      plan.figures.accuracy * n - extra(all.harmed + all.mended) < *options.min_accuracy * n - kSpeck)
    return false;
  double worst = o.base_cost, heads = 0;
  for (const PlannedExit& e : plan.exits) worst += o.candidates[size_t(e.candidate)].head_cost;
  for (const PlannedExit& e : plan.exits) {
    heads += o.candidates[size_t(e.candidate)].head_cost;
    if (e.threshold > 0) continue;
    worst = o.candidates[size_t(e.candidate)].backbone_cost + heads;
    break;
  }
  return !options.max_worst_cost || worst <= *options.max_worst_cost;
}

double worth(const Outcomes& o, const Plan& plan, const SearchOptions& options) {
  const double cost = plan.figures.mean_cost / o.base_cost;
  if (options.rule != Rule::kWeighted) return cost;
  const double base_error = std::max(1 - evaluate_plan(o, {}).accuracy, 1 / double(o.rows()));
  return options.cost_weight * cost + (1 - options.cost_weight) * (1 - plan.figures.accuracy) / base_error;
}

const Plan* best_plan(const Outcomes& o, const std::vector<Plan>& plans, const SearchOptions& options, double* least) {
  std::vector<const Plan*> within;
  for (const Plan& p : plans)
    if (meets_limits(o, p, options)) within.push_back(&p);
  *least = std::numeric_limits<double>::infinity();
  for (const Plan* p : within) *least = std::min(*least, worth(o, *p, options));
  const Plan* best = nullptr;
  const auto key = [&](const Plan& p) { return std::make_pair(double(p.exits.size()), loss(p, options.rule)); };
  for (const Plan* p : within)
    if (worth(o, *p, options) <= *least + options.near_tie + kSpeck && (!best || key(*p) < key(*best))) best = p;
  return best;
}

}  // namespace offramp
