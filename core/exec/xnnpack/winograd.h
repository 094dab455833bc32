// 3x3 convolutions by minimal filtering: each tile of 2x2 outputs takes 16 multiplications instead of 36. The products
// are 16 matrix products over all tiles; what is here turns pixels and filters into their factors and back.
// Source: Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308), F(2x2, 3x3).
#pragma once
#include <array>
#include <cstddef>

#include "base/tensor.h"

namespace offramp::xnnpack {

inline constexpr size_t kWinogradPoints = 16;

// Shapes: filter [O, C, 3, 3] -> 16 matrices [O, C].
std::array<Tensor, kWinogradPoints> transform_filter(const Tensor& filter);

// Where tiles are: `height` x `width` pixels in, a border of zeros of `top` and `left` in front.
struct TileGrid {
  size_t height = 0, width = 0, channels = 0;
  size_t top = 0, left = 0;
  size_t out_height = 0, out_width = 0, out_channels = 0;

  size_t rows() const { return (out_height + 1) / 2; }
  size_t columns() const { return (out_width + 1) / 2; }
  size_t tiles() const { return rows() * columns(); }  // of one sample
};

// Tiles [first, first + count) of the samples in `x` [N, height, width, channels] to `factors` [16, capacity, channels].
// `zeros` has that many channels.
void transform_input(const TileGrid& grid, const float* x, const float* zeros, size_t first, size_t count,
                     size_t capacity, float* factors);
// `products` [16, capacity, out_channels] to pixels of `y` [N, out_height, out_width, out_channels], with the bias added
// and bounds kept.
void transform_output(const TileGrid& grid, const float* products, const float* bias, size_t first, size_t count,
                      size_t capacity, float low, float high, float* y);

}  // namespace offramp::xnnpack
