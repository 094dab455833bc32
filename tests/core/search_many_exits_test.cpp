// The local search beyond two exits against full enumeration, on tables small enough to enumerate.
#include <doctest/doctest.h>

#include <algorithm>

#include "search_tables.h"
#include "search_worlds.h"

namespace offramp {
namespace {

TEST_CASE("many exits: as cheap as the best of every plan of three exits") {
  Rng rng(23);
  int of_three = 0;
  for (int round = 0; round < 60; ++round) {
    const bool coarse = round % 2 == 0;
    const Outcomes o = random_table(rng, coarse ? 20 + rng.below(40) : 8 + rng.below(5), 6, coarse);
    SearchOptions options = plain(round % 3 == 0 ? Rule::kAccuracy : Rule::kHarm, 0.03 * rng.below(6));
    options.max_exits = 3;
    if (round % 4 == 0) options.max_class_drop = 0.05 * rng.below(5);
    if (round % 5 == 0) options.max_worst_cost = 101.0 + rng.below(6);
    CAPTURE(round);
    const auto found = search_exits(o, options);
    REQUIRE(found.ok());
    const std::vector<Plan> plans = every_plan(o, 3);
    double least = 0;
    REQUIRE(best_plan(o, plans, options, &least) != nullptr);
    CHECK(worth(o, found->chosen, options) == doctest::Approx(least).epsilon(1e-9));
    CHECK(meets_limits(o, found->chosen, options));
    of_three += found->chosen.exits.size() == 3;
  }
  CHECK(of_three > 10);
}

TEST_CASE("many exits: more exits never cost more, and steps are as many as announced") {
  World world;
  world.points = 10;
  const Outcomes o = draw(world, 600, 4);
  double before = 100;
  for (int exits = 0; exits <= kMaxExits; exits += exits == 4 ? 4 : 1) {
    SearchOptions options = plain(Rule::kHarm, 0.02);
    options.max_exits = exits;
    options.levels = 64;
    ExitSearch search(o, options);
    int64_t steps = 0;
    for (; !search.done(); ++steps) REQUIRE(search.step().ok());
    CHECK(steps == search.total_steps());
    const SearchResult result = search.take();
    CHECK(result.chosen.figures.mean_cost <= before);
    CHECK(result.chosen.figures.harm <= 0.02);
    CHECK(int(result.chosen.exits.size()) <= exits);
    for (size_t e = 1; e < result.chosen.exits.size(); ++e)
      CHECK(o.candidates[size_t(result.chosen.exits[e - 1].candidate)].exit_point <
            o.candidates[size_t(result.chosen.exits[e].candidate)].exit_point);
    before = result.chosen.figures.mean_cost;
  }
  CHECK(before < 70);
}

}  // namespace
}  // namespace offramp
