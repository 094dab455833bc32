// Maps are [n, height, width, channels], so that a convolution is a matrix product on rows of patches. Patches are laid out again for the
// backward pass: cheaper than keeping them.
#include "heads/network_body.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "heads/lanes.h"
#include "heads/matmul.h"

namespace offramp {
namespace {

constexpr int64_t kPatchFloats = 1 << 18;  // of the patches laid out at once

// Calls visit(output pixel, tap, input pixel) for every tap of a window that lies inside of the map.
template <class Visit>
void for_each_tap(const ConvLayer& layer, const Visit& visit) {
  const int64_t pad_y = (layer.kernel_height - 1) / 2, pad_x = (layer.kernel_width - 1) / 2;
  for (int64_t y = 0, pixel = 0; y < layer.out_height(); ++y)
    for (int64_t x = 0; x < layer.out_width(); ++x, ++pixel)
      for (int64_t ky = 0; ky < layer.kernel_height; ++ky) {
        const int64_t in_y = y * layer.stride_height + ky - pad_y;
        if (in_y < 0 || in_y >= layer.height) continue;
        for (int64_t kx = 0; kx < layer.kernel_width; ++kx) {
          const int64_t in_x = x * layer.stride_width + kx - pad_x;
          if (in_x < 0 || in_x >= layer.width) continue;
          visit(pixel, ky * layer.kernel_width + kx, in_y * layer.width + in_x);
        }
      }
}

bool is_pointwise(const ConvLayer& layer) { return layer.window() == 1 && layer.stride_height == 1 && layer.stride_width == 1; }

// One row of the patches per output pixel: [rows * out_pixels, window * channels], zero where a window leaves the map.
void lay_out(const ConvLayer& layer, const float* in, int64_t rows, std::vector<float>& patches) {
  const int64_t depth = layer.window() * layer.channels, map = layer.height * layer.width * layer.channels;
  patches.assign(size_t(rows * layer.out_pixels() * depth), 0.0f);
  for (int64_t r = 0; r < rows; ++r)
    for_each_tap(layer, [&](int64_t pixel, int64_t tap, int64_t from) {
      std::copy_n(in + r * map + from * layer.channels, layer.channels,
                  patches.data() + (r * layer.out_pixels() + pixel) * depth + tap * layer.channels);
    });
}

// Rows whose patches are laid out together.
int64_t rows_at_once(const ConvLayer& layer) {
  return std::max<int64_t>(1, kPatchFloats / (layer.out_pixels() * layer.window() * layer.channels));
}

// out [rows * out_pixels, out_channels] = convolution of in.
void convolve(const ConvLayer& layer, const float* weights, const float* in, int64_t rows, std::vector<float>& out, std::vector<float>& patches) {
  const int64_t map = layer.height * layer.width * layer.channels, channels = layer.out_channels, pixels = layer.out_pixels();
  out.assign(size_t(rows * pixels * channels), 0.0f);
  if (layer.depthwise) {
    for (int64_t r = 0; r < rows; ++r)
      for_each_tap(layer, [&](int64_t pixel, int64_t tap, int64_t from) {
        add_product(out.data() + (r * pixels + pixel) * channels, in + r * map + from * channels, weights + tap * channels, channels);
      });
    return;
  }
  const int64_t depth = layer.window() * layer.channels, step = rows_at_once(layer);
  for (int64_t first = 0; first < rows; first += step) {
    const int64_t count = std::min(step, rows - first);
    const float* x = in + first * map;
    if (!is_pointwise(layer)) {
      lay_out(layer, x, count, patches);
      x = patches.data();
    }
    matmul_add(count * pixels, channels, depth, row_major(x, depth), row_major(weights, channels),
               out.data() + first * pixels * channels, channels);
  }
}

// From the gradient of the output to those of the weights (added) and, if asked for, of the input (overwritten).
void convolve_back(const ConvLayer& layer, const float* weights, const float* in, const float* out_gradient, int64_t rows,
                   float* weight_gradient, std::vector<float>* in_gradient, BatchScratch& scratch) {
  const int64_t map = layer.height * layer.width * layer.channels, channels = layer.out_channels, pixels = layer.out_pixels();
  if (in_gradient) in_gradient->assign(size_t(rows * map), 0.0f);
  if (layer.depthwise) {
    for (int64_t r = 0; r < rows; ++r)
      for_each_tap(layer, [&](int64_t pixel, int64_t tap, int64_t from) {
        const float* x = in + r * map + from * channels;
        const float* g = out_gradient + (r * pixels + pixel) * channels;
        add_product(weight_gradient + tap * channels, x, g, channels);
        if (in_gradient) add_product(in_gradient->data() + r * map + from * channels, weights + tap * channels, g, channels);
      });
    return;
  }
  const int64_t depth = layer.window() * layer.channels, step = rows_at_once(layer);
  for (int64_t first = 0; first < rows; first += step) {
    const int64_t count = std::min(step, rows - first);
    const float* x = in + first * map;
    const float* g = out_gradient + first * pixels * channels;
    const bool plain = is_pointwise(layer);
    if (!plain) {
      lay_out(layer, x, count, scratch.patches);
      x = scratch.patches.data();
    }
    matmul_add(depth, channels, count * pixels, transposed(x, depth), row_major(g, channels), weight_gradient, channels);
    if (!in_gradient) continue;
    if (plain) {
      matmul_add(count * pixels, depth, channels, row_major(g, channels), transposed(weights, channels), in_gradient->data() + first * map, depth);
      continue;
    }
    scratch.patch_gradient.assign(size_t(count * pixels * depth), 0.0f);
    matmul_add(count * pixels, depth, channels, row_major(g, channels), transposed(weights, channels), scratch.patch_gradient.data(), depth);
    for (int64_t r = 0; r < count; ++r)
      for_each_tap(layer, [&](int64_t pixel, int64_t tap, int64_t from) {
        const float* patch = scratch.patch_gradient.data() + (r * pixels + pixel) * depth + tap * layer.channels;
        add_lanes(in_gradient->data() + (first + r) * map + from * layer.channels, patch, layer.channels);
      });
  }
}

// Per-channel mean and variance of [count, channels], around the first row so that large means do no harm.
void measure_moments(const std::vector<float>& values, int64_t channels, std::vector<float>& mean, std::vector<float>& variance) {
  const int64_t count = int64_t(values.size()) / channels;
  std::vector<double> sums(static_cast<size_t>(channels)), squares(static_cast<size_t>(channels));
  constexpr int64_t kBlock = 64;  // summed in f32, the blocks in double
  std::vector<float> sum(static_cast<size_t>(channels)), square(static_cast<size_t>(channels));
  const float* shift = values.data();
  for (int64_t first = 0; first < count; first += kBlock) {
    std::fill(sum.begin(), sum.end(), 0.0f);
    std::fill(square.begin(), square.end(), 0.0f);
    for (int64_t i = first; i < std::min(count, first + kBlock); ++i) {
      const float* row = values.data() + i * channels;
      for_lanes(
          channels,
          [&](int64_t c) {
            const Lanes v = load_lanes(row + c) - load_lanes(shift + c);
            store_lanes(&sum[size_t(c)], load_lanes(&sum[size_t(c)]) + v);
            store_lanes(&square[size_t(c)], load_lanes(&square[size_t(c)]) + v * v);
          },
          [&](int64_t c) {
            const float v = row[c] - shift[c];
            sum[size_t(c)] += v;
            square[size_t(c)] += v * v;
          });
    }
    for (size_t c = 0; c < size_t(channels); ++c) {
      sums[c] += sum[c];
      squares[c] += square[c];
    }
  }
  mean.resize(size_t(channels));
  variance.resize(size_t(channels));
  for (size_t c = 0; c < size_t(channels); ++c) {
    const double offset = sums[c] / double(count);
    mean[c] = float(shift[c] + offset);
    variance[c] = float(std::max(0.0, squares[c] / double(count) - offset * offset));
  }
}

// `layer.normal` from convolution outputs to normalised ones, and `layer.out` to scaled, shifted and rectified ones.
void normalise(BatchScratch::Layer& layer, int64_t channels, const std::vector<float>& mean, const std::vector<float>& variance, const float* scale,
               const float* shift) {
  layer.inverse.resize(size_t(channels));
  for (size_t c = 0; c < size_t(channels); ++c) layer.inverse[c] = 1.0f / std::sqrt(variance[c] + kNormEpsilon);
  layer.out.resize(layer.normal.size());
  for (size_t at = 0; at < layer.normal.size(); at += size_t(channels)) {
    float* normal = &layer.normal[at];
    float* out = &layer.out[at];
    for_lanes(
        channels,
        [&](int64_t c) {
          const Lanes v = (load_lanes(normal + c) - load_lanes(&mean[size_t(c)])) * load_lanes(&layer.inverse[size_t(c)]);
          store_lanes(normal + c, v);
          const Lanes y = v * load_lanes(scale + c) + load_lanes(shift + c);
          store_lanes(out + c, y > 0 ? y : Lanes{});
        },
        [&](int64_t c) {
          normal[c] = (normal[c] - mean[size_t(c)]) * layer.inverse[size_t(c)];
          out[c] = std::max(0.0f, normal[c] * scale[c] + shift[c]);
        });
  }
}

// Gradient at `layer.out` to that at the convolution's output, in place. Source: Ioffe & Szegedy 2015.
void normalise_back(const BatchScratch::Layer& layer, int64_t channels, const float* scale, std::vector<float>& gradient, float* scale_gradient,
                    float* shift_gradient) {
  const auto width = size_t(channels);
  std::vector<float> by_normal(width), plain(width);
  for (size_t at = 0; at < gradient.size(); at += width) {
    float* g = &gradient[at];
    const float* out = &layer.out[at];
    for_lanes(
        channels, [&](int64_t c) { store_lanes(g + c, load_lanes(out + c) > 0 ? load_lanes(g + c) : Lanes{}); },
        [&](int64_t c) { g[c] = out[c] > 0 ? g[c] : 0.0f; });
    add_lanes(plain.data(), g, channels);
    add_product(by_normal.data(), g, &layer.normal[at], channels);
  }
  const float share = float(channels) / float(gradient.size());
  for (size_t c = 0; c < width; ++c) {
    scale_gradient[c] += by_normal[c];
    shift_gradient[c] += plain[c];
    plain[c] *= share;
    by_normal[c] *= share;
  }
  std::vector<float> gain(width);
  for (size_t c = 0; c < width; ++c) gain[c] = scale[c] * layer.inverse[c];
  for (size_t at = 0; at < gradient.size(); at += width) {
    float* g = &gradient[at];
    const float* normal = &layer.normal[at];
    for_lanes(
        channels,
        [&](int64_t c) {
          const Lanes centred = load_lanes(g + c) - load_lanes(&plain[size_t(c)]) - load_lanes(normal + c) * load_lanes(&by_normal[size_t(c)]);
          store_lanes(g + c, load_lanes(&gain[size_t(c)]) * centred);
        },
        [&](int64_t c) { g[c] = gain[size_t(c)] * (g[c] - plain[size_t(c)] - normal[c] * by_normal[size_t(c)]); });
  }
}

// Global average, then global maximum: [rows, 2 * channels].
void pool_body(const ConvLayer& last, const std::vector<float>& map, int64_t rows, BatchScratch& scratch) {
  const int64_t channels = last.out_channels, pixels = last.out_pixels();
  scratch.features.assign(size_t(rows * 2 * channels), 0.0f);
  scratch.largest.assign(size_t(rows * channels), 0);
  const float share = 1.0f / float(pixels);
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = map.data() + r * pixels * channels;
    float* average = scratch.features.data() + r * 2 * channels;
    float* most = average + channels;
    std::copy_n(from, channels, most);
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t c = 0; c < channels; ++c) {
        const float v = from[p * channels + c];
        average[c] += v;
        if (v > most[c]) {
          most[c] = v;
          scratch.largest[size_t(r * channels + c)] = int32_t(p);
        }
      }
    for (int64_t c = 0; c < channels; ++c) average[c] *= share;
  }
}

