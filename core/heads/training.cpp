#include "heads/training.h"

#include <algorithm>
#include <cmath>


namespace offramp {
void Standardizer::apply(std::span<float> row) const {
  // A column that was not finite must not leak through as infinity times zero.
  for (size_t at = 0; at < row.size(); at += mean.size())
    for (size_t c = 0; c < mean.size(); ++c) row[at + c] = scale[c] > 0 ? (row[at + c] - mean[c]) * scale[c] : 0.0f;
}

FeatureReader::FeatureReader(const FeatureTable& table, int64_t exit_point, Pooling pooling) {
  const std::vector<HalfMatrix>& matrices = pooling == Pooling::kGrid ? table.grid : table.gap_gmp;
  OFFRAMP_CHECK(exit_point >= 0 && exit_point < int64_t(matrices.size()));
  matrix_ = &matrices[size_t(exit_point)];
  columns_ = pooling == Pooling::kGap ? table.gap_columns(int32_t(exit_point)) : matrix_->columns();
  buffer_.resize(size_t(matrix_->columns()));
}

void FeatureReader::read(int64_t row, float* out) {
  matrix_->read_row(row, buffer_.data());
  std::copy_n(buffer_.begin(), columns_, out);
}

Standardizer FeatureReader::standardizer(std::span<const int32_t> rows) {
  const auto columns = size_t(columns_);
  std::vector<double> sum(columns), squares(columns);
  std::vector<float> row(columns), shift(columns);
  // Moments around the first row: they stay accurate for columns with a large mean.
  if (!rows.empty()) read(rows[0], shift.data());
  for (int32_t r : rows) {
    read(r, row.data());
    for (size_t c = 0; c < columns; ++c) {
      const double value = double(row[c]) - shift[c];
      sum[c] += value;
      squares[c] += value * value;
    }
  }
  const double n = std::max<double>(1, double(rows.size()));
  std::vector<double> mean(columns), variance(columns);
  for (size_t c = 0; c < columns; ++c) {
    mean[c] = sum[c] / n + shift[c];
    variance[c] = squares[c] / n - (sum[c] / n) * (sum[c] / n);
  }
  return Standardizer::of_moments(mean, variance, 0.02);
}

Standardizer Standardizer::of_moments(std::span<const double> mean, std::span<const double> variance, double least) {
  const size_t columns = mean.size();
  Standardizer result{std::vector<float>(columns), std::vector<float>(columns), true};
  std::vector<double> deviation(columns);
  double total_variance = 0, live = 0;
  for (size_t c = 0; c < columns; ++c) {
    if (!std::isfinite(mean[c]) || !std::isfinite(variance[c])) {
      result.finite = false;
      continue;
    }
    result.mean[c] = float(mean[c]);
    const double spread = std::max(0.0, variance[c]);
    deviation[c] = std::sqrt(spread);
    // Below f16's own step around the mean there is nothing but rounding.
    if (deviation[c] < std::max(1e-7, std::abs(mean[c]) * 0x1p-12)) deviation[c] = 0;
    if (deviation[c] > 0) {
      total_variance += spread;
      live += 1;
    }
  }
  const double floor = live > 0 ? least * std::sqrt(total_variance / live) : 0;
  for (size_t c = 0; c < columns; ++c)
    if (deviation[c] > 0) result.scale[c] = float(1.0 / std::max(deviation[c], floor));
  return result;
}

}  // namespace offramp
