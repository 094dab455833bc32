// A small search that can be interrupted anywhere, for the tests of its records.
#pragma once
#include "core/package_fixture.h"

#include "offramp.h"
#include "onnx/onnx.h"

namespace offramp::test {

using Bytes = std::vector<uint8_t>;
using Part = Augmenter::Part;
inline constexpr Part kParts[] = {Part::kTrain, Part::kSelect, Part::kTest, Part::kCertify};

// As kMapBackbone, but wide enough for convolutional heads.
inline constexpr const char* kWideBackbone = R"(graph wide opset 17
input x f32 [N, 2, 12, 12]
const w1 f32 [16, 2, 3, 3] = normal(1) * 0.4
const w2 f32 [40, 16, 3, 3] = normal(2) * 0.1
const w3 f32 [40, 40, 3, 3] = normal(3) * 0.05
const w4 f32 [3, 40] = normal(4) * 0.4
const b4 f32 [3] = {0.1, -0.2, 0.3}
c1 = Conv(x, w1) {pads = [1, 1, 1, 1], strides = [1, 1], kernel_shape = [3, 3]}
low = Relu(c1)
c2 = Conv(low, w2) {pads = [1, 1, 1, 1], strides = [2, 2], kernel_shape = [3, 3]}
r2 = Relu(c2)
c3 = Conv(r2, w3) {pads = [1, 1, 1, 1], strides = [1, 1], kernel_shape = [3, 3]}
a3 = Add(c3, r2)
high = Relu(a3)
g = GlobalAveragePool(high)
f = Flatten(g) {axis = 1}
y = Gemm(f, w4, b4) {transB = 1}
output y
)";

// Noise on one of three patterns, which is the label.
struct DrawnRows {
  Tensor x;
  std::vector<int32_t> labels;
  std::vector<int64_t> groups;
};
inline DrawnRows draw_rows(int64_t count, uint64_t seed) {
  DrawnRows rows = {random_input({count, 2, 12, 12}, seed), {}, {}};
  const auto values = rows.x.mutable_data<float>();
  for (size_t r = 0; r < size_t(count); ++r) {
    const auto label = int32_t(r % 3);
    rows.labels.push_back(label);
    rows.groups.push_back(int64_t(r / 6));
    for (size_t i = 0; i < 288; ++i) values[288 * r + i] += label == 2 ? ((i / 12 + i) % 2 == 0 ? 1.0f : -1.0f) : (label == 0) == (i < 144) ? 1.5f : 0.0f;
  }
  return rows;
}

// Of one setting: its rows by part, its options, and what a search that nothing interrupts comes to.
class ResumeWorld {
 public:
  ResumeWorld(Json options, std::array<int64_t, 4> counts, bool grouped = false) : options_(std::move(options)), grouped_(grouped) {
    auto bytes = export_onnx(graph_of(kWideBackbone));
    REQUIRE(bytes.ok());
    onnx_ = std::move(*bytes);
    options_["epochs"] = 2;
    for (size_t part = 0; part < 4; ++part) rows_.push_back(draw_rows(counts[part], 60 + part));
  }

  std::unique_ptr<Augmenter> create(const Json& changes = Json::object()) const {
    Json options = options_;
    options.update(changes);
    auto augmenter = Augmenter::create(onnx_, options);
    REQUIRE_MESSAGE(augmenter.ok(), augmenter.error().to_string());
    return std::move(*augmenter);
  }
  const DrawnRows& rows(Part part) const { return rows_[size_t(part)]; }
  // Rows [begin, end) of a part.
  Status add(Augmenter& augmenter, Part part, int64_t begin, int64_t end, std::span<const uint8_t> record = {}) const {
    const DrawnRows& from = rows(part);
    const auto some = [&](const auto& values) { return std::span(values).subspan(size_t(begin), size_t(end - begin)); };
    const auto groups = part == Part::kTrain && grouped_ ? some(from.groups) : std::span<const int64_t>();
    return augmenter.add_rows(part, from.x.rows(begin, end), some(from.labels), groups, record);
  }
  int64_t count(Part part) const { return int64_t(rows(part).labels.size()); }
  // With all rows.
  std::unique_ptr<Augmenter> filled(const Json& changes = Json::object()) const {
    auto augmenter = create(changes);
    for (Part part : kParts)
      if (count(part) > 0) REQUIRE(add(*augmenter, part, 0, count(part)).ok());
    return augmenter;
  }

 private:
  Json options_;
  bool grouped_;
  Bytes onnx_;
  std::vector<DrawnRows> rows_;
};

inline Augmenter::Progress step(Augmenter& augmenter) {
  auto progress = augmenter.step();
  REQUIRE_MESSAGE(progress.ok(), progress.error().to_string());
  return *progress;
}

// All that a search gives, as bytes.
inline Bytes finish(Augmenter& augmenter) {
  while (step(augmenter).phase != "finished") {}
  const std::string report = augmenter.result().dump();
  Bytes all(report.begin(), report.end());
  auto files = augmenter.package(Json::object());
  REQUIRE_MESSAGE(files.ok(), files.error().to_string());
  for (const PackageFile& file : *files) all.insert(all.end(), file.bytes.begin(), file.bytes.end());
  return all;
}

inline Bytes record_of(Augmenter& augmenter) {
  auto record = augmenter.search_record();
  REQUIRE_MESSAGE(record.ok(), record.error().to_string());
  return std::move(*record);
}

}  // namespace offramp::test
