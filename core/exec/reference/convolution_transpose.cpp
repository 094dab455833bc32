// ConvTranspose over one to three spatial axes: every input position adds a weighted window to the output.
#include <algorithm>

#include "exec/reference/arguments.h"
#include "exec/reference/product.h"
#include "exec/reference/window.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// `pad_begin` and `output` along each axis. Source: ONNX ConvTranspose-11; an odd pad goes to the end for SAME_UPPER and
// to the beginning otherwise.
Status place_output(const Node& node, Window& w) {
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!same && auto_pad != "NOTSET" && auto_pad != "VALID")
    return invalid_model("attribute auto_pad: \"" + auto_pad + "\" is not NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  OFFRAMP_TRY(const auto extra, window_list(node, "output_padding", w.rank, 0, 0));
  std::vector<int64_t> stated;
  if (node.has("output_shape")) {
    OFFRAMP_TRY(stated, window_list(node, "output_shape", w.rank, 1, 1));
  }
  for (size_t i = 0; i < w.rank; ++i) {
    const size_t axis = 3 - w.rank + i;
    const int64_t span = transposed_span(w, axis, extra[i]);
    w.output[axis] = span - w.pad_begin[axis] - w.pad_end[axis];
    if (same || !stated.empty()) {
      w.output[axis] = stated.empty() ? w.input[axis] * w.stride[axis] : stated[i];
      const int64_t total = std::max<int64_t>(0, span - w.output[axis]);
      w.pad_begin[axis] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    }
    if (w.output[axis] < 1 || w.output[axis] > kMaxTensorElements)
      return invalid_model("spatial axis " + std::to_string(i) + " of the output would have size " +
                           std::to_string(w.output[axis]));
  }
  return {};
}

// Input positions [first, last) along an axis whose tap `k` reaches the output.
struct Reach {
  int64_t first, last, shift;  // output = input * stride + shift
};
Reach reach(const Window& w, size_t axis, int64_t k) {
  const int64_t shift = k * w.dilation[axis] - w.pad_begin[axis], stride = w.stride[axis];
  const int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const int64_t room = w.output[axis] - 1 - shift;
  const int64_t last = room < 0 ? 0 : std::min(w.input[axis], room / stride + 1);
  return {first, std::max(first, last), shift};
}

// Adds what one tap makes of every input position to an output channel.
void spread_tap(const Window& w, int64_t k0, int64_t k1, int64_t k2, const float* from, float* out) {
  const Reach r0 = reach(w, 0, k0), r1 = reach(w, 1, k1), r2 = reach(w, 2, k2);
  for (int64_t i0 = r0.first; i0 < r0.last; ++i0)
    for (int64_t i1 = r1.first; i1 < r1.last; ++i1) {
      const float* row = from + (i0 * w.input[1] + i1) * w.input[2];
      const int64_t o0 = i0 * w.stride[0] + r0.shift, o1 = i1 * w.stride[1] + r1.shift;
      float* to = out + (o0 * w.output[1] + o1) * w.output[2] + r2.shift;
      if (w.stride[2] == 1)
        for (int64_t i2 = r2.first; i2 < r2.last; ++i2) to[i2] += row[i2];
      else
        for (int64_t i2 = r2.first; i2 < r2.last; ++i2) to[i2 * w.stride[2]] += row[i2];
    }
}

Status check_shapes(const Node& node, const Tensor& x, const Tensor& weight, const Tensor* bias) {
  const Dims &in = x.dims(), &filter = weight.dims();
  const int64_t groups = node.integer("group", 1);
  if (filter.size() != in.size() || in.size() < 3)
    return invalid_model("expected input and weights [.., .., spatial...] of equal rank, got " + to_string(in) +
                         " and " + to_string(filter));
  if (groups < 1 || groups > kMaxTensorElements || in[1] % groups != 0 || filter[0] != in[1])
    return invalid_model("weights " + to_string(filter) + " do not fit an input " + to_string(in) +
                         " with group = " + std::to_string(groups));
  if (bias && bias->dims() != Dims{filter[1] * groups})
    return invalid_model("expected a bias of shape [" + std::to_string(filter[1] * groups) + "], got " +
                         to_string(bias->dims()));
  const std::vector<int64_t> kernel(filter.begin() + 2, filter.end());
  if (node.integers("kernel_shape", kernel) != kernel)
    return invalid_model("attribute kernel_shape " + to_string(node.integers("kernel_shape")) +
                         " is not that of the weights " + to_string(filter));
  return {};
}