// Calls visit(cell, pixel) for every pixel of every cell; cells may overlap.
template <class Visit>
void for_each_in_cells(const std::vector<GridAxis>& grid, int64_t width, const Visit& visit) {
  const GridAxis &down = grid[0], &across = grid[1];
  for (int64_t i = 0; i < down.cells; ++i)
    for (int64_t j = 0; j < across.cells; ++j)
      for (int64_t y = 0; y < down.kernel; ++y)
        for (int64_t x = 0; x < across.kernel; ++x)
          visit(i * across.cells + j, (i * down.stride + y) * width + j * across.stride + x);
}

// Averages by cell: [rows, channels * cells].
void pool_cells(const NetworkShape& shape, const std::vector<float>& map, int64_t rows, std::vector<float>& features) {
  const ConvLayer& last = shape.body.back();
  const int64_t channels = last.out_channels, cells = shape.grid[0].cells * shape.grid[1].cells;
  const float share = 1.0f / float(shape.grid[0].kernel * shape.grid[1].kernel);
  features.assign(size_t(rows * channels * cells), 0.0f);
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = map.data() + r * last.out_pixels() * channels;
    float* to = features.data() + r * channels * cells;
    for_each_in_cells(shape.grid, last.out_width(), [&](int64_t cell, int64_t pixel) {
      for (int64_t c = 0; c < channels; ++c) to[c * cells + cell] += from[pixel * channels + c];
    });
  }
  for (float& f : features) f *= share;
}

