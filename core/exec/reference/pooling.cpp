// AveragePool and MaxPool over one to three spatial axes, and their global forms.
#include <algorithm>
#include <limits>

#include "exec/reference/arguments.h"
#include "exec/reference/window.h"

namespace offramp::reference {
namespace {

// Calls visit(value) for every element of the input that one output's window covers.
template <class Visit>
void visit_window(const Window& w, const std::array<int64_t, 3>& at, const float* in, Visit&& visit) {
  for (int64_t k0 = 0; k0 < w.kernel[0]; ++k0) {
    const int64_t i0 = at[0] * w.stride[0] + k0 * w.dilation[0] - w.pad_begin[0];
    if (i0 < 0 || i0 >= w.input[0]) continue;
    for (int64_t k1 = 0; k1 < w.kernel[1]; ++k1) {
      const int64_t i1 = at[1] * w.stride[1] + k1 * w.dilation[1] - w.pad_begin[1];
      if (i1 < 0 || i1 >= w.input[1]) continue;
      for (int64_t k2 = 0; k2 < w.kernel[2]; ++k2) {
        const int64_t i2 = at[2] * w.stride[2] + k2 * w.dilation[2] - w.pad_begin[2];
        if (i2 >= 0 && i2 < w.input[2]) visit(in[(i0 * w.input[1] + i1) * w.input[2] + i2]);
      }
    }
  }
}

// Taps that lie in the input or its padding; ceil_mode lets windows reach beyond both.
int64_t padded_taps(const Window& w, const std::array<int64_t, 3>& at) {
  int64_t taps = 1;
  for (size_t axis = 0; axis < 3; ++axis) {
    int64_t inside = 0;
    for (int64_t k = 0; k < w.kernel[axis]; ++k)
      inside += at[axis] * w.stride[axis] + k * w.dilation[axis] < w.input[axis] + w.pad_begin[axis] + w.pad_end[axis];
    taps *= inside;
  }
  return taps;
}

// Calls pool(window position, channel's input) for every output element.
template <class Pool>
Outputs run_pool(const Node& node, Inputs inputs, Pool&& pool) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  if (!node.has("kernel_shape")) return invalid_model("attribute kernel_shape is missing");
  const std::vector<int64_t> kernel = node.integers("kernel_shape");
  OFFRAMP_TRY(const Window w, read_window(node, x.dims(), kernel));
  for (size_t axis = 0; axis < 3; ++axis)
    if (std::max(w.pad_begin[axis], w.pad_end[axis]) > (w.kernel[axis] - 1) * w.dilation[axis])
      return invalid_model("pads " + std::to_string(w.pad_begin[axis]) + " and " + std::to_string(w.pad_end[axis]) +
                           " leave windows without input; they must be smaller than the window");
  OFFRAMP_TRY(Tensor out, create_output(DType::kF32, w.output_dims(x.dims()[0], x.dims()[1])));
  OFFRAMP_RETURN_IF_ERROR(expect_work(double(out.elements()) * double(w.kernel_size())));
  if (out.elements() == 0 || x.elements() == 0) return one(std::move(out));
  const float* in = x.data<float>().data();
  float* to = out.mutable_data<float>().data();
  for (int64_t plane = 0; plane < x.dims()[0] * x.dims()[1]; ++plane, in += w.input_size()) {
    std::array<int64_t, 3> at;
    for (at[0] = 0; at[0] < w.output[0]; ++at[0])
      for (at[1] = 0; at[1] < w.output[1]; ++at[1])
        for (at[2] = 0; at[2] < w.output[2]; ++at[2]) *to++ = pool(w, at, in);
  }
  return one(std::move(out));
}

// Calls reduce(begin, end) for every channel of every sample.
template <class Reduce>
Outputs run_global_pool(Inputs inputs, Reduce&& reduce) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  if (x.dims().size() < 3)
    return invalid_model("expected an input [N, C, spatial...], got shape " + to_string(x.dims()));
  Dims dims(x.dims().size(), 1);
  dims[0] = x.dims()[0];
  dims[1] = x.dims()[1];
  OFFRAMP_TRY(Tensor out, create_output(DType::kF32, dims));
  if (out.elements() == 0) return one(std::move(out));
  const int64_t plane = x.elements() / out.elements();
  if (plane == 0) return invalid_model("cannot pool over no elements: shape " + to_string(x.dims()));
  const float* in = x.data<float>().data();
  for (float& value : out.mutable_data<float>()) {
    value = reduce(in, in + plane);
    in += plane;
  }
  return one(std::move(out));
}

}  // namespace

Outputs run_average_pool(const Node& node, Inputs inputs) {
  const bool include_pad = node.integer("count_include_pad", 0) != 0;
  return run_pool(node, inputs, [&](const Window& w, const std::array<int64_t, 3>& at, const float* in) {
    float sum = 0;
    int64_t count = 0;
    visit_window(w, at, in, [&](float value) {
      sum += value;
      ++count;
    });
    if (include_pad) count = padded_taps(w, at);
    return count > 0 ? sum / float(count) : 0.0f;
  });
}

Outputs run_max_pool(const Node& node, Inputs inputs) {
  if (node.outputs.size() > 1 && node.outputs[1]) return unsupported("output Indices");
  return run_pool(node, inputs, [](const Window& w, const std::array<int64_t, 3>& at, const float* in) {
    float best = -std::numeric_limits<float>::infinity();
    visit_window(w, at, in, [&](float value) { best = value > best || value != value ? value : best; });
    return best;
  });
}

Outputs run_global_average_pool(const Node&, Inputs inputs) {
  return run_global_pool(inputs, [](const float* begin, const float* end) {
    double sum = 0;
    for (const float* p = begin; p < end; ++p) sum += double(*p);
    return float(sum / double(end - begin));
  });
}

Outputs run_global_max_pool(const Node&, Inputs inputs) {
  return run_global_pool(inputs, [](const float* begin, const float* end) {
    float best = *begin;
    for (const float* p = begin; p < end; ++p) best = *p > best || *p != *p ? *p : best;
    return best;
  });
}

}  // namespace offramp::reference
