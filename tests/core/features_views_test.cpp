// Views: what may change of a sample, and that a view depends on nothing but its row and number.
#include <doctest/doctest.h>

#include <algorithm>

#include "features/views.h"
#include "package_fixture.h"

namespace offramp {
namespace {

TEST_CASE("views: shifts repeat edges, flips mirror, and nothing else moves") {
  const std::vector<float> image = {1, 2, 3, 4, 5, 6};  // one channel of 2 x 3
  int flipped = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    std::vector<float> view = image;
    change_sample(view, 1, 2, 3, {.flip = true}, seed);
    if (view == image) continue;
    ++flipped;
    CHECK(view == std::vector<float>{3, 2, 1, 6, 5, 4});
  }
  CHECK(flipped > 10);
  CHECK(flipped < 30);
  std::vector<std::vector<float>> seen;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::vector<float> view = image;
    change_sample(view, 1, 2, 3, {.shift_columns = 1}, seed);
    if (std::find(seen.begin(), seen.end(), view) == seen.end()) seen.push_back(view);
  }
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector<std::vector<float>>{{1, 1, 2, 4, 4, 5}, {1, 2, 3, 4, 5, 6}, {2, 3, 3, 5, 6, 6}});
  std::vector<float> louder = image;
  change_sample(louder, 1, 2, 3, {.gain = 0.5f}, 3);
  for (size_t i = 0; i < image.size(); ++i) CHECK(louder[i] / louder[0] == doctest::Approx(image[i]));
  CHECK(louder[0] >= 0.5f);
  CHECK(louder[0] <= 1.5f);
}

struct Fixture {
  Graph graph = test::graph_of(test::kMapBackbone);
  std::vector<ExitPoint> points = find_exit_points(graph);
  std::vector<ViewPoint> wanted;
  Tensor rows;
  Fixture() { rows = test::random_input(offramp::bind(*graph.value(graph.inputs[0]).shape, 12), 3);
    for (const ExitPoint& point : points) wanted.push_back({point});
  }
  int64_t read = 0;  // rows
  std::unique_ptr<ViewSource> source(const ViewOptions& options) {
    const auto inputs = [this](std::span<const int32_t> some) -> Result<Tensor> { read += int64_t(some.size()); return rows_of(rows, some); };
    auto made = ViewSource::create(graph, wanted, 12, inputs, options);
    REQUIRE_MESSAGE(made.ok(), made.error().to_string());
    return std::move(made).value();
  }
};

std::vector<float> values(const ViewBatch& batch, size_t row) {
  std::vector<float> all;
  for (const PointBatch& point : batch.points)
    for (const Tensor* part : {&point.gap_gmp, &point.grid, &point.map}) {
      if (part->elements() == 0) continue;
      const Tensor one = part->rows(int64_t(row), int64_t(row) + 1);
      all.insert(all.end(), one.data<float>().begin(), one.data<float>().end());
    }
  return all;
}

TEST_CASE("views: view 0 is the row as the extractor sees it") {
  Fixture f;
  const auto source = f.source({.policy = {.flip = true, .shift_rows = 1, .shift_columns = 1}, .distinct = 3});
  const std::vector<int32_t> some = {4, 9};
  const ViewBatch batch = *source->read(some, 0);
  auto extractor = FeatureExtractor::create(f.graph, f.points, {});
  REQUIRE(extractor.ok());
  FeatureTable table;
  const std::vector<int32_t> labels(12, 0);
  REQUIRE((*extractor)->extract(f.rows, labels, table).ok());
  for (int32_t p = 0; p < int32_t(f.points.size()); ++p) {
    const PointBatch expected = read_table(table, p, some);
    for (size_t i = 0; i < size_t(expected.grid.elements()); ++i)
      CHECK(batch.points[size_t(p)].grid.data<float>()[i] == doctest::Approx(expected.grid.data<float>()[i]).epsilon(2e-3).scale(1.0));
  }
}

