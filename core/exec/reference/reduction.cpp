// The Reduce family. Floats are summed in f64, integers in 64 bits, so that they wrap.
#include "exec/reference/reduction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "exec/reference/broadcast.h"
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

Dims kept_dims(const Dims& dims, const std::vector<bool>& along) {
  Dims kept = dims;
  for (size_t i = 0; i < kept.size(); ++i)
    if (along[i]) kept[i] = 1;
  return kept;
}

// The input's axes, neighbours of one kind joined, the last one apart.
struct Walk {
  Dims sizes, steps;  // outer axes: how many, and how far each moves in the output
  int64_t inner = 1;
  bool inner_reduced = false;
};

Walk plan_walk(const Dims& dims, const std::vector<bool>& along) {
  const Dims strides = broadcast_strides(kept_dims(dims, along), dims);
  Walk walk;
  bool last_reduced = false;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    if (!walk.sizes.empty() && along[i] == last_reduced) {
      walk.sizes.back() *= dims[i];
      walk.steps.back() = strides[i];
    } else {
      walk.sizes.push_back(dims[i]);
      walk.steps.push_back(strides[i]);
    }
    last_reduced = along[i];
  }
  if (walk.sizes.empty()) return walk;
  walk.inner = walk.sizes.back();
  walk.inner_reduced = last_reduced;
  walk.sizes.pop_back();
  walk.steps.pop_back();
  return walk;
}

// Takes a stretch of neighbours in, all into one accumulator or each into its own.
template <class T, class A>
using Take = void (*)(const T* from, A* to, int64_t count, bool into_one);

template <class T, class A, class Combine>
void take(const T* from, A* to, int64_t count, bool into_one) {
  const Combine combine{};
  if (!into_one) {
    for (int64_t i = 0; i < count; ++i) to[i] = combine(to[i], from[i]);
    return;
  }
  A sum = *to;
  for (int64_t i = 0; i < count; ++i) sum = combine(sum, from[i]);
  *to = sum;
}

// From an accumulator and how many were taken in.
template <class A>
using Finish = A (*)(A, int64_t);
template <class A>
A keep(A sum, int64_t) { return sum; }

template <class T, class A>
Result<Tensor> reduce_by(const Tensor& x, const std::vector<bool>& along, A start, Take<T, A> take_in, Finish<A> finish) {
  OFFRAMP_TRY(Tensor out, create_output(x.dtype(), kept_dims(x.dims(), along)));
  if (out.elements() == 0) return out;
  std::vector<A> sums(size_t(out.elements()), start);
  const Walk walk = plan_walk(x.dims(), along);
  const T* from = elements<T>(x);
  Dims index(walk.sizes.size(), 0);
  for (int64_t left = x.elements(); left > 0; left -= walk.inner, from += walk.inner) {
    A* to = sums.data();
    for (size_t i = 0; i < index.size(); ++i) to += index[i] * walk.steps[i];
    take_in(from, to, walk.inner, walk.inner_reduced);
    advance(index, walk.sizes);
  }
  T* to = mutable_elements<T>(out);
  for (size_t i = 0; i < sums.size(); ++i) to[i] = T(finish(sums[i], x.elements() / out.elements()));
  return out;
}

// T: elements, A: accumulator. The functions have no state.
template <class T, class A, class Combine>
Result<Tensor> reduce(const Tensor& x, const std::vector<bool>& along, A start, Combine, Finish<A> finish = keep<A>) {
  static_assert(std::is_empty_v<Combine>);
  return reduce_by<T, A>(x, along, start, take<T, A, Combine>, finish);
}

// The smallest or the largest; NaN beats both.
template <class T>
Result<Tensor> reduce_extreme(const Tensor& x, const std::vector<bool>& along, bool most) {
  using Limits = std::numeric_limits<T>;
  const T start = Limits::has_infinity ? (most ? -Limits::infinity() : Limits::infinity())
                                       : (most ? Limits::lowest() : Limits::max());
  if (most) return reduce<T, T>(x, along, start, [](T s, T v) { return v > s || v != v ? v : s; });
  return reduce<T, T>(x, along, start, [](T s, T v) { return v < s || v != v ? v : s; });
}

