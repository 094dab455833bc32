// AveragePool, MaxPool and LpPool over windows of one to three spatial axes.
#include "exec/reference/pooling.h"

#include <algorithm>
#include <limits>

#include "exec/reference/types.h"
#include "exec/reference/window.h"

namespace offramp::reference {
namespace {

using Position = std::array<int64_t, 3>;

// Calls visit(place in the channel's plane) for every element of the input that one output's window covers.
template <class Visit>
void visit_window(const Window& w, const Position& at, Visit&& visit) {
  for (int64_t k0 = 0; k0 < w.kernel[0]; ++k0) {
    const int64_t i0 = at[0] * w.stride[0] + k0 * w.dilation[0] - w.pad_begin[0];
    if (i0 < 0 || i0 >= w.input[0]) continue;
    for (int64_t k1 = 0; k1 < w.kernel[1]; ++k1) {
      const int64_t i1 = at[1] * w.stride[1] + k1 * w.dilation[1] - w.pad_begin[1];
      if (i1 < 0 || i1 >= w.input[1]) continue;
      for (int64_t k2 = 0; k2 < w.kernel[2]; ++k2) {
        const int64_t i2 = at[2] * w.stride[2] + k2 * w.dilation[2] - w.pad_begin[2];
        if (i2 >= 0 && i2 < w.input[2]) visit((i0 * w.input[1] + i1) * w.input[2] + i2);
      }
    }
  }
}

// Taps that lie in the input or its padding; ceil_mode lets windows reach beyond both.
int64_t padded_taps(const Window& w, const Position& at) {
  int64_t taps = 1;
  for (size_t axis = 0; axis < 3; ++axis) {
    int64_t inside = 0;
    for (int64_t k = 0; k < w.kernel[axis]; ++k)
      inside += at[axis] * w.stride[axis] + k * w.dilation[axis] < w.input[axis] + w.pad_begin[axis] + w.pad_end[axis];
    taps *= inside;
  }
  return taps;
}

// The window, the input being given and the output being of sane size.
Result<Window> pool_window(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Dims& dims = inputs[0]->dims();
  if (!node.has("kernel_shape")) return invalid_model("attribute kernel_shape is missing");
  const std::vector<int64_t> kernel = node.integers("kernel_shape");
  OFFRAMP_TRY(const Window w, read_window(node, dims, kernel));
  for (size_t axis = 0; axis < 3; ++axis)
    if (std::max(w.pad_begin[axis], w.pad_end[axis]) > (w.kernel[axis] - 1) * w.dilation[axis])
      return invalid_model("pads " + std::to_string(w.pad_begin[axis]) + " and " + std::to_string(w.pad_end[axis]) +
                           " leave windows without input; they must be smaller than the window");
  OFFRAMP_TRY(const int64_t outputs, checked_element_count(w.output_dims(dims[0], dims[1])));
  OFFRAMP_RETURN_IF_ERROR(expect_work(double(outputs) * double(w.kernel_size())));
  return w;
}

// Calls pool(window position, channel number, channel's elements) for every output element, in order.
template <class T, class Pool>
void for_outputs(const Window& w, const Tensor& x, Pool&& pool) {
  const T* plane = elements<T>(x);
  if (x.elements() == 0) return;
  for (int64_t channel = 0; channel < x.dims()[0] * x.dims()[1]; ++channel, plane += w.input_size()) {
    Position at;
    for (at[0] = 0; at[0] < w.output[0]; ++at[0])
      for (at[1] = 0; at[1] < w.output[1]; ++at[1])
        for (at[2] = 0; at[2] < w.output[2]; ++at[2]) pool(at, channel, plane);
  }
}

template <class T>
T average(const Window& w, const Position& at, const T* plane, bool include_pad) {
  T sum = 0;
  int64_t count = 0;
  visit_window(w, at, [&](int64_t place) {
    sum += plane[place];
    ++count;
  });
  if (include_pad) count = padded_taps(w, at);
  return count > 0 ? sum / T(count) : T(0);
}

// The place of the largest element, the first of equal ones; -1 if the window covers none.
template <class T>
int64_t place_of_most(const Window& w, const Position& at, const T* plane) {
  int64_t best = -1;
  visit_window(w, at, [&](int64_t place) {
    if (best < 0 || plane[place] > plane[best] || (plane[place] != plane[place] && plane[best] == plane[best]))
      best = place;
  });
  return best;
}

// Places count row by row, or column by column within each channel if storage_order is 1.
int64_t stored_place(const Window& w, int64_t place, bool column_major) {
  if (!column_major) return place;
  const int64_t i2 = place % w.input[2], i1 = place / w.input[2] % w.input[1], i0 = place / w.input[2] / w.input[1];
  return (i2 * w.input[1] + i1) * w.input[0] + i0;
}

Outputs run_average_pool(const Node& node, Inputs inputs) {
  OFFRAMP_TRY(const Window w, pool_window(node, inputs));
  const Tensor& x = *inputs[0];
  const bool include_pad = node.integer("count_include_pad", 0) != 0;
  return for_type(Floats{}, x.dtype(), [&]<class T>(T) -> Outputs {
    OFFRAMP_TRY(Tensor out, create_output(x.dtype(), w.output_dims(x.dims()[0], x.dims()[1])));
    T* to = mutable_elements<T>(out);
    for_outputs<T>(w, x, [&](const Position& at, int64_t, const T* plane) {
      *to++ = average(w, at, plane, include_pad);
    });
    return one(std::move(out));
  });
}

Outputs run_lp_pool(const Node& node, Inputs inputs) {
  OFFRAMP_TRY(const Window w, pool_window(node, inputs));
  OFFRAMP_TRY(const int64_t p, read_exponent(node));
  const Tensor& x = *inputs[0];
  return for_type(Floats{}, x.dtype(), [&]<class T>(T) -> Outputs {
    OFFRAMP_TRY(Tensor out, create_output(x.dtype(), w.output_dims(x.dims()[0], x.dims()[1])));
    T* to = mutable_elements<T>(out);
    for_outputs<T>(w, x, [&](const Position& at, int64_t, const T* plane) {
      PowerSum<T> sum(p);
      visit_window(w, at, [&](int64_t place) { sum.add(plane[place]); });
      *to++ = sum.root();
    });
    return one(std::move(out));
  });
}

// Outputs: the largest elements and, if wanted, their places in the whole input.
Outputs run_max_pool(const Node& node, Inputs inputs) {
  OFFRAMP_TRY(const Window w, pool_window(node, inputs));
  const Tensor& x = *inputs[0];
  const bool column_major = node.integer("storage_order", 0) != 0, indexed = node.outputs.size() > 1;
  const Dims dims = w.output_dims(x.dims()[0], x.dims()[1]);
  OFFRAMP_TRY(Tensor indices, create_output(DType::kI64, indexed ? dims : Dims{0}));
  int64_t* place_to = mutable_elements<int64_t>(indices);
  return for_type(PooledTypes{}, x.dtype(), [&]<class T>(T) -> Outputs {
    OFFRAMP_TRY(Tensor out, create_output(x.dtype(), dims));
    T* to = mutable_elements<T>(out);
    for_outputs<T>(w, x, [&](const Position& at, int64_t channel, const T* plane) {
      const int64_t place = place_of_most(w, at, plane);
      using Limits = std::numeric_limits<T>;
      *to++ = place >= 0 ? plane[place] : Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
      if (indexed) *place_to++ = channel * w.input_size() + stored_place(w, std::max<int64_t>(place, 0), column_major);
    });
    std::vector<Tensor> outputs = {std::move(out)};
    if (indexed) outputs.push_back(indices);
    return outputs;
  });
}

}  // namespace

Result<int64_t> read_exponent(const Node& node) {
  const int64_t p = node.integer("p", 2);
  if (p < 1) return invalid_model("attribute p: expected at least 1, got " + std::to_string(p));
  return p;
}

void register_pooling(KernelTable& table) {
  add_kernels(table, {"AveragePool"}, run_average_pool, kFloats);
  add_kernels(table, {"MaxPool"}, run_max_pool, kPooled);
  add_kernels(table, {"LpPool"}, run_lp_pool, kFloats);
}

}  // namespace offramp::reference
