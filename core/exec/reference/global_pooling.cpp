// Pools over all of a channel's positions.
#include <cmath>

#include "exec/reference/lines.h"
#include "exec/reference/pooling.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// Calls reduce(plane, elements) for every channel of every sample.
template <class T, class Reduce>
Outputs pool_planes(const Tensor& x, Reduce&& reduce) {
  if (x.dims().size() < 3)
    return invalid_model("expected an input [N, C, spatial...], got shape " + to_string(x.dims()));
  Dims dims(x.dims().size(), 1);
  dims[0] = x.dims()[0];
  dims[1] = x.dims()[1];
  OFFRAMP_TRY(Tensor out, create_output(x.dtype(), dims));
  if (out.elements() == 0) return one(std::move(out));
  const int64_t plane = x.elements() / out.elements();
  if (plane == 0) return invalid_model("cannot pool over no elements: shape " + to_string(x.dims()));
  const T* from = elements<T>(x);
  for (T& value : out.mutable_data<T>()) {
    value = reduce(from, plane);
    from += plane;
  }
  return one(std::move(out));
}

Outputs run_global_average_pool(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  return for_type(Floats{}, inputs[0]->dtype(), [&]<class T>(T) {
    return pool_planes<T>(*inputs[0], [](const T* x, int64_t count) {
      double sum = 0;
      for (int64_t i = 0; i < count; ++i) sum += double(x[i]);
      return T(sum / double(count));
    });
  });
}

Outputs run_global_max_pool(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  return for_type(Floats{}, inputs[0]->dtype(), [&]<class T>(T) {
    return pool_planes<T>(*inputs[0], [](const T* x, int64_t count) {
      T best = x[0];
      for (int64_t i = 1; i < count; ++i) best = x[i] > best || x[i] != x[i] ? x[i] : best;
      return best;
    });
  });
}

Outputs run_global_lp_pool(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  OFFRAMP_TRY(const int64_t p, read_exponent(node));
  return for_type(Floats{}, inputs[0]->dtype(), [&]<class T>(T) {
    return pool_planes<T>(*inputs[0], [p](const T* x, int64_t count) {
      PowerSum<T> sum(p);
      for (int64_t i = 0; i < count; ++i) sum.add(x[i]);
      return sum.root();
    });
  });
}

}  // namespace

void register_global_pooling(KernelTable& table) {
  add_kernels(table, {"GlobalAveragePool"}, run_global_average_pool, kFloats);
  add_kernels(table, {"GlobalMaxPool"}, run_global_max_pool, kFloats);
  add_kernels(table, {"GlobalLpPool"}, run_global_lp_pool, kFloats);
}

}  // namespace offramp::reference
