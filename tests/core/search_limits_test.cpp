// Limits besides the overall drop: by class, of accuracy, of the worst cost; and what is said when they cannot be met.
#include <doctest/doctest.h>

#include <algorithm>

#include "search_tables.h"
#include "search_worlds.h"

namespace offramp {
namespace {

struct Average {
  std::vector<double> harm = std::vector<double>(4);  // by class, on fresh rows
  double cost = 0;
};
Average simulate(const World& world, int64_t rows, const SearchOptions& options) {
  const Outcomes fresh = draw(world, 20000, 77);
  constexpr int kRounds = 24;
  Average mean;
  for (int i = 0; i < kRounds; ++i) {
    const auto found = search_exits(draw(world, rows, 500 + uint64_t(i)), options);
    REQUIRE(found.ok());
    const std::vector<double> harm = class_harm(fresh, found->chosen);
    for (size_t c = 0; c < 4; ++c) mean.harm[c] += harm[c] / kRounds;
    mean.cost += evaluate_plan(fresh, found->chosen.exits).mean_cost / kRounds;
  }
  return mean;
}

TEST_CASE("class limit: no class loses more on fresh rows, and savings remain") {
  struct Case {
    World world;
    int64_t rows;
    double cost;
  };
  World rare;  // 32 rows of the last class
  rare.class_shares = {0.89, 0.0745, 0.0275, 0.008};
  rare.first_skill = 0.5f;
  rare.confused = {0, 0.05f, 0.3f, 0.3f};
  World even = rare;
  even.class_shares = {0.4, 0.3, 0.2, 0.1};
  even.confused = {0, 0, 0.1f, 0.3f};
  for (const Case& c : {Case{rare, 4000, 90}, Case{even, 1500, 93}}) {
    SearchOptions options;
    options.levels = 64;
    const Average before = simulate(c.world, c.rows, options);
    CHECK(before.harm[3] > 0.03);
    options.max_class_drop = 0.02;
    const Average after = simulate(c.world, c.rows, options);
    for (double harm : after.harm) CHECK(harm < 0.02);
    CHECK(after.cost < c.cost);
  }
}

TEST_CASE("class limit: a large class is held to it as all rows are to the overall limit") {
  World world;
  SearchOptions options;
  options.max_drop = 0.02;
  options.levels = 64;
  const Outcomes o = draw(world, 1500, 3);
  const auto overall = search_exits(o, options);
  options.max_drop = 1;
  options.max_class_drop = 0.02;
  const auto by_class = search_exits(o, options);
  REQUIRE(overall.ok());
  REQUIRE(by_class.ok());
  CHECK(by_class->chosen.figures.mean_cost == overall->chosen.figures.mean_cost);
  CHECK(by_class->chosen.figures.mean_cost < 90);
}

TEST_CASE("class limit: a class of one row may lose nothing, and forbids nothing that harms no row") {
  Outcomes o = tiny_table();
  o.labels = o.base_predictions = {0, 1, 0, 2};
  o.classes = 3;
  for (auto& c : o.candidates) c.predictions = {0, 1, 0, 0};
  SearchOptions options;
  options.near_tie = 0;
  options.max_drop = 1;
  options.allowance = false;
  options.max_class_drop = 0.5;
  const auto found = search_exits(o, options);
  REQUIRE(found.ok());
  REQUIRE(found->chosen.exits.size() == 1);  // all rows but the last leave first
  CHECK(found->chosen.figures.mean_cost == (3 * 25.0 + 105) / 4);
  CHECK(found->chosen.figures.harm == 0);
}

TEST_CASE("class limit: 10,000 classes") {
  World world;
  world.points = 3;
  Outcomes o = draw(world, 20000, 1);
  for (size_t r = 0; r < o.labels.size(); ++r) {
    const auto renamed = [&](int32_t answer) { return answer == 0 ? int32_t(r % 10000) : 10000; };
    o.labels[r] = renamed(o.labels[r]);
    o.base_predictions[r] = renamed(o.base_predictions[r]);
    for (auto& c : o.candidates) c.predictions[r] = renamed(c.predictions[r]);
  }
  SearchOptions options;
  options.levels = 64;
  options.max_class_drop = 0.02;
  const auto found = search_exits(o, options);
  REQUIRE(found.ok());
  CHECK(found->chosen.figures.harm == 0);  // two rows a class: none to lose
  CHECK(found->chosen.figures.mean_cost < 100);
}

std::string refusal(const Outcomes& o, const SearchOptions& options) {
  const auto found = search_exits(o, options);
  REQUIRE(!found.ok());
  CHECK(found.error().code == ErrorCode::kInfeasible);
  return found.error().to_string();
}

TEST_CASE("limits: what cannot be met is refused with the nearest plan") {
  const Outcomes o = tiny_table();
  SearchOptions options = plain(Rule::kHarm, 1);
  options.min_accuracy = 1;
  CHECK(search_exits(o, options).ok());  // the second exit is right where the backbone is wrong
  Outcomes no_better = o;
  for (auto& c : no_better.candidates) c.predictions = {0, 0, 0, 0};
  CHECK(refusal(no_better, options) == "no plan reaches accuracy 1: the model itself has 0.75");
  Outcomes better = o;
  for (auto& c : better.candidates) c.predictions = {1, 1, 0, 1};
  options.min_accuracy = 0.9;
  better.base_predictions = {1, 1, 1, 0};
  CHECK(refusal(better, options) ==
        "no plan reaches accuracy 0.9: the model itself has 0.25, the best plan 0.75 at 25 % of its cost");
  // 400 rows: the allowance no longer dwarfs the limits.
  Outcomes many = better;
  const auto repeat = [](auto& rows) {
    const auto once = rows;
    for (int k = 1; k < 100; ++k) rows.insert(rows.end(), once.begin(), once.end());
  };
  repeat(many.labels);
  repeat(many.base_predictions);
  for (auto& c : many.candidates) repeat(c.scores), repeat(c.predictions);
  options.allowance = true;
  options.min_accuracy = 0.74;
  CHECK(refusal(many, options) ==
        "no plan reaches accuracy 0.74: the model itself has 0.25, the best plan 0.75 at 25 % of its cost (0.7218 with the "
        "allowance for having chosen it)");
  // With nothing to mend, the floor binds like a drop.
  options = plain(Rule::kHarm, 1);
  options.min_accuracy = 0.75;
  const auto held = search_exits(o, options);
  REQUIRE(held.ok());
  CHECK(held->chosen.figures.accuracy >= 0.75);

  options = plain(Rule::kHarm, 0);
  options.max_worst_cost = 99;  // only where the last exit takes every row
  const auto cut_short = search_exits(o, options);
  REQUIRE(cut_short.ok());
  CHECK(cut_short->chosen.exits.back().threshold == 0);
  options.max_worst_cost = 60;
  CHECK(refusal(o, options) ==
        "no plan keeps every sample's cost within 60: the model itself costs 100, the nearest plan at most 61");
}

}  // namespace
}  // namespace offramp
