// Splits: every row once, shares and classes kept, groups whole, the same for the same seed.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/rng.h"
#include "samples/samples.h"

using namespace offramp;

namespace {

const std::vector<const std::vector<int32_t>*> parts_of(const Split& split) {
  return {&split.train, &split.select, &split.certify, &split.test};
}

void check_partition(const Split& split, size_t rows) {
  std::vector<int> seen(rows, 0);
  for (const auto* part : parts_of(split)) {
    CHECK(std::is_sorted(part->begin(), part->end()));
    for (int32_t row : *part) {
      REQUIRE((row >= 0 && size_t(row) < rows));
      ++seen[size_t(row)];
    }
  }
  CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
}

std::string split_error(const std::vector<int32_t>& labels, const std::vector<int64_t>& groups,
                        const SplitShares& shares, ErrorCode code = ErrorCode::kInvalidData) {
  auto split = split_rows(labels, groups, shares, 0);
  REQUIRE(!split.ok());
  CHECK(split.error().code == code);
  return split.error().to_string();
}

std::vector<int32_t> two_classes(size_t rows) {
  std::vector<int32_t> labels(rows);
  for (size_t i = 0; i < rows; ++i) labels[i] = int32_t(i % 2);
  return labels;
}

TEST_CASE("folds: even in size and classes, groups whole, seeded") {
  std::vector<int32_t> labels;
  std::vector<int64_t> groups;
  for (int32_t row = 0; row < 600; ++row) {
    labels.push_back(row % 20 == 0 ? 1 : 0);
    groups.push_back(row % 60);
  }
  const auto folds = deal_folds(labels, {}, 10, 3);
  REQUIRE(folds.ok());
  std::vector<int> size(10), rare(10);
  for (size_t row = 0; row < labels.size(); ++row) {
    ++size[(*folds)[row]];
    rare[(*folds)[row]] += labels[row];
  }
  for (int f = 0; f < 10; ++f) {
    CHECK(size[size_t(f)] == doctest::Approx(60).epsilon(0.1));
    CHECK(rare[size_t(f)] == 3);
  }
  CHECK(*folds == *deal_folds(labels, {}, 10, 3));
  CHECK(*folds != *deal_folds(labels, {}, 10, 4));
  const auto grouped = deal_folds(labels, groups, 10, 3);
  REQUIRE(grouped.ok());
  std::vector<int> grouped_size(10);
  for (size_t row = 0; row < labels.size(); ++row) {
    CHECK((*grouped)[row] == (*grouped)[size_t(groups[row])]);
    ++grouped_size[(*grouped)[row]];
  }
  for (int rows : grouped_size) CHECK(rows == 60);
  CHECK(deal_folds(labels, {}, 1, 0).error().message == "folds: expected 2 to 255, got 1");
  CHECK(deal_folds(labels, std::vector<int64_t>(3), 10, 0).error().code == ErrorCode::kInvalidData);
}

}  // namespace

TEST_CASE("each part has its share of every class, within two rows") {
  Rng rng(5);
  std::vector<int32_t> labels(1003);
  for (int32_t& label : labels) label = int32_t(rng.below(10)) * int32_t(rng.below(10)) / 10;  // uneven
  auto split = split_rows(labels, {}, {0.5, 0.2, 0.1, 0.2}, 1);
  REQUIRE(split.ok());
  check_partition(*split, labels.size());
  std::map<int32_t, int> all;
  for (int32_t label : labels) ++all[label];
  const double shares[] = {0.5, 0.2, 0.1, 0.2};
  size_t p = 0;
  for (const auto* part : parts_of(*split)) {
    CHECK(std::fabs(double(part->size()) - 1003 * shares[p]) <= 1.0);
    std::map<int32_t, int> counts;
    for (int32_t row : *part) ++counts[labels[size_t(row)]];
    for (const auto& [label, count] : all) CHECK(std::fabs(counts[label] - count * shares[p]) <= 2.0);
    ++p;
  }
}

