// The reference kernels: one obvious loop nest per operator. Every kernel checks what it relies on, because constant
// folding hands it nodes of hostile models before any shape was inferred.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace offramp::reference {

using Inputs = std::span<const Tensor* const>;
using Outputs = Result<std::vector<Tensor>>;
// Errors: kInvalidModel for what breaks ONNX's rules, kUnsupported for valid forms without a kernel, kLimitExceeded.
using Kernel = Outputs (*)(const Node& node, Inputs inputs);

// Null if there is none.
Kernel find_kernel(const std::string& op);

// convolution.cpp, pooling.cpp
Outputs run_conv(const Node& node, Inputs inputs);
Outputs run_average_pool(const Node& node, Inputs inputs);
Outputs run_max_pool(const Node& node, Inputs inputs);
Outputs run_global_average_pool(const Node& node, Inputs inputs);
Outputs run_global_max_pool(const Node& node, Inputs inputs);
// matrix.cpp, normalization.cpp
Outputs run_gemm(const Node& node, Inputs inputs);
Outputs run_matmul(const Node& node, Inputs inputs);
Outputs run_batch_normalization(const Node& node, Inputs inputs);
Outputs run_softmax(const Node& node, Inputs inputs);
Outputs run_log_softmax(const Node& node, Inputs inputs);
// unary.cpp, binary.cpp, selection.cpp: the operator is read from the node
Outputs run_unary(const Node& node, Inputs inputs);
Outputs run_clip(const Node& node, Inputs inputs);
Outputs run_binary(const Node& node, Inputs inputs);
Outputs run_variadic(const Node& node, Inputs inputs);
Outputs run_pow(const Node& node, Inputs inputs);
Outputs run_equal(const Node& node, Inputs inputs);
Outputs run_not(const Node& node, Inputs inputs);
Outputs run_where(const Node& node, Inputs inputs);
// reduction.cpp
Outputs run_reduction(const Node& node, Inputs inputs);
Outputs run_arg_max(const Node& node, Inputs inputs);
// joining.cpp, slicing.cpp, reshaping.cpp, shapes.cpp
Outputs run_concat(const Node& node, Inputs inputs);
Outputs run_split(const Node& node, Inputs inputs);
Outputs run_gather(const Node& node, Inputs inputs);
Outputs run_slice(const Node& node, Inputs inputs);
Outputs run_pad(const Node& node, Inputs inputs);
Outputs run_identity(const Node& node, Inputs inputs);
Outputs run_reshape(const Node& node, Inputs inputs);
Outputs run_flatten(const Node& node, Inputs inputs);
Outputs run_squeeze(const Node& node, Inputs inputs);
Outputs run_unsqueeze(const Node& node, Inputs inputs);
Outputs run_transpose(const Node& node, Inputs inputs);
Outputs run_expand(const Node& node, Inputs inputs);
Outputs run_shape(const Node& node, Inputs inputs);
Outputs run_cast(const Node& node, Inputs inputs);
Outputs run_constant_of_shape(const Node& node, Inputs inputs);
Outputs run_range(const Node& node, Inputs inputs);

}  // namespace offramp::reference
