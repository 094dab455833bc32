// One head in training: its parameters, their optimiser, and the best of them so far. Who feeds it decides on rows.
#pragma once
#include <span>
#include <vector>

#include "base/archive.h"
#include "heads/heads.h"
#include "heads/network.h"
#include "heads/training.h"

namespace offramp {

// Adam (Kingma & Ba 2015) with L2 on weights, not on biases and normalisation. Same inputs, same bits, on every host.
class HeadLearner {
 public:
  // `network` as network_of() gives it. `stream` sets apart the random numbers of heads with the same seed.
  HeadLearner(const HeadKind& kind, NetworkShape network, const TrainOptions& options, Standardizer standard, uint64_t stream);

  // Values of a row as train() and loss() take them: features, or a map [height, width, channels] if the kind has a body.
  int64_t row_values() const { return network_.row_values(); }
  int64_t classes() const { return network_.classes; }
  const HeadKind& kind() const { return kind_; }
  int64_t macs() const { return network_.macs(); }  // of one row, forward

  // A step on a batch. Shapes: x [rows, row_values], not yet standardised; targets [rows, classes]. `progress`, from 0 to 1,
  // is how much of the training is over: the learning rate falls as a cosine.
  void train(std::vector<float> x, const float* targets, int64_t rows, double progress, BatchScratch& scratch);
  // Sum of the rows' losses.
  double loss(std::vector<float> x, const float* targets, int64_t rows, BatchScratch& scratch) const;
  // Keeps the parameters if the loss on held-out rows is the least so far.
  void keep_if_best(double held_loss);
  Head take() const;  // the best kept, else the last
  // All that training has changed. Read into a learner made as the one that wrote it, it goes on as that would have.
  void archive(Archive& a);

 private:
  void standardise(std::vector<float>& x, int64_t rows) const;

  HeadKind kind_;
  NetworkShape network_;
  TrainOptions options_;
  Standardizer standard_;
  std::vector<float> parameters_, best_, gradient_;
  BodyMoments moments_, best_moments_;
  double best_loss_ = 0;
  std::vector<float> momentum_, square_;
  double beta1_power_ = 1, beta2_power_ = 1;
};

// Weights by class: inverse to its rows, at most ten times the mean row's, and 1 on the average over all rows.
std::vector<float> balanced_weights(std::span<const int32_t> labels, int32_t classes);

// Target distributions [rows, classes]: (1 - distillation) * one-hot + distillation * softmax(teacher), times the class's weight.
// Shapes: teacher [rows, classes] logits. Without class weights each is 1. Of blended rows, `shares` says how much of a row is of
// its label and how much of `partners`' label; else both are empty.
std::vector<float> soft_targets(std::span<const int32_t> labels, std::span<const float> teacher, int64_t classes, const TrainOptions& options,
                                std::span<const int32_t> partners = {}, std::span<const float> shares = {});

}  // namespace offramp
