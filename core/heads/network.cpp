// Forward and backward passes of a head on a batch.
#include "heads/network.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/result.h"
#include "heads/lanes.h"
#include "heads/matmul.h"
#include "heads/network_body.h"

namespace offramp {
namespace {

void fill_rows(std::vector<float>& out, std::span<const float> row, int64_t rows) {
  out.resize(size_t(rows) * row.size());
  for (int64_t r = 0; r < rows; ++r) std::copy(row.begin(), row.end(), out.begin() + int64_t(row.size()) * r);
}

// Turns logits into weight * softmax - target, over the number of rows, and returns the mean loss.
double softmax_loss(std::span<float> logits, const float* targets, int64_t rows, int64_t classes) {
  double loss = 0;
  const float share = 1.0f / float(rows);
  for (int64_t r = 0; r < rows; ++r) {
    float* row = logits.data() + r * classes;
    const float* target = targets + r * classes;
    const float largest = *std::max_element(row, row + classes);
    float total = 0, weight = 0;
    double target_mean = 0;
    for (int64_t c = 0; c < classes; ++c) {
      const float exponent = row[c] - largest;
      target_mean += double(target[c]) * exponent;
      weight += target[c];
      row[c] = exp_exact(exponent);
      total += row[c];
    }
    loss += double(log_exact(total)) * weight - target_mean;
    const float scale = weight / total;
    for (int64_t c = 0; c < classes; ++c) row[c] = (row[c] * scale - target[c]) * share;
  }
  return loss / double(rows);
}

void add_column_sums(const float* values, int64_t rows, int64_t columns, float* out) {
  for (int64_t r = 0; r < rows; ++r) add_lanes(out, values + r * columns, columns);
}

}  // namespace

int64_t NetworkShape::layer(size_t index) const {
  int64_t at = 0;
  for (size_t l = 0; l < index; ++l) at += body[l].weights() + 2 * body[l].out_channels;
  return at;
}

int64_t NetworkShape::macs() const {
  int64_t sum = hidden > 0 ? hidden * (inputs + classes) : inputs * classes;
  for (const ConvLayer& layer : body) sum += layer.macs();
  return sum;
}

int64_t NetworkShape::row_values() const { return body.empty() ? inputs : body[0].height * body[0].width * body[0].channels; }

double batch_loss(const NetworkShape& shape, std::span<const float> parameters, const float* x, const float* targets,
                  int64_t rows, std::span<float> gradient, BatchScratch& scratch, const BodyMoments* moments) {
  OFFRAMP_CHECK(gradient.empty() || !moments);
  const int64_t inputs = shape.inputs, hidden = shape.hidden, classes = shape.classes, width = shape.width();
  const float* map = x;
  if (!shape.body.empty()) {
    forward_body(shape, parameters.data(), x, rows, scratch, moments);
    x = scratch.features.data();
  }
  const float* w1 = parameters.data() + shape.w1();
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
  matmul_add(inputs, width, rows, transposed(x, inputs), row_major(back, width), gradient.data() + shape.w1(), width);
  if (shape.body.empty()) return loss;
  scratch.feature_gradient.assign(size_t(rows * inputs), 0.0f);
  matmul_add(rows, inputs, width, row_major(back, width), transposed(w1, width), scratch.feature_gradient.data(), inputs);
  backward_body(shape, parameters.data(), map, rows, gradient.data(), scratch);
  return loss;
}

void body_features(const NetworkShape& shape, std::span<const float> parameters, const float* maps, int64_t rows, BatchScratch& scratch,
                   const BodyMoments& moments) {
  forward_body(shape, parameters.data(), maps, rows, scratch, &moments);
}

}  // namespace offramp
