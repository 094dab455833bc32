// Rows that run at once are bounded by what the maps of the exit points take, and how many run at once changes nothing.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <regex>

#include "features/features.h"
#include "package_fixture.h"

namespace offramp {
namespace {

// With a map of 8 x 112 x 112 among its exit points.
const char* const kLargeMaps =
    "graph large opset 17\n"
    "input x f32 [N, 3, 112, 112]\n"
    "const k f32 [8, 3, 3, 3] = normal(1)\n"
    "const d f32 [8, 8, 3, 3] = normal(2)\n"
    "const c f32 [4, 8] = normal(3)\n"
    "a = Conv(x, k) {pads = [1, 1, 1, 1]}\n"
    "b = Relu(a)\n"
    "e = Conv(b, d) {pads = [1, 1, 1, 1], strides = [2, 2]}\n"
    "f = Relu(e)\n"
    "g = GlobalAveragePool(f)\n"
    "h = Flatten(g)\n"
    "y = Gemm(h, c) {transB = 1}\n"
    "output y\n";

std::unique_ptr<FeatureExtractor> extractor_of(const std::string& text, Backend backend) {
  const Graph graph = test::graph_of(text);
  auto extractor = FeatureExtractor::create(graph, find_exit_points(graph), {backend});
  REQUIRE_MESSAGE(extractor.ok(), extractor.error().to_string());
  return std::move(*extractor);
}

int64_t map_bytes_of(const std::string& text) {
  int64_t bytes = 0;
  for (const ExitPoint& point : find_exit_points(test::graph_of(text))) bytes += element_count(point.shape) * 4;
  return bytes;
}

// Extracts `inputs` in calls of `step` rows.
FeatureTable table_of(FeatureExtractor& extractor, const Tensor& inputs, int64_t step) {
  FeatureTable table;
  const int64_t rows = inputs.dims()[0];
  std::vector<int32_t> labels(static_cast<size_t>(rows));
  std::iota(labels.begin(), labels.end(), 0);
  for (int64_t begin = 0; begin < rows; begin += step) {
    const int64_t end = std::min(begin + step, rows);
    REQUIRE(extractor.extract(inputs.rows(begin, end), std::span(labels).subspan(size_t(begin), size_t(end - begin)), table).ok());
  }
  table.finish();
  return table;
}

bool same_rows(const HalfMatrix& a, const HalfMatrix& b) {
  if (a.rows() != b.rows() || a.columns() != b.columns()) return false;
  std::vector<float> of_a(size_t(a.columns())), of_b(of_a);
  for (int64_t row = 0; row < a.rows(); ++row) {
    a.read_row(row, of_a.data());
    b.read_row(row, of_b.data());
    if (std::memcmp(of_a.data(), of_b.data(), of_a.size() * sizeof(float)) != 0) return false;
  }
  return true;
}

TEST_CASE("features: the maps of the rows that run at once stay within 64 MiB") {
  const int64_t row_bytes = map_bytes_of(kLargeMaps);
  REQUIRE(row_bytes >= 8 * 112 * 112 * 4);
  const int64_t rows = extractor_of(kLargeMaps, Backend::kXnnpack)->rows_per_run();
  CHECK(rows * row_bytes <= 64 * 1024 * 1024);
  CHECK((rows + 1) * row_bytes > 64 * 1024 * 1024);

  std::string huge = kLargeMaps;
  huge.replace(huge.find("112, 112"), 8, "2048, 2048");
  CHECK(extractor_of(huge, Backend::kXnnpack)->rows_per_run() == 1);
}

TEST_CASE("features: rows in one call, in several and one by one give the same table, bit by bit") {
  const auto extractor = extractor_of(kLargeMaps, Backend::kXnnpack);
  const int64_t rows = 2 * extractor->rows_per_run() + 3;
  const Tensor inputs = test::random_input({rows, 3, 112, 112}, 4);
  const FeatureTable whole = table_of(*extractor, inputs, rows);
  CHECK(whole.rows() == rows);
  CHECK(whole.labels.back() == rows - 1);
  CHECK(whole.logits.dims() == Dims{rows, 4});
  for (const int64_t step : {int64_t{1}, int64_t{7}}) {
    const FeatureTable other = table_of(*extractor, inputs, step);
    CHECK(other.labels == whole.labels);
    CHECK(std::memcmp(other.logits.raw(), whole.logits.raw(), whole.logits.bytes()) == 0);
    REQUIRE(other.grid.size() == whole.grid.size());
    for (size_t i = 0; i < whole.grid.size(); ++i) {
      CHECK(same_rows(other.gap_gmp[i], whole.gap_gmp[i]));
      CHECK(same_rows(other.grid[i], whole.grid[i]));
    }
  }
}

TEST_CASE("features: a row that is not finite is named by its place among all rows, in whatever run it is") {
  // Weights of one sign: infinity stays infinity, where a sum of both would be NaN, which some hosts' Relu makes 0.
  const std::string positive = std::regex_replace(std::string(kLargeMaps), std::regex("normal\\(.\\)"), "1");
  const auto extractor = extractor_of(positive, Backend::kXnnpack);
  const int64_t first = 2, rows = extractor->rows_per_run() + 2, bad = rows - 1;
  FeatureTable table;
  REQUIRE(extractor->extract(test::random_input({first, 3, 112, 112}, 5), std::vector<int32_t>(size_t(first)), table).ok());
  Tensor inputs = test::random_input({rows, 3, 112, 112}, 6);
  for (float& value : inputs.mutable_data<float>().subspan(size_t(bad) * 3 * 112 * 112)) value = std::numeric_limits<float>::infinity();
  const Status status = extractor->extract(inputs, std::vector<int32_t>(size_t(rows)), table);
  REQUIRE(!status.ok());
  CHECK(status.error().code == ErrorCode::kInvalidData);
  CHECK(status.error().to_string() ==
        "row " + std::to_string(first + bad) + ": the model's answer is not finite; check the sample and its preprocessing");
}

}  // namespace
}  // namespace offramp
