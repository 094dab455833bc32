// The loop that element-wise operators with several inputs share.
#pragma once
#include <type_traits>

#include "exec/reference/arguments.h"
#include "exec/reference/types.h"

namespace offramp::reference {

// Computes `count` neighbouring elements. An input steps by 1, or by 0 if one element of it serves them all.
using RowFunction = void (*)(const std::byte* const* inputs, const int64_t* steps, std::byte* out, int64_t count);

// Broadcasts up to three inputs against each other and calls `row` for stretches as long as they can be.
Result<Tensor> map_rows(std::span<const Tensor* const> inputs, DType out_dtype, RowFunction row);

// out = function(a, b), broadcast. T is the type of the inputs, U of the output. The function has no state.
template <class T, class U, class Function>
Result<Tensor> map_broadcast(const Tensor& a, const Tensor& b, DType out_dtype, Function) {
  static_assert(std::is_empty_v<Function>);
  const Tensor* inputs[] = {&a, &b};
  return map_rows(inputs, out_dtype,
                  [](const std::byte* const* from, const int64_t* steps, std::byte* to, int64_t count) {
                    const auto* x = reinterpret_cast<const T*>(from[0]);
                    const auto* y = reinterpret_cast<const T*>(from[1]);
                    auto* out = reinterpret_cast<U*>(to);
                    const Function function{};
                    if (steps[1] == 0) {
                      const T right = *y;
                      for (int64_t i = 0; i < count; ++i) out[i] = function(x[i * steps[0]], right);
                    } else if (steps[0] == 0) {
                      const T left = *x;
                      for (int64_t i = 0; i < count; ++i) out[i] = function(left, y[i]);
                    } else {
                      for (int64_t i = 0; i < count; ++i) out[i] = function(x[i], y[i]);
                    }
                  });
}

}  // namespace offramp::reference
