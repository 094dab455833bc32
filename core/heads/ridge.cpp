// Closed-form heads and temperatures: what grades every exit point in seconds, and calibrates the trained ones.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "heads/heads.h"
#include "heads/matmul.h"
#include "heads/training.h"

namespace offramp {
namespace {

constexpr int64_t kMostRows = 4000;    // enough to rank exit points, and it bounds the time
constexpr int64_t kMostSolved = 1024;  // unknowns; with more columns the dual is solved, on that many rows
constexpr int64_t kBlockRows = 256;    // summed in f32, the blocks in double
constexpr int64_t kBandColumns = 256;  // of the Gram matrix; bands right of the diagonal are not computed
constexpr double kRidge = 1e-2;        // of the mean diagonal

struct NormalEquations {
  int64_t columns = 0, classes = 0;
  std::vector<double> gram;   // [columns, columns], lower part
  std::vector<double> cross;  // [columns, classes]
};

// Standardised features and centred one-hot targets of some rows.
void load_rows(FeatureReader& reader, const Standardizer& standard, std::span<const int32_t> labels,
               std::span<const int32_t> rows, std::span<const double> target_mean, float* x, float* y) {
  const auto columns = reader.columns(), classes = int64_t(target_mean.size());
  for (size_t i = 0; i < rows.size(); ++i, x += columns, y += classes) {
    reader.read(rows[i], x);
    standard.apply(std::span(x, size_t(columns)));
    for (int64_t c = 0; c < classes; ++c) y[c] = float(-target_mean[size_t(c)]);
    y[labels[size_t(rows[i])]] += 1.0f;
  }
}

// Accumulates x'x and x'(y - mean y) over standardised rows.
NormalEquations accumulate(FeatureReader& reader, const Standardizer& standard, std::span<const int32_t> labels,
                           std::span<const int32_t> rows, std::span<const double> target_mean) {
  NormalEquations eq;
  const int64_t columns = eq.columns = reader.columns();
  const int64_t classes = eq.classes = int64_t(target_mean.size());
  eq.gram.resize(size_t(columns * columns));
  eq.cross.resize(size_t(columns * classes));
  std::vector<float> x(size_t(kBlockRows * columns)), y(size_t(kBlockRows * classes));
  std::vector<float> band(size_t(columns * kBandColumns)), cross(size_t(columns * classes));
  for (size_t first = 0; first < rows.size(); first += size_t(kBlockRows)) {
    const int64_t count = std::min<int64_t>(kBlockRows, int64_t(rows.size() - first));
    load_rows(reader, standard, labels, rows.subspan(first, size_t(count)), target_mean, x.data(), y.data());
    std::fill(cross.begin(), cross.end(), 0.0f);
    matmul_add(columns, classes, count, transposed(x.data(), columns), row_major(y.data(), classes), cross.data(),
               classes);
    for (size_t i = 0; i < cross.size(); ++i) eq.cross[i] += cross[i];
    for (int64_t j = 0; j < columns; j += kBandColumns) {
      const int64_t width = std::min(kBandColumns, columns - j);
      std::fill(band.begin(), band.end(), 0.0f);
      const MatrixView right = row_major(x.data() + j, columns);
      matmul_add(columns - j, width, count, transposed(x.data() + j, columns), right, band.data(), width);
      for (int64_t i = 0; i < columns - j; ++i)
        for (int64_t c = 0; c < width; ++c) eq.gram[size_t((j + i) * columns + j + c)] += band[size_t(i * width + c)];
    }
  }
  return eq;
}

// Cholesky in place on the lower part, right-looking: every update is element by element, so that no compiler's
// choice of lanes can change a sum's order. The matrix is positive definite by its ridge.
void cholesky(std::vector<double>& a, int64_t n) {
  std::vector<double> column(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j) {
    const double diagonal = std::sqrt(a[size_t(j * n + j)]);
    a[size_t(j * n + j)] = diagonal;
    for (int64_t i = j + 1; i < n; ++i) column[size_t(i)] = a[size_t(i * n + j)] /= diagonal;
    for (int64_t i = j + 1; i < n; ++i) {
      double* row = a.data() + i * n;
      const double factor = column[size_t(i)];
      for (int64_t k = j + 1; k <= i; ++k) row[k] -= factor * column[size_t(k)];
    }
  }
}

// Solves L L' w = b for all columns of b in place.
void solve(const std::vector<double>& l, int64_t n, std::vector<double>& b, int64_t columns) {
  for (int64_t i = 0; i < n; ++i) {
    double* row = b.data() + i * columns;
    for (int64_t k = 0; k < i; ++k)
      for (int64_t c = 0; c < columns; ++c) row[c] -= l[size_t(i * n + k)] * b[size_t(k * columns + c)];
    for (int64_t c = 0; c < columns; ++c) row[c] /= l[size_t(i * n + i)];
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    double* row = b.data() + i * columns;
    for (int64_t k = i + 1; k < n; ++k)
      for (int64_t c = 0; c < columns; ++c) row[c] -= l[size_t(k * n + i)] * b[size_t(k * columns + c)];
    for (int64_t c = 0; c < columns; ++c) row[c] /= l[size_t(i * n + i)];
  }
}

void add_ridge(std::vector<double>& gram, int64_t n, int64_t columns) {
  double trace = 0;
  for (int64_t i = 0; i < n; ++i) trace += gram[size_t(i * n + i)];
  const double ridge = std::max(kRidge * trace / double(std::max<int64_t>(1, columns)), 1e-6);
  for (int64_t i = 0; i < n; ++i) gram[size_t(i * n + i)] += ridge;
}

// Weights [columns, classes] of (x'x + ridge) w = x'y.
std::vector<double> solve_primal(FeatureReader& reader, const Standardizer& standard, std::span<const int32_t> labels,
                                 std::span<const int32_t> rows, std::span<const double> target_mean) {
  NormalEquations eq = accumulate(reader, standard, labels, rows, target_mean);
  add_ridge(eq.gram, eq.columns, eq.columns);
  cholesky(eq.gram, eq.columns);
  solve(eq.gram, eq.columns, eq.cross, eq.classes);
  return std::move(eq.cross);
}

// The same weights as x' (xx' + ridge)^-1 y: a system of the size of the rows.
std::vector<double> solve_dual(FeatureReader& reader, const Standardizer& standard, std::span<const int32_t> labels,
                               std::span<const int32_t> rows, std::span<const double> target_mean) {
  const int64_t columns = reader.columns(), classes = int64_t(target_mean.size()), n = int64_t(rows.size());
  std::vector<float> x(size_t(n * columns)), y(size_t(n * classes)), products(size_t(n * n));
  load_rows(reader, standard, labels, rows, target_mean, x.data(), y.data());
  matmul_add(n, n, columns, row_major(x.data(), columns), transposed(x.data(), columns), products.data(), n);
  std::vector<double> gram(products.begin(), products.end()), alpha(y.begin(), y.end());
  add_ridge(gram, n, columns);
  cholesky(gram, n);
  solve(gram, n, alpha, classes);
  std::copy(alpha.begin(), alpha.end(), y.begin());
  std::vector<float> weights(size_t(columns * classes));
  matmul_add(columns, classes, n, transposed(x.data(), columns), row_major(y.data(), classes), weights.data(), classes);
  return {weights.begin(), weights.end()};
}

// Slope and curvature of the negative log-likelihood in beta = 1 / temperature.
struct Slope {
  double first = 0, second = 0;
};
Slope likelihood_slope(std::span<const float> logits, std::span<const int32_t> labels, int64_t classes, double beta) {
  Slope slope;
  for (size_t r = 0; r < labels.size(); ++r) {
    const float* row = logits.data() + int64_t(r) * classes;
    const float largest = *std::max_element(row, row + classes);
    if (!std::isfinite(largest)) continue;
    double total = 0, mean = 0, square = 0;
    bool finite = true;
    for (int64_t c = 0; c < classes; ++c) {
      const double z = double(row[c]) - largest;
      finite = finite && std::isfinite(z);
      const double p = finite ? double(exp_exact(float(std::max(z * beta, -87.0)))) : 0;
      total += p;
      mean += p * z;
      square += p * z * z;
    }
    if (!finite) continue;
    mean /= total;
    slope.first += mean - (double(row[labels[r]]) - largest);
    slope.second += std::max(0.0, square / total - mean * mean);
  }
  return slope;
}

}  // namespace

Result<Head> fit_ridge(const HeadKind& kind, const FeatureTable& table, int64_t exit_point, int64_t classes, std::vector<int32_t> from) {
  if (from.empty())
    for (int64_t r = 0; r < table.rows(); ++r) from.push_back(int32_t(r));
  if (from.empty()) return invalid_data("no rows to fit a head on");
  for (size_t r = 0; r < table.labels.size(); ++r)
    if (table.labels[r] < 0 || table.labels[r] >= classes)
      return invalid_data("label " + std::to_string(table.labels[r]) + " of row " + std::to_string(r) +
                          " is outside the model's " + std::to_string(classes) + " classes");
  FeatureReader reader(table, exit_point, kind.pooling);
  const int64_t columns = reader.columns();
  const int64_t count = std::min(columns > kMostSolved ? kMostSolved : kMostRows, int64_t(from.size()));
  std::vector<int32_t> rows(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) rows[size_t(i)] = from[size_t(i * int64_t(from.size()) / count)];
  const Standardizer standard = reader.standardizer(rows);
  if (!standard.finite)
    return invalid_data("features of exit point " + std::to_string(exit_point) +
                        " are not finite; their activations may exceed f16's 65504");

  std::vector<double> target_mean(static_cast<size_t>(classes));
  for (int32_t r : rows) target_mean[size_t(table.labels[size_t(r)])] += 1.0 / double(count);
  const std::vector<double> weights = columns > kMostSolved
                                          ? solve_dual(reader, standard, table.labels, rows, target_mean)
                                          : solve_primal(reader, standard, table.labels, rows, target_mean);
  Head head;
  head.kind = {"ridge", kind.pooling, 0, {}};
  head.inputs = columns;
  head.classes = classes;
  head.w1.resize(size_t(classes * columns));
  head.b1.resize(size_t(classes));
  for (int64_t c = 0; c < classes; ++c) {
    double bias = target_mean[size_t(c)];
    for (int64_t f = 0; f < columns; ++f) {
      const double weight = weights[size_t(f * classes + c)] * standard.scale[size_t(f)];
      head.w1[size_t(c * columns + f)] = float(weight);
      bias -= weight * standard.mean[size_t(f)];
    }
    head.b1[size_t(c)] = float(bias);
  }
  return head;
}

float fit_temperature(const Tensor& logits, std::span<const int32_t> labels) {
  OFFRAMP_CHECK(logits.dims().size() == 2 && logits.dims()[0] == int64_t(labels.size()));
  if (labels.empty()) return 1.0f;
  const int64_t classes = logits.dims()[1];
  for (int32_t label : labels) OFFRAMP_CHECK(label >= 0 && label < classes);
  const auto values = logits.data<float>();
  // Convex in beta: Newton's step where it stays inside the bracket of the slope's sign, else halving.
  double low = 1.0 / 20, high = 1.0 / 0.05, beta = 1;
  if (likelihood_slope(values, labels, classes, low).first >= 0) return 20.0f;
  if (likelihood_slope(values, labels, classes, high).first <= 0) return 0.05f;
  for (int i = 0; i < 60 && high - low > 1e-6 * high; ++i) {
    const Slope slope = likelihood_slope(values, labels, classes, beta);
    if (slope.first == 0) break;
    (slope.first > 0 ? high : low) = beta;
    const double newton = slope.second > 0 ? beta - slope.first / slope.second : low;
    const double next = newton > low && newton < high ? newton : 0.5 * (low + high);
    const bool settled = std::abs(next - beta) <= 1e-7 * beta;
    beta = next;
    if (settled) break;
  }
  return float(1.0 / beta);
}

}  // namespace offramp
