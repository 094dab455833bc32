// Many heads in training on the same views: what each may see, and that neither company nor threads change it.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "exec/threads.h"
#include "heads/family_trainer.h"

namespace offramp {
namespace {

constexpr int64_t kRows = 200;
const Dims kShape = {3, 6, 6};

struct Rows {
  std::vector<int32_t> labels;
  std::vector<uint8_t> folds;
  std::vector<float> teacher;
  Tensor maps{DType::kF32, {kRows, 3, 6, 6}};
  std::set<std::pair<int32_t, int64_t>> asked;  // (row, view)

  Rows() {
    Rng rng(4);
    for (int32_t r = 0; r < kRows; ++r) {
      labels.push_back(r % 2);
      folds.push_back(uint8_t(r / 2 % kFolds));
      teacher.insert(teacher.end(), {labels.back() == 0 ? 3.0f : 0.0f, labels.back() == 1 ? 3.0f : 0.0f});
    }
    for (float& v : maps.mutable_data<float>()) v = rng.normal();
    for (int64_t r = 0; r < kRows; ++r) maps.mutable_data<float>()[size_t(r * 108)] += labels[size_t(r)] == 1 ? 6.0f : 0.0f;
  }
  ViewReader reader() {
    return [this](std::span<const int32_t> rows, int64_t view) -> Result<ViewBatch> {
      for (int32_t row : rows) asked.emplace(row, view);
      const Tensor some = rows_of(maps, rows);
      ViewBatch batch;
      batch.points.push_back({pool_features(some, Pooling::kGapGmp), pool_features(some, Pooling::kGrid), pool_body_map(some)});
      return batch;
    };
  }
  std::vector<Head> train(std::vector<FamilyJob> jobs, int epochs = 4) {
    TrainOptions options;
    options.epochs = epochs;
    options.batch = 32;
    FamilyTrainer trainer(reader(), labels, teacher, folds, {kShape}, std::move(jobs), options);
    int64_t steps = 0;
    for (; !trainer.done(); ++steps) REQUIRE(trainer.step().ok());
    CHECK(steps == trainer.total_steps());
    return trainer.take();
  }
};

FamilyJob job(const char* kind, FoldMask held = 1, FoldMask stop = 1) {
  for (const HeadKind& known : head_family())
    if (known.name == kind) return {0, known, held, stop};
  FAIL("no such kind");
  return {};
}

TEST_CASE("family: heads learn, and a batch's other heads and threads change nothing") {
  Rows rows;
  const std::vector<Head> together = rows.train({job("mlp_grid"), job("conv_s"), job("linear_gap_gmp")}, 16);
  if (const Status threads = set_thread_count(2); threads.ok()) {
    const std::vector<Head> threaded = rows.train({job("mlp_grid"), job("conv_s"), job("linear_gap_gmp")}, 16);
    REQUIRE(set_thread_count(1).ok());
    for (size_t i = 0; i < together.size(); ++i) {
      CHECK(together[i].w1 == threaded[i].w1);
      CHECK(together[i].b1 == threaded[i].b1);
    }
  } else {
    CHECK(threads.error().code == ErrorCode::kUnsupported);  // a build without threads
  }
  CHECK(rows.train({job("mlp_grid")}, 16)[0].w1 == together[0].w1);
  std::vector<int32_t> all(static_cast<size_t>(kRows));
  for (size_t r = 0; r < all.size(); ++r) all[r] = int32_t(r);
  const ViewBatch batch = *rows.reader()(all, 0);
  const Tensor logits = together[0].logits(batch.points[0]);
  int64_t right = 0;
  for (size_t r = 0; r < all.size(); ++r) right += (logits.data<float>()[2 * r + 1] > logits.data<float>()[2 * r]) == (rows.labels[r] == 1);
  CHECK(right > kRows * 9 / 10);
}

TEST_CASE("family: held folds never train, and every epoch is a view of its own") {
  Rows rows;
  rows.train({job("linear_gap_gmp", 0b1011, 0b1000)}, 3);
  for (const auto& [row, view] : rows.asked) {
    if (view == 0) continue;  // the first epoch's, standardisation's and the held-out loss's
    CHECK((0b1011u >> rows.folds[size_t(row)] & 1) == 0);
  }
  for (int32_t row = 0; row < kRows; ++row) {
    const bool trained = !(0b1011u >> rows.folds[size_t(row)] & 1);
    for (int64_t view : {1, 2}) CHECK(rows.asked.count({row, view}) == (trained ? 1 : 0));
    if (rows.folds[size_t(row)] < 2) CHECK(rows.asked.count({row, 0}) == 0);
  }
  // A label that only held rows have wrong changes nothing.
  Rows other;
  for (int64_t r = 0; r < kRows; ++r)
    if (other.folds[size_t(r)] == 1) other.labels[size_t(r)] = 1 - other.labels[size_t(r)];
  CHECK(rows.train({job("mlp_grid", 0b1011, 0b1000)})[0].w1 == other.train({job("mlp_grid", 0b1011, 0b1000)})[0].w1);
  CHECK(rows.train({job("mlp_grid", 0b1, 0b1)})[0].w1 != other.train({job("mlp_grid", 0b1, 0b1)})[0].w1);
}

TEST_CASE("family: an error of the views ends the step") {
  Rows rows;
  TrainOptions options;
  FamilyTrainer trainer([](std::span<const int32_t>, int64_t) -> Result<ViewBatch> { return invalid_data("row 3: broken"); }, rows.labels, rows.teacher,
                        rows.folds, {kShape}, {job("conv_s")}, options);
  const Status status = trainer.step();
  REQUIRE(!status.ok());
  CHECK(status.error().message == "row 3: broken");
}

}  // namespace
}  // namespace offramp
