// Head training, closed-form heads, temperatures and scores, each against an independent reckoning.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "heads/heads.h"
#include "heads/matmul.h"
#include "heads/outcomes.h"
#include "heads/training.h"

namespace offramp {
namespace {

// Classes apart along a few columns; column 1 is constant and column 2 hardly ever fires.
FeatureTable blobs(int64_t rows, int64_t columns, int32_t classes, float apart, uint64_t seed) {
  Rng rng(seed);
  FeatureTable table;
  HalfMatrix features(columns);
  table.logits = Tensor(DType::kF32, {rows, classes});
  auto logits = table.logits.mutable_data<float>();
  std::vector<float> row(static_cast<size_t>(columns));
  for (int64_t r = 0; r < rows; ++r) {
    const auto label = int32_t(rng.below(uint32_t(classes)));
    for (float& v : row) v = 5 + rng.normal();
    for (int64_t c = 3 + label; c < columns; c += classes) row[size_t(c)] += apart;
    row[1] = 7;
    row[2] = r % 400 == 0 ? 1.0f : 0.0f;
    features.append(row);
    table.labels.push_back(label);
    for (int32_t c = 0; c < classes; ++c) logits[size_t(r * classes + c)] = c == label ? 4.0f : 0.0f;
  }
  table.gap_gmp.push_back(features);
  table.grid.push_back(std::move(features));
  return table;
}

double accuracy(const Tensor& logits, const std::vector<int32_t>& labels) {
  const auto values = logits.data<float>();
  const auto classes = size_t(logits.dims()[1]);
  double right = 0;
  for (size_t r = 0; r < labels.size(); ++r) {
    const float* row = values.data() + r * classes;
    right += std::max_element(row, row + classes) - row == labels[r];
  }
  return right / double(labels.size());
}

Head train(const HeadKind& kind, const FeatureTable& table, int64_t classes, const TrainOptions& options) {
  HeadTrainer trainer(kind, table, 0, classes, options);
  int64_t steps = 0;
  for (; !trainer.done(); ++steps) trainer.step();
  CHECK(steps == trainer.total_steps());
  return trainer.take();
}

TEST_CASE("matmul: all forms against the plain sum, at awkward sizes") {
  Rng rng(1);
  using Size = std::array<int64_t, 3>;
  for (const auto& [m, n, k] :
       {Size{1, 1, 1}, Size{4, 8, 256}, Size{5, 9, 257}, Size{67, 261, 300}, Size{3, 17, 513}}) {
    std::vector<float> a(size_t(m * k)), b(size_t(k * n)), bias(size_t(m * n));
    for (auto* v : {&a, &b, &bias})
      for (float& x : *v) x = rng.normal();
    std::vector<float> at(a.size()), bt(b.size());
    for (int64_t i = 0; i < m; ++i)
      for (int64_t p = 0; p < k; ++p) at[size_t(p * m + i)] = a[size_t(i * k + p)];
    for (int64_t p = 0; p < k; ++p)
      for (int64_t j = 0; j < n; ++j) bt[size_t(j * k + p)] = b[size_t(p * n + j)];
    std::vector<float> c = bias, ta = bias, tb = bias;
    matmul_add(m, n, k, row_major(a.data(), k), row_major(b.data(), n), c.data(), n);
    matmul_add(m, n, k, transposed(at.data(), m), row_major(b.data(), n), ta.data(), n);
    matmul_add(m, n, k, row_major(a.data(), k), transposed(bt.data(), k), tb.data(), n);
    CHECK(c == ta);
    CHECK(c == tb);
    // The order of the header, to the last bit: blocks of 256, each summed from zero.
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        float expected = bias[size_t(i * n + j)];
        for (int64_t first = 0; first < k; first += 256) {
          float block = 0;
          for (int64_t p = first; p < std::min(k, first + 256); ++p)
            block += a[size_t(i * k + p)] * b[size_t(p * n + j)];
          expected += block;
        }
        REQUIRE(c[size_t(i * n + j)] == expected);
      }
  }
}

TEST_CASE("training: gradients agree with finite differences") {
  Rng rng(2);
  for (int64_t hidden : {0, 6}) {
    const NetworkShape shape{5, hidden, 3};
    const int64_t rows = 7;
    std::vector<float> parameters(size_t(shape.parameters())), gradient(parameters.size());
    for (float& p : parameters) p = 0.7f * rng.normal();
    std::vector<float> x(size_t(rows * shape.inputs)), targets;
    for (float& v : x) v = rng.normal();
    for (int64_t r = 0; r < rows; ++r) {
      const float p = rng.uniform(), q = (1 - p) * rng.uniform();
      for (float t : {p, q, 1 - p - q}) targets.push_back(t);
    }
    BatchScratch scratch;
    batch_loss(shape, parameters, x.data(), targets.data(), rows, gradient, scratch);
    for (size_t i = 0; i < parameters.size(); ++i) {
      constexpr float kStep = 1e-2f;
      const auto loss_at = [&](float by) {
        std::vector<float> moved = parameters;
        moved[i] += by;
        return batch_loss(shape, moved, x.data(), targets.data(), rows, {}, scratch);
      };
      const double numeric = (loss_at(kStep) - loss_at(-kStep)) / (2 * double(kStep));
      CAPTURE(hidden);
      CAPTURE(i);
      CHECK(std::abs(gradient[i] - numeric) < 2e-3);
    }
  }
}

TEST_CASE("training: every kind learns, and generalises to fresh rows") {
  const FeatureTable table = blobs(1200, 40, 4, 1.0f, 3), fresh = blobs(1000, 40, 4, 1.0f, 4);
  for (const HeadKind& kind : head_family()) {
    const Head head = train(kind, table, 4, {});
    CAPTURE(kind.name);
    CHECK(head.inputs == (kind.pooling == Pooling::kGap ? 20 : 40));
    CHECK(head.macs() == (kind.hidden > 0 ? kind.hidden * (head.inputs + 4) : head.inputs * 4));
    CHECK(head.parameters() == head.macs() + kind.hidden + 4);
    const double reached = accuracy(head_logits(head, fresh, 0), fresh.labels);
    // The best possible is about .83 with 17 useful columns and .95 with 37.
    CHECK(reached > (kind.pooling == Pooling::kGap ? 0.75 : 0.88));
  }
}

TEST_CASE("training: same seed, same bits; another seed, other bits") {
  const FeatureTable table = blobs(300, 24, 3, 1.0f, 5);
  TrainOptions options;
  options.epochs = 3;
  const HeadKind kind = head_family()[2];
  const Head a = train(kind, table, 3, options), b = train(kind, table, 3, options);
  CHECK(a.w1 == b.w1);
  CHECK(a.b2 == b.b2);
  options.seed = 1;
  CHECK(train(kind, table, 3, options).w1 != a.w1);
}

TEST_CASE("training: the same bits on every host") {
  const FeatureTable table = blobs(300, 24, 3, 1.0f, 5);
  TrainOptions options;
  options.epochs = 3;
  const Head head = train(head_family()[2], table, 3, options);
  const auto ridge = fit_ridge(head_family()[2], table, 0, 3);
  REQUIRE(ridge.ok());
  uint32_t digest = 0;
  const auto mix = [&](const std::vector<float>& values) {
    for (float v : values) digest = (digest ^ std::bit_cast<uint32_t>(v)) * 16777619u;
  };
  for (const auto* part : {&head.w1, &head.b1, &head.w2, &head.b2, &ridge->w1, &ridge->b1}) mix(*part);
  const Tensor logits = head_logits(head, table, 0);
  std::vector<float> scores = {fit_temperature(logits, table.labels)}, probabilities(3);
  for (Score score : {Score::kMaxProbability, Score::kMargin, Score::kEntropy})
    scores.push_back(score_row(logits.data<float>().first(3), 1.5f, score, probabilities));
  mix(scores);
  CHECK(digest == 1484421536u);  // recorded from the native build
}

TEST_CASE("training: constant columns carry no weight, bad columns are left out") {
  FeatureTable table = blobs(300, 24, 3, 1.5f, 6);
  const Head head = train(head_family()[1], table, 3, {});
  for (int64_t c = 0; c < 3; ++c) CHECK(head.w1[size_t(c * 24 + 1)] == 0);
  HalfMatrix spoiled(24);
  std::vector<float> row(24);
  for (int64_t r = 0; r < 300; ++r) {
    table.gap_gmp[0].read_row(r, row.data());
    if (r == 5) row[4] = std::numeric_limits<float>::infinity();
    spoiled.append(row);
  }
  table.gap_gmp[0] = spoiled;
  const Head kept = train(head_family()[1], table, 3, {});
  for (float w : kept.w1) CHECK(std::isfinite(w));
  CHECK(kept.w1[4] == 0);
  const auto ridge = fit_ridge(head_family()[1], table, 0, 3);
  REQUIRE(!ridge.ok());
  CHECK(ridge.error().code == ErrorCode::kInvalidData);
  CHECK(ridge.error().to_string() ==
        "features of exit point 0 are not finite; their activations may exceed f16's 65504");
}

TEST_CASE("training: few rows, one row, no rows, no epochs") {
  for (int64_t rows : {0, 1, 5}) {
    const FeatureTable table = blobs(rows, 12, 3, 1, 7);
    const Head head = train(head_family()[3], table, 3, {});
    CHECK(head.w1.size() == 12 * 128);
    for (float w : head.w1) CHECK(std::isfinite(w));
  }
  TrainOptions options;
  options.epochs = 0;
  const Head head = train(head_family()[0], blobs(30, 12, 3, 1, 7), 3, options);
  CHECK(std::all_of(head.w1.begin(), head.w1.end(), [](float w) { return w == 0; }));
}

TEST_CASE("ridge: solves its own normal equations") {
  const FeatureTable table = blobs(700, 30, 3, 1.0f, 8);
  const auto head = fit_ridge({"any", Pooling::kGapGmp, 64}, table, 0, 3);
  REQUIRE(head.ok());
  CHECK(head->kind.name == "ridge");
  CHECK(head->kind.hidden == 0);
  CHECK(accuracy(head_logits(*head, table, 0), table.labels) > 0.9);
  // At the minimum the gradient is X'(residual) = ridge * weights, on standardised features.
  FeatureReader reader(table, 0, Pooling::kGapGmp);
  std::vector<int32_t> rows(700);
  for (int32_t r = 0; r < 700; ++r) rows[size_t(r)] = r;
  const Standardizer standard = reader.standardizer(rows);
  const Tensor logits = head_logits(*head, table, 0);
  double trace = 0;
  std::vector<double> slope(30);
  std::vector<float> x(30);
  for (int32_t r : rows) {
    reader.read(r, x.data());
    standard.apply(x);
    const double residual = double(table.labels[size_t(r)] == 0) - logits.data<float>()[size_t(r) * 3];
    for (size_t f = 0; f < 30; ++f) {
      slope[f] += x[f] * residual;
      trace += double(x[f]) * x[f];
    }
  }
  for (size_t f = 0; f < 30; ++f) {
    const double weight = standard.scale[f] > 0 ? double(head->w1[f]) / standard.scale[f] : 0;
    CHECK(slope[f] == doctest::Approx(1e-2 * trace / 30 * weight).epsilon(0.02).scale(0.1));
  }
}

TEST_CASE("ridge: beyond 1,024 features the dual gives what the primal would") {
  // The columns past 1,000 are constant, so both sides see the same problem, except for the mean that scales the ridge.
  const FeatureTable narrow = blobs(300, 1000, 3, 0.4f, 11);
  FeatureTable wide = narrow;
  HalfMatrix features(1100);
  std::vector<float> row(1100, 3.0f);
  for (int64_t r = 0; r < 300; ++r) {
    narrow.gap_gmp[0].read_row(r, row.data());
    features.append(row);
  }
  wide.gap_gmp[0] = features;
  const auto primal = fit_ridge(head_family()[1], narrow, 0, 3), dual = fit_ridge(head_family()[1], wide, 0, 3);
  REQUIRE(primal.ok());
  REQUIRE(dual.ok());
  const Tensor one = head_logits(*primal, narrow, 0), other = head_logits(*dual, wide, 0);
  for (int64_t i = 0; i < one.elements(); ++i)
    CHECK(one.data<float>()[size_t(i)] == doctest::Approx(other.data<float>()[size_t(i)]).epsilon(0.01).scale(0.3));
}

TEST_CASE("ridge: more features than rows, and labels that do not fit") {
  FeatureTable table = blobs(20, 200, 3, 1.0f, 9);
  const auto head = fit_ridge(head_family()[3], table, 0, 3);
  REQUIRE(head.ok());
  CHECK(accuracy(head_logits(*head, table, 0), table.labels) == 1);
  table.labels[4] = 3;
  const auto bad = fit_ridge(head_family()[3], table, 0, 3);
  REQUIRE(!bad.ok());
  CHECK(bad.error().to_string() == "label 3 of row 4 is outside the model's 3 classes");
  const auto none = fit_ridge(head_family()[3], blobs(0, 12, 3, 1, 1), 0, 3);
  REQUIRE(!none.ok());
  CHECK(none.error().to_string() == "no rows to fit a head on");
}

TEST_CASE("temperature: the minimum of the likelihood, by scanning") {
  Rng rng(10);
  for (float sharpness : {0.3f, 1.0f, 4.0f}) {
    std::vector<float> values;
    std::vector<int32_t> labels;
    for (int r = 0; r < 400; ++r) {
      std::array<float, 3> z{};
      for (float& v : z) v = 1.5f * rng.normal();
      // Labels drawn from softmax(z), logits given as z * sharpness: the temperature is the sharpness.
      std::array<double, 3> p{};
      double total = 0;
      for (size_t c = 0; c < 3; ++c) total += p[c] = std::exp(double(z[c]));
      double draw = rng.uniform() * total;
      int32_t label = 0;
      while (label < 2 && draw > p[size_t(label)]) draw -= p[size_t(label++)];
      labels.push_back(label);
      for (float v : z) values.push_back(v * sharpness);
    }
    const Tensor logits = Tensor::of<float>({400, 3}, values);
    const auto likelihood = [&](double t) {
      double sum = 0;
      for (size_t r = 0; r < 400; ++r) {
        double total = 0;
        for (size_t c = 0; c < 3; ++c) total += std::exp(double(values[r * 3 + c]) / t);
        sum += std::log(total) - double(values[r * 3 + size_t(labels[r])]) / t;
      }
      return sum;
    };
    const float found = fit_temperature(logits, labels);
    CHECK(found == doctest::Approx(sharpness).epsilon(0.25));
    for (double factor : {0.98, 0.999, 1.001, 1.02}) CHECK(likelihood(found) < likelihood(found * factor));
  }
}

TEST_CASE("temperature: stays in its bounds, and skips rows that are not finite") {
  const Tensor sure = Tensor::of<float>({2, 2}, std::vector<float>{1, 0, 0, 1});
  CHECK(fit_temperature(sure, std::vector<int32_t>{0, 1}) == 0.05f);
  CHECK(fit_temperature(sure, std::vector<int32_t>{1, 0}) == 20.0f);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(fit_temperature(Tensor::of<float>({1, 2}, std::vector<float>{nan, 0}), std::vector<int32_t>{1}) == 20.0f);
  CHECK(fit_temperature(Tensor(DType::kF32, {0, 2}), {}) == 1.0f);
}

TEST_CASE("scores: worked out by hand, in [0, 1], and NaN where there is nothing to be sure of") {
  std::vector<float> p(3);
  const std::vector<float> logits = {2, 0, 1};
  const double total = std::exp(2.0) + 1 + std::exp(1.0);
  const double a = std::exp(2.0) / total, b = 1 / total, c = std::exp(1.0) / total;
  CHECK(score_row(logits, 1, Score::kMaxProbability, p) == doctest::Approx(a).epsilon(1e-6));
  CHECK(p[1] == doctest::Approx(b).epsilon(1e-6));
  CHECK(score_row(logits, 1, Score::kMargin, p) == doctest::Approx(a - c).epsilon(1e-6));
  const double entropy = -(a * std::log(a) + b * std::log(b) + c * std::log(c));
  CHECK(score_row(logits, 1, Score::kEntropy, p) == doctest::Approx(1 - entropy / std::log(3.0)).epsilon(1e-5));
  CHECK(score_row(logits, 1e-3f, Score::kEntropy, p) == 1.0f);
  const double z = 0.5 + 2 * a - 3 * (a - c) + 4 * (1 - entropy / std::log(3.0));
  CHECK(score_row(logits, 1, Score::kGate, p, {0.5f, 2, -3, 4}) == doctest::Approx(1 / (1 + std::exp(-z))).epsilon(1e-5));
  CHECK(score_row(logits, 1, Score::kGate, p, {-1e9f, 0, 0, 0}) < 1e-30f);
  CHECK(score_row(logits, 1, Score::kGate, p, {1e9f, 0, 0, 0}) == 1.0f);
  const std::vector<float> level = {1, 1, 1};
  CHECK(score_row(level, 1, Score::kMargin, p) == 0.0f);
  CHECK(score_row(level, 1, Score::kEntropy, p) == doctest::Approx(0).scale(1e-6));
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::vector<float>& bad : {std::vector<float>{0, nan, 1}, {inf, 0, 0}, {-inf, -inf, -inf}})
    for (Score score : {Score::kMaxProbability, Score::kMargin, Score::kEntropy, Score::kGate}) {
      CHECK(std::isnan(score_row(bad, 1, score, p)));
      CHECK(p[0] == doctest::Approx(1.0 / 3));
    }
  CHECK(score_row(std::vector<float>{-inf, 3, 3}, 1, Score::kMaxProbability, p) == doctest::Approx(0.5));
  std::vector<float> one(1);
  CHECK(score_row(std::vector<float>{-4}, 1, Score::kEntropy, one) == 1.0f);
  CHECK(to_string(Score::kMaxProbability) == "max_probability");
  CHECK(to_string(Score::kMargin) == "margin");
  CHECK(to_string(Score::kEntropy) == "entropy");
  CHECK(to_string(Score::kGate) == "gate");
}

}  // namespace
}  // namespace offramp