Outputs run_conv_transpose(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 3));
  const Tensor &x = *inputs[0], &weight = *inputs[1];
  const Tensor* bias = optional_input(inputs, 2);
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(weight, DType::kF32, "the weight"));
  if (bias) OFFRAMP_RETURN_IF_ERROR(expect_dtype(*bias, DType::kF32, "the bias"));
  OFFRAMP_RETURN_IF_ERROR(check_shapes(node, x, weight, bias));
  OFFRAMP_TRY(const Window w, read_transposed_window(node, x.dims(), std::span(weight.dims()).subspan(2)));
  const int64_t groups = node.integer("group", 1), batch = x.dims()[0], in_channels = x.dims()[1];
  const int64_t group_in = in_channels / groups, group_out = weight.dims()[1], out_channels = group_out * groups;
  OFFRAMP_TRY(Tensor out, create_output(DType::kF32, w.output_dims(batch, out_channels)));
  OFFRAMP_RETURN_IF_ERROR(expect_work(double(batch) * double(out_channels) * double(group_in) *
                                      double(w.kernel_size()) * double(std::max<int64_t>(1, w.input_size()))));
  OFFRAMP_TRY(Tensor columns, create_output(DType::kF32, {w.kernel_size(), w.input_size()}));
  if (out.elements() == 0) return one(std::move(out));
  float* out_data = out.mutable_data<float>().data();
  const std::span<float> taps = columns.mutable_data<float>();
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t m = 0; m < out_channels; ++m) {
      float* to = out_data + (n * out_channels + m) * w.output_size();
      std::fill(to, to + w.output_size(), bias ? bias->data<float>()[size_t(m)] : 0.0f);
      const int64_t first = m / group_out * group_in;
      // taps [kernel, positions] = weights [kernel, channels in] * input [channels in, positions]
      const float* weights = weight.data<float>().data() + (first * group_out + m % group_out) * w.kernel_size();
      std::fill(taps.begin(), taps.end(), 0.0f);
      add_product({weights, 1, group_out * w.kernel_size()},
                  x.data<float>().data() + (n * in_channels + first) * w.input_size(), w.input_size(), taps.data(),
                  w.input_size(), w.kernel_size(), group_in, w.input_size());
      const float* tap = taps.data();
      for (int64_t k0 = 0; k0 < w.kernel[0]; ++k0)
        for (int64_t k1 = 0; k1 < w.kernel[1]; ++k1)
          for (int64_t k2 = 0; k2 < w.kernel[2]; ++k2, tap += w.input_size()) spread_tap(w, k0, k1, k2, tap, to);
    }
  return one(std::move(out));
}

}  // namespace

int64_t transposed_span(const Window& w, size_t axis, int64_t output_padding) {
  return (w.input[axis] - 1) * w.stride[axis] + output_padding + (w.kernel[axis] - 1) * w.dilation[axis] + 1;
}

Result<Window> read_transposed_window(const Node& node, const Dims& input_dims, std::span<const int64_t> kernel) {
  OFFRAMP_TRY(Window w, read_window_lists(node, input_dims, kernel));
  OFFRAMP_RETURN_IF_ERROR(place_output(node, w));
  return w;
}

void register_convolution_transpose(KernelTable& table) {
  add_kernels(table, {"ConvTranspose"}, run_conv_transpose, kF32);
}

}  // namespace offramp::reference
