// Refuses options and tables that a search could not make sense of.
#include <cmath>
#include <utility>

#include "search/search_state.h"

namespace offramp {

Status validate_search(const Outcomes& outcomes, const SearchOptions& options) {
  const auto out_of_range = [](const char* what, const std::string& allowed, const std::string& got) {
    return invalid_argument(std::string(what) + " must be " + allowed + ", got " + got);
  };
  if (options.max_exits < 0 || options.max_exits > kMaxExits)
    return out_of_range("max_exits", "0 to " + std::to_string(kMaxExits), std::to_string(options.max_exits));
  if (options.levels < 2 || options.levels > 4096)
    return out_of_range("levels", "2 to 4096", std::to_string(options.levels));
  if (!(options.max_drop >= 0 && options.max_drop <= 1))
    return out_of_range("max_drop", "a share from 0 to 1", std::to_string(options.max_drop));
  if (!(options.near_tie >= 0 && options.near_tie <= 1))
    return out_of_range("near_tie", "a share from 0 to 1", std::to_string(options.near_tie));
  if (!(options.cost_weight >= 0 && options.cost_weight <= 1))
    return out_of_range("cost_weight", "from 0 to 1", std::to_string(options.cost_weight));
  for (const auto& [what, share] : {std::pair("max_class_drop", options.max_class_drop),
                                    std::pair("min_accuracy", options.min_accuracy)})
    if (share && !(*share >= 0 && *share <= 1)) return out_of_range(what, "a share from 0 to 1", std::to_string(*share));
  if (options.max_worst_cost && !(*options.max_worst_cost >= 0))
    return out_of_range("max_worst_cost", "0 or more", std::to_string(*options.max_worst_cost));
  if (outcomes.rows() == 0) return invalid_argument("no rows to search on");
  if (outcomes.rows() > kMaxSearchRows)
    return limit_exceeded(std::to_string(outcomes.rows()) + " rows, at most " + std::to_string(kMaxSearchRows));
  if (int64_t(outcomes.candidates.size()) > kMaxCandidates)
    return limit_exceeded(std::to_string(outcomes.candidates.size()) + " candidates, at most " +
                          std::to_string(kMaxCandidates));
  for (const Budget& budget : options.budgets)
    if (budget.use.size() != outcomes.candidates.size())
      return invalid_argument("expected a budget's use by " + std::to_string(outcomes.candidates.size()) + " candidates, got " +
                              std::to_string(budget.use.size()));
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

}  // namespace offramp
