// The gate against an independent minimiser of the same loss, and what it is for: telling right answers from wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "heads/gate.h"

namespace offramp {
namespace {

struct Sample {
  Tensor logits;
  std::vector<uint8_t> right;
};
// Rows of three classes; an answer is right more often where the second logit is far and the third is not near.
Sample draw(int64_t rows, uint64_t seed) {
  Rng rng(seed);
  Sample sample{Tensor(DType::kF32, {rows, 3}), {}};
  auto values = sample.logits.mutable_data<float>();
  for (int64_t r = 0; r < rows; ++r) {
    const float sure = 4 * rng.uniform(), third = rng.uniform();
    values[size_t(3 * r)] = sure;
    values[size_t(3 * r + 1)] = 0.3f * rng.normal();
    values[size_t(3 * r + 2)] = third * sure;
    sample.right.push_back(rng.uniform() < 1 / (1 + std::exp(-1.5f * sure * (1.2f - third))));
  }
  return sample;
}

// The loss of a gate, computed by its definition with the C library: standardised weights from the raw ones.
struct Problem {
  std::vector<std::array<double, 3>> scores;
  std::vector<uint8_t> right;
  double mean[3] = {}, deviation[3] = {};

  Problem(const Sample& sample, float temperature) : right(sample.right) {
    std::vector<float> p(3);
    for (size_t r = 0; r < right.size(); ++r) {
      const auto row = sample.logits.data<float>().subspan(3 * r, 3);
      scores.push_back({});
      int i = 0;
      for (Score score : {Score::kMaxProbability, Score::kMargin, Score::kEntropy})
        scores.back()[size_t(i++)] = double(score_row(row, temperature, score, p));
    }
    for (size_t i = 0; i < 3; ++i) {
      for (const auto& s : scores) mean[i] += s[i] / double(scores.size());
      for (const auto& s : scores) deviation[i] += (s[i] - mean[i]) * (s[i] - mean[i]) / double(scores.size());
      deviation[i] = std::sqrt(deviation[i]);
    }
  }
  // Of the constant and weights of standardised scores.
  double loss(const std::array<double, 4>& w) const {
    double sum = 0;
    for (size_t r = 0; r < scores.size(); ++r) {
      double z = w[0];
      for (size_t i = 0; i < 3; ++i) z += w[i + 1] * (scores[r][i] - mean[i]) / deviation[i];
      sum += std::log1p(std::exp(right[r] ? -z : z)) / double(scores.size());
    }
    for (double v : w) sum += kGateRidge / 2 * v * v;
    return sum;
  }
  std::array<double, 4> standardised(const GateWeights& gate) const {
    std::array<double, 4> w = {double(gate[0])};
    for (size_t i = 0; i < 3; ++i) {
      w[i + 1] = double(gate[i + 1]) * deviation[i];
      w[0] += double(gate[i + 1]) * mean[i];
    }
    return w;
  }
};

// Pattern search: slow, without any derivative.
double least_loss(const Problem& problem) {
  std::array<double, 4> w{};
  double best = problem.loss(w);
  for (double step = 1; step > 1e-7;) {
    bool better = false;
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 4; ++j)
        for (double s : {step, -step})
          for (double t : {0.0, step, -step}) {
            auto next = w;
            next[i] += s;
            if (j != i) next[j] += t;
            if (const double loss = problem.loss(next); loss < best) best = loss, w = next, better = true;
          }
    if (!better) step /= 2;
  }
  return best;
}

TEST_CASE("gate: reaches the loss that an independent minimiser reaches") {
  for (uint64_t seed : {1, 2, 3}) {
    const Sample sample = draw(120, seed);
    const Problem problem(sample, 1.3f);
    const double got = problem.loss(problem.standardised(fit_gate(sample.logits, sample.right, 1.3f)));
    const double least = least_loss(problem);
    CAPTURE(seed);
    CHECK(got < least + 1e-7);
    CHECK(got > least - 1e-5);  // the other one may be caught in a bent valley
    CHECK(least < problem.loss({}) - 0.01);
  }
}

TEST_CASE("gate: no slope is left at its weights") {
  const Sample sample = draw(400, 7);
  const Problem problem(sample, 0.8f);
  const auto w = problem.standardised(fit_gate(sample.logits, sample.right, 0.8f));
  for (size_t i = 0; i < 4; ++i) {
    auto up = w, down = w;
    up[i] += 1e-4, down[i] -= 1e-4;
    CHECK(std::fabs(problem.loss(up) - problem.loss(down)) / 2e-4 < 1e-5);
  }
}

TEST_CASE("gate: its score is the probability of a right answer on fresh rows, and sorts no worse than the plain scores") {
  const Sample fitted = draw(2000, 11), fresh = draw(6000, 12);
  const GateWeights gate = fit_gate(fitted.logits, fitted.right, 1);
  std::vector<float> p(3);
  // Share of pairs, one right and one wrong, that a score puts in order.
  const auto ordered = [&](Score score) {
    std::vector<float> right, wrong;
    for (size_t r = 0; r < fresh.right.size(); ++r) {
      const float s = score_row(fresh.logits.data<float>().subspan(3 * r, 3), 1, score, p, gate);
      (fresh.right[r] ? right : wrong).push_back(s);
    }
    std::sort(wrong.begin(), wrong.end());
    double pairs = 0;
    for (float s : right) pairs += double(std::lower_bound(wrong.begin(), wrong.end(), s) - wrong.begin());
    return pairs / double(right.size() * wrong.size());
  };
  for (Score score : {Score::kMaxProbability, Score::kMargin, Score::kEntropy}) CHECK(ordered(Score::kGate) > ordered(score) - 0.002);
  double predicted = 0, right = 0;
  for (size_t r = 0; r < fresh.right.size(); ++r) {
    const float s = score_row(fresh.logits.data<float>().subspan(3 * r, 3), 1, Score::kGate, p, gate);
    CHECK((s >= 0 && s <= 1));
    predicted += double(s);
    right += fresh.right[r];
  }
  CHECK(std::fabs(predicted - right) / 6000 < 0.02);
}

TEST_CASE("gate: rows all right, none, scores that do not differ, and NaN") {
  Sample sample = draw(50, 3);
  std::vector<float> p(3);
  const auto score = [&](const GateWeights& gate, size_t row) {
    return score_row(sample.logits.data<float>().subspan(3 * row, 3), 1, Score::kGate, p, gate);
  };
  std::fill(sample.right.begin(), sample.right.end(), uint8_t{1});
  CHECK(score(fit_gate(sample.logits, sample.right, 1), 0) > 0.99f);
  std::fill(sample.right.begin(), sample.right.end(), uint8_t{0});
  CHECK(score(fit_gate(sample.logits, sample.right, 1), 0) < 0.01f);

  CHECK(fit_gate(Tensor(DType::kF32, {0, 3}), {}, 1) == GateWeights{0, 1, 0, 0});
  const Tensor level = Tensor::of<float>({4, 2}, std::vector<float>{1, 0, 1, 0, 1, 0, 1, 0});
  const GateWeights flat = fit_gate(level, std::vector<uint8_t>{1, 1, 1, 0}, 1);
  for (size_t i = 1; i < 4; ++i) CHECK(flat[i] == 0);
  CHECK(1 / (1 + std::exp(-flat[0])) == doctest::Approx(0.75).epsilon(1e-3));

  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor some = Tensor::of<float>({5, 2}, std::vector<float>{1, 0, 1, 0, nan, 0, 1, 0, 1, 0});
  CHECK(fit_gate(some, std::vector<uint8_t>{1, 1, 0, 1, 0}, 1) == flat);
}

}  // namespace
}  // namespace offramp
