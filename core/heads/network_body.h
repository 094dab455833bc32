// The convolutional part of a head in training: batch_loss() runs it below the dense layers.
#pragma once
#include "heads/network.h"

namespace offramp {

// From maps to scratch.features [rows, inputs], with normalisation by the batch's own moments, or by `moments` where given.
void forward_body(const NetworkShape& shape, const float* parameters, const float* maps, int64_t rows, BatchScratch& scratch, const BodyMoments* moments);

// After forward_body() without moments: from scratch.feature_gradient to the gradient of the body's parameters, added to `gradient`.
void backward_body(const NetworkShape& shape, const float* parameters, const float* maps, int64_t rows, float* gradient, BatchScratch& scratch);

}  // namespace offramp
