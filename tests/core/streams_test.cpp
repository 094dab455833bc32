// Stream rules by hand, against a plain restatement, and what they are for: saving on records that change slowly.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "search/certificate.h"
#include "search/streams.h"

namespace offramp {
namespace {

struct Row {
  std::vector<float> early;
  int32_t base, label;
  bool starts = false;
};
// One exit of cost 10 + 1 before a backbone of 100, its score the largest probability.
StreamTable table_of(const std::vector<Row>& rows) {
  StreamTable t;
  t.outcomes.classes = int32_t(rows[0].early.size());
  t.outcomes.base_cost = 100;
  ExitCandidate c;
  c.backbone_cost = 10;
  c.head_cost = 1;
  for (const Row& row : rows) {
    t.outcomes.labels.push_back(row.label);
    t.outcomes.base_predictions.push_back(row.base);
    const auto largest = std::max_element(row.early.begin(), row.early.end());
    c.scores.push_back(*largest);
    c.predictions.push_back(int32_t(largest - row.early.begin()));
    t.early.insert(t.early.end(), row.early.begin(), row.early.end());
    t.starts.push_back(row.starts);
  }
  t.outcomes.candidates = {c};
  return t;
}

TEST_CASE("streams: difference detection worked out by hand") {
  // Never sure by itself: threshold 0.95.
  const StreamTable t = table_of({
      {{0.6f, 0.4f}, 1, 1, true},    // begins: the backbone says 1
      {{0.63f, 0.37f}, 1, 1},        // distance 0.042: 1 again
      {{0.55f, 0.45f}, 0, 0},        // distance 0.071 from the reference: 1 again, which harms
      {{0.8f, 0.2f}, 0, 0},          // distance 0.28: a new scene, 0
      {{0.96f, 0.04f}, 1, 1},        // sure: 0 by itself, which harms, and a new scene
      {{0.9f, 0.1f}, 0, 0},          // distance 0.085: 0
      {{0.9f, 0.1f}, 1, 0, true},    // a new record: the backbone, wrong
  });
  const StreamFigures f = evaluate_stream(t, {{0, 0.95f}}, {StreamRule::kDifference, 0.1f});
  CHECK(f.reuse_rate == 3.0 / 7);
  CHECK(f.plan.exit_rates == std::vector<double>{1.0 / 7, 3.0 / 7});
  CHECK(f.plan.harm == 2.0 / 7);
  CHECK(f.plan.accuracy == 4.0 / 7);
  CHECK(f.plan.mean_cost == doctest::Approx((4 * 11.0 + 3 * 101.0) / 7));
  CHECK(f.plan.exit_accuracy[0] == 0);
  CHECK(f.plan.exit_accuracy[1] == doctest::Approx(2.0 / 3));
}

TEST_CASE("streams: temporal patience worked out by hand") {
  const StreamTable t = table_of({
      {{0.7f, 0.3f}, 1, 1, true},  // begins with 1
      {{0.65f, 0.35f}, 1, 1},      // the same class, 0.05 less sure: 1 again
      {{0.58f, 0.42f}, 0, 0},      // 0.12 less sure than the reference: a new scene, 0
      {{0.9f, 0.1f}, 0, 0},        // surer: 0 again
      {{0.4f, 0.6f}, 1, 1},        // another class: a new scene
  });
  const StreamFigures f = evaluate_stream(t, {{0, 0.95f}}, {StreamRule::kPatience, 0.1f});
  CHECK(f.reuse_rate == 2.0 / 5);
  CHECK(f.plan.harm == 0);
  CHECK(f.plan.accuracy == 1);
  CHECK(to_string(StreamRule::kPatience) == "patience");
  CHECK(to_string(StreamRule::kDifference) == "difference");
}

// A record's class stays for a while; the first exit sees it through a drift and noise; two exits and a good backbone.
StreamTable slow_records(int64_t rows, uint64_t seed, bool shuffled) {
  Rng rng(seed);
  StreamTable t;
  t.outcomes.classes = 3;
  t.outcomes.base_cost = 100;
  t.outcomes.candidates.resize(2);
  int32_t label = 0;
  float drift = 0;
  for (int64_t r = 0; r < rows; ++r) {
    const bool starts = r % 200 == 0;
    if (starts || rng.below(25) == 0 || shuffled) label = int32_t(rng.below(3)), drift = rng.normal();
    drift += 0.1f * rng.normal();
    t.starts.push_back(starts);
    t.outcomes.labels.push_back(label);
    t.outcomes.base_predictions.push_back(rng.below(50) ? label : int32_t(rng.below(3)));
    for (int e = 0; e < 2; ++e) {
      ExitCandidate& c = t.outcomes.candidates[size_t(e)];
      c.exit_point = c.head = e;
      c.backbone_cost = 10 + 40 * e;
      std::vector<float> p(3);
      float sum = 0;
      for (int k = 0; k < 3; ++k) {
        const float z = (k == label ? 1.2f + 1.2f * float(e) : 0.0f) + (k == 2 ? 0.8f * drift : 0.0f) + 0.15f * rng.normal();
        sum += p[size_t(k)] = std::exp(z);
      }
      for (float& v : p) v /= sum;
      const auto largest = std::max_element(p.begin(), p.end());
      c.scores.push_back(*largest);
      c.predictions.push_back(int32_t(largest - p.begin()));
      if (e == 0) t.early.insert(t.early.end(), p.begin(), p.end());
    }
  }
  return t;
}

// The rule said again, plainly: every reference is looked up among the rows before.
std::vector<int32_t> answers_by_hand(const StreamTable& t, const std::vector<PlannedExit>& exits, const StreamSetting& setting) {
  std::vector<int32_t> answers;
  int64_t reference = -1;
  for (size_t r = 0; r < t.outcomes.labels.size(); ++r) {
    if (t.starts[r]) reference = -1;
    const auto& c0 = t.outcomes.candidates[size_t(exits[0].candidate)];
    bool same = reference >= 0 && c0.scores[r] < exits[0].threshold;
    if (same && setting.rule == StreamRule::kPatience)
      same = c0.predictions[r] == c0.predictions[size_t(reference)] && c0.scores[r] >= c0.scores[size_t(reference)] - setting.threshold;
    if (same && setting.rule == StreamRule::kDifference) {
      double sum = 0;
      for (size_t k = 0; k < 3; ++k) sum += std::pow(double(t.early[3 * r + k]) - double(t.early[3 * size_t(reference) + k]), 2);
      same = std::sqrt(sum) <= double(setting.threshold);
    }
    if (same) {
      answers.push_back(answers[size_t(reference)]);
      continue;
    }
    reference = int64_t(r);
    int32_t answer = t.outcomes.base_predictions[r];
    for (size_t e = exits.size(); e-- > 0;)
      if (t.outcomes.candidates[size_t(exits[e].candidate)].scores[r] >= exits[e].threshold)
        answer = t.outcomes.candidates[size_t(exits[e].candidate)].predictions[r];
    answers.push_back(answer);
  }
  return answers;
}

TEST_CASE("streams: equal a plain restatement; without reuse the plan itself") {
  const StreamTable t = slow_records(1500, 4, false);
  const std::vector<PlannedExit> exits = {{0, 0.8f}, {1, 0.9f}};
  for (StreamRule rule : {StreamRule::kDifference, StreamRule::kPatience})
    for (float threshold : {0.0f, 0.05f, 0.2f, 0.7f}) {
      const StreamFigures f = evaluate_stream(t, exits, {rule, threshold});
      const std::vector<int32_t> answers = answers_by_hand(t, exits, {rule, threshold});
      int right = 0, harmed = 0;
      for (size_t r = 0; r < answers.size(); ++r) {
        right += answers[r] == t.outcomes.labels[r];
        harmed += answers[r] != t.outcomes.labels[r] && t.outcomes.base_predictions[r] == t.outcomes.labels[r];
      }
      CHECK(f.plan.accuracy == right / 1500.0);
      CHECK(f.plan.harm == harmed / 1500.0);
    }
  const PlanFigures plain = evaluate_plan(t.outcomes, exits);
  for (StreamRule rule : {StreamRule::kDifference, StreamRule::kPatience}) {
    const StreamFigures f = evaluate_stream(t, exits, {rule, StreamSetting::kNeverReuse});
    CHECK(f.reuse_rate == 0);
    CHECK(f.plan.accuracy == plain.accuracy);
    CHECK(f.plan.mean_cost == doctest::Approx(plain.mean_cost).epsilon(1e-12));
    CHECK(f.plan.exit_rates == plain.exit_rates);
  }
}

TEST_CASE("streams: slow records are cheaper at the same limit, kept on fresh rows; shuffled rows gain little") {
  constexpr int kRounds = 6;
  const std::vector<PlannedExit> exits = {{0, 0.62f}, {1, 0.7f}};
  for (double limit : {0.01, 0.03})
    for (StreamRule rule : {StreamRule::kDifference, StreamRule::kPatience})
      for (bool shuffled : {false, true}) {
        double cost = 0, harm = 0, plain_cost = 0;
        for (uint64_t round = 0; round < kRounds; ++round) {
          const StreamTable select = slow_records(3000, 10 + round, shuffled), fresh = slow_records(20000, 50 + round, shuffled);
          const std::vector<Plan> walk = certificate_walk(select.outcomes, {exits, {}}, true);
          std::vector<Plan> plans;
          for (size_t i = 0; i < walk.size(); i += 8) plans.push_back(walk[i]);
          const auto chosen = choose_stream(select, plans, rule, limit);
          REQUIRE(chosen.ok());
          CHECK(chosen->figures.plan.harm <= limit);
          const StreamFigures real = evaluate_stream(fresh, chosen->plan.exits, chosen->setting);
          cost += real.plan.mean_cost / kRounds;
          harm += real.plan.harm / kRounds;
          // The same choice without reuse: each row a record of its own.
          StreamTable apart = select;
          std::fill(apart.starts.begin(), apart.starts.end(), uint8_t{1});
          const auto plain = choose_stream(apart, plans, rule, limit);
          REQUIRE(plain.ok());
          plain_cost += evaluate_plan(fresh.outcomes, plain->plan.exits).mean_cost / kRounds;
        }
        CAPTURE(to_string(rule));
        CAPTURE(shuffled);
        CAPTURE(limit);
        CHECK(harm < limit + 0.002);
        if (shuffled) CHECK(cost > 0.9 * plain_cost);
        if (!shuffled && limit == 0.03) CHECK(cost < 0.75 * plain_cost);
      }
}

TEST_CASE("streams: impossible limits and bad tables are named") {
  const StreamTable t = slow_records(400, 5, false);
  const std::vector<PlannedExit> always = {{0, 0.0f}};
  const std::vector<Plan> plans = {{always, {}}};
  const auto failed = [&](const StreamTable& table, std::vector<Plan> offered, double limit) {
    const auto result = choose_stream(table, offered, StreamRule::kDifference, limit);
    REQUIRE_FALSE(result.ok());
    return result.error();
  };
  const Error impossible = failed(t, plans, 0);
  CHECK(impossible.code == ErrorCode::kInfeasible);
  const StreamFigures f = evaluate_stream(t, always, {});
  const double least = f.plan.harm + search_allowance(2, 2, 400, f.harm_deviation * f.harm_deviation * 400);
  CHECK(impossible.message == "no plan keeps harm, with its allowance, at most 0.000000; the least is " + std::to_string(least));
  CHECK(failed(t, {}, 1).message == "no plans to choose from");
  CHECK(failed(t, {Plan{}}, 1).message == "a stream rule needs a plan with an exit");
  CHECK(failed(t, {{{{7, 0.5f}}, {}}}, 1).message == "a plan uses candidate 7 of 2");
  StreamTable bad = t;
  bad.starts.pop_back();
  CHECK(failed(bad, plans, 1).message == "expected 400 marks of where records begin, got 399");
  bad = t;
  bad.early.pop_back();
  CHECK(failed(bad, plans, 1).message == "expected 1200 probabilities, got 1199");
  bad = t;
  bad.outcomes.candidates[0].scores.pop_back();
  CHECK(failed(bad, plans, 1).message == "expected 400 scores and predictions of candidate 0, got 399");
  CHECK(failed(StreamTable{}, plans, 1).message == "no rows to choose on");
}

}  // namespace
}  // namespace offramp
