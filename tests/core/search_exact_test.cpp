// The exact search against brute force over every threshold vector, on tables small enough to enumerate.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/rng.h"
#include "search/search.h"

namespace offramp {
namespace {

// Few distinct scores and costs, so that ties are common.
Outcomes random_table(Rng& rng, int64_t rows, int candidates, bool coarse) {
  Outcomes o;
  o.classes = 3;
  o.base_cost = 100;
  for (int64_t r = 0; r < rows; ++r) {
    o.labels.push_back(int32_t(rng.below(3)));
    o.base_predictions.push_back(rng.below(10) < 8 ? o.labels.back() : int32_t(rng.below(3)));
  }
  for (int c = 0; c < candidates; ++c) {
    ExitCandidate e;
    e.exit_point = c / 2 + int32_t(rng.below(2));
    e.head = c;
    e.backbone_cost = 10.0 * (e.exit_point + 1);
    e.head_cost = 1 + rng.below(3);
    for (int64_t r = 0; r < rows; ++r) {
      const float score = coarse ? float(rng.below(6)) / 5 : rng.uniform();
      e.scores.push_back(score);
      e.predictions.push_back(rng.uniform() < 0.5f + 0.5f * score ? o.labels[size_t(r)] : int32_t(rng.below(3)));
    }
    o.candidates.push_back(e);
  }
  std::stable_sort(o.candidates.begin(), o.candidates.end(),
                   [](const auto& a, const auto& b) { return a.exit_point < b.exit_point; });
  return o;
}

std::vector<float> all_thresholds(const ExitCandidate& candidate) {
  const std::set<float> scores(candidate.scores.begin(), candidate.scores.end());
  std::vector<float> out = {0};
  for (auto it = std::next(scores.begin()); it != scores.end(); ++it) {
    const float below = *std::prev(it), middle = below + (*it - below) / 2;
    out.push_back(middle > below ? middle : *it);
  }
  std::reverse(out.begin(), out.end());  // among equals the higher threshold comes first
  return out;
}

std::vector<Plan> every_plan(const Outcomes& o, int max_exits) {
  std::vector<Plan> plans = {{{}, evaluate_plan(o, {})}};
  const auto add = [&](std::vector<PlannedExit> exits) { plans.push_back({exits, evaluate_plan(o, exits)}); };
  for (int32_t a = 0; a < int32_t(o.candidates.size()) && max_exits >= 1; ++a)
    for (float t : all_thresholds(o.candidates[size_t(a)])) add({{a, t}});
  for (int32_t a = 0; a < int32_t(o.candidates.size()) && max_exits >= 2; ++a)
    for (int32_t b = 0; b < int32_t(o.candidates.size()); ++b) {
      if (o.candidates[size_t(a)].exit_point >= o.candidates[size_t(b)].exit_point) continue;
      for (float t : all_thresholds(o.candidates[size_t(a)]))
        for (float u : all_thresholds(o.candidates[size_t(b)])) add({{a, t}, {b, u}});
    }
  return plans;
}

double loss(const Plan& plan, Rule rule) { return rule == Rule::kHarm ? plan.figures.harm : 1 - plan.figures.accuracy; }

// Shares of rows that make up a plan's drop, counted by hand.
double changed_share(const Outcomes& o, const Plan& plan, Rule rule) {
  int64_t changed = 0;
  for (size_t r = 0; r < o.labels.size(); ++r) {
    int32_t answer = o.base_predictions[r];
    for (const PlannedExit& e : plan.exits)
      if (o.candidates[size_t(e.candidate)].scores[r] >= e.threshold) {
        answer = o.candidates[size_t(e.candidate)].predictions[r];
        break;
      }
    const bool base = o.base_predictions[r] == o.labels[r], now = answer == o.labels[r];
    changed += rule == Rule::kHarm ? base && !now : base != now;
  }
  return double(changed) / double(o.rows());
}

void compare_with_brute_force(const Outcomes& o, const SearchOptions& options) {
  const std::vector<Plan> plans = every_plan(o, options.max_exits);
  const auto found = search_exits(o, options);
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

  // The chosen plan: least cost within the limit, then the near-tie rule.
  std::set<int32_t> points;
  for (const ExitCandidate& c : o.candidates) points.insert(c.exit_point);
  const auto meets = [&](const Plan& p) {
    const double drop = options.rule == Rule::kHarm ? p.figures.harm : plans[0].figures.accuracy - p.figures.accuracy;
    const double extra = options.allowance && !p.exits.empty()
                             ? search_allowance(int(p.exits.size()), int64_t(points.size()), o.rows(),
                                                changed_share(o, p, options.rule))
                             : 0;
    return p.exits.empty() || drop + extra <= options.max_drop + kSpeck;
  };
  double least = std::numeric_limits<double>::infinity();
  for (const Plan& p : plans)
    if (meets(p)) least = std::min(least, p.figures.mean_cost);
  const double tie = least + options.near_tie * o.base_cost + kSpeck;
  const Plan* best = nullptr;
  for (const Plan& p : plans) {
    if (!meets(p) || p.figures.mean_cost > tie) continue;
    const auto key = [&](const Plan& q) { return std::make_pair(double(q.exits.size()), loss(q, options.rule)); };
    if (!best || key(p) < key(*best)) best = &p;
  }
  REQUIRE(best != nullptr);
  CHECK(result.chosen.exits.size() == best->exits.size());
  CHECK(loss(result.chosen, options.rule) == doctest::Approx(loss(*best, options.rule)));
  CHECK(meets(result.chosen));
  CHECK(result.chosen.figures.mean_cost <= tie);
}

Outcomes tiny_table() {
  Outcomes o;
  o.classes = 2;
  o.base_cost = 100;
  o.labels = {0, 1, 0, 1};
  o.base_predictions = {0, 1, 0, 0};
  ExitCandidate first;
  first.exit_point = 0;
  first.backbone_cost = 20;
  first.head_cost = 5;
  first.scores = {0.9f, 0.5f, 0.7f, 0.3f};
  first.predictions = {0, 0, 0, 1};
  ExitCandidate second = first;
  second.exit_point = 1;
  second.backbone_cost = 60;
  second.head_cost = 1;
  second.scores = {0.8f, 0.6f, 0.8f, 0.2f};
  second.predictions = {0, 1, 0, 1};
  o.candidates = {first, second};
  return o;
}

SearchOptions plain(Rule rule, double max_drop) {
  SearchOptions options;
  options.rule = rule;
  options.max_drop = max_drop;
  options.allowance = false;
  options.near_tie = 0;
  return options;
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
  options.max_exits = 3;
  CHECK(error(tiny_table(), options) == "invalid_argument: max_exits must be 0 to 2, got 3");
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
