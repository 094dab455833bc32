// What a Slice node takes from each axis, read from its inputs and checked.
#pragma once
#include "exec/reference/kernels.h"

namespace offramp::reference {

struct Cut {
  int64_t start = 0, step = 1, count = 0;
};

// Shapes: dims of the data; the node's inputs: data (not read), starts, ends, axes (optional), steps (optional).
// By axis of the data; axes not named are taken whole. Precondition: starts and ends are present.
// Errors: kInvalidModel. Source: ONNX Slice-13; out-of-range starts and ends are clamped.
Result<std::vector<Cut>> read_cuts(const Dims& dims, Inputs inputs);

}  // namespace offramp::reference
