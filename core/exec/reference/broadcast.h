// The loop that element-wise operators with two inputs share.
#pragma once
#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"

namespace offramp::reference {

// out = function(a, b), broadcast. T is the type of the inputs, U of the output.
template <class T, class U, class Function>
Result<Tensor> map_broadcast(const Tensor& a, const Tensor& b, DType out_dtype, Function&& function) {
  OFFRAMP_TRY(const Dims dims, broadcast_dims(a.dims(), b.dims()));
  OFFRAMP_TRY(Tensor out, create_output(out_dtype, dims));
  if (out.elements() == 0) return out;
  const auto* x = reinterpret_cast<const T*>(a.raw());
  const auto* y = reinterpret_cast<const T*>(b.raw());
  auto* to = reinterpret_cast<U*>(out.mutable_raw());
  const Dims x_strides = broadcast_strides(a.dims(), dims), y_strides = broadcast_strides(b.dims(), dims);
  const int64_t row = dims.empty() ? 1 : dims.back();
  const int64_t x_step = dims.empty() ? 0 : x_strides.back(), y_step = dims.empty() ? 0 : y_strides.back();
  Dims index(dims.size(), 0);
  do {
    int64_t x_at = 0, y_at = 0;
    for (size_t i = 0; i + 1 < dims.size(); ++i) {
      x_at += index[i] * x_strides[i];
      y_at += index[i] * y_strides[i];
    }
    for (int64_t i = 0; i < row; ++i) *to++ = function(x[x_at + i * x_step], y[y_at + i * y_step]);
  } while (!dims.empty() && advance(index, dims, 1));
  return out;
}

}  // namespace offramp::reference
