// Conv over one to three spatial axes, with groups, dilation, strides and any padding.
#include <algorithm>

#include "exec/reference/arguments.h"
#include "exec/reference/window.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// Output positions [first, last) along an axis whose tap `k` reads inside the input.
struct Reach {
  int64_t first, last;
};
Reach reach(const Window& w, size_t axis, int64_t k) {
  const int64_t shift = k * w.dilation[axis] - w.pad_begin[axis];  // input = output * stride + shift
  const int64_t stride = w.stride[axis];
  const int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const int64_t room = w.input[axis] - 1 - shift;
  const int64_t last = room < 0 ? 0 : std::min(w.output[axis], room / stride + 1);
  return {first, std::max(first, last)};
}

// Adds one tap of one input channel to one output channel.
void add_tap(const Window& w, int64_t k0, int64_t k1, int64_t k2, float weight, const float* in, float* out) {
  const Reach r0 = reach(w, 0, k0), r1 = reach(w, 1, k1), r2 = reach(w, 2, k2);
  for (int64_t o0 = r0.first; o0 < r0.last; ++o0) {
    const int64_t i0 = o0 * w.stride[0] + k0 * w.dilation[0] - w.pad_begin[0];
    for (int64_t o1 = r1.first; o1 < r1.last; ++o1) {
      const int64_t i1 = o1 * w.stride[1] + k1 * w.dilation[1] - w.pad_begin[1];
      const float* row = in + (i0 * w.input[1] + i1) * w.input[2];
      float* to = out + (o0 * w.output[1] + o1) * w.output[2];
      int64_t i2 = r2.first * w.stride[2] + k2 * w.dilation[2] - w.pad_begin[2];
      for (int64_t o2 = r2.first; o2 < r2.last; ++o2, i2 += w.stride[2]) to[o2] += weight * row[i2];
    }
  }
}

Status check_shapes(const Tensor& x, const Tensor& weight, const Tensor* bias, int64_t groups) {
  const Dims &in = x.dims(), &filter = weight.dims();
  if (filter.size() != in.size() || in.size() < 3)
    return invalid_model("expected input and weights [.., .., spatial...] of equal rank, got " + to_string(in) +
                         " and " + to_string(filter));
  if (groups < 1 || filter[0] % groups != 0 || in[1] % groups != 0 || in[1] / groups != filter[1])
    return invalid_model("weights " + to_string(filter) + " do not fit an input " + to_string(in) +
                         " with group = " + std::to_string(groups));
  if (bias && bias->dims() != Dims{filter[0]})
    return invalid_model("expected a bias of shape [" + std::to_string(filter[0]) + "], got " +
                         to_string(bias->dims()));
  return {};
}

Outputs run_conv(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 3));
  const Tensor &x = *inputs[0], &weight = *inputs[1];
  const Tensor* bias = optional_input(inputs, 2);
  const int64_t groups = node.integer("group", 1);
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(weight, DType::kF32, "the weight"));
  if (bias) OFFRAMP_RETURN_IF_ERROR(expect_dtype(*bias, DType::kF32, "the bias"));
  OFFRAMP_RETURN_IF_ERROR(check_shapes(x, weight, bias, groups));
  const std::span<const int64_t> kernel = std::span(weight.dims()).subspan(2);
  const std::vector<int64_t> stated = node.integers("kernel_shape", {kernel.begin(), kernel.end()});
  if (!std::equal(stated.begin(), stated.end(), kernel.begin(), kernel.end()))
    return invalid_model("attribute kernel_shape " + to_string(stated) + " is not that of the weights " +
                         to_string(weight.dims()));
  OFFRAMP_TRY(const Window w, read_window(node, x.dims(), kernel));
  const int64_t batch = x.dims()[0], in_channels = x.dims()[1], out_channels = weight.dims()[0];
  const int64_t group_in = weight.dims()[1];
  OFFRAMP_TRY(Tensor out, create_output(DType::kF32, w.output_dims(batch, out_channels)));
  OFFRAMP_RETURN_IF_ERROR(expect_work(double(batch) * double(out_channels) * double(group_in) *
                                      double(w.kernel_size()) * double(std::max<int64_t>(1, w.output_size()))));
  if (out.elements() == 0) return one(std::move(out));
  const float* in_data = x.data<float>().data();
  const float* weights = weight.data<float>().data();
  float* out_data = out.mutable_data<float>().data();
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t m = 0; m < out_channels; ++m) {
      float* to = out_data + (n * out_channels + m) * w.output_size();
      std::fill(to, to + w.output_size(), bias ? bias->data<float>()[size_t(m)] : 0.0f);
      const int64_t first = m / (out_channels / groups) * group_in;
      const float* tap = weights + m * group_in * w.kernel_size();
      for (int64_t c = 0; c < group_in; ++c) {
        const float* from = in_data + (n * in_channels + first + c) * w.input_size();
        for (int64_t k0 = 0; k0 < w.kernel[0]; ++k0)
          for (int64_t k1 = 0; k1 < w.kernel[1]; ++k1)
            for (int64_t k2 = 0; k2 < w.kernel[2]; ++k2) add_tap(w, k0, k1, k2, *tap++, from, to);
      }
    }
  return one(std::move(out));
}

}  // namespace

void register_convolution(KernelTable& table) {
  add_kernels(table, {"Conv"}, run_conv, kF32);
}

}  // namespace offramp::reference
