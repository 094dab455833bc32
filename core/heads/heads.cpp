// The head family, and what a trained head computes.
#include "heads/heads.h"

#include <algorithm>

#include "heads/matmul.h"
#include "heads/network.h"
#include "heads/training.h"

namespace offramp {
namespace {

constexpr int64_t kRowsAtOnce = 256;

// Shapes: map [n, height, width, channels] -> pooled features [n, inputs of the head].
Tensor run_body(const std::vector<HeadConv>& body, Pooling pooling, const Tensor& map) {
  const int64_t rows = map.dims()[0];
  // As a network in training with weights turned around and normalisation that does nothing: one definition of a body.
  NetworkShape network;
  if (pooling == Pooling::kGrid) network.grid = body_grid(body.back().layer);
  std::vector<float> parameters;
  BodyMoments moments;
  for (const HeadConv& conv : body) {
    const ConvLayer& layer = conv.layer;
    const int64_t in = layer.depthwise ? 1 : layer.channels, out = layer.out_channels, window = layer.window();
    network.body.push_back(layer);
    for (int64_t k = 0; k < window; ++k)
      for (int64_t c = 0; c < in; ++c)
        for (int64_t o = 0; o < out; ++o) parameters.push_back(conv.weights[size_t((o * in + c) * window + k)]);
    parameters.insert(parameters.end(), size_t(out), 1.0f);
    parameters.insert(parameters.end(), conv.biases.begin(), conv.biases.end());
    moments.mean.emplace_back(size_t(out), 0.0f);
    moments.variance.emplace_back(size_t(out), 1.0f - kNormEpsilon);
  }
  BatchScratch scratch;
  body_features(network, parameters, map.data<float>().data(), rows, scratch, moments);
  return Tensor::of({rows, int64_t(scratch.features.size()) / rows}, scratch.features);
}

}  // namespace

const std::vector<HeadKind>& head_family() {
  constexpr BodyLayer kDepthwise = {0, 3, 1}, kDepthwiseHalving = {0, 3, 2};
  static const std::vector<HeadKind> family = {
      {"linear_gap", Pooling::kGap, 0},
      {"linear_gap_gmp", Pooling::kGapGmp, 0},
      {"mlp_gap_gmp", Pooling::kGapGmp, 128},
      {"mlp_grid", Pooling::kGrid, 128},
      {"separable_s", Pooling::kGapGmp, 0, {kDepthwiseHalving, {40, 1, 1}, kDepthwise, {40, 1, 1}}},
      {"separable_m", Pooling::kGapGmp, 0, {kDepthwiseHalving, {64, 1, 1}, kDepthwise, {64, 1, 1}}},
      {"separable_l", Pooling::kGapGmp, 0, {{64, 1, 1}, kDepthwise, {64, 1, 1}, kDepthwise, {64, 1, 1}}},
      {"separable_grid", Pooling::kGrid, 128, {kDepthwiseHalving, {32, 1, 1}, kDepthwise, {32, 1, 1}}},
      {"conv_grid", Pooling::kGrid, 128, {{32, 3, 2}, {32, 3, 1}}},
      {"conv_s", Pooling::kGapGmp, 0, {{32, 3, 2}, {64, 3, 1}}},
      {"conv_m", Pooling::kGapGmp, 0, {{32, 3, 1}, {64, 3, 2}, {64, 3, 1}}},
      {"conv_l", Pooling::kGapGmp, 0, {{64, 3, 1}, {64, 3, 1}}}};
  return family;
}

std::vector<GridAxis> body_grid(const ConvLayer& last) {
  const int64_t height = last.out_height(), width = last.out_width();
  // What has one row is cut as a signal is, into more cells along the one axis.
  if (height > 1) return grid_of(last.out_channels, std::vector{height, width});
  return {{1, 1, 1}, grid_of(last.out_channels, std::vector{width})[0]};
}

NetworkShape network_of(const HeadKind& kind, const Dims& shape, int64_t classes) {
  NetworkShape network;
  network.hidden = kind.hidden;
  network.classes = classes;
  if (kind.body.empty()) {
    network.inputs = feature_length(kind.pooling, shape);
    return network;
  }
  const BodyMap map = body_map(shape);
  OFFRAMP_CHECK(map.channels > 0 && kind.pooling != Pooling::kGap);
  int64_t height = map.height, width = map.width, channels = map.channels;
  for (const BodyLayer& layer : kind.body) {
    const bool flat = height == 1;
    network.body.push_back({height, width, channels, layer.channels > 0 ? layer.channels : channels, flat ? 1 : layer.kernel, layer.kernel,
                            flat ? 1 : layer.stride, layer.stride, layer.channels == 0});
    height = network.body.back().out_height();
    width = network.body.back().out_width();
    channels = network.body.back().out_channels;
  }
  network.inputs = 2 * channels;
  if (kind.pooling == Pooling::kGrid) {
    network.grid = body_grid(network.body.back());
    network.inputs = channels * network.grid[0].cells * network.grid[1].cells;
  }
  return network;
}

int64_t Head::macs() const {
  int64_t sum = kind.hidden > 0 ? kind.hidden * (inputs + classes) : inputs * classes;
  for (const HeadConv& conv : body) sum += conv.layer.macs();
  return sum;
}

int64_t Head::parameters() const {
  size_t sum = w1.size() + b1.size() + w2.size() + b2.size();
  for (const HeadConv& conv : body) sum += conv.weights.size() + conv.biases.size();
  return int64_t(sum);
}

Tensor Head::logits(const Tensor& features) const {
  OFFRAMP_CHECK(features.dims().size() == 2 && features.dims()[1] == inputs);
  const int64_t rows = features.dims()[0];
  const int64_t width = kind.hidden > 0 ? kind.hidden : classes;
  Tensor first(DType::kF32, {rows, width});
  auto values = first.mutable_data<float>();
  for (int64_t r = 0; r < rows; ++r) std::copy(b1.begin(), b1.end(), values.begin() + r * width);
  matmul_add(rows, width, inputs, row_major(features.data<float>().data(), inputs), transposed(w1.data(), inputs),
             values.data(), width);
  if (kind.hidden == 0) return first;
  for (float& v : values) v = std::max(v, 0.0f);
  Tensor out(DType::kF32, {rows, classes});
  auto logits = out.mutable_data<float>();
  for (int64_t r = 0; r < rows; ++r) std::copy(b2.begin(), b2.end(), logits.begin() + r * classes);
  matmul_add(rows, classes, kind.hidden, row_major(values.data(), kind.hidden), transposed(w2.data(), kind.hidden),
             logits.data(), classes);
  return out;
}

Tensor Head::logits(const PointBatch& batch) const {
  if (!body.empty()) return logits(run_body(body, kind.pooling, batch.map));
  if (kind.pooling == Pooling::kGrid) return logits(batch.grid);
  if (kind.pooling == Pooling::kGapGmp) return logits(batch.gap_gmp);
  const int64_t rows = batch.gap_gmp.dims()[0], columns = batch.gap_gmp.dims()[1];
  Tensor gap(DType::kF32, {rows, columns / 2});
  for (int64_t r = 0; r < rows; ++r)
    std::copy_n(batch.gap_gmp.data<float>().data() + r * columns, columns / 2, gap.mutable_data<float>().data() + r * (columns / 2));
  return logits(gap);
}

Tensor head_logits(const Head& head, const FeatureTable& table, int64_t exit_point) {
  FeatureReader reader(table, exit_point, head.kind.pooling);
  OFFRAMP_CHECK(reader.columns() == head.inputs);
  const int64_t rows = table.rows();
  Tensor all(DType::kF32, {rows, head.classes});
  auto out = all.mutable_data<float>();
  for (int64_t first = 0; first < rows; first += kRowsAtOnce) {
    const int64_t count = std::min(kRowsAtOnce, rows - first);
    Tensor features(DType::kF32, {count, head.inputs});
    auto values = features.mutable_data<float>();
    for (int64_t r = 0; r < count; ++r) reader.read(first + r, values.data() + r * head.inputs);
    const Tensor logits = head.logits(features);
    std::copy_n(logits.data<float>().begin(), count * head.classes, out.begin() + first * head.classes);
  }
  return all;
}

}  // namespace offramp
