#include "search/limits.h"

#include <algorithm>

namespace offramp {
namespace {

constexpr double kSpeck = 1e-9;  // rows; forgives the rounding of a limit such as 0.01 * 300

}  // namespace

Limits::Limits(const Outcomes& outcomes, const SearchOptions& options) : options_(options), rows_(outcomes.rows()) {
  for (size_t r = 0; r < size_t(rows_); ++r) base_wrong_ += outcomes.base_predictions[r] != outcomes.labels[r];
  drop_ = options.max_drop * double(rows_) + kSpeck;
  if (options.min_accuracy) floor_ = *options.min_accuracy * double(rows_) - kSpeck;
  int64_t candidates = 0;
  for (const ExitCandidate& c : outcomes.candidates) candidates += !c.paper;
  const double choices = independent_choices(candidates);
  allowance_.assign(size_t(options.max_exits) + 1, std::vector<double>(size_t(rows_) + 1, 0.0));
  if (options.allowance)
    for (size_t exits = 1; exits < allowance_.size(); ++exits)
      for (int64_t changed = 0; changed <= rows_; ++changed)
        allowance_[exits][size_t(changed)] =
            search_allowance(int(exits), choices, rows_, double(changed) / double(rows_)) * double(rows_);
  if (!by_class()) return;

  std::vector<int32_t> present = outcomes.labels;
  std::sort(present.begin(), present.end());
  present.erase(std::unique(present.begin(), present.end()), present.end());
  class_limit_.resize(present.size());
  for (const int32_t label : outcomes.labels) {
    class_of_row_.push_back(int32_t(std::lower_bound(present.begin(), present.end(), label) - present.begin()));
    class_limit_[size_t(class_of_row_.back())] += *options.max_class_drop;
  }
  for (double& limit : class_limit_) limit += kSpeck;
  // The worst of so many classes: for each, the luck of as many times more choices.
  class_allowance_ = allowance_;
  double subsets = double(class_limit_.size());
  for (size_t exits = 1; exits < allowance_.size() && options.allowance; ++exits) {
    subsets *= 1 + choices;
    for (int64_t changed = 0; changed <= rows_; ++changed)
      class_allowance_[exits][size_t(changed)] =
          search_allowance(1, subsets - 1, rows_, double(changed) / double(rows_)) * double(rows_);
  }
}

bool Limits::meets_drop(int exits, int64_t harmed, int64_t mended) const {
  if (exits == 0 || options_.rule == Rule::kWeighted) return true;
  const int64_t drop = options_.rule == Rule::kHarm ? harmed : harmed - mended;
  return double(drop) + allowance(exits, changed_of(harmed, mended)) <= drop_;
}

bool Limits::hopeless(int64_t harmed, int64_t mended) const {
  if (options_.rule == Rule::kWeighted) return false;
  return double(options_.rule == Rule::kHarm ? harmed : harmed - mended) > drop_ + 1;
}

// No row harmed is always allowed: a class of a few rows would otherwise forbid every plan.
bool Limits::breaks_class(int exits, int32_t known_class, int64_t harmed, int64_t mended) const {
  if (harmed == 0) return false;
  const int64_t drop = options_.rule == Rule::kHarm ? harmed : harmed - mended;
  const double extra = class_allowance_[size_t(exits)][size_t(changed_of(harmed, mended))];
  return double(drop) + extra > class_limit_[size_t(known_class)];
}

std::vector<ClassChange> Limits::changes_of(const Column& column) const {
  std::vector<ClassChange> changes;
  if (!by_class()) return changes;
  for (size_t at = column.by_level.size(); at-- > 0;) {
    const int32_t row = column.by_level[at];
    const Counts counts = column.rows[size_t(row)];
    if (counts == counts_of(false, false)) continue;
    if (options_.rule == Rule::kHarm && mended_of(counts)) continue;
    changes.push_back({row, class_of_row_[size_t(row)], column.levels.passed[size_t(row)], harmed_of(counts) > 0});
  }
  return changes;
}

}  // namespace offramp
