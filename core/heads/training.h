// Inside of head training, apart so that a test can check gradients: parameters in one flat array, and the loss.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "features/features.h"

namespace offramp {

// Parameters lie as w1 [inputs, width], b1 [width], and with a hidden layer w2 [hidden, classes], b2 [classes]:
// input-major, so that both products of a training step read rows. Width is `hidden`, or `classes` without one.
struct NetworkShape {
  int64_t inputs = 0, hidden = 0, classes = 0;
  int64_t width() const { return hidden > 0 ? hidden : classes; }
  int64_t b1() const { return inputs * width(); }
  int64_t w2() const { return b1() + width(); }
  int64_t b2() const { return w2() + hidden * classes; }
  int64_t parameters() const { return hidden > 0 ? b2() + classes : w2(); }
};

struct BatchScratch {
  std::vector<float> hidden, logits, hidden_gradient;
};

// Mean cross-entropy of a batch against target distributions. Shapes: x [rows, inputs], targets [rows, classes].
// With `gradient` not empty it is overwritten by the gradient of the mean loss.
double batch_loss(const NetworkShape& shape, std::span<const float> parameters, const float* x, const float* targets,
                  int64_t rows, std::span<float> gradient, BatchScratch& scratch);

// Standardisation of features; a constant column or one with values that are not finite has scale 0.
struct Standardizer {
  std::vector<float> mean, scale;
  bool finite = true;  // all features were
  void apply(float* row) const;
};

// Reads rows of an exit point's features as a head kind sees them.
class FeatureReader {
 public:
  FeatureReader(const FeatureTable& table, int64_t exit_point, Pooling pooling);
  int64_t columns() const { return columns_; }
  void read(int64_t row, float* out);
  Standardizer standardizer(std::span<const int32_t> rows);

 private:
  const HalfMatrix* matrix_;
  int64_t columns_;
  std::vector<float> buffer_;
};

}  // namespace offramp