TEST_CASE("classes with a single row do not all go to one part") {
  std::vector<int32_t> labels(400);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = int32_t(i);
  auto split = split_rows(labels, {}, {}, 1);
  REQUIRE(split.ok());
  CHECK(split->train.size() == 200);
  CHECK(split->select.size() == 100);
  CHECK(split->certify.empty());
  CHECK(split->test.size() == 100);
}

TEST_CASE("the seed decides, and nothing else") {
  const std::vector<int32_t> labels = two_classes(200);
  auto a = split_rows(labels, {}, {}, 7), b = split_rows(labels, {}, {}, 7), c = split_rows(labels, {}, {}, 8);
  REQUIRE((a.ok() && b.ok() && c.ok()));
  CHECK(a->train == b->train);
  CHECK(a->test == b->test);
  CHECK(a->train != c->train);
  // Shares are ratios.
  auto scaled = split_rows(labels, {}, {2, 1, 0, 1}, 7);
  REQUIRE(scaled.ok());
  CHECK(scaled->train == a->train);
  // Pinned, so that a plan made elsewhere finds the same rows.
  CHECK(std::vector<int32_t>(a->select.begin(), a->select.begin() + 6) == std::vector<int32_t>{0, 1, 2, 6, 7, 8});
}

TEST_CASE("groups stay whole, near the shares and the class mix") {
  // Like patients: 60 groups of very different sizes; two rare classes live in few of them.
  Rng rng(3);
  std::vector<int32_t> labels;
  std::vector<int64_t> groups;
  for (int64_t g = 0; g < 60; ++g)
    for (uint32_t i = 0, n = 20 + rng.below(200); i < n; ++i) {
      const uint32_t roll = rng.below(100);
      labels.push_back(g % 4 == 0 && roll < 20 ? 1 : (g % 5 == 0 && roll < 30 ? 2 : 0));
      groups.push_back(1000000007 * (g - 30));
    }
  auto split = split_rows(labels, groups, {}, 11);
  REQUIRE(split.ok());
  check_partition(*split, labels.size());
  std::map<int64_t, size_t> part_of_group;
  double all[3] = {};
  for (int32_t label : labels) ++all[label];
  const double shares[] = {0.5, 0.25, 0, 0.25};
  for (size_t p = 0; p < 4; ++p) {
    double have[3] = {};
    for (int32_t row : *parts_of(*split)[p]) {
      ++have[labels[size_t(row)]];
      CHECK(part_of_group.emplace(groups[size_t(row)], p).first->second == p);
    }
    CHECK(double(parts_of(*split)[p]->size()) == doctest::Approx(shares[p] * double(labels.size())).epsilon(0.03));
    for (int c = 0; c < 3; ++c) CHECK(std::fabs(have[c] / all[c] - shares[p]) < 0.06);
  }
  auto again = split_rows(labels, groups, {}, 11);
  CHECK(again->select == split->select);
}

TEST_CASE("bad splits") {
  CHECK(split_error({}, {}, {}) == "a split needs labels of at least 2 classes, got 0");
  CHECK(split_error(std::vector<int32_t>(100, 3), {}, {}) == "a split needs labels of at least 2 classes, got 1");
  CHECK(split_error(two_classes(30), {}, {}) ==
        "the select part would get 8 of 30 rows, at least 10 are needed");
  CHECK(split_error(two_classes(100), std::vector<int64_t>(99), {}) ==
        "expected a group for each of 100 rows, got 99");
  CHECK(split_error(two_classes(100), std::vector<int64_t>(100, 5), {}) ==
        "the select part would get 0 of 100 rows, at least 10 are needed (groups stay whole)");
  CHECK(split_error(two_classes(100), {}, {-1, 1, 0, 1}, ErrorCode::kInvalidArgument) ==
        "shares of a split must be numbers from 0 to 1e9, got -1.000000");
  CHECK(split_error(two_classes(100), {}, {0, 0, 0, 0}, ErrorCode::kInvalidArgument) ==
        "at least one share of a split must be above 0");
}
