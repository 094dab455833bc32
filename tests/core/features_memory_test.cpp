// What bounds the memory of features: fewer exit points, blocks, columns let go, maps that are not given, sessions that end.
#include <doctest/doctest.h>

#include "features/features.h"
#include "features/views.h"
#include "heads/training.h"
#include "package_fixture.h"

namespace offramp {
namespace {

ExitPoint place(int64_t macs) {
  ExitPoint point;
  point.at = std::to_string(macs);
  point.macs = macs;
  return point;
}

TEST_CASE("exit points: as many as fit, those go whose neighbours are nearest to each other") {
  const std::vector<ExitPoint> points = {place(10), place(50), place(54), place(60), place(100)};
  const std::vector<Dims> shapes(5, Dims{8});  // a vector: average and maximum, 16 values, and no grid
  const auto names = [&](int64_t values) {
    std::string text;
    for (const ExitPoint& point : thin_exit_points(points, shapes, values)) text += point.at + " ";
    return text;
  };
  CHECK(names(80) == "10 50 54 60 100 ");
  CHECK(names(79) == "10 50 60 100 ");
  CHECK(names(48) == "50 60 100 ");
  CHECK(names(0) == "100 ");
}

TEST_CASE("grids of one cell are averages and not kept") {
  CHECK(grid_length({1024, 8, 8}) == 0);
  CHECK(grid_length({7}) == 0);
  CHECK(grid_length({16, 8, 8}) == feature_length(Pooling::kGrid, {16, 8, 8}));
}

TEST_CASE("half matrices: rows over several blocks, and columns let go") {
  HalfMatrix matrix(3);
  std::vector<float> rows;
  for (int i = 0; i < 3 * 700; ++i) rows.push_back(float(i % 97) / 8);
  matrix.append(std::span(rows).first(3 * 300));
  matrix.append(std::span(rows).subspan(3 * 300));
  CHECK(matrix.rows() == 700);
  const auto row = [&](int64_t r, int64_t columns) {
    std::vector<float> out(static_cast<size_t>(columns));
    matrix.read_row(r, out.data());
    return out;
  };
  for (int64_t r : {0, 255, 256, 299, 300, 511, 512, 699})
    CHECK(row(r, 3) == std::vector<float>(rows.begin() + 3 * r, rows.begin() + 3 * r + 3));
  matrix.keep_first_columns(2);
  CHECK(matrix.rows() == 700);
  CHECK(matrix.columns() == 2);
  for (int64_t r : {0, 256, 699}) CHECK(row(r, 2) == std::vector<float>(rows.begin() + 3 * r, rows.begin() + 3 * r + 2));
}

TEST_CASE("a table that kept the average reads the same average") {
  const Graph graph = test::graph_of(test::kMapBackbone);
  const std::vector<ExitPoint> points = find_exit_points(graph);
  auto extractor = FeatureExtractor::create(graph, points, {});
  REQUIRE(extractor.ok());
  FeatureTable table;
  const Tensor inputs = test::random_input(offramp::bind(*graph.value(graph.inputs[0]).shape, 9), 3);
  REQUIRE((*extractor)->extract(inputs, std::vector<int32_t>(9, 0), table).ok());
  const auto average = [&](int64_t row) {
    FeatureReader reader(table, 0, Pooling::kGap);
    std::vector<float> out(size_t(reader.columns()));
    reader.read(row, out.data());
    return out;
  };
  const std::vector<int32_t> rows = {4, 8};
  const std::vector<float> before = average(8);
  const PointBatch whole = read_table(table, 0, rows);
  table.keep_gap(0);
  CHECK(average(8) == before);
  const PointBatch kept = read_table(table, 0, rows);
  REQUIRE(kept.gap_gmp.dims() == whole.gap_gmp.dims());
  const size_t width = size_t(whole.gap_gmp.dims()[1]);
  for (size_t i = 0; i < 2 * width; ++i)
    CHECK(kept.gap_gmp.data<float>()[i] == (i % width < width / 2 ? whole.gap_gmp.data<float>()[i] : 0.0f));
  CHECK(kept.grid.elements() == 0);
  table.keep_gap(0);
  CHECK(average(8) == before);
}

TEST_CASE("views: maps only of the points that want them, and kept views outlive the session") {
  const Graph graph = test::graph_of(test::kMapBackbone);
  const std::vector<ExitPoint> points = find_exit_points(graph);
  REQUIRE(points.size() >= 2);
  const Tensor inputs = test::random_input(offramp::bind(*graph.value(graph.inputs[0]).shape, 6), 3);
  int asked = 0;
  const auto source_with = [&](std::span<const ViewPoint> wanted) {
    auto made = ViewSource::create(graph, wanted, 6, [&](std::span<const int32_t> some) -> Result<Tensor> { ++asked; return rows_of(inputs, some); },
                                   {.keep = 1});
    REQUIRE(made.ok());
    return std::move(made).value();
  };
  const std::vector<int32_t> rows = {0, 1, 2, 3, 4, 5};
  const auto source = source_with(std::vector<ViewPoint>{{points[0], true, false}, {points[1], true, true}});
  auto first = source->read(rows, 0);
  REQUIRE(first.ok());
  CHECK(first->points[0].map.elements() == 0);
  CHECK(first->points[1].map.elements() > 0);
  for (int32_t row : rows) {
    auto again = source->read(std::span(&row, 1), 0);
    REQUIRE(again.ok());
    for (size_t p = 0; p < 2; ++p) {
      const Tensor kept = again->points[p].gap_gmp, seen = rows_of(first->points[p].gap_gmp, std::span(&row, 1));
      for (size_t i = 0; i < size_t(kept.elements()); ++i) CHECK(kept.data<float>()[i] == seen.data<float>()[i]);
    }
  }
  CHECK(asked == 1);
}

}  // namespace
}  // namespace offramp
