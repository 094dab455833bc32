#include "exec/reference/window.h"

#include <algorithm>

#include "exec/reference/arguments.h"

namespace offramp::reference {
namespace {

// Larger strides, dilations and pads make no sense and would overflow sums.
constexpr int64_t kMaxStep = int64_t{1} << 24;

// Pads such that output = ceil(input / stride), the odd one at the end (upper) or the beginning.
void same_padding(Window& w, size_t axis, bool upper) {
  const int64_t extent = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
  const int64_t output = (w.input[axis] + w.stride[axis] - 1) / w.stride[axis];
  const int64_t total = std::max<int64_t>(0, (output - 1) * w.stride[axis] + extent - w.input[axis]);
  w.pad_begin[axis] = upper ? total / 2 : total - total / 2;
  w.pad_end[axis] = total - w.pad_begin[axis];
}

Status set_output(Window& w, size_t axis, bool ceil_mode) {
  const int64_t extent = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
  const int64_t room = w.input[axis] + w.pad_begin[axis] + w.pad_end[axis] - extent;
  if (room < 0)
    return invalid_model("a window of " + std::to_string(extent) + " does not fit an input of " +
                         std::to_string(w.input[axis]) + " padded by " + std::to_string(w.pad_begin[axis]) + " and " +
                         std::to_string(w.pad_end[axis]));
  w.output[axis] = (room + (ceil_mode ? w.stride[axis] - 1 : 0)) / w.stride[axis] + 1;
  // A window that would start in the padding at the end is none.
  if (ceil_mode && (w.output[axis] - 1) * w.stride[axis] >= w.input[axis] + w.pad_begin[axis]) --w.output[axis];
  return {};
}

}  // namespace

Dims Window::output_dims(int64_t batch, int64_t channels) const {
  Dims dims = {batch, channels};
  dims.insert(dims.end(), output.end() - ptrdiff_t(rank), output.end());
  return dims;
}

Result<std::vector<int64_t>> window_list(const Node& node, const char* name, size_t count, int64_t otherwise,
                                         int64_t least) {
  const std::vector<int64_t> list = node.integers(name, std::vector<int64_t>(count, otherwise));
  if (list.size() != count)
    return invalid_model("attribute " + std::string(name) + ": expected " + std::to_string(count) + " values, got " +
                         std::to_string(list.size()));
  for (int64_t value : list)
    if (value < least || value > kMaxStep)
      return invalid_model("attribute " + std::string(name) + ": " + std::to_string(value) + " is outside [" +
                           std::to_string(least) + ", " + std::to_string(kMaxStep) + "]");
  return list;
}

Result<Window> read_window_lists(const Node& node, const Dims& input_dims, std::span<const int64_t> kernel) {
  if (input_dims.size() < 3)
    return invalid_model("expected an input [N, C, spatial...], got shape " + to_string(input_dims));
  Window w;
  w.rank = input_dims.size() - 2;
  if (w.rank > 3) return unsupported("windows over more than three axes, got shape " + to_string(input_dims));
  if (kernel.size() != w.rank)
    return invalid_model("expected a kernel of " + std::to_string(w.rank) + " values, got " +
                         std::to_string(kernel.size()));
  OFFRAMP_TRY(const auto strides, window_list(node, "strides", w.rank, 1, 1));
  OFFRAMP_TRY(const auto dilations, window_list(node, "dilations", w.rank, 1, 1));
  OFFRAMP_TRY(const auto pads, window_list(node, "pads", 2 * w.rank, 0, 0));
  const bool padded = node.text("auto_pad", "NOTSET") == "NOTSET";
  for (size_t i = 0; i < w.rank; ++i) {
    const size_t axis = 3 - w.rank + i;
    if (kernel[i] < 1 || kernel[i] > kMaxStep)
      return invalid_model("kernel size " + std::to_string(kernel[i]) + " is outside [1, " + std::to_string(kMaxStep) +
                           "]");
    w.input[axis] = input_dims[i + 2];
    w.kernel[axis] = kernel[i];
    w.stride[axis] = strides[i];
    w.dilation[axis] = dilations[i];
    w.pad_begin[axis] = padded ? pads[i] : 0;
    w.pad_end[axis] = padded ? pads[i + w.rank] : 0;
  }
  double size = 1;
  for (int64_t k : w.kernel) size *= double(k);
  OFFRAMP_RETURN_IF_ERROR(expect_work(size));
  return w;
}

Result<Window> read_window(const Node& node, const Dims& input_dims, std::span<const int64_t> kernel) {
  OFFRAMP_TRY(Window w, read_window_lists(node, input_dims, kernel));
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!same && auto_pad != "NOTSET" && auto_pad != "VALID")
    return invalid_model("attribute auto_pad: \"" + auto_pad + "\" is not NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  for (size_t axis = 3 - w.rank; axis < 3; ++axis) {
    if (same) same_padding(w, axis, auto_pad == "SAME_UPPER");
    OFFRAMP_RETURN_IF_ERROR(set_output(w, axis, node.integer("ceil_mode", 0) != 0));
  }
  return w;
}

}  // namespace offramp::reference