// log(sum(exp(x))), after the largest was taken out, so that nothing overflows.
template <class T>
Result<Tensor> reduce_log_sum_exp(const Tensor& x, const std::vector<bool>& along) {
  OFFRAMP_TRY(Tensor most, reduce_extreme<T>(x, along, true));
  for (T& value : most.mutable_data<T>()) value = std::isinf(value) ? T(0) : value;
  OFFRAMP_TRY(const Tensor shifted, map_broadcast<T, T>(x, most, x.dtype(), [](T v, T m) { return T(v - m); }));
  OFFRAMP_TRY(const Tensor logs, reduce<T, double>(
                                     shifted, along, 0.0, [](double s, T v) { return s + std::exp(double(v)); },
                                     [](double sum, int64_t) { return std::log(sum); }));
  return map_broadcast<T, T>(logs, most, x.dtype(), [](T v, T m) { return T(v + m); });
}

template <class T>
Result<Tensor> reduce_as(const std::string& op, const Tensor& x, const std::vector<bool>& along) {
  using A = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
  const auto add = [](A s, T v) { return s + A(v); };
  if (op == "ReduceSum") return reduce<T, A>(x, along, A(0), add);
  if (op == "ReduceSumSquare") return reduce<T, A>(x, along, A(0), [](A s, T v) { return s + A(v) * A(v); });
  if (op == "ReduceProd") return reduce<T, A>(x, along, A(1), [](A s, T v) { return s * A(v); });
  if (op == "ReduceL1") return reduce<T, A>(x, along, A(0), [](A s, T v) { return v < T(0) ? s - A(v) : s + A(v); });
  if (op == "ReduceL2")
    return reduce<T, double>(
        x, along, 0.0, [](double s, T v) { return s + double(v) * double(v); },
        [](double sum, int64_t) { return std::sqrt(sum); });
  if (op == "ReduceLogSum")
    return reduce<T, double>(
        x, along, 0.0, [](double s, T v) { return s + double(v); },
        [](double sum, int64_t) { return std::log(sum); });
  if (x.elements() == 0 && element_count(kept_dims(x.dims(), along)) > 0) return invalid_model(op + " of no elements");
  if (op == "ReduceMean")
    return reduce<T, A>(x, along, A(0), add, [](A sum, int64_t count) {
      if constexpr (std::is_floating_point_v<T>)
        return sum / A(count);
      else
        return A(int64_t(sum) / count);
    });
  if (op == "ReduceMax" || op == "ReduceMin") return reduce_extreme<T>(x, along, op == "ReduceMax");
  if (op == "ReduceLogSumExp") {
    if constexpr (std::is_floating_point_v<T>) return reduce_log_sum_exp<T>(x, along);
  }
  return unsupported("operator " + op + " on " + std::string(to_string(x.dtype())));
}

Outputs run_reduction(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const std::vector<bool> along, reduced_axes(node, inputs, x.dims().size()));
  const bool nothing = std::find(along.begin(), along.end(), true) == along.end() && !along.empty();
  if (nothing) return one(x);
  OFFRAMP_TRY(Tensor out, reduce_tensor(node.op, x, along));
  if (node.integer("keepdims", 1) != 0) return one(std::move(out));
  Dims dims;
  for (size_t i = 0; i < along.size(); ++i)
    if (!along[i]) dims.push_back(x.dims()[i]);
  return one(out.reshaped(dims));
}

}  // namespace

Result<Tensor> reduce_tensor(const std::string& op, const Tensor& x, const std::vector<bool>& along) {
  if (!(type_bit(x.dtype()) & kReduced)) return unsupported(type_refusal("the input", x.dtype(), kReduced));
  OFFRAMP_TRY(const Tensor wide, widen(x));
  OFFRAMP_TRY(const Tensor out,
              for_type(WideNumbers{}, wide.dtype(), [&]<class T>(T) { return reduce_as<T>(op, wide, along); }));
  return cast_tensor(out, x.dtype());
}

void register_reduction(KernelTable& table) {
  add_kernels(table,
              {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
               "ReduceSumSquare", "ReduceLogSum"},
              run_reduction, kReduced);
  add_kernels(table, {"ReduceLogSumExp"}, run_reduction, kFloats);
}

}  // namespace offramp::reference
