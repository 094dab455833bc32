// Softmax, LogSoftmax and Hardmax along any axis.
#include <cmath>

#include "exec/reference/approximations.h"
#include "exec/reference/lines.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// exp for values up to 0; those too small for T give 0 and NaN stays NaN.
template <class T>
T decay(T x) {
  return x < T(-87) ? T(0) : bounded_exp(x) + (x - x);
}

template <class T>
T greater(T a, T b) {
  return b > a || b != b ? b : a;
}

// `to` is [count, inner]; what is found per column stands in `most` and `sum`.
template <class T>
struct Columns {
  const T* from;
  T* to;
  Lines lines;
  std::vector<T> most, sum;

  void find_most() {
    most.assign(from, from + lines.inner);
    for (int64_t k = 1; k < lines.count; ++k)
      for (int64_t i = 0; i < lines.inner; ++i) most[size_t(i)] = greater(most[size_t(i)], from[k * lines.inner + i]);
  }
  void find_sum() {
    sum.assign(size_t(lines.inner), T(0));
    for (int64_t k = 0; k < lines.count; ++k)
      for (int64_t i = 0; i < lines.inner; ++i) {
        const T e = decay(from[k * lines.inner + i] - most[size_t(i)]);
        to[k * lines.inner + i] = e;
        sum[size_t(i)] += e;
      }
  }
};

// One row of neighbours: as Columns, in lanes.
template <class T>
T most_of(const T* x, int64_t count) {
  T most = x[0];
  for (int64_t i = 1; i < count; ++i) most = greater(most, x[i]);
  return most;
}

template <class T>
void softmax_row(const T* from, T* to, int64_t count) {
  const T most = most_of(from, count);
  for (int64_t i = 0; i < count; ++i) to[i] = decay(from[i] - most);
  const T scale = T(1) / sum_over(to, count, [](T v) { return v; });
  for (int64_t i = 0; i < count; ++i) to[i] *= scale;
}

template <class T>
void log_softmax_row(const T* from, T* to, int64_t count) {
  const T most = most_of(from, count);
  const T log_sum = std::log(sum_over(from, count, [most](T v) { return decay(v - most); }));
  for (int64_t i = 0; i < count; ++i) to[i] = from[i] - most - log_sum;
}

template <class T>
void softmax_columns(Columns<T>& columns, bool log) {
  const auto [outer, count, inner] = columns.lines;
  columns.find_most();
  columns.find_sum();
  for (T& sum : columns.sum) sum = log ? std::log(sum) : T(1) / sum;
  for (int64_t k = 0; k < count; ++k)
    for (int64_t i = 0; i < inner; ++i) {
      T& to = columns.to[k * inner + i];
      const auto at = size_t(i);
      to = log ? columns.from[k * inner + i] - columns.most[at] - columns.sum[at] : to * columns.sum[at];
    }
}

template <class T>
void hardmax_line(const T* from, T* to, int64_t stride, int64_t count) {
  int64_t best = 0;
  for (int64_t k = 1; k < count; ++k)
    if (from[k * stride] > from[best * stride]) best = k;
  to[best * stride] = T(1);
}

template <class T>
void normalise(const std::string& op, const T* from, T* to, Lines lines) {
  if (op == "Hardmax") {
    for (int64_t i = 0; i < lines.inner; ++i) hardmax_line(from + i, to + i, lines.inner, lines.count);
  } else if (lines.inner > 1) {
    Columns<T> columns{from, to, lines, {}, {}};
    softmax_columns(columns, op == "LogSoftmax");
  } else if (op == "LogSoftmax") {
    log_softmax_row(from, to, lines.count);
  } else {
    softmax_row(from, to, lines.count);
  }
}

Outputs run_softmax(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", -1), x.dims().size()));
  const Lines lines = lines_along(x.dims(), size_t(axis));
  return for_type(Floats{}, x.dtype(), [&]<class T>(T) -> Outputs {
    Tensor out(x.dtype(), x.dims());
    if (out.elements() == 0) return one(std::move(out));
    const T* from = elements<T>(x);
    T* to = mutable_elements<T>(out);
    for (int64_t block = 0; block < lines.outer; ++block) {
      normalise(node.op, from, to, lines);
      from += lines.count * lines.inner;
      to += lines.count * lines.inner;
    }
    return one(std::move(out));
  });
}

}  // namespace

void register_softmax(KernelTable& table) {
  add_kernels(table, {"Softmax", "LogSoftmax", "Hardmax"}, run_softmax, kFloats);
}

}  // namespace offramp::reference
