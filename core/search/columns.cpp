#include "search/columns.h"

namespace offramp {

Column prepare_column(const Outcomes& outcomes, int32_t candidate, int levels) {
  const ExitCandidate& c = outcomes.candidates[size_t(candidate)];
  Column column;
  column.candidate = candidate;
  column.levels = threshold_levels(c.scores, levels);
  const size_t rows = c.scores.size(), count = column.levels.thresholds.size();
  column.rows.resize(rows);
  column.level_end.resize(count + 1);
  column.leaving.resize(count + 1);
  for (size_t row = 0; row < rows; ++row) {
    const bool base_right = outcomes.base_predictions[row] == outcomes.labels[row];
    const bool right = c.predictions[row] == outcomes.labels[row];
    column.rows[row] = counts_of(base_right && !right, !base_right && right);
    const uint16_t passed = column.levels.passed[row];
    ++column.level_end[passed];
    column.leaving[passed - 1] += column.rows[row];
  }
  for (size_t i = count; i-- > 0;) column.leaving[i] += column.leaving[i + 1];
  for (size_t i = 1; i <= count; ++i) column.level_end[i] += column.level_end[i - 1];
  column.by_level.resize(rows);
  std::vector<int32_t> next(count + 1);
  for (size_t i = 1; i <= count; ++i) next[i] = column.level_end[i - 1];
  for (size_t row = 0; row < rows; ++row) column.by_level[size_t(next[column.levels.passed[row]]++)] = int32_t(row);
  return column;
}

}  // namespace offramp
