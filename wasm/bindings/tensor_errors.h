// What both bindings say of a tensor that does not fit.
#pragma once
#include "offramp.h"

namespace offramp {

inline constexpr int kMaxRank = 16;

inline Error too_many_dimensions(int rank) {
  return limit_exceeded("a tensor has " + std::to_string(rank) + " dimensions, at most " + std::to_string(kMaxRank) + " are allowed");
}

inline Error wrong_bytes(const Tensor& tensor, size_t bytes) {
  return invalid_argument("shape " + to_string(tensor.dims()) + " of " + std::string(to_string(tensor.dtype())) + " needs " +
                          std::to_string(tensor.bytes()) + " bytes, got " + std::to_string(bytes));
}

}  // namespace offramp
