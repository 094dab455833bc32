// The paper's rule against its definition: every architecture and threshold vector by the independence formula.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "search/paper_method.h"

namespace offramp {
namespace {

Outcomes random_table(uint64_t seed, int64_t rows, int points) {
  Rng rng(seed);
  Outcomes o;
  o.classes = 2;
  o.base_cost = 100;
  for (int64_t r = 0; r < rows; ++r) {
    o.labels.push_back(int32_t(rng.below(2)));
    o.base_predictions.push_back(rng.below(10) < 9 ? o.labels.back() : 1 - o.labels.back());
  }
  for (int p = 0; p < points; ++p) {
    ExitCandidate c;
    c.exit_point = p;
    c.paper = p != 1;  // point 1's head is not the paper's
    c.backbone_cost = 100.0 * (p + 1) / (points + 1);
    c.head_cost = 2;
    for (int64_t r = 0; r < rows; ++r) {
      c.scores.push_back(0.5f + 0.5f * rng.uniform());
      const bool right = rng.uniform() < 0.35f + 0.1f * float(p) + 0.5f * (c.scores.back() - 0.5f);
      c.predictions.push_back(right ? o.labels[size_t(r)] : 1 - o.labels[size_t(r)]);
    }
    o.candidates.push_back(c);
  }
  return o;
}

struct Predicted {
  double accuracy = 0, cost = 0, weighted = 0;
};
Predicted predict(const Outcomes& o, const PaperOptions& options, const std::vector<PlannedExit>& exits) {
  const double rows = double(o.rows()), base = evaluate_plan(o, {}).accuracy;
  Predicted sum;
  double reach = 1, heads = 0;
  for (const PlannedExit& e : exits) {
    const ExitCandidate& c = o.candidates[size_t(e.candidate)];
    double left = 0, right = 0;
    for (size_t r = 0; r < o.labels.size(); ++r)
      if (c.scores[r] >= e.threshold) {
        left += 1;
        right += c.predictions[r] == o.labels[r];
      }
    heads += c.head_cost;
    const double p = left / rows;
    if (left > 0) sum.accuracy += reach * p * right / left;
    sum.cost += reach * p * (c.backbone_cost + heads);
    reach *= 1 - p;
  }
  sum.accuracy += reach * base;
  sum.cost += reach * (o.base_cost + heads);
  sum.weighted = options.cost_weight * sum.cost / o.base_cost +
                 options.accuracy_weight * (1 - sum.accuracy) / std::max(1 - base, 1 / rows);
  return sum;
}

TEST_CASE("paper method: the best of all architectures and thresholds") {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    const Outcomes o = random_table(seed, 40, 4);
    PaperOptions options;
    options.cost_weight = seed % 3 == 0 ? 0.5 : 0.9;
    options.accuracy_weight = 1 - options.cost_weight;
    options.max_exits = int(seed % 4);
    std::vector<PlannedExit> nodes;
    for (int32_t c : {0, 2, 3})
      for (int t = 0; t < 13; ++t) nodes.push_back({c, 0.6f + 0.025f * float(t)});
    double best = predict(o, options, {}).weighted;
    const auto consider = [&](const std::vector<PlannedExit>& exits) {
      if (int(exits.size()) <= options.max_exits) best = std::min(best, predict(o, options, exits).weighted);
    };
    for (const PlannedExit& a : nodes) {
      consider({a});
      for (const PlannedExit& b : nodes) {
        if (a.candidate >= b.candidate) continue;
        consider({a, b});
        for (const PlannedExit& c : nodes)
          if (b.candidate < c.candidate) consider({a, b, c});
      }
    }
    const PaperPlan found = search_paper_method(o, options);
    CAPTURE(seed);
    CHECK(int(found.plan.exits.size()) <= options.max_exits);
    for (const PlannedExit& e : found.plan.exits) CHECK(o.candidates[size_t(e.candidate)].paper);
    const Predicted again = predict(o, options, found.plan.exits);
    CHECK(again.weighted == doctest::Approx(best).epsilon(1e-12));
    CHECK(found.predicted.accuracy == doctest::Approx(again.accuracy));
    CHECK(found.predicted.mean_cost == doctest::Approx(again.cost));
    const PlanFigures real = evaluate_plan(o, found.plan.exits);
    CHECK(found.plan.figures.accuracy == real.accuracy);
    CHECK(found.plan.figures.mean_cost == real.mean_cost);
  }
}

TEST_CASE("paper method: predicts wrongly where exits err on the same rows") {
  Outcomes o;
  o.classes = 2;
  o.base_cost = 100;
  for (int r = 0; r < 10; ++r) {
    o.labels.push_back(0);
    o.base_predictions.push_back(r == 9);
  }
  // Both exits are sure of the same easy half; the second is only good on it.
  for (int p = 0; p < 2; ++p) {
    ExitCandidate c;
    c.exit_point = p;
    c.paper = true;
    c.backbone_cost = 10 + 10 * p;
    for (int r = 0; r < 10; ++r) {
      c.scores.push_back(r < 5 ? 0.95f : (p == 1 && r < 8 ? 0.85f : 0.5f));
      c.predictions.push_back(r < 5 ? 0 : 1);
    }
    o.candidates.push_back(c);
  }
  const PaperPlan found = search_paper_method(o, {.cost_weight = 0.97, .accuracy_weight = 0.03, .max_exits = 2});
  REQUIRE(found.plan.exits.size() == 2);
  CHECK(found.predicted.accuracy > found.plan.figures.accuracy + 0.05);
  CHECK(found.predicted.exit_rates.size() == 3);
}

TEST_CASE("paper method: a correction lowers the thresholds found, and what was predicted stays") {
  const Outcomes o = random_table(3, 200, 4);
  const PaperPlan plain = search_paper_method(o, {});
  REQUIRE(plain.plan.exits.size() > 0);
  for (double correction : kPaperCorrections) {
    const PaperPlan found = search_paper_method(o, {.correction = correction});
    REQUIRE(found.plan.exits.size() == plain.plan.exits.size());
    for (size_t e = 0; e < found.plan.exits.size(); ++e) {
      CHECK(found.plan.exits[e].candidate == plain.plan.exits[e].candidate);
      CHECK(found.plan.exits[e].threshold == plain.plan.exits[e].threshold * float(correction));
    }
    CHECK(found.predicted.accuracy == plain.predicted.accuracy);
    CHECK(found.predicted.mean_cost == plain.predicted.mean_cost);
    CHECK(found.plan.figures.mean_cost == evaluate_plan(o, found.plan.exits).mean_cost);
    CHECK(found.plan.figures.mean_cost <= plain.plan.figures.mean_cost);
  }
}

TEST_CASE("paper method: the weights decide between cost and accuracy") {
  const Outcomes o = random_table(5, 300, 4);
  const auto with = [&](double cost) { return search_paper_method(o, {.cost_weight = cost, .accuracy_weight = 1 - cost}); };
  double cost = std::numeric_limits<double>::infinity();
  for (double weight : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    const PaperPlan found = with(weight);
    CHECK(found.predicted.mean_cost <= cost);
    cost = found.predicted.mean_cost;
  }
  CHECK(with(0).predicted.accuracy >= with(1).predicted.accuracy);
}

TEST_CASE("paper method: without candidates the backbone") {
  Outcomes o = random_table(1, 20, 2);
  for (auto& c : o.candidates) c.paper = false;
  const PaperPlan found = search_paper_method(o, {});
  CHECK(found.plan.exits.empty());
  CHECK(found.predicted.mean_cost == 100);
  CHECK(found.predicted.accuracy == found.plan.figures.accuracy);
}

}  // namespace
}  // namespace offramp
