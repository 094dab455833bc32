// What the allowance is for, by simulation: plans chosen on few rows must hold on fresh ones, without being timid.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/math.h"
#include "base/rng.h"
#include "search/search.h"

namespace offramp {
namespace {

float sigmoid(float x) { return 1 / (1 + exp_exact(-x)); }

// Rows differ in difficulty; exits grow better with depth; neighbouring exits err together, in answers and in scores.
Outcomes draw(int points, float first, int64_t rows, uint64_t seed) {
  Rng rng(seed);
  Outcomes o;
  o.classes = 3;
  o.base_cost = 100;
  const auto n = size_t(rows);
  constexpr float kBackbone = 4;
  std::vector<float> difficulty(n), answer_noise(n), score_noise(n);
  for (float& d : difficulty) {
    d = 2 * rng.normal();
    o.labels.push_back(0);
    o.base_predictions.push_back(rng.uniform() < sigmoid(kBackbone - d) ? 0 : 1);
  }
  for (int p = 0; p < points; ++p) {
    const float skill = first + (kBackbone - first) * float(p) / float(points);
    std::vector<float> sure(n);
    std::vector<int32_t> answers;
    for (size_t r = 0; r < n; ++r) {
      answer_noise[r] = 0.8f * answer_noise[r] + 0.6f * rng.normal();
      score_noise[r] = 0.8f * score_noise[r] + 0.6f * rng.normal();
      const float ease = skill - difficulty[r] + answer_noise[r];
      sure[r] = ease + 0.6f * score_noise[r] + 0.25f * rng.normal();
      answers.push_back(rng.uniform() < sigmoid(1.5f * ease) ? 0 : 1 + int32_t(rng.below(2)));
    }
    for (int s = 0; s < 3; ++s) {
      ExitCandidate c;
      c.exit_point = p;
      c.head = p;
      c.backbone_cost = 100.0 * (p + 1) / (points + 1);
      c.head_cost = 0.1;
      c.predictions = answers;
      for (size_t r = 0; r < n; ++r) c.scores.push_back(sigmoid(sure[r] + (s > 0 ? 0.2f * rng.normal() : 0.0f)));
      o.candidates.push_back(std::move(c));
    }
  }
  return o;
}

struct Average {
  double drop = 0, cost = 0;  // on fresh rows; drop is harm, or by kAccuracy the accuracy lost
};
Average simulate(int points, int64_t rows, double max_drop, Rule rule, bool allowance) {
  const Outcomes fresh = draw(points, -0.5f, 20000, 99);
  const double base = evaluate_plan(fresh, {}).accuracy;
  constexpr int kRounds = 10;
  Average mean;
  for (int i = 0; i < kRounds; ++i) {
    SearchOptions options;
    options.levels = 128;
    options.max_drop = max_drop;
    options.rule = rule;
    options.allowance = allowance;
    const auto found = search_exits(draw(points, -0.5f, rows, 1000 + uint64_t(i)), options);
    REQUIRE(found.ok());
    const PlanFigures figures = evaluate_plan(fresh, found->chosen.exits);
    mean.drop += (rule == Rule::kHarm ? figures.harm : base - figures.accuracy) / kRounds;
    mean.cost += figures.mean_cost / kRounds;
  }
  return mean;
}

TEST_CASE("allowance: chosen plans hold on fresh rows and are not timid") {
  struct Case {
    int points;
    int64_t rows;
    double max_drop;
    Rule rule;
  };
  for (const Case& c : {Case{4, 500, 0.02, Rule::kHarm}, Case{12, 500, 0.01, Rule::kHarm},
                        Case{12, 1000, 0.01, Rule::kHarm}, Case{12, 2000, 0.005, Rule::kHarm},
                        Case{24, 1000, 0.01, Rule::kHarm}, Case{12, 5000, 0.01, Rule::kHarm},
                        Case{12, 1000, 0.01, Rule::kAccuracy}, Case{12, 5000, 0.01, Rule::kAccuracy}}) {
    CAPTURE(c.points);
    CAPTURE(c.rows);
    CAPTURE(c.max_drop);
    const Average held = simulate(c.points, c.rows, c.max_drop, c.rule, true);
    CHECK(held.drop < c.max_drop + 0.002);
    CHECK(held.drop > 0.45 * c.max_drop);
    CHECK(held.cost < 90);
  }
}

TEST_CASE("allowance: without it the same search overspends") {
  CHECK(simulate(12, 1000, 0.01, Rule::kHarm, false).drop > 0.015);
  CHECK(simulate(12, 1000, 0.01, Rule::kAccuracy, false).drop > 0.02);
}

TEST_CASE("allowance: rises with what was looked at and vanishes with rows") {
  CHECK(search_allowance(0, 10, 1000, 0.01) == 0);
  CHECK(search_allowance(1, 10, 1000, 0.01) < search_allowance(2, 10, 1000, 0.01));
  CHECK(search_allowance(2, 10, 1000, 0.01) < search_allowance(2, 50, 1000, 0.01));
  CHECK(search_allowance(2, 10, 1000, 0.01) < search_allowance(2, 10, 1000, 0.02));
  CHECK(search_allowance(2, 10, 1000000, 0.01) < 0.0004);
  // z2 = ln 11, count 10: z2 / 2 + sqrt(z2 * (10 + z2 / 4)), over 1000.
  CHECK(search_allowance(1, 10, 1000, 0.01) == doctest::Approx(0.0062402).epsilon(1e-4));
}

}  // namespace
}  // namespace offramp
