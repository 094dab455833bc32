#include "heads/training.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "heads/matmul.h"

namespace offramp {
namespace {

void fill_rows(std::vector<float>& out, std::span<const float> row, int64_t rows) {
  out.resize(size_t(rows) * row.size());
  for (int64_t r = 0; r < rows; ++r) std::copy(row.begin(), row.end(), out.begin() + int64_t(row.size()) * r);
}

// Turns logits into (softmax - target) / rows and returns the mean loss.
double softmax_loss(std::span<float> logits, const float* targets, int64_t rows, int64_t classes) {
  double loss = 0;
  const float share = 1.0f / float(rows);
  for (int64_t r = 0; r < rows; ++r) {
    float* row = logits.data() + r * classes;
    const float* target = targets + r * classes;
    const float largest = *std::max_element(row, row + classes);
    float total = 0;
    double target_mean = 0, target_sum = 0;
    for (int64_t c = 0; c < classes; ++c) {
      const float exponent = row[c] - largest;
      target_mean += double(target[c]) * exponent;
      target_sum += target[c];
      row[c] = exp_exact(exponent);
      total += row[c];
    }
    loss += double(log_exact(total)) * target_sum - target_mean;
    const float inverse = 1.0f / total;
    for (int64_t c = 0; c < classes; ++c) row[c] = (row[c] * inverse - target[c]) * share;
  }
  return loss / double(rows);
}

void add_column_sums(const float* values, int64_t rows, int64_t columns, float* out) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) out[c] += values[r * columns + c];
}

}  // namespace

double batch_loss(const NetworkShape& shape, std::span<const float> parameters, const float* x, const float* targets,
                  int64_t rows, std::span<float> gradient, BatchScratch& scratch) {
  const int64_t inputs = shape.inputs, hidden = shape.hidden, classes = shape.classes, width = shape.width();
  const float* w1 = parameters.data();
  const float* w2 = parameters.data() + shape.w2();
  std::vector<float>& first = hidden > 0 ? scratch.hidden : scratch.logits;
  fill_rows(first, parameters.subspan(size_t(shape.b1()), size_t(width)), rows);
  matmul_add(rows, width, inputs, row_major(x, inputs), row_major(w1, width), first.data(), width);
  if (hidden > 0) {
    for (float& h : scratch.hidden) h = std::max(h, 0.0f);
    fill_rows(scratch.logits, parameters.subspan(size_t(shape.b2()), size_t(classes)), rows);
    matmul_add(rows, classes, hidden, row_major(scratch.hidden.data(), hidden), row_major(w2, classes),
               scratch.logits.data(), classes);
  }
  const double loss = softmax_loss(scratch.logits, targets, rows, classes);
  if (gradient.empty()) return loss;

  std::fill(gradient.begin(), gradient.end(), 0.0f);
  const float* back = scratch.logits.data();
  if (hidden > 0) {
    add_column_sums(back, rows, classes, gradient.data() + shape.b2());
    matmul_add(hidden, classes, rows, transposed(scratch.hidden.data(), hidden), row_major(back, classes),
               gradient.data() + shape.w2(), classes);
    scratch.hidden_gradient.assign(size_t(rows * hidden), 0.0f);
    matmul_add(rows, hidden, classes, row_major(back, classes), transposed(w2, classes), scratch.hidden_gradient.data(),
               hidden);
    for (size_t i = 0; i < scratch.hidden.size(); ++i)
      if (scratch.hidden[i] <= 0) scratch.hidden_gradient[i] = 0;
    back = scratch.hidden_gradient.data();
  }
  add_column_sums(back, rows, width, gradient.data() + shape.b1());
  matmul_add(inputs, width, rows, transposed(x, inputs), row_major(back, width), gradient.data(), width);
  return loss;
}

void Standardizer::apply(float* row) const {
  // A column that was not finite must not leak through as infinity times zero.
  for (size_t c = 0; c < mean.size(); ++c) row[c] = scale[c] > 0 ? (row[c] - mean[c]) * scale[c] : 0.0f;
}

FeatureReader::FeatureReader(const FeatureTable& table, int64_t exit_point, Pooling pooling) {
  const std::vector<HalfMatrix>& matrices = pooling == Pooling::kGrid ? table.grid : table.gap_gmp;
  OFFRAMP_CHECK(exit_point >= 0 && exit_point < int64_t(matrices.size()));
  matrix_ = &matrices[size_t(exit_point)];
  columns_ = pooling == Pooling::kGap ? matrix_->columns() / 2 : matrix_->columns();
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
  Standardizer result{std::vector<float>(columns), std::vector<float>(columns), true};
  std::vector<double> deviation(columns);
  double total_variance = 0, live = 0;
  for (size_t c = 0; c < columns; ++c) {
    const double mean = sum[c] / n + shift[c];
    const double variance = std::max(0.0, squares[c] / n - (sum[c] / n) * (sum[c] / n));
    if (!std::isfinite(mean) || !std::isfinite(variance)) {
      result.finite = false;
      continue;
    }
    result.mean[c] = float(mean);
    deviation[c] = std::sqrt(variance);
    // Below f16's own step around the mean there is nothing but rounding.
    if (deviation[c] < std::max(1e-7, std::abs(mean) * 0x1p-12)) deviation[c] = 0;
    if (deviation[c] > 0) {
      total_variance += variance;
      live += 1;
    }
  }
  // A feature that hardly ever fires would else be blown up to tens of deviations on the row where it does.
  const double floor = live > 0 ? 0.02 * std::sqrt(total_variance / live) : 0;
  for (size_t c = 0; c < columns; ++c)
    if (deviation[c] > 0) result.scale[c] = float(1.0 / std::max(deviation[c], floor));
  return result;
}

}  // namespace offramp