TEST_CASE("views: a view depends on its row and number alone, kept or extracted again") {
  Fixture f;
  ViewOptions options{.policy = {.flip = true, .shift_rows = 1, .shift_columns = 1, .noise = 0.3f}, .distinct = 4, .seed = 5};
  const auto plain = f.source(options);
  options.keep = 4;
  const auto keeping = f.source(options);
  const std::vector<int32_t> one = {7}, many = {2, 7, 11};
  const std::vector<float> alone = values(*plain->read(one, 2), 0);
  CHECK(alone == values(*plain->read(many, 2), 1));
  CHECK(alone != values(*plain->read(one, 1), 0));
  CHECK(alone == values(*plain->read(one, 6), 0));  // four distinct views
  for (int again = 0; again < 2; ++again) {
    const std::vector<float> kept = values(*keeping->read(many, 2), 1);
    REQUIRE(kept.size() == alone.size());
    for (size_t i = 0; i < kept.size(); ++i) CHECK(kept[i] == doctest::Approx(alone[i]).epsilon(1e-3).scale(1.0));
  }
}

TEST_CASE("views: of more than can be kept, some take turns, then the next ones; a row as it is keeps its place") {
  Fixture f;
  ViewOptions options{.policy = {.flip = true, .shift_rows = 1, .shift_columns = 1, .noise = 0.3f}, .distinct = 6, .epochs = 12, .seed = 5};
  const auto plain = f.source(options);
  const auto views_of = [](const ViewSource& source) {
    std::vector<int64_t> views;
    for (int64_t epoch = 0; epoch < 12; ++epoch) views.push_back(source.view_of(epoch));
    return views;
  };
  const std::vector<int32_t> trained = {2, 7, 11}, held = {0};
  for (int64_t keep : {1, 3, 6}) {
    options.keep = keep;
    const auto keeping = f.source(options);
    if (keep == 1) CHECK(views_of(*keeping) == std::vector<int64_t>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5});
    if (keep == 3) CHECK(views_of(*keeping) == std::vector<int64_t>{0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5});
    if (keep == 6) CHECK(views_of(*keeping) == views_of(*plain));
    for (int64_t epoch = 0; epoch < 12; ++epoch) {
      const std::vector<float> kept = values(*keeping->read(trained, epoch), 2), fresh = values(*plain->read(trained, keeping->view_of(epoch)), 2);
      REQUIRE(kept.size() == fresh.size());
      for (size_t i = 0; i < kept.size(); ++i) CHECK(kept[i] == doctest::Approx(fresh[i]).epsilon(1e-3).scale(1.0));
      f.read = 0;
      const std::vector<float> as_it_is = values(*keeping->read(held, 0), 0);
      CHECK(f.read == (epoch == 0));
      CHECK(as_it_is == values(*keeping->read(held, 0), 0));
    }
    // Rows that are trained on stay as they are too, if there is more than one place.
    f.read = 0;
    REQUIRE(keeping->read(trained, 0).ok());
    CHECK(f.read == (keep == 1 ? 3 : 0));
  }
}

TEST_CASE("views: blended rows come with the backbone's own answers for them") {
  Fixture f;
  const auto source = f.source({.policy = {.mix = 1.0f}, .distinct = 3, .seed = 1});
  const std::vector<int32_t> some = {0, 1, 2, 3};
  const ViewBatch plain = *source->read(some, 0), mixed = *source->read(some, 1);
  CHECK(mixed.logits.dims() == Dims{4, 3});
  CHECK(!std::equal(mixed.logits.data<float>().begin(), mixed.logits.data<float>().end(), plain.logits.data<float>().begin()));
  CHECK(values(mixed, 0) != values(plain, 0));
  CHECK(plain.partners.empty());
  const auto keeping = f.source({.policy = {.mix = 1.0f}, .distinct = 3, .keep = 3, .seed = 1});
  for (int again = 0; again < 2; ++again) {
    const ViewBatch kept = *keeping->read(some, 1);
    CHECK(kept.partners == mixed.partners);
    CHECK(kept.shares == mixed.shares);
    CHECK(std::equal(kept.logits.data<float>().begin(), kept.logits.data<float>().end(), mixed.logits.data<float>().begin()));
  }
  // Two folds that never meet.
  const std::vector<uint8_t> folds = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
  const auto within = f.source({.policy = {.mix = 1.0f}, .distinct = 9, .seed = 1, .folds = folds});
  for (int64_t view = 1; view < 9; ++view) {
    const std::vector<int32_t> two = {2, 8};
    const ViewBatch batch = *within->read(two, view);
    CHECK(batch.partners[0] < 6);
    CHECK(batch.partners[1] >= 6);
    CHECK(batch.shares[0] >= 0.5f);
    CHECK(batch.shares[0] < 1);
  }
}

}  // namespace
}  // namespace offramp
