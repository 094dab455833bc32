// Runs a plan over a table of outcomes, row by row: the plain meaning of a plan.
#include <limits>

#include "search/search.h"

namespace offramp {

PlanFigures evaluate_plan(const Outcomes& outcomes, const std::vector<PlannedExit>& exits) {
  const size_t ends = exits.size() + 1;
  std::vector<int64_t> left(ends), right(ends);
  std::vector<double> cost(ends);
  double heads = 0;
  for (size_t e = 0; e < exits.size(); ++e) {
    const int32_t c = exits[e].candidate;
    OFFRAMP_CHECK(c >= 0 && c < int32_t(outcomes.candidates.size()));
    heads += outcomes.candidates[size_t(c)].head_cost;
    cost[e] = outcomes.candidates[size_t(c)].backbone_cost + heads;
  }
  cost[exits.size()] = outcomes.base_cost + heads;

  int64_t harmed = 0;
  for (size_t row = 0; row < outcomes.labels.size(); ++row) {
    size_t end = 0;
    const auto candidate = [&] { return &outcomes.candidates[size_t(exits[end].candidate)]; };
    while (end < exits.size() && !(candidate()->scores[row] >= exits[end].threshold)) ++end;
    const int32_t answer = end < exits.size() ? candidate()->predictions[row] : outcomes.end()[row];
    const bool correct = answer == outcomes.labels[row];
    ++left[end];
    right[end] += correct;
    harmed += !correct && outcomes.base_predictions[row] == outcomes.labels[row];
  }

  PlanFigures figures;
  const double rows = double(outcomes.rows());
  int64_t all_right = 0;
  for (size_t e = 0; e < ends; ++e) {
    all_right += right[e];
    figures.mean_cost += double(left[e]) * cost[e];
    figures.exit_rates.push_back(rows > 0 ? double(left[e]) / rows : 0.0);
    figures.exit_accuracy.push_back(left[e] > 0 ? double(right[e]) / double(left[e])
                                                : std::numeric_limits<double>::quiet_NaN());
  }
  if (rows == 0) return figures;
  figures.accuracy = double(all_right) / rows;
  figures.harm = double(harmed) / rows;
  figures.mean_cost /= rows;
  return figures;
}

}  // namespace offramp
