#include "heads/learner.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/math.h"

namespace offramp {
namespace {

constexpr float kMomentKeep = 0.9f;  // of the running moments, per batch

typedef float V4 __attribute__((vector_size(16)));
typedef int32_t I4 __attribute__((vector_size(16)));

// 1 / sqrt(x) for positive x, relative error below 5e-6: the same bits on every host, and in lanes.
V4 inverse_sqrt(V4 x) {
  const V4 half = x * 0.5f;
  V4 y = std::bit_cast<V4>(0x5f375a86 - (std::bit_cast<I4>(x) >> 1));
  y = y * (1.5f - half * y * y);
  y = y * (1.5f - half * y * y);
  return y;
}

// Cosine of pi * x for x in [0, 1], by its Taylor series around 1/2: no libm.
double cosine_pi(double x) {
  const double t = 3.14159265358979323846 * (0.5 - x);
  const double s = t * t;
  return t * (1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72 * (1 - s / 110)))));
}

// Adam's update of four parameters at a time; arrays are padded to whole lanes.
void adam_step(std::span<float> parameters, std::span<const float> gradient, std::span<float> momentum, std::span<float> square, float step, float unbias) {
  constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-16f;
  for (size_t at = 0; at < parameters.size(); at += 4) {
    V4 p, g, m, s;
    std::memcpy(&p, &parameters[at], sizeof p);
    std::memcpy(&g, &gradient[at], sizeof g);
    std::memcpy(&m, &momentum[at], sizeof m);
    std::memcpy(&s, &square[at], sizeof s);
    m = m * kBeta1 + g * (1 - kBeta1);
    s = s * kBeta2 + g * g * (1 - kBeta2);
    p -= step * m * inverse_sqrt(s * unbias + kEpsilon);
    std::memcpy(&parameters[at], &p, sizeof p);
    std::memcpy(&momentum[at], &m, sizeof m);
    std::memcpy(&square[at], &s, sizeof s);
  }
}

// He initialisation; the last layer of a head without a hidden one starts at zero, that is at equal probabilities.
void initialise(const NetworkShape& network, std::span<float> parameters, Rng& rng) {
  const auto fill = [&](int64_t at, int64_t count, float variance) {
    const float spread = std::sqrt(variance);
    for (int64_t i = at; i < at + count; ++i) parameters[size_t(i)] = rng.normal() * spread;
  };
  for (size_t l = 0; l < network.body.size(); ++l) {
    const ConvLayer& layer = network.body[l];
    fill(network.layer(l), layer.weights(), 2.0f / float(layer.window() * (layer.depthwise ? 1 : layer.channels)));
    const int64_t scale = network.layer(l) + layer.weights();
    std::fill_n(parameters.begin() + scale, layer.out_channels, 1.0f);
  }
  if (network.hidden == 0) return;
  fill(network.w1(), network.b1() - network.w1(), 2.0f / float(std::max<int64_t>(1, network.inputs)));
  fill(network.w2(), network.b2() - network.w2(), 1.0f / float(network.hidden));
}

}  // namespace

HeadLearner::HeadLearner(const HeadKind& kind, NetworkShape network, const TrainOptions& options, Standardizer standard, uint64_t stream)
    : kind_(kind), network_(std::move(network)), options_(options), standard_(std::move(standard)) {
  const auto padded = size_t((network_.parameters() + 3) / 4 * 4);
  parameters_.resize(padded);
  gradient_.resize(padded);
  momentum_.resize(padded);
  square_.resize(padded);
  for (const ConvLayer& layer : network_.body) {
    moments_.mean.emplace_back(size_t(layer.out_channels), 0.0f);
    moments_.variance.emplace_back(size_t(layer.out_channels), 1.0f);
  }
  Rng rng(options.seed, stream);
  initialise(network_, parameters_, rng);
}

void HeadLearner::standardise(std::vector<float>& x, int64_t rows) const {
  const auto width = size_t(row_values());
  for (int64_t r = 0; r < rows; ++r) standard_.apply(std::span(x).subspan(size_t(r) * width, width));
}

void HeadLearner::train(std::vector<float> x, const float* targets, int64_t rows, double progress, BatchScratch& scratch) {
  if (rows == 0) return;
  standardise(x, rows);
  const auto live = size_t(network_.parameters());
  batch_loss(network_, parameters_, x.data(), targets, rows, std::span(gradient_).first(live), scratch);
  const auto decay = [&](int64_t at, int64_t end) {
    for (int64_t i = at; i < end; ++i) gradient_[size_t(i)] += options_.weight_decay * parameters_[size_t(i)];
  };
  for (size_t l = 0; l < network_.body.size(); ++l) {
    decay(network_.layer(l), network_.layer(l) + network_.body[l].weights());
    for (auto [running, batch] : {std::pair{&moments_.mean[l], &scratch.moments.mean[l]}, std::pair{&moments_.variance[l], &scratch.moments.variance[l]}})
      for (size_t c = 0; c < running->size(); ++c) (*running)[c] += (1 - kMomentKeep) * ((*batch)[c] - (*running)[c]);
  }
  decay(network_.w1(), network_.b1());
  decay(network_.w2(), network_.b2());
  beta1_power_ *= 0.9;
  beta2_power_ *= 0.999;
  const float rate = options_.learning_rate * float(0.5 + 0.5 * cosine_pi(progress));
  adam_step(parameters_, gradient_, momentum_, square_, rate * float(1.0 / (1.0 - beta1_power_)), float(1.0 / (1.0 - beta2_power_)));
}

double HeadLearner::loss(std::vector<float> x, const float* targets, int64_t rows, BatchScratch& scratch) const {
  if (rows == 0) return 0;
  standardise(x, rows);
  return double(rows) * batch_loss(network_, parameters_, x.data(), targets, rows, {}, scratch, &moments_);
}

