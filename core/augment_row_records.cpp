// Records of extracted rows: features and logits as they are kept, so that an interrupted extraction goes on where it was.
#include <algorithm>
#include <cmath>

#include "augmenter.h"

namespace offramp {
namespace {

constexpr uint32_t kVersion = 1;  // to be raised when features come out differently
constexpr const char* kKind = "rows";

}  // namespace

// What the features of some rows depend on.
void Augmenter::State::archive_owners_of_rows(Archive& a, const Tensor& raw_rows, std::span<const int32_t> labels) const {
  Sha256 how, rows;
  const std::string steps = options.preprocess.to_json().dump() + (options.backend == Backend::kReference ? "reference" : "xnnpack");
  how.update(steps.data(), steps.size());
  const std::string kind = std::string(to_string(raw_rows.dtype())) + to_string(raw_rows.dims());
  rows.update(kind.data(), kind.size());
  rows.update(raw_rows.raw(), raw_rows.bytes());
  rows.update(labels.data(), labels.size_bytes());
  a.owner("another model", model_hash);
  a.owner("another preprocessing or backend", how.hex());
  a.owner("other rows", rows.hex());
}

// Those of `rows` rows from `begin` on, or more rows behind the table's.
void Augmenter::State::archive_features(Archive& a, FeatureTable& table, int64_t begin, int64_t rows) const {
  for (auto* matrices : {&table.gap_gmp, &table.grid})
    for (HalfMatrix& matrix : *matrices) {
      if (matrix.columns() == 0) continue;
      std::vector<uint16_t> halves(size_t(rows * matrix.columns()));
      for (int64_t row = 0; row < rows && !a.reading(); ++row) std::ranges::copy(matrix.halves(begin + row), halves.begin() + row * matrix.columns());
      a.raw("features", halves.data(), halves.size() * sizeof(uint16_t));
      if (a.reading()) matrix.append_halves(halves);
    }
}

Result<std::vector<uint8_t>> Augmenter::rows_record(Part part, int64_t begin, int64_t end) {
  State& s = *state_;
  FeatureTable& table = s.tables[size_t(part)];
  if (s.started) return invalid_argument("rows are recorded before the first step");
  if (begin < 0 || begin >= end || end > table.rows())
    return invalid_argument("expected rows within 0 to " + std::to_string(table.rows()) + ", got " + std::to_string(begin) + " to " + std::to_string(end));
  Archive a;
  std::vector<int32_t> rows;
  for (int64_t row = begin; row < end; ++row) rows.push_back(int32_t(row));
  s.archive_owners_of_rows(a, s.raw[size_t(part)].gather(rows), std::span(table.labels).subspan(size_t(begin), rows.size()));
  int64_t first = 0;
  for (const Tensor& chunk : table.logit_chunks) {
    const int64_t from = std::max(begin - first, int64_t{0}), to = std::min(end - first, chunk.dims()[0]);
    if (from < to) {
      Tensor some = chunk.rows(from, to);
      a.raw("logits", some.mutable_raw(), some.bytes());
    }
    first += chunk.dims()[0];
  }
  s.archive_features(a, table, begin, end - begin);
  return seal_record(kKind, kVersion, a.take());
}

// Errors: as add_rows; the table is as before then.
Status Augmenter::State::add_recorded(size_t part, const Tensor& raw_rows, std::span<const int32_t> labels, std::span<const uint8_t> record) {
  OFFRAMP_TRY(const auto body, open_record(kKind, kVersion, record));
  Archive a(body);
  archive_owners_of_rows(a, raw_rows, labels);
  FeatureTable& table = tables[part];
  extractor->prepare(table);
  const auto rows = int64_t(labels.size());
  int64_t columns = 0;
  for (auto* matrices : {&table.gap_gmp, &table.grid})
    for (const HalfMatrix& matrix : *matrices) columns += matrix.columns();
  Tensor answers(DType::kF32, {rows, classes});
  a.raw("logits", answers.mutable_raw(), answers.bytes());
  for (float v : answers.data<float>())
    if (!std::isfinite(v)) a.refuse("logits: expected finite values");
  a.rest("features", size_t(rows * columns) * sizeof(uint16_t));
  if (!a.ok()) return a.finish();
  archive_features(a, table, 0, rows);
  table.labels.insert(table.labels.end(), labels.begin(), labels.end());
  table.logit_chunks.push_back(std::move(answers));
  return {};
}

}  // namespace offramp