void pool_cells_back(const NetworkShape& shape, int64_t rows, BatchScratch& scratch) {
  const ConvLayer& last = shape.body.back();
  const int64_t channels = last.out_channels, cells = shape.grid[0].cells * shape.grid[1].cells;
  const float share = 1.0f / float(shape.grid[0].kernel * shape.grid[1].kernel);
  scratch.map_gradient.assign(size_t(rows * last.out_pixels() * channels), 0.0f);
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = scratch.feature_gradient.data() + r * channels * cells;
    float* to = scratch.map_gradient.data() + r * last.out_pixels() * channels;
    for_each_in_cells(shape.grid, last.out_width(), [&](int64_t cell, int64_t pixel) {
      for (int64_t c = 0; c < channels; ++c) to[pixel * channels + c] += from[c * cells + cell] * share;
    });
  }
}

void pool_body_back(const ConvLayer& last, int64_t rows, BatchScratch& scratch) {
  const int64_t channels = last.out_channels, pixels = last.out_pixels();
  scratch.map_gradient.resize(size_t(rows * pixels * channels));
  const float share = 1.0f / float(pixels);
  for (int64_t r = 0; r < rows; ++r) {
    const float* average = scratch.feature_gradient.data() + r * 2 * channels;
    float* to = scratch.map_gradient.data() + r * pixels * channels;
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t c = 0; c < channels; ++c) to[p * channels + c] = average[c] * share;
    for (int64_t c = 0; c < channels; ++c) to[scratch.largest[size_t(r * channels + c)] * channels + c] += average[channels + c];
  }
}

}  // namespace

