// The exact search against brute force over every threshold vector, on tables small enough to enumerate.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "search_tables.h"

namespace offramp {
namespace {

void compare_with_brute_force(const Outcomes& o, const SearchOptions& options) {
  const std::vector<Plan> plans = every_plan(o, options.max_exits);
  const auto found = search_exits(o, options);
  double nothing = 0;
  if (best_plan(o, plans, options, &nothing) == nullptr) {
    REQUIRE(!found.ok());
    CHECK(found.error().code == ErrorCode::kInfeasible);
    return;
  }
  REQUIRE(found.ok());
  const SearchResult& result = found.value();
  CHECK(result.plans_looked_at == int64_t(plans.size()));
  constexpr double kSpeck = 1e-9;

  // The front: exactly the points that no plan beats, each the first of its equals.
  std::vector<Plan> expected = {plans[0]};
  for (size_t i = 1; i < plans.size(); ++i) {
    bool keep = plans[i].figures.mean_cost < plans[0].figures.mean_cost - kSpeck;
    for (size_t k = 0; k < plans.size() && keep; ++k) {
      if (k == i) continue;
      const double dl = loss(plans[k], options.rule) - loss(plans[i], options.rule);
      const double dc = plans[k].figures.mean_cost - plans[i].figures.mean_cost;
      if (dl > kSpeck || dc > kSpeck) continue;
      const bool equal = dl > -kSpeck && dc > -kSpeck;
      const double dh = plans[k].figures.harm - plans[i].figures.harm;
      const auto exits = [&](size_t p) { return plans[p].exits.size(); };
      keep = equal && (exits(i) < exits(k) || (exits(i) == exits(k) && (dh > kSpeck || (dh > -kSpeck && i < k))));
    }
    if (keep) expected.push_back(plans[i]);
  }
  std::sort(expected.begin() + 1, expected.end(),
            [&](const Plan& a, const Plan& b) { return loss(a, options.rule) < loss(b, options.rule); });
  REQUIRE(result.front.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    REQUIRE(result.front[i].exits.size() == expected[i].exits.size());
    for (size_t e = 0; e < expected[i].exits.size(); ++e) {
      CHECK(result.front[i].exits[e].candidate == expected[i].exits[e].candidate);
      CHECK(result.front[i].exits[e].threshold == expected[i].exits[e].threshold);
    }
  }

  // The chosen plan.
  double least = 0;
  const Plan* best = best_plan(o, plans, options, &least);
  REQUIRE(best != nullptr);
  CHECK(result.chosen.exits.size() == best->exits.size());
  CHECK(loss(result.chosen, options.rule) == doctest::Approx(loss(*best, options.rule)));
  CHECK(meets_limits(o, result.chosen, options));
  CHECK(worth(o, result.chosen, options) <= least + options.near_tie + kSpeck);
}

TEST_CASE("search: equals brute force over all threshold vectors") {
  Rng rng(7);
  for (int round = 0; round < 120; ++round) {
    const bool coarse = round % 2 == 0;
    const Outcomes o = random_table(rng, coarse ? 1 + rng.below(60) : 1 + rng.below(24), 3 + int(rng.below(3)), coarse);
    SearchOptions options;
    options.rule = round % 4 < 2 ? Rule::kHarm : Rule::kAccuracy;
    options.levels = 64;
    options.max_exits = round % 5 == 0 ? 1 : 2;
    // Wide limits by accuracy: the allowance then refuses some plans and not others, on tables this small.
    options.max_drop = (options.rule == Rule::kHarm ? 0.02 : 0.08) * rng.below(8);
    options.allowance = round % 3 != 0;
    options.near_tie = 0.01 * rng.below(4);
    CAPTURE(round);
    compare_with_brute_force(o, options);
  }
}

TEST_CASE("search: equals brute force with limits by class, of accuracy and of worst cost") {
  Rng rng(17);
  for (int round = 0; round < 240; ++round) {
    const bool coarse = round % 2 == 0;
    const Outcomes o = random_table(rng, coarse ? 1 + rng.below(90) : 1 + rng.below(24), 3 + int(rng.below(3)), coarse);
    SearchOptions options;
    options.rule = round % 6 < 3 ? Rule::kHarm : round % 6 < 5 ? Rule::kAccuracy : Rule::kWeighted;
    options.levels = 128;
    options.max_exits = round % 5 == 0 ? 1 : 2;
    options.max_drop = 0.05 * rng.below(8);
    options.allowance = round % 3 == 0;
    options.near_tie = 0.01 * rng.below(3);
    options.cost_weight = 0.1 * rng.below(11);
    if (round % 4 != 0) options.max_class_drop = 0.04 * rng.below(8);
    const double accuracy = evaluate_plan(o, {}).accuracy;
    if (round % 7 < 3) options.min_accuracy = std::clamp(accuracy + 0.02 * (double(rng.below(8)) - 5), 0.0, 1.0);
    if (round % 11 < 4) options.max_worst_cost = 98.0 + rng.below(9);
    CAPTURE(round);
    compare_with_brute_force(o, options);
  }
}

TEST_CASE("search: figures of a plan worked out by hand") {
  const Outcomes o = tiny_table();
  const PlanFigures f = evaluate_plan(o, {{0, 0.6f}, {1, 0.5f}});
  // Rows 0 and 2 leave first, row 1 second, row 3 stays and the backbone is wrong there.
  CHECK(f.accuracy == 0.75);
  CHECK(f.harm == 0);
  CHECK(f.mean_cost == (2 * 25.0 + 66.0 + 106.0) / 4);
  CHECK(f.exit_rates == std::vector<double>{0.5, 0.25, 0.25});
  CHECK(f.exit_accuracy == std::vector<double>{1, 1, 0});
  const PlanFigures all = evaluate_plan(o, {{0, 0.0f}, {1, 0.5f}});
  CHECK(all.accuracy == 0.75);  // row 1 lost, row 3 mended
  CHECK(all.harm == 0.25);
  CHECK(all.mean_cost == 25);
  CHECK(std::isnan(all.exit_accuracy[1]));
  const PlanFigures base = evaluate_plan(o, {});
  CHECK(base.mean_cost == 100);
  CHECK(base.exit_rates == std::vector<double>{1});
}

TEST_CASE("search: chooses by rule, and thresholds stand between scores") {
  const Outcomes o = tiny_table();
  const auto harmless = search_exits(o, plain(Rule::kHarm, 0));
  REQUIRE(harmless.ok());
  // Rows 0 and 2 at the first exit (0.6 lies between 0.5 and 0.7), the others at the second.
  REQUIRE(harmless->chosen.exits.size() == 2);
  CHECK(harmless->chosen.exits[0].threshold == doctest::Approx(0.6));
  CHECK(harmless->chosen.exits[1].threshold == 0);
  CHECK(harmless->chosen.figures.mean_cost == (25.0 + 25 + 66 + 66) / 4);
  CHECK(harmless->chosen.figures.accuracy == 1);
  // By accuracy, losing row 1 is paid for by mending row 3.
  const auto lucky = search_exits(o, plain(Rule::kAccuracy, 0));
  REQUIRE(lucky.ok());
  REQUIRE(lucky->chosen.exits.size() == 1);
  CHECK(lucky->chosen.figures.mean_cost == 25);
  CHECK(lucky->chosen.figures.harm == 0.25);
}

TEST_CASE("search: near ties go to fewer exits") {
  const Outcomes o = tiny_table();
  SearchOptions options = plain(Rule::kHarm, 0);
  options.near_tie = 0.21;  // two exits cost 45.5; leaving always at the second point 61
  const auto found = search_exits(o, options);
  REQUIRE(found.ok());
  CHECK(found->chosen.exits.size() == 1);
  CHECK(found->chosen.figures.mean_cost == 61);
}

TEST_CASE("search: nothing feasible leaves the backbone, and so does max_exits 0") {
  Outcomes o = tiny_table();
  for (auto& c : o.candidates) c.predictions = {1, 0, 1, 0};  // all wrong
  const auto found = search_exits(o, plain(Rule::kHarm, 0));
  REQUIRE(found.ok());
  CHECK(found->chosen.exits.empty());
  CHECK(found->chosen.figures.mean_cost == 100);
  // The front still tells what the rest would cost.
  CHECK(found->front.front().exits.empty());
  CHECK(found->front.back().figures.mean_cost == 25);
  CHECK(found->front.back().figures.harm == 0.75);

  SearchOptions none = plain(Rule::kHarm, 1);
  none.max_exits = 0;
  const auto zero = search_exits(tiny_table(), none);
  REQUIRE(zero.ok());
  CHECK(zero->chosen.exits.empty());
  CHECK(zero->front.size() == 1);
  CHECK(zero->plans_looked_at == 1);
}

TEST_CASE("search: one row, all right, identical scores, a backbone that is always wrong") {
  Outcomes o = tiny_table();
  for (auto& c : o.candidates) c.predictions = o.labels;
  auto found = search_exits(o, plain(Rule::kHarm, 0));
  REQUIRE(found.ok());
  CHECK(found->chosen.figures.mean_cost == 25);
  CHECK(found->chosen.exits[0].threshold == 0);

  for (auto& c : o.candidates) c.scores.assign(4, 1.0f);
  found = search_exits(o, plain(Rule::kHarm, 0));
  REQUIRE(found.ok());
  CHECK(found->chosen.figures.mean_cost == 25);
  CHECK(found->plans_looked_at == 1 + 2 + 1);

  o.base_predictions = {1, 0, 1, 0};
  found = search_exits(o, plain(Rule::kAccuracy, 0));
  REQUIRE(found.ok());
  CHECK(found->chosen.figures.accuracy == 1);

  Outcomes single = tiny_table();
  single.labels.resize(1);
  single.base_predictions.resize(1);
  for (auto& c : single.candidates) {
    c.scores.resize(1);
    c.predictions.resize(1);
  }
  found = search_exits(single, plain(Rule::kHarm, 0));
  REQUIRE(found.ok());
  CHECK(found->chosen.figures.mean_cost == 25);
}

TEST_CASE("search: paper candidates are passed over") {
  Outcomes o = tiny_table();
  o.candidates[0].paper = true;
  const auto found = search_exits(o, plain(Rule::kHarm, 1));
  REQUIRE(found.ok());
  REQUIRE(found->chosen.exits.size() == 1);
  CHECK(found->chosen.exits[0].candidate == 1);
}

TEST_CASE("search: quantile levels keep the counts exact and the front thin") {
  Rng rng(3);
  const Outcomes o = random_table(rng, 3000, 4, false);
  SearchOptions options = plain(Rule::kHarm, 0.05);
  options.levels = 32;
  const auto few = search_exits(o, options);
  options.levels = 256;
  const auto many = search_exits(o, options);
  REQUIRE(few.ok());
  REQUIRE(many.ok());
  CHECK(many->chosen.figures.mean_cost <= few->chosen.figures.mean_cost + 0.5);
  CHECK(int64_t(many->front.size()) <= kMaxFront);
  CHECK(many->front.front().exits.empty());
  for (size_t i = 2; i < many->front.size(); ++i) {
    CHECK(many->front[i].figures.harm > many->front[i - 1].figures.harm);
    CHECK(many->front[i].figures.mean_cost < many->front[i - 1].figures.mean_cost);
  }
  CHECK(many->chosen.figures.harm <= 0.05);
}

TEST_CASE("search: steps are as many as announced, and give the same as one go") {
  Rng rng(5);
  const Outcomes o = random_table(rng, 400, 5, false);
  ExitSearch search(o, plain(Rule::kHarm, 0.05));
  int64_t steps = 0;
  for (; !search.done(); ++steps) REQUIRE(search.step().ok());
  CHECK(steps == search.total_steps());
  const SearchResult stepped = search.take();
  const auto whole = search_exits(o, plain(Rule::kHarm, 0.05));
  REQUIRE(whole.ok());
  CHECK(stepped.front.size() == whole->front.size());
  CHECK(stepped.chosen.figures.mean_cost == whole->chosen.figures.mean_cost);
}

TEST_CASE("search: bad options and tables are refused in words") {
  const auto error = [](const Outcomes& o, const SearchOptions& options) {
    const auto found = search_exits(o, options);
    REQUIRE(!found.ok());
    return std::string(to_string(found.error().code)) + ": " + found.error().to_string();
  };
  const SearchOptions fine = plain(Rule::kHarm, 0.01);
  SearchOptions options = fine;
  options.max_exits = 9;
  CHECK(error(tiny_table(), options) == "invalid_argument: max_exits must be 0 to 8, got 9");
  options = fine;
  options.levels = 1;
  CHECK(error(tiny_table(), options) == "invalid_argument: levels must be 2 to 4096, got 1");
  options = fine;
  options.max_drop = std::numeric_limits<double>::quiet_NaN();
  CHECK(error(tiny_table(), options) == "invalid_argument: max_drop must be a share from 0 to 1, got nan");
  options = fine;
  options.near_tie = -1;
  CHECK(error(tiny_table(), options) == "invalid_argument: near_tie must be a share from 0 to 1, got -1.000000");
  CHECK(error(Outcomes{}, fine) == "invalid_argument: no rows to search on");
  Outcomes o = tiny_table();
  o.base_cost = 0;
  CHECK(error(o, fine) == "invalid_argument: base_cost must be positive and finite, got 0.000000");
  o = tiny_table();
  o.base_predictions.pop_back();
  CHECK(error(o, fine) == "invalid_argument: expected 4 predictions of the backbone, got 3");
  o = tiny_table();
  o.candidates[1].scores[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(error(o, fine) == "invalid_argument: candidate 1: the score of row 2 must be in [0, 1], got NaN");
  o = tiny_table();
  o.candidates[0].scores[1] = 1.5f;
  CHECK(error(o, fine) == "invalid_argument: candidate 0: the score of row 1 must be in [0, 1], got 1.500000");
  o = tiny_table();
  o.candidates[0].head_cost = -1;
  CHECK(error(o, fine) == "invalid_argument: candidate 0: costs must be finite and not negative, got -1.000000");
  o = tiny_table();
  o.candidates[0].predictions.pop_back();
  CHECK(error(o, fine) == "invalid_argument: candidate 0: expected 4 scores and predictions, got 4 and 3");
  o = tiny_table();
  o.candidates.resize(size_t(kMaxCandidates) + 1);
  CHECK(error(o, fine) == "limit_exceeded: 2049 candidates, at most 2048");
}

}  // namespace
}  // namespace offramp
