// One node over constants against values from an independent implementation: ONNX Runtime, or NumPy where that has no
// kernel for the type.
#pragma once
#include <span>

namespace offramp {

struct ValueCase {
  const char* name;
  const char* body;  // one node over constants; `want` or `want_0`, `want_1`, ... are its outputs
};

// Runs each by its reference kernel. Integers must be equal, floats to 1e-6 of max(1, |value|), and shape inference must
// have said what came out.
void check_values(std::span<const ValueCase> cases);

}  // namespace offramp
