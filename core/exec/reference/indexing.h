// Strides, broadcasting and the one strided copy that all data movement is made of.
#pragma once
#include <cstdint>

#include "base/tensor.h"

namespace offramp::reference {

// Row-major strides in elements.
Dims strides_of(const Dims& dims);
// Counts `index` up like an odometer over all axes but the last `inner`; false after the last.
bool advance(Dims& index, const Dims& dims, size_t inner = 0);

// ONNX's multidirectional broadcasting. Errors: kInvalidModel with both shapes.
Result<Dims> broadcast_dims(const Dims& a, const Dims& b);
// Strides that read a tensor of shape `from` as if it had shape `to`. Precondition: it broadcasts to it.
Dims broadcast_strides(const Dims& from, const Dims& to);

// Copies elements at offset + sum(index * strides) of `source` into a new tensor of shape `dims`.
// Precondition: every index lies within `source`. Errors: kLimitExceeded, kUnsupported for the output's shape.
Result<Tensor> copy_strided(const Tensor& source, int64_t offset, const Dims& strides, Dims dims);

}  // namespace offramp::reference
