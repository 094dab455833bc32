#include "heads/gate.h"

#include <array>
#include <cmath>

#include "base/math.h"

namespace offramp {
namespace {

constexpr double kLeastDeviation = 1e-4;  // below, f32 would not tell rows apart
constexpr int kWeights = 4, kMostSteps = 100, kMostHalvings = 40;
constexpr std::array kPlainScores = {Score::kMaxProbability, Score::kMargin, Score::kEntropy};
using Vector = std::array<double, kWeights>;

struct Rows {
  std::vector<Vector> scores;  // 1, then the standardised scores
  std::vector<uint8_t> right;
  Vector mean{}, deviation{};  // of the scores; a deviation of 0 has its scores left out
};

Rows read_rows(const Tensor& logits, std::span<const uint8_t> right, float temperature) {
  const auto classes = size_t(logits.dims()[1]);
  Rows rows;
  std::vector<float> probabilities(classes);
  for (size_t r = 0; r < right.size(); ++r) {
    Vector scores = {1};
    for (size_t i = 0; i < kPlainScores.size(); ++i)
      scores[i + 1] = double(score_row(logits.data<float>().subspan(r * classes, classes), temperature, kPlainScores[i], probabilities));
    if (std::isnan(scores[1])) continue;
    rows.scores.push_back(scores);
    rows.right.push_back(right[r] != 0);
  }
  const double count = double(std::max<size_t>(rows.scores.size(), 1));
  for (size_t i = 1; i < kWeights; ++i) {
    double sum = 0, squares = 0;
    for (const Vector& row : rows.scores) sum += row[i];
    rows.mean[i] = sum / count;
    for (const Vector& row : rows.scores) squares += (row[i] - rows.mean[i]) * (row[i] - rows.mean[i]);
    const double deviation = std::sqrt(squares / count);
    rows.deviation[i] = deviation > kLeastDeviation ? deviation : 0;
    for (Vector& row : rows.scores) row[i] = rows.deviation[i] > 0 ? (row[i] - rows.mean[i]) / rows.deviation[i] : 0;
  }
  return rows;
}

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]; }

double loss_of(const Rows& rows, const Vector& w) {
  double sum = 0;
  for (size_t r = 0; r < rows.scores.size(); ++r) {
    const double z = dot(w, rows.scores[r]), towards = rows.right[r] ? z : -z;
    sum += std::max(-towards, 0.0) + log_exact64(1 + exp_exact64(-std::fabs(towards)));
  }
  return sum / double(rows.scores.size()) + kGateRidge / 2 * dot(w, w);
}

struct Slope {
  Vector gradient{};
  std::array<Vector, kWeights> curvature{};
};
Slope slope_of(const Rows& rows, const Vector& w) {
  Slope slope;
  const double share = 1 / double(rows.scores.size());
  for (size_t r = 0; r < rows.scores.size(); ++r) {
    const Vector& x = rows.scores[r];
    const double p = 1 / (1 + exp_exact64(-dot(w, x)));
    for (size_t i = 0; i < kWeights; ++i) {
      slope.gradient[i] += share * (p - double(rows.right[r])) * x[i];
      for (size_t j = 0; j <= i; ++j) slope.curvature[i][j] += share * p * (1 - p) * x[i] * x[j];
    }
  }
  for (size_t i = 0; i < kWeights; ++i) {
    slope.gradient[i] += kGateRidge * w[i];
    slope.curvature[i][i] += kGateRidge;
  }
  return slope;
}

// curvature^-1 * gradient by Cholesky; the ridge makes the curvature positive definite.
Vector newton_step(Slope slope) {
  auto& l = slope.curvature;
  Vector x = slope.gradient;
  for (size_t i = 0; i < kWeights; ++i)
    for (size_t j = 0; j <= i; ++j) {
      double sum = l[i][j];
      for (size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
      l[i][j] = i == j ? std::sqrt(sum) : sum / l[j][j];
    }
  for (size_t i = 0; i < kWeights; ++i) {
    for (size_t k = 0; k < i; ++k) x[i] -= l[i][k] * x[k];
    x[i] /= l[i][i];
  }
  for (size_t i = kWeights; i-- > 0;) {
    for (size_t k = i + 1; k < kWeights; ++k) x[i] -= l[k][i] * x[k];
    x[i] /= l[i][i];
  }
  return x;
}

}  // namespace

GateWeights fit_gate(const Tensor& logits, std::span<const uint8_t> right, float temperature) {
  OFFRAMP_CHECK(logits.dims().size() == 2 && logits.dims()[0] == int64_t(right.size()));
  const Rows rows = read_rows(logits, right, temperature);
  if (rows.scores.empty()) return {0, 1, 0, 0};
  Vector w{};
  double loss = loss_of(rows, w);
  for (int step = 0; step < kMostSteps; ++step) {
    const Vector full = newton_step(slope_of(rows, w));
    double share = 1, next_loss = loss;
    Vector next = w;
    for (int halving = 0; halving < kMostHalvings; ++halving, share /= 2) {
      for (size_t i = 0; i < kWeights; ++i) next[i] = w[i] - share * full[i];
      next_loss = loss_of(rows, next);
      if (next_loss < loss) break;
    }
    if (!(next_loss < loss)) break;
    w = next;
    loss = next_loss;
  }
  GateWeights gate;
  double constant = w[0];
  for (size_t i = 1; i < kWeights; ++i) {
    const double weight = rows.deviation[i] > 0 ? w[i] / rows.deviation[i] : 0;
    gate[i] = float(weight);
    constant -= weight * rows.mean[i];
  }
  gate[0] = float(constant);
  return gate;
}

}  // namespace offramp
