// Lines along one axis of a tensor, and sums over neighbouring elements in the lanes that vector instructions have.
#pragma once
#include <array>
#include <cstdint>

#include "base/tensor.h"

namespace offramp::reference {

// A tensor as [outer, count, inner] around an axis.
struct Lines {
  int64_t outer = 1, count = 1, inner = 1;
};
inline Lines lines_along(const Dims& dims, size_t first, size_t last) {
  Lines lines;
  for (size_t i = 0; i < dims.size(); ++i) (i < first ? lines.outer : i <= last ? lines.count : lines.inner) *= dims[i];
  return lines;
}
inline Lines lines_along(const Dims& dims, size_t axis) { return lines_along(dims, axis, axis); }

// The sum of function(x[i]). The order of additions is the same on every host.
template <class T, class Function>
T sum_over(const T* x, int64_t count, Function&& function) {
  constexpr int64_t kLanes = 8;
  std::array<T, kLanes> lanes = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[size_t(lane)] += function(x[i + lane]);
  T rest = 0;
  for (; i < count; ++i) rest += function(x[i]);
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7])) + rest;
}

template <class T>
T mean_over(const T* x, int64_t count) {
  return sum_over(x, count, [](T v) { return v; }) / T(count);
}

// The mean of squared distances from `mean`.
template <class T>
T variance_over(const T* x, int64_t count, T mean) {
  return sum_over(x, count, [mean](T v) { return (v - mean) * (v - mean); }) / T(count);
}

}  // namespace offramp::reference