void HeadLearner::keep_if_best(double held_loss) {
  if (!best_.empty() && !(held_loss < best_loss_)) return;
  best_loss_ = held_loss;
  best_ = parameters_;
  best_moments_ = moments_;
}

void HeadLearner::archive(Archive& a) {
  const auto archive_moments = [&](BodyMoments& moments) {
    for (auto* values : {&moments.mean, &moments.variance})
      for (std::vector<float>& layer : *values) a.fixed("moments", layer);
  };
  a.fixed("parameters", parameters_);
  a.fixed("momentum", momentum_);
  a.fixed("squares", square_);
  a.number("beta1", beta1_power_, 0, 1);
  a.number("beta2", beta2_power_, 0, 1);
  archive_moments(moments_);
  bool kept = !best_.empty();
  a.flag("kept", kept);
  if (!kept) return;
  if (a.reading()) {
    best_ = parameters_;
    best_moments_ = moments_;
  }
  a.fixed("best parameters", best_);
  a.number("best loss", best_loss_);
  archive_moments(best_moments_);
}

Head HeadLearner::take() const {
  const std::vector<float>& p = best_.empty() ? parameters_ : best_;
  const BodyMoments& moments = best_.empty() ? moments_ : best_moments_;
  Head head;
  head.kind = kind_;
  head.inputs = network_.inputs;
  head.classes = network_.classes;
  for (size_t l = 0; l < network_.body.size(); ++l) {
    const ConvLayer& layer = network_.body[l];
    const int64_t in = layer.depthwise ? 1 : layer.channels, out = layer.out_channels, window = layer.window();
    const float* weights = p.data() + network_.layer(l);
    const float* scale = weights + layer.weights();
    HeadConv conv = {layer, std::vector<float>(size_t(layer.weights())), {}};
    for (int64_t o = 0; o < out; ++o) {
      const float gain = scale[o] / std::sqrt(moments.variance[l][size_t(o)] + kNormEpsilon);
      conv.biases.push_back(scale[out + o] - gain * moments.mean[l][size_t(o)]);
      for (int64_t c = 0; c < in; ++c)
        for (int64_t k = 0; k < window; ++k) {
          const float trained = layer.depthwise ? weights[k * out + o] : weights[(k * in + c) * out + o];
          const float unit = l == 0 ? standard_.scale[size_t(layer.depthwise ? o : c)] : 1.0f;
          conv.weights[size_t((o * in + c) * window + k)] = trained * gain * unit;
        }
    }
    head.body.push_back(std::move(conv));
  }
  // Without a body, the standardisation of features goes into the first layer.
  const int64_t width = network_.width(), inputs = network_.inputs;
  const bool plain = network_.body.empty();
  head.w1.resize(size_t(inputs * width));
  head.b1.assign(p.begin() + network_.b1(), p.begin() + network_.w2());
  for (int64_t o = 0; o < width; ++o) {
    double bias = head.b1[size_t(o)];
    for (int64_t f = 0; f < inputs; ++f) {
      const float weight = p[size_t(network_.w1() + f * width + o)] * (plain ? standard_.scale[size_t(f)] : 1.0f);
      head.w1[size_t(o * inputs + f)] = weight;
      if (plain) bias -= double(weight) * standard_.mean[size_t(f)];
    }
    head.b1[size_t(o)] = float(bias);
  }
  if (network_.hidden > 0) {
    head.w2.resize(size_t(network_.hidden * network_.classes));
    for (int64_t h = 0; h < network_.hidden; ++h)
      for (int64_t c = 0; c < network_.classes; ++c)
        head.w2[size_t(c * network_.hidden + h)] = p[size_t(network_.w2() + h * network_.classes + c)];
    head.b2.assign(p.begin() + network_.b2(), p.begin() + network_.parameters());
  }
  return head;
}

std::vector<float> balanced_weights(std::span<const int32_t> labels, int32_t classes) {
  constexpr double kMostWeight = 10;
  std::vector<double> rows(static_cast<size_t>(classes));
  for (int32_t label : labels) rows[size_t(label)] += 1;
  const auto seen = double(std::count_if(rows.begin(), rows.end(), [](double n) { return n > 0; }));
  std::vector<double> weights;
  double total = 0;
  for (double n : rows) {
    weights.push_back(std::min(kMostWeight, double(labels.size()) / (seen * std::max(1.0, n))));
    total += n * weights.back();
  }
  std::vector<float> scaled;
  for (double w : weights) scaled.push_back(float(w * double(labels.size()) / total));
  return scaled;
}

std::vector<float> soft_targets(std::span<const int32_t> labels, std::span<const float> teacher, int64_t classes, const TrainOptions& options,
                                std::span<const int32_t> partners, std::span<const float> shares) {
  std::vector<float> targets(labels.size() * size_t(classes));
  const float soft = options.distillation;
  for (size_t i = 0; i < labels.size(); ++i) {
    float* target = targets.data() + i * size_t(classes);
    if (soft > 0) {
      const float* logits = teacher.data() + i * size_t(classes);
      const float largest = *std::max_element(logits, logits + classes);
      float total = 0;
      for (int64_t c = 0; c < classes; ++c) total += target[c] = exp_exact(logits[c] - largest);
      for (int64_t c = 0; c < classes; ++c) target[c] *= soft / total;
    }
    const float share = shares.empty() ? 1.0f : shares[i];
    target[labels[i]] += (1.0f - soft) * share;
    if (share < 1) target[partners[i]] += (1.0f - soft) * (1 - share);
    if (options.class_weights.empty()) continue;
    for (int64_t c = 0; c < classes; ++c) target[c] *= options.class_weights[size_t(labels[i])];
  }
  return targets;
}

}  // namespace offramp
