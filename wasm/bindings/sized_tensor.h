// What both bindings check of a tensor before its elements are copied in.
#pragma once
#include "offramp.h"

namespace offramp {

inline constexpr int kMaxRank = 16;

inline Error too_many_dimensions(size_t rank) {
  return limit_exceeded("a tensor has " + std::to_string(rank) + " dimensions, at most " + std::to_string(kMaxRank) + " are allowed");
}

// A tensor for so many bytes of elements. Errors: kLimitExceeded as Tensor::create, kInvalidArgument if the shape needs another number of bytes.
inline Result<Tensor> sized_tensor(DType dtype, Dims dims, size_t bytes) {
  OFFRAMP_TRY(Tensor tensor, Tensor::create(dtype, std::move(dims)));
  if (bytes != tensor.bytes())
    return invalid_argument("shape " + to_string(tensor.dims()) + " of " + std::string(to_string(dtype)) + " needs " +
                            std::to_string(tensor.bytes()) + " bytes, got " + std::to_string(bytes));
  return tensor;
}

}  // namespace offramp
