// Rows into parts: the same labels, groups, shares and seed give the same parts on every host.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "base/rng.h"
#include "samples/samples.h"

namespace offramp {
namespace {

constexpr size_t kParts = 4;
constexpr int64_t kMinRows = 10;
constexpr int kImprovementRounds = 10;
constexpr const char* kPartNames[kParts] = {"train", "select", "certify", "test"};

using Shares = std::array<double, kParts>;
// Part of each row.
using Parts = std::vector<uint8_t>;

Result<Shares> normalised(const SplitShares& shares) {
  Shares all = {shares.train, shares.select, shares.certify, shares.test};
  double sum = 0;
  for (double share : all) {
    if (!(share >= 0 && share <= 1e9))
      return invalid_argument("shares of a split must be numbers from 0 to 1e9, got " + std::to_string(share));
    sum += share;
  }
  if (!(sum > 0)) return invalid_argument("at least one share of a split must be above 0");
  for (double& share : all) share /= sum;
  return all;
}

// Labels as 0, 1, ... in ascending order.
std::vector<int32_t> dense(std::span<const int32_t> labels, int32_t& classes) {
  std::map<int32_t, int32_t> numbers;
  for (int32_t label : labels) numbers.emplace(label, 0);
  classes = 0;
  for (auto& [label, number] : numbers) number = classes++;
  std::vector<int32_t> result;
  result.reserve(labels.size());
  for (int32_t label : labels) result.push_back(numbers[label]);
  return result;
}

// Every class by itself; what rounding takes from a part in one class it gets back in the next.
Parts split_by_class(const std::vector<int32_t>& labels, int32_t classes, const Shares& shares, Rng& rng) {
  std::vector<std::vector<int32_t>> rows(static_cast<size_t>(classes));
  for (size_t row = 0; row < labels.size(); ++row) rows[size_t(labels[row])].push_back(int32_t(row));
  Parts parts(labels.size(), 0);
  Shares carried = {};
  for (std::vector<int32_t>& members : rows) {
    rng.shuffle(std::span(members));
    Shares wanted;
    std::array<int64_t, kParts> counts;
    int64_t left = int64_t(members.size());
    for (size_t p = 0; p < kParts; ++p) {
      wanted[p] = double(members.size()) * shares[p] + carried[p];
      counts[p] = std::min(left, std::max(int64_t{0}, int64_t(std::floor(wanted[p]))));
      left -= counts[p];
    }
    const auto missing = [&](size_t p) { return wanted[p] - double(counts[p]); };
    for (; left > 0; --left) {
      size_t neediest = 0;
      for (size_t p = 1; p < kParts; ++p)
        if (shares[p] > 0 && (shares[neediest] == 0 || missing(p) > missing(neediest))) neediest = p;
      ++counts[neediest];
    }
    size_t next = 0;
    for (size_t p = 0; p < kParts; ++p) {
      carried[p] = wanted[p] - double(counts[p]);
      for (int64_t i = 0; i < counts[p]; ++i) parts[size_t(members[next++])] = uint8_t(p);
    }
  }
  return parts;
}

struct Group {
  std::vector<int32_t> rows;
  std::vector<std::pair<int32_t, int64_t>> class_counts;
  size_t part = kParts;  // none yet
};

std::vector<Group> collect_groups(const std::vector<int32_t>& labels, std::span<const int64_t> groups) {
  std::map<int64_t, size_t> numbers;
  std::vector<Group> result;
  for (size_t row = 0; row < labels.size(); ++row) {
    const auto [entry, added] = numbers.emplace(groups[row], result.size());
    if (added) result.emplace_back();
    result[entry->second].rows.push_back(int32_t(row));
  }
  for (Group& group : result) {
    std::map<int32_t, int64_t> counts;
    for (int32_t row : group.rows) ++counts[labels[size_t(row)]];
    group.class_counts.assign(counts.begin(), counts.end());
  }
  return result;
}

// How far parts are from their shares, of all rows and of each class, and what a group would change about it.
class Balance {
 public:
  Balance(const std::vector<int32_t>& labels, int32_t classes, const Shares& shares)
      : shares_(shares), class_rows_(size_t(classes), 0), rows_(double(labels.size())) {
    for (int32_t label : labels) class_rows_[size_t(label)] += 1;
    for (auto& have : have_) have.assign(size_t(classes), 0);
  }
  // Of adding the group to a part: smaller is better.
  double change(const Group& group, size_t p) const {
    const double size = double(group.rows.size());
    // Sizes weigh as much as all classes together.
    double sum = double(class_rows_.size()) * step(total_[p], size, rows_, shares_[p]);
    for (const auto& [label, count] : group.class_counts)
      sum += step(have_[p][size_t(label)], double(count), class_rows_[size_t(label)], shares_[p]);
    return sum;
  }
  void add(const Group& group, size_t p, double sign) {
    total_[p] += sign * double(group.rows.size());
    for (const auto& [label, count] : group.class_counts) have_[p][size_t(label)] += sign * double(count);
  }

 private:
  // Change of (have / all - share)^2 / share when `more` come to it.
  static double step(double have, double more, double all, double share) {
    const double before = have / all - share, after = (have + more) / all - share;
    return (after * after - before * before) / share;
  }