void forward_body(const NetworkShape& shape, const float* parameters, const float* maps, int64_t rows, BatchScratch& scratch, const BodyMoments* moments) {
  const size_t layers = shape.body.size();
  scratch.layers.resize(layers);
  scratch.moments.mean.resize(layers);
  scratch.moments.variance.resize(layers);
  for (size_t l = 0; l < layers; ++l) {
    const ConvLayer& layer = shape.body[l];
    const float* weights = parameters + shape.layer(l);
    const float* scale = weights + layer.weights();
    convolve(layer, weights, l == 0 ? maps : scratch.layers[l - 1].out.data(), rows, scratch.layers[l].normal, scratch.patches);
    if (!moments) measure_moments(scratch.layers[l].normal, layer.out_channels, scratch.moments.mean[l], scratch.moments.variance[l]);
    const BodyMoments& used = moments ? *moments : scratch.moments;
    normalise(scratch.layers[l], layer.out_channels, used.mean[l], used.variance[l], scale, scale + layer.out_channels);
  }
  if (shape.grid.empty()) pool_body(shape.body.back(), scratch.layers.back().out, rows, scratch);
  else pool_cells(shape, scratch.layers.back().out, rows, scratch.features);
}

void backward_body(const NetworkShape& shape, const float* parameters, const float* maps, int64_t rows, float* gradient, BatchScratch& scratch) {
  if (shape.grid.empty()) pool_body_back(shape.body.back(), rows, scratch);
  else pool_cells_back(shape, rows, scratch);
  for (size_t l = shape.body.size(); l-- > 0;) {
    const ConvLayer& layer = shape.body[l];
    const int64_t at = shape.layer(l), scale = at + layer.weights();
    normalise_back(scratch.layers[l], layer.out_channels, parameters + scale, scratch.map_gradient, gradient + scale, gradient + scale + layer.out_channels);
    convolve_back(layer, parameters + at, l == 0 ? maps : scratch.layers[l - 1].out.data(), scratch.map_gradient.data(), rows, gradient + at,
                  l == 0 ? nullptr : &scratch.next_gradient, scratch);
    std::swap(scratch.map_gradient, scratch.next_gradient);
  }
}

}  // namespace offramp
