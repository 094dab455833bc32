// ReduceMean, ReduceSum, ReduceMax, ReduceMin and ArgMax.
#include <algorithm>
#include <limits>
#include <type_traits>

#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"

namespace offramp::reference {
namespace {

// Axes from the input that newer opsets use, else from the attribute; empty means all of them, or none if the node says
// so.
Result<std::vector<bool>> reduced_axes(const Node& node, Inputs inputs, size_t rank) {
  std::vector<int64_t> axes = node.integers("axes");
  if (const Tensor* given = optional_input(inputs, 1)) {
    OFFRAMP_TRY(axes, integers_of(*given, "axes"));
  }
  OFFRAMP_TRY(const auto normal, normal_axes(axes, rank));
  std::vector<bool> reduced(rank, axes.empty() && node.integer("noop_with_empty_axes", 0) == 0);
  for (int64_t axis : normal) reduced[size_t(axis)] = true;
  return reduced;
}

Dims dropped(const Dims& kept, const std::vector<bool>& reduced) {
  Dims dims;
  for (size_t i = 0; i < kept.size(); ++i)
    if (!reduced[i]) dims.push_back(kept[i]);
  return dims;
}

// T: elements, A: accumulator. finish(accumulator, how many were taken in).
template <class T, class A, class Combine, class Finish>
Result<Tensor> reduce(const Tensor& x, const Dims& kept, A start, Combine&& combine, Finish&& finish) {
  OFFRAMP_TRY(Tensor out, create_output(x.dtype(), kept));
  if (out.elements() == 0) return out;
  const int64_t taken = x.elements() / out.elements();
  std::vector<A> sums(size_t(out.elements()), start);
  const Dims strides = broadcast_strides(kept, x.dims());
  const auto data = x.data<T>();
  Dims index(x.dims().size(), 0);
  for (size_t at = 0; at < data.size(); ++at) {
    int64_t to = 0;
    for (size_t i = 0; i < index.size(); ++i) to += index[i] * strides[i];
    sums[size_t(to)] = combine(sums[size_t(to)], data[at]);
    advance(index, x.dims());
  }
  const auto to = out.mutable_data<T>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = T(finish(sums[i], taken));
  return out;
}

// Sums are taken in A; unsigned for integers, so that they wrap.
template <class T, class A>
Result<Tensor> reduce_as(const std::string& op, const Tensor& x, const Dims& kept) {
  const auto keep = [](A sum, int64_t) { return sum; };
  if (op == "ReduceSum") return reduce<T, A>(x, kept, A(0), [](A s, T v) { return A(s + A(v)); }, keep);
  if (element_count(kept) > 0 && x.elements() == 0) return invalid_model(op + " of no elements");
  if (op == "ReduceMean")
    return reduce<T, A>(
        x, kept, A(0), [](A s, T v) { return A(s + A(v)); },
        [](A sum, int64_t count) {
          if constexpr (std::is_unsigned_v<A>)
            return T(sum) / T(count);
          else
            return sum / A(count);
        });
  const bool most = op == "ReduceMax";
  using Limits = std::numeric_limits<T>;
  const T start = Limits::has_infinity ? (most ? -Limits::infinity() : Limits::infinity())
                                       : (most ? Limits::lowest() : Limits::max());
  return reduce<T, T>(
      x, kept, start, [most](T s, T v) { return (most ? v > s : v < s) || v != v ? v : s; },
      [](T best, int64_t) { return best; });
}

}  // namespace

Outputs run_reduction(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const std::vector<bool> reduced, reduced_axes(node, inputs, x.dims().size()));
  Dims kept = x.dims();
  for (size_t i = 0; i < kept.size(); ++i)
    if (reduced[i]) kept[i] = 1;
  Result<Tensor> out =
      unsupported("the input is " + std::string(to_string(x.dtype())) + ", only f32, i64 and i32 have kernels");
  if (x.dtype() == DType::kF32) out = reduce_as<float, double>(node.op, x, kept);
  if (x.dtype() == DType::kI64) out = reduce_as<int64_t, uint64_t>(node.op, x, kept);
  if (x.dtype() == DType::kI32) out = reduce_as<int32_t, uint32_t>(node.op, x, kept);
  if (!out) return std::move(out).error();
  if (node.integer("keepdims", 1) == 0) return one(out->reshaped(dropped(kept, reduced)));
  return one(std::move(out).value());
}

Outputs run_arg_max(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", 0), x.dims().size()));
  const bool last = node.integer("select_last_index", 0) != 0;
  const int64_t count = x.dims()[size_t(axis)];
  if (count == 0) return invalid_model("ArgMax over no elements");
  Dims kept = x.dims();
  kept[size_t(axis)] = 1;
  OFFRAMP_TRY(Tensor out, create_output(DType::kI64, kept));
  int64_t stride = 1;
  for (size_t i = size_t(axis) + 1; i < kept.size(); ++i) stride *= kept[i];
  const auto to = out.mutable_data<int64_t>();
  for (size_t i = 0; i < to.size(); ++i) {
    const float* line = x.data<float>().data() + (int64_t(i) / stride) * stride * count + int64_t(i) % stride;
    int64_t best = 0;
    for (int64_t k = 1; k < count; ++k)
      if (line[k * stride] > line[best * stride] || (last && line[k * stride] == line[best * stride])) best = k;
    to[i] = best;
  }
  if (node.integer("keepdims", 1) != 0) return one(std::move(out));
  kept.erase(kept.begin() + ptrdiff_t(axis));
  return one(out.reshaped(kept));
}

}  // namespace offramp::reference