  Shares shares_, total_ = {};
  std::vector<double> class_rows_;
  double rows_;
  std::array<std::vector<double>, kParts> have_;
};

// Large groups first, each where it helps most; then single moves as long as they help.
Parts split_by_group(const std::vector<int32_t>& labels, int32_t classes, std::vector<Group> groups,
                     const Shares& shares, Rng& rng) {
  rng.shuffle(std::span(groups));
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.rows.size() > b.rows.size(); });
  Balance balance(labels, classes, shares);
  bool moved = true;
  for (int round = 0; moved && round <= kImprovementRounds; ++round) {
    moved = false;
    for (Group& group : groups) {
      size_t best = group.part;
      double least = std::numeric_limits<double>::infinity();
      if (best < kParts) {
        balance.add(group, best, -1);
        least = balance.change(group, best);  // staying wins ties, so that rounds end
      }
      for (size_t p = 0; p < kParts; ++p) {
        if (shares[p] == 0) continue;
        const double change = balance.change(group, p);
        if (change < least) best = p, least = change;
      }
      moved = moved || best != group.part;
      group.part = best;
      balance.add(group, best, 1);
    }
  }
  Parts parts(labels.size(), 0);
  for (const Group& group : groups)
    for (int32_t row : group.rows) parts[size_t(row)] = uint8_t(group.part);
  return parts;
}

}  // namespace

Result<Split> split_rows(std::span<const int32_t> labels, std::span<const int64_t> groups, const SplitShares& shares,
                         uint64_t seed) {
  OFFRAMP_TRY(const Shares all, normalised(shares));
  if (labels.size() > size_t(std::numeric_limits<int32_t>::max()))
    return invalid_data("at most 2147483647 rows can be split, got " + std::to_string(labels.size()));
  if (!groups.empty() && groups.size() != labels.size())
    return invalid_data("expected a group for each of " + std::to_string(labels.size()) + " rows, got " +
                        std::to_string(groups.size()));
  int32_t classes = 0;
  const std::vector<int32_t> numbered = dense(labels, classes);
  if (classes < 2)
    return invalid_data("a split needs labels of at least 2 classes, got " + std::to_string(classes));
  Rng rng(seed);
  const Parts parts = groups.empty()
                          ? split_by_class(numbered, classes, all, rng)
                          : split_by_group(numbered, classes, collect_groups(numbered, groups), all, rng);
  Split split;
  std::vector<int32_t>* lists[kParts] = {&split.train, &split.select, &split.certify, &split.test};
  for (size_t row = 0; row < parts.size(); ++row) lists[parts[row]]->push_back(int32_t(row));
  for (size_t p = 0; p < kParts; ++p)
    if (all[p] > 0 && int64_t(lists[p]->size()) < kMinRows)
      return invalid_data(std::string("the ") + kPartNames[p] + " part would get " + std::to_string(lists[p]->size()) +
                          " of " + std::to_string(labels.size()) + " rows, at least " + std::to_string(kMinRows) +
                          " are needed" + (groups.empty() ? "" : " (groups stay whole)"));
  return split;
}

Result<std::vector<uint8_t>> deal_folds(std::span<const int32_t> labels, std::span<const int64_t> groups, int folds, uint64_t seed) {
  if (folds < 2 || folds > 255) return invalid_argument("folds: expected 2 to 255, got " + std::to_string(folds));
  if (!groups.empty() && groups.size() != labels.size())
    return invalid_data("expected a group for each of " + std::to_string(labels.size()) + " rows, got " + std::to_string(groups.size()));
  int32_t classes = 0;
  const std::vector<int32_t> numbered = dense(labels, classes);
  std::vector<int64_t> own(labels.size());  // without groups, each row is one
  for (size_t row = 0; row < own.size(); ++row) own[row] = int64_t(row);
  std::vector<Group> dealt = collect_groups(numbered, groups.empty() ? std::span<const int64_t>(own) : groups);
  Rng rng(seed, 5);
  rng.shuffle(std::span(dealt));
  std::stable_sort(dealt.begin(), dealt.end(), [](const Group& a, const Group& b) { return a.rows.size() > b.rows.size(); });
  std::vector<double> class_rows(static_cast<size_t>(classes));
  for (int32_t label : numbered) class_rows[size_t(label)] += 1;
  std::vector<std::vector<double>> have(size_t(folds), std::vector<double>(class_rows.size()));
  std::vector<double> total(static_cast<size_t>(folds));
  std::vector<uint8_t> fold_of(labels.size());
  for (const Group& group : dealt) {
    // Where the group's classes, and then rows of any kind, are scarcest.
    size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t f = 0; f < size_t(folds); ++f) {
      double crowd = total[f] / double(labels.size());
      for (const auto& [label, count] : group.class_counts) crowd += have[f][size_t(label)] / class_rows[size_t(label)] * double(count) / double(group.rows.size());
      if (crowd < least) best = f, least = crowd;
    }
    for (const auto& [label, count] : group.class_counts) have[best][size_t(label)] += double(count);
    total[best] += double(group.rows.size());
    for (int32_t row : group.rows) fold_of[size_t(row)] = uint8_t(best);
  }
  return fold_of;
}

}  // namespace offramp
