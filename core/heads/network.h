// A head in training: parameters in one flat array, and its loss with a hand-written gradient.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "features/features.h"

namespace offramp {

// One convolution of a head's body, on maps [n, height, width, channels]. Signals have height 1. "Same" padding of
// (kernel - 1) / 2 on each side; batch normalisation and ReLU follow it.
struct ConvLayer {
  int64_t height, width, channels;  // of its input
  int64_t out_channels;             // depthwise: equal to `channels`
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  bool depthwise;
  int64_t out_height() const { return (height - 1) / stride_height + 1; }
  int64_t out_width() const { return (width - 1) / stride_width + 1; }
  int64_t out_pixels() const { return out_height() * out_width(); }
  int64_t window() const { return kernel_height * kernel_width; }
  int64_t weights() const { return window() * (depthwise ? channels : channels * out_channels); }
  int64_t macs() const { return out_pixels() * weights(); }
};

// Parameters lie as those of each convolution, w [window, channels, out_channels] (depthwise: [window, channels]), then its
// normalisation's scale and shift [out_channels]; then w1 [inputs, width], b1 [width], and with a hidden layer
// w2 [hidden, classes], b2 [classes]: input-major, so that both products of a training step read rows. Width is
// `hidden`, or `classes` without one. A body ends in averages over the cells of `grid`, channel-major (inputs = its last channels *
// cells), or without a grid in global average and maximum (inputs = 2 * its last channels).
struct NetworkShape {
  int64_t inputs = 0, hidden = 0, classes = 0;
  std::vector<ConvLayer> body = {};
  std::vector<GridAxis> grid = {};  // down, then across
  int64_t width() const { return hidden > 0 ? hidden : classes; }
  // Where a convolution's weights begin; for body.size(), where w1 does.
  int64_t layer(size_t index) const;
  int64_t w1() const { return layer(body.size()); }
  int64_t b1() const { return w1() + inputs * width(); }
  int64_t w2() const { return b1() + width(); }
  int64_t b2() const { return w2() + hidden * classes; }
  int64_t parameters() const { return hidden > 0 ? b2() + classes : w2(); }
  int64_t macs() const;        // of one sample
  int64_t row_values() const;  // of one sample's input: its map, or its features without a body
};

// Mean and variance of each body layer's outputs before normalisation, layer by layer: [out_channels] each.
struct BodyMoments {
  std::vector<std::vector<float>> mean, variance;
};
inline constexpr float kNormEpsilon = 1e-5f;

// Buffers that batch_loss() keeps between calls.
struct BatchScratch {
  struct Layer {
    std::vector<float> normal;   // normalised outputs
    std::vector<float> out;      // after scale, shift and ReLU
    std::vector<float> inverse;  // of the deviation, by channel
  };
  std::vector<Layer> layers;
  BodyMoments moments;  // of the last batch
  std::vector<float> features, hidden, logits, hidden_gradient, feature_gradient, map_gradient, next_gradient, patches, patch_gradient;
  std::vector<int32_t> largest;  // by row and channel, the pixel of the maximum
};

// Mean cross-entropy of a batch against target distributions, which may be weighted (a row's targets sum to its weight).
// Shapes: x [rows, row_values], targets [rows, classes]. With `gradient` not empty it is overwritten by the gradient of the
// mean loss. Normalisation uses the batch's own moments, or `moments` where given (then there is no gradient).
double batch_loss(const NetworkShape& shape, std::span<const float> parameters, const float* x, const float* targets,
                  int64_t rows, std::span<float> gradient, BatchScratch& scratch, const BodyMoments* moments = nullptr);

// The body's pooled features alone, in scratch.features [rows, inputs].
void body_features(const NetworkShape& shape, std::span<const float> parameters, const float* maps, int64_t rows, BatchScratch& scratch,
                   const BodyMoments& moments);

}  // namespace offramp
