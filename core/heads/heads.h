// Heads: small classifiers on an exit point's pooled features or map, trained on the frozen backbone.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "features/features.h"
#include "heads/network.h"

namespace offramp {

// A convolution of a head's body: square on maps, along the time axis on signals; ReLU follows.
struct BodyLayer {
  int64_t channels = 0;  // 0: depthwise, as many as come in
  int64_t kernel = 3;    // odd
  int64_t stride = 1;
};

// A member of the head family.
struct HeadKind {
  std::string name;   // "linear_gap", "linear_gap_gmp", "mlp_gap_gmp", "mlp_grid", "separable_s", "conv_m", ...
  Pooling pooling = Pooling::kGap;
  int64_t hidden = 0;  // width of the one hidden ReLU layer, 0 for none
  std::vector<BodyLayer> body = {};  // convolutions on the map (features.h: body_map) before the pooling, then not kGap
};
const std::vector<HeadKind>& head_family();

// Cells down and across that kGrid pools a body's last maps into.
std::vector<GridAxis> body_grid(const ConvLayer& last);

// The network of a kind at an exit point of that shape (without the batch).
NetworkShape network_of(const HeadKind& kind, const Dims& shape, int64_t classes);

// Weights as ONNX has them, [out, in, window] (depthwise: [channels, 1, window]), normalisation folded in.
struct HeadConv {
  ConvLayer layer;
  std::vector<float> weights, biases;
};

// A trained head: logits = w2 * relu(w1 * features + b1) + b2, or w1 * features + b1 without a hidden layer.
// Features are pooled from the exit point's value, or from what the body makes of it. Row-major [out, in].
struct Head {
  HeadKind kind;
  int64_t inputs = 0, classes = 0;
  std::vector<HeadConv> body;
  std::vector<float> w1, b1, w2, b2;
  float temperature = 1.0f;
  int64_t macs() const;
  int64_t parameters() const;
  // Shapes: pooled features [n, inputs] -> logits [n, classes]. Precondition: no body.
  Tensor logits(const Tensor& features) const;
  // From whatever of the batch the kind reads.
  Tensor logits(const PointBatch& batch) const;
};

struct TrainOptions {
  int epochs = 20;
  int batch = 64;
  float learning_rate = 3e-3f;
  float weight_decay = 1e-4f;
  float distillation = 0.8f;  // share of the target that is the backbone's own softmax
  std::vector<float> class_weights;  // by class; empty: all 1
  uint64_t seed = 0;
};

// One head in training; a step is one epoch (a part of one where an epoch is more than about a second's work), so that
// a host can report progress and stop. Adam with cosine decay; a tenth of the rows is held out and the epoch with the
// least loss on it is kept. Same seed, same bits, on every host.
// Loss: cross-entropy against (1 - distillation) * one-hot + distillation * softmax(backbone's logits).
class HeadTrainer {
 public:
  // `table` must outlive the trainer. Precondition: labels in [0, classes), logits [rows, classes]. Columns that are
  // constant or not finite get no weight; the kind has no body. `rows` of the table are trained on; without them all are.
  HeadTrainer(const HeadKind& kind, const FeatureTable& table, int64_t exit_point, int64_t classes,
              const TrainOptions& options, std::vector<int32_t> rows = {});
  ~HeadTrainer();
  int64_t total_steps() const;
  bool done() const;
  void step();
  Head take();  // when done

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Closed-form head (ridge regression on one-hot targets) used to grade exit points in seconds: on at most 4,000 rows,
// evenly picked (1,024 where there are more than 1,024 features) from `rows`, or from all. Its kind is named "ridge" and has
// no hidden layer.
// Errors: kInvalidData if the features are not finite, a label is out of range, or there are no rows.
Result<Head> fit_ridge(const HeadKind& kind, const FeatureTable& table, int64_t exit_point, int64_t classes,
                       std::vector<int32_t> rows = {});

// A head's logits on every row of a table, [rows, classes]. Precondition: the head has no body.
Tensor head_logits(const Head& head, const FeatureTable& table, int64_t exit_point);

// The temperature in [0.05, 20] that minimises the negative log-likelihood of the labels; 1 without rows. Rows that are
// not finite are passed over. Source: Guo et al. 2017.
float fit_temperature(const Tensor& logits, std::span<const int32_t> labels);

}  // namespace offramp
