// What depends on the order of elements along one axis: ArgMax, ArgMin, TopK and CumSum.
#include <algorithm>
#include <numeric>

#include "exec/reference/lines.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// NaN counts as larger than everything else, so that the order is total.
template <class T>
bool less(T a, T b) {
  return a < b || (b != b && a == a);
}

// Where line number `at` begins.
int64_t line_start(const Lines& lines, int64_t at) {
  return at / lines.inner * lines.count * lines.inner + at % lines.inner;
}

template <class T>
int64_t best_of_line(const T* line, const Lines& lines, bool most, bool last) {
  int64_t best = 0;
  for (int64_t k = 1; k < lines.count; ++k) {
    const T seen = line[best * lines.inner], value = line[k * lines.inner];
    if (most ? less(seen, value) : less(value, seen)) best = k;
    else if (last && !less(seen, value) && !less(value, seen)) best = k;
  }
  return best;
}

Result<int64_t> read_k(const Node& node, Inputs inputs, int64_t available) {
  std::vector<int64_t> given = {node.integer("k", -1)};
  if (const Tensor* input = optional_input(inputs, 1)) {
    OFFRAMP_TRY(given, integers_of(*input, "k"));
  }
  if (given.size() != 1) return invalid_model("expected one k, got " + std::to_string(given.size()));
  if (given[0] < 0 || given[0] > available)
    return invalid_model("k = " + std::to_string(given[0]) + " is outside [0, " + std::to_string(available) + "]");
  return given[0];
}

// The k first of every line in the wanted order, equal ones by their place.
template <class T>
void select_top(const Tensor& x, const Lines& lines, bool largest, Tensor& values, Tensor& indices) {
  const Lines to_lines = {lines.outer, values.elements() / (lines.outer * lines.inner), lines.inner};
  const T* from = elements<T>(x);
  T* top = mutable_elements<T>(values);
  int64_t* places = mutable_elements<int64_t>(indices);
  std::vector<int64_t> order(size_t(lines.count));
  for (int64_t at = 0; at < lines.outer * lines.inner; ++at) {
    const T* line = from + line_start(lines, at);
    const auto value = [&](int64_t k) { return line[k * lines.inner]; };
    std::iota(order.begin(), order.end(), int64_t{0});
    std::partial_sort(order.begin(), order.begin() + to_lines.count, order.end(), [&](int64_t a, int64_t b) {
      if (less(value(a), value(b))) return !largest;
      if (less(value(b), value(a))) return largest;
      return a < b;
    });
    const int64_t to = line_start(to_lines, at);
    for (int64_t k = 0; k < to_lines.count; ++k) {
      top[to + k * lines.inner] = value(order[size_t(k)]);
      places[to + k * lines.inner] = order[size_t(k)];
    }
  }
}

// Integers wrap around.
template <class T>
T plus(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return T(uint64_t(a) + uint64_t(b));
  else
    return a + b;
}

// One line of CumSum.
template <class T>
void sum_up(const T* from, T* to, const Lines& lines, bool exclusive, bool reverse) {
  T sum = 0;
  for (int64_t k = 0; k < lines.count; ++k) {
    const int64_t here = (reverse ? lines.count - 1 - k : k) * lines.inner;
    const T next = plus(sum, from[here]);
    to[here] = exclusive ? sum : next;
    sum = next;
  }
}

Outputs run_arg_extreme(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  OFFRAMP_TRY(const Tensor x, widen(*inputs[0]));
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", 0), x.dims().size()));
  const Lines lines = lines_along(x.dims(), size_t(axis));
  if (lines.count == 0) return invalid_model(node.op + " over no elements");
  Dims dims = x.dims();
  dims[size_t(axis)] = 1;
  OFFRAMP_TRY(Tensor out, create_output(DType::kI64, dims));
  const bool last = node.integer("select_last_index", 0) != 0, most = node.op == "ArgMax";
  OFFRAMP_RETURN_IF_ERROR(for_type(WideNumbers{}, x.dtype(), [&]<class T>(T) -> Status {
    int64_t at = 0;
    for (int64_t& to : out.mutable_data<int64_t>())
      to = best_of_line(elements<T>(x) + line_start(lines, at++), lines, most, last);
    return {};
  }));
  if (node.integer("keepdims", 1) != 0) return one(std::move(out));
  dims.erase(dims.begin() + ptrdiff_t(axis));
  return one(out.reshaped(dims));
}

// Outputs: values and their places.
Outputs run_top_k(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 2));
  OFFRAMP_TRY(const Tensor x, widen(*inputs[0]));
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", -1), x.dims().size()));
  const Lines lines = lines_along(x.dims(), size_t(axis));
  OFFRAMP_TRY(const int64_t k, read_k(node, inputs, lines.count));
  Dims dims = x.dims();
  dims[size_t(axis)] = k;
  OFFRAMP_TRY(Tensor values, create_output(x.dtype(), dims));
  OFFRAMP_TRY(Tensor indices, create_output(DType::kI64, dims));
  OFFRAMP_RETURN_IF_ERROR(for_type(WideNumbers{}, x.dtype(), [&]<class T>(T) -> Status {
    if (values.elements() > 0) select_top<T>(x, lines, node.integer("largest", 1) != 0, values, indices);
    return {};
  }));
  OFFRAMP_TRY(values, cast_tensor(values, inputs[0]->dtype()));
  return std::vector<Tensor>{std::move(values), std::move(indices)};
}

Outputs run_cum_sum(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  OFFRAMP_TRY(const Tensor x, widen(*inputs[0]));
  OFFRAMP_TRY(const auto given, integers_of(*inputs[1], "axis"));
  if (given.size() != 1) return invalid_model("expected one axis, got " + std::to_string(given.size()));
  OFFRAMP_TRY(const int64_t axis, normal_axis(given[0], x.dims().size()));
  const Lines lines = lines_along(x.dims(), size_t(axis));
  const bool exclusive = node.integer("exclusive", 0) != 0, reverse = node.integer("reverse", 0) != 0;
  OFFRAMP_TRY(Tensor out, create_output(x.dtype(), x.dims()));
  if (out.elements() > 0)
    OFFRAMP_RETURN_IF_ERROR(for_type(WideNumbers{}, x.dtype(), [&]<class T>(T) -> Status {
      T* to = mutable_elements<T>(out);
      for (int64_t at = 0; at < lines.outer * lines.inner; ++at)
        sum_up(elements<T>(x) + line_start(lines, at), to + line_start(lines, at), lines, exclusive, reverse);
      return {};
    }));
  OFFRAMP_TRY(out, cast_tensor(out, inputs[0]->dtype()));
  return one(std::move(out));
}

}  // namespace

void register_ordering(KernelTable& table) {
  add_kernels(table, {"ArgMax", "ArgMin"}, run_arg_extreme, kNumbers);
  add_kernels(table, {"TopK"}, run_top_k, kNumbers);
  add_kernels(table, {"CumSum"}, run_cum_sum, kReduced);
}

}  // namespace offramp::reference
