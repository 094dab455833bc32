// The sliding window of convolutions and pools, read from a node and checked. One- and two-dimensional windows are
// lifted to three axes, so that each kernel is one loop nest.
#pragma once
#include <array>
#include <span>

#include "exec/reference/kernels.h"

namespace offramp::reference {

struct Window {
  size_t rank = 0;  // spatial axes of the node, 1 to 3; axes before them have size 1
  std::array<int64_t, 3> input = {1, 1, 1}, kernel = {1, 1, 1}, stride = {1, 1, 1}, dilation = {1, 1, 1};
  std::array<int64_t, 3> pad_begin = {0, 0, 0}, pad_end = {0, 0, 0}, output = {1, 1, 1};

  int64_t kernel_size() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t input_size() const { return input[0] * input[1] * input[2]; }
  int64_t output_size() const { return output[0] * output[1] * output[2]; }
  // [batch, channels, spatial...]
  Dims output_dims(int64_t batch, int64_t channels) const;
};

// A list attribute, one value per axis or pad. Errors: kInvalidModel for another count or values out of range.
Result<std::vector<int64_t>> window_list(const Node& node, const char* name, size_t count, int64_t otherwise,
                                         int64_t least);
// Attributes strides, dilations and pads over an input [N, C, spatial...]; `output` is left open, and pads are 0 if
// auto_pad is to find them. Errors: as read_window.
Result<Window> read_window_lists(const Node& node, const Dims& input_dims, std::span<const int64_t> kernel);
// Attributes strides, dilations, pads, auto_pad, ceil_mode over an input [N, C, spatial...].
// Errors: kInvalidModel, kUnsupported for more than three spatial axes, kLimitExceeded.
Result<Window> read_window(const Node& node, const Dims& input_dims, std::span<const int64_t> kernel);

// The same of a ConvTranspose, whose windows lie on the output; pad_end says nothing.
Result<Window> read_transposed_window(const Node& node, const Dims& input_dims, std::span<const int64_t> kernel);
// What all windows of it span along an axis of the output, before padding cuts it.
int64_t transposed_span(const Window& window, size_t axis, int64_t output_padding);

}  // namespace offramp::reference
