// Heads with convolutions: gradients by finite differences, folding of what training keeps apart, and the package's form of them.
#include <doctest/doctest.h>

#include <cmath>

#include "heads/learner.h"
#include "package_fixture.h"

namespace offramp {
namespace {

// A dense convolution, a depthwise one and a pointwise one: every form of a layer.
const HeadKind kMixed = {"mixed", Pooling::kGapGmp, 0, {{4, 3, 2}, {0, 3, 1}, {5, 1, 1}}};

Tensor random_maps(int64_t rows, const Dims& shape, uint64_t seed) {
  Dims dims = shape;
  dims.insert(dims.begin(), rows);
  Tensor map(DType::kF32, dims);
  Rng rng(seed);
  for (float& v : map.mutable_data<float>()) v = rng.normal();
  return map;
}

std::vector<float> random_targets(int64_t rows, int64_t classes, Rng& rng) {
  std::vector<float> targets;
  for (int64_t r = 0; r < rows; ++r) {
    float total = 0;
    const size_t first = targets.size();
    for (int64_t c = 0; c < classes; ++c) targets.push_back(rng.uniform()), total += targets.back();
    for (size_t c = first; c < targets.size(); ++c) targets[c] /= total;
  }
  return targets;
}

TEST_CASE("network: gradients of convolutional heads agree with finite differences") {
  for (const Dims& shape : {Dims{3, 5, 6}, Dims{2, 11}, Dims{1, 4, 4}}) {
    for (const auto& [hidden, pooling] : {std::pair{0, Pooling::kGapGmp}, {4, Pooling::kGapGmp}, {0, Pooling::kGrid}, {3, Pooling::kGrid}}) {
      HeadKind kind = kMixed;
      kind.hidden = hidden;
      kind.pooling = pooling;
      const NetworkShape network = network_of(kind, shape, 3);
      Rng rng(5);
      std::vector<float> parameters(size_t(network.parameters())), gradient(parameters.size());
      for (float& p : parameters) p = 0.6f * rng.normal() + 0.1f;
      const int64_t rows = 6;
      std::vector<float> x(size_t(rows * network.row_values()));
      for (float& v : x) v = rng.normal();
      const std::vector<float> targets = random_targets(rows, 3, rng);
      BatchScratch scratch;
      batch_loss(network, parameters, x.data(), targets.data(), rows, gradient, scratch);
      double worst = 0, square = 0;
      int64_t kinks = 0;
      for (size_t i = 0; i < parameters.size(); ++i) {
        const auto loss_at = [&](float by) {
          std::vector<float> moved = parameters;
          moved[i] += by;
          return batch_loss(network, moved, x.data(), targets.data(), rows, {}, scratch);
        };
        const auto slope = [&](float from, float to) { return (loss_at(to) - loss_at(from)) / (double(to) - double(from)); };
        // Where a rectifier or a maximum switches nearby, there is no slope to compare with.
        const double wide = slope(-4e-3f, 4e-3f), narrow = slope(-5e-4f, 5e-4f);
        square += double(gradient[i]) * gradient[i];
        if (std::abs(wide - narrow) > 1e-3 || std::abs(slope(0, 5e-4f) - slope(-5e-4f, 0)) > 2e-3) {
          ++kinks;
          continue;
        }
        worst = std::max(worst, std::abs(gradient[i] - narrow));
      }
      CAPTURE(shape.size());
      CAPTURE(hidden);
      CHECK(worst < 2e-3);
      CHECK(std::sqrt(square) > 0.05);
      CHECK(kinks * 5 < int64_t(parameters.size()));
    }
  }
}

TEST_CASE("network: a weighted target counts as often as its weight says") {
  const NetworkShape shape{4, 0, 3};
  Rng rng(3);
  std::vector<float> parameters(size_t(shape.parameters())), once(parameters.size()), twice(parameters.size());
  for (float& p : parameters) p = rng.normal();
  const std::vector<float> x = {1, 2, 3, 4, -1, 0, 1, 0, -1, 0, 1, 0};
  const std::vector<float> repeated = {0, 1, 0, 0.2f, 0.3f, 0.5f, 0.2f, 0.3f, 0.5f}, weighted = {0, 1, 0, 0.4f, 0.6f, 1.0f};
  BatchScratch scratch;
  const double three = batch_loss(shape, parameters, x.data(), repeated.data(), 3, once, scratch);
  const double two = batch_loss(shape, parameters, x.data(), weighted.data(), 2, twice, scratch);
  CHECK(3 * three == doctest::Approx(2 * two));
  for (size_t i = 0; i < once.size(); ++i) CHECK(3 * once[i] == doctest::Approx(2 * twice[i]).epsilon(1e-4).scale(1e-4));
}

// Classes told apart by where a bright patch is relative to a darker one: no average over the map shows it.
ViewBatch patches(std::span<const int32_t> labels, uint64_t seed) {
  Tensor maps = random_maps(int64_t(labels.size()), {2, 12, 12}, seed);
  Rng rng(seed, 1);
  for (size_t r = 0; r < labels.size(); ++r) {
    const auto y = int64_t(1 + rng.below(9)), x = int64_t(1 + rng.below(9));
    const auto at = [&](int64_t c, int64_t py, int64_t px) -> float& { return maps.mutable_data<float>()[size_t(((int64_t(r) * 2 + c) * 12 + py) * 12 + px)]; };
    for (int64_t i = 0; i < 2; ++i) {
      at(0, y, x + i) += 4;
      at(0, labels[r] == 0 ? y - 1 : y + 1, x + i) -= 4;
    }
  }
  ViewBatch batch;
  batch.points.push_back({pool_features(maps, Pooling::kGapGmp), pool_features(maps, Pooling::kGrid), pool_body_map(maps)});
  return batch;
}

TEST_CASE("network: a convolutional head learns what pooled features do not show") {
  std::vector<int32_t> labels(400), fresh(400);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = fresh[i] = int32_t(i % 2);
  const ViewBatch train = patches(labels, 1), test = patches(fresh, 2);
  TrainOptions options;
  options.distillation = 0;
  std::vector<float> teacher(800);
  const std::vector<float> targets = soft_targets(labels, teacher, 2, options);
  const HeadKind kind = {"conv", Pooling::kGapGmp, 0, {{8, 3, 1}}};
  Standardizer unit{std::vector<float>(2), std::vector<float>(2, 0.5f), true};
  HeadLearner learner(kind, network_of(kind, {2, 12, 12}, 2), options, unit, 1);
  BatchScratch scratch;
  const auto map = train.points[0].map.data<float>();
  const auto width = size_t(learner.row_values());
  for (int step = 0; step < 300; ++step) {
    const size_t first = size_t(step % 8) * 50;
    learner.train({map.begin() + int64_t(first * width), map.begin() + int64_t((first + 50) * width)}, targets.data() + first * 2, 50, double(step) / 300, scratch);
  }
  const Head head = learner.take();
  const auto right = [&](const ViewBatch& batch, const std::vector<int32_t>& truth) {
    const Tensor logits = head.logits(batch.points[0]);
    int64_t count = 0;
    for (size_t r = 0; r < truth.size(); ++r) count += (logits.data<float>()[2 * r + 1] > logits.data<float>()[2 * r]) == (truth[r] == 1);
    return double(count) / double(truth.size());
  };
  CHECK(right(test, fresh) > 0.9);
  // The folded head is the network with its running moments: the held-out loss says so.
  const Tensor logits = head.logits(test.points[0]);
  double loss = 0;
  for (size_t r = 0; r < fresh.size(); ++r) {
    const double gap = double(logits.data<float>()[2 * r + size_t(1 - fresh[r])]) - logits.data<float>()[2 * r + size_t(fresh[r])];
    loss += std::log1p(std::exp(gap));
  }
  const auto values = test.points[0].map.data<float>();
  CHECK(learner.loss({values.begin(), values.end()}, soft_targets(fresh, teacher, 2, options).data(), 400, scratch) == doctest::Approx(loss).epsilon(1e-3));
}

// Ten rows, two classes seen: 10 / (2 * 8), 10 / (2 * 2), and as if it had one row for the class that has none.
TEST_CASE("network: balanced weights give every class the same say, and rare ones not more than ten times the mean") {
  const std::vector<int32_t> labels = {0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  TrainOptions options;
  options.class_weights = balanced_weights(labels, 3);
  CHECK(options.class_weights == std::vector<float>{0.625f, 2.5f, 5.0f});
  options.distillation = 0.5f;
  const std::vector<float> teacher(30);
  const std::vector<float> targets = soft_targets(labels, teacher, 3, options);
  CHECK(targets[0] == doctest::Approx(0.625 * (0.5 + 0.5 / 3)));
  CHECK(targets[1] == doctest::Approx(0.625 * 0.5 / 3));
  CHECK(targets[4 * 3 + 1] == doctest::Approx(2.5 * (0.5 + 0.5 / 3)));

  std::vector<int32_t> rare(1000, 0);
  rare[7] = 1;
  const std::vector<float> bounded = balanced_weights(rare, 2);
  CHECK(bounded[1] / bounded[0] == doctest::Approx(10 / (1000.0 / 1998)));
  CHECK(999 * bounded[0] + bounded[1] == doctest::Approx(1000));
}

TEST_CASE("network: a package computes a convolutional head as training did") {
  HeadKind gridded = kMixed;
  gridded.pooling = Pooling::kGrid;
  gridded.hidden = 4;
  for (const char* text : {test::kMapBackbone, test::kSignalBackbone}) {
    for (const HeadKind& kind : {kMixed, gridded}) {
      CAPTURE(text);
      CAPTURE(kind.hidden);
      const Graph graph = test::graph_of(text);
      const bool map = text == test::kMapBackbone;
      const std::string at = map ? "low" : "wave";
      PackageContents contents;
      contents.exits = {test::make_exit(graph, at, "relu1", kind, Score::kMargin, 0.0f)};
      const Package package = test::load(test::write(graph, contents));
      Dims input = offramp::bind(*graph.value(graph.inputs[0]).shape, 2);
      const Tensor x = test::random_input(input, 6);
      const Tensor logits = test::evaluate(package.stages[0].graph, {"logits"}, x)[0];
      PointBatch batch;
      batch.map = pool_body_map(test::evaluate(graph, {at}, x)[0]);
      const Tensor expected = contents.exits[0].head.logits(batch);
      REQUIRE(logits.elements() == expected.elements());
      for (size_t i = 0; i < size_t(logits.elements()); ++i) CHECK(logits.data<float>()[i] == doctest::Approx(expected.data<float>()[i]).epsilon(1e-4).scale(1.0));
      CHECK(package.manifest["stages"][0]["head"]["macs"] == contents.exits[0].head.macs());
    }
  }
}

TEST_CASE("network: a body's map keeps its size within bounds, whatever the exit point's") {
  CHECK(body_map({16, 64, 64}).values() == 16 * 16 * 16);
  CHECK(body_map({16, 32, 32}).values() == 16 * 16 * 16);
  CHECK(body_map({32, 16, 16}).values() == 32 * 8 * 8);
  CHECK(body_map({64, 25, 5}).height == 25);
  CHECK(body_map({64, 25, 5}).width == 5);
  CHECK(body_map({32, 256}).width == 128);
  CHECK(body_map({32, 128}).width == 64);
  CHECK(body_map({32, 256}).height == 1);
  CHECK(body_map({2048, 56, 56}).values() <= 40000);
  CHECK(body_map({10}).channels == 0);
  const Tensor map = random_maps(1, {1, 17, 33}, 4);
  const Tensor pooled = pool_body_map(map);
  CHECK(pooled.dims() == Dims{1, 8, 16, 1});
  const auto at = [&](size_t y, size_t x) { return map.data<float>()[33 * y + x]; };
  CHECK(pooled.data<float>()[16 * 7 + 15] == doctest::Approx((at(14, 30) + at(14, 31) + at(15, 30) + at(15, 31)) / 4));
}

}  // namespace
}  // namespace offramp
