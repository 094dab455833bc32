// Whether a result is the expected one, as ONNX's own backend test runner decides it.
#pragma once
#include <string>

#include "base/tensor.h"

namespace offramp {

// Empty if `got` agrees with `expected`, else the first difference. Floating types may differ by 1e-3 of the expected
// value and 1e-5; NaN agrees with NaN. All others must be equal.
std::string difference(const Tensor& got, const Tensor& expected);

}  // namespace offramp
