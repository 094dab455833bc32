// Reductions for other kernels to be made of.
#pragma once
#include <string>
#include <vector>

#include "exec/reference/kernels.h"

namespace offramp::reference {

// Applies the operator (ReduceMean, ...) along the marked axes, which stay with size 1.
// Errors: kUnsupported for other types than ReducedTypes, kInvalidModel for a mean or extreme of no elements.
Result<Tensor> reduce_tensor(const std::string& op, const Tensor& x, const std::vector<bool>& along);

}  // namespace offramp::reference
