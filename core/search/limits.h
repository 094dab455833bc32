// What a plan must meet besides being cheap, and how class losses are counted.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "search/columns.h"
#include "search/search.h"
#include "search/staircase.h"

namespace offramp {

class Limits {
 public:
  // Precondition: options and labels are valid.
  Limits(const Outcomes& outcomes, const SearchOptions& options);

  int64_t loss_of(int64_t harmed, int64_t mended) const {
    return options_.rule == Rule::kHarm ? harmed : base_wrong_ + harmed - mended;
  }
  int64_t base_wrong() const { return base_wrong_; }
  // Rows that a plan's loss may understate: see search_allowance. 0 for the backbone alone.
  double allowance(int exits, int64_t changed) const { return exits ? allowance_[size_t(exits)][size_t(changed)] : 0; }
  // Rows whose answers make up a plan's drop.
  int64_t changed_of(int64_t harmed, int64_t mended) const {
    return options_.rule == Rule::kHarm ? harmed : harmed + mended;
  }
  bool meets_drop(int exits, int64_t harmed, int64_t mended) const;
  // Rows right, less the allowance.
  double sure_right(int exits, int64_t harmed, int64_t mended) const {
    return most_right(harmed, mended) - allowance(exits, harmed + mended);
  }
  bool has_floor() const { return options_.min_accuracy.has_value(); }
  bool meets_floor(int exits, int64_t harmed, int64_t mended) const {
    return !has_floor() || sure_right(exits, harmed, mended) >= floor_;
  }
  // True if every plan with at least this harm and at most these mended rows loses too much.
  bool hopeless(int64_t harmed, int64_t mended) const;
  double most_right(int64_t harmed, int64_t mended) const { return double(rows_ - base_wrong_ - harmed + mended); }
  double floor() const { return floor_; }
  bool meets_worst_cost(double cost) const { return !options_.max_worst_cost || cost <= *options_.max_worst_cost; }

  bool by_class() const { return options_.max_class_drop.has_value(); }
  // Whether the class limit is broken for good once broken: more leaving rows never repair it.
  bool class_limit_is_final() const { return options_.rule == Rule::kHarm; }
  int64_t classes() const { return int64_t(class_limit_.size()); }
  int32_t class_of_row(size_t row) const { return class_of_row_[row]; }
  bool breaks_class(int exits, int32_t known_class, int64_t harmed, int64_t mended) const;
  // The column's rows whose answer changes from or to a right one, for ClassTally; empty without a class limit.
  std::vector<ClassChange> changes_of(const Column& column) const;

 private:
  const SearchOptions options_;
  int64_t rows_ = 0, base_wrong_ = 0;
  double floor_ = 0, drop_ = 0;                 // rows
  std::vector<std::vector<double>> allowance_, class_allowance_;  // rows, by exits and rows changed
  std::vector<double> class_limit_;             // by class that has rows: rows
  std::vector<int32_t> class_of_row_;           // index into class_limit_
};

// Rows harmed and mended per class, and how many classes break their limit. add and remove take constant time.
class ClassTally {
 public:
  ClassTally(const Limits& limits, int exits) : limits_(limits), exits_(exits), counts_(size_t(limits.classes())) {}
  void add(const ClassChange& change) { count(change.known_class, change.harmed, !change.harmed, 1); }
  void remove(const ClassChange& change) { count(change.known_class, change.harmed, !change.harmed, -1); }
  // A row's outcome: by is 1 to add it, -1 to remove it.
  void count_row(size_t row, Counts outcome, int by) {
    if (limits_.by_class() && outcome != counts_of(false, false))
      count(limits_.class_of_row(row), harmed_of(outcome) > 0, mended_of(outcome) > 0, by);
  }
  bool ok() const { return broken_ == 0; }
  // Takes over the counts of another tally of the same limits.
  void become(const ClassTally& other) {
    std::copy(other.counts_.begin(), other.counts_.end(), counts_.begin());
    broken_ = other.broken_;
  }

 private:
  struct Count {
    int32_t harmed = 0, mended = 0;
    bool broken = false;
  };
  void count(int32_t known_class, bool harmed, bool mended, int by) {
    Count& c = counts_[size_t(known_class)];
    if (harmed) c.harmed += by;
    if (mended) c.mended += by;
    const bool broken = limits_.breaks_class(exits_, known_class, c.harmed, c.mended);
    broken_ += int(broken) - int(c.broken);
    c.broken = broken;
  }
  const Limits& limits_;
  int exits_;
  std::vector<Count> counts_;  // by class
  int64_t broken_ = 0;
};

}  // namespace offramp
