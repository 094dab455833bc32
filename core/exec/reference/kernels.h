// The reference kernels: one obvious loop nest per operator. Every kernel checks what it relies on, because constant
// folding hands it nodes of hostile models before any shape was inferred.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace offramp::reference {

using Inputs = std::span<const Tensor* const>;
using Outputs = Result<std::vector<Tensor>>;
// Errors: kInvalidModel for what breaks ONNX's rules, kUnsupported for valid forms without a kernel, kLimitExceeded.
using Kernel = Outputs (*)(const Node& node, Inputs inputs);

// Element types as a set of bits.
using TypeSet = uint32_t;
constexpr TypeSet type_bit(DType dtype) { return TypeSet{1} << unsigned(dtype); }
// "the input is i64, only f32 and f64 have kernels"
std::string type_refusal(const char* role, DType seen, TypeSet allowed);

struct KernelEntry {
  Kernel run;
  TypeSet types;  // of the first input
};
// Errors: kUnsupported for an operator without a kernel, or a first input of another type than its kernel takes.
Result<const KernelEntry*> find_kernel(const std::string& op, std::optional<DType> first_input);

// convolution.cpp, pooling.cpp, global_pooling.cpp
Outputs run_conv(const Node& node, Inputs inputs);
Outputs run_conv_transpose(const Node& node, Inputs inputs);
Outputs run_average_pool(const Node& node, Inputs inputs);
Outputs run_max_pool(const Node& node, Inputs inputs);
Outputs run_lp_pool(const Node& node, Inputs inputs);
Outputs run_global_average_pool(const Node& node, Inputs inputs);
Outputs run_global_max_pool(const Node& node, Inputs inputs);
Outputs run_global_lp_pool(const Node& node, Inputs inputs);
// matrix.cpp, normalization.cpp, rescaling.cpp, softmax.cpp
Outputs run_gemm(const Node& node, Inputs inputs);
Outputs run_matmul(const Node& node, Inputs inputs);
Outputs run_batch_normalization(const Node& node, Inputs inputs);
Outputs run_layer_normalization(const Node& node, Inputs inputs);
Outputs run_group_normalization(const Node& node, Inputs inputs);
Outputs run_lrn(const Node& node, Inputs inputs);
Outputs run_lp_normalization(const Node& node, Inputs inputs);
Outputs run_mean_variance_normalization(const Node& node, Inputs inputs);
Outputs run_softmax(const Node& node, Inputs inputs);
// unary.cpp, activation.cpp, binary.cpp, power.cpp, comparison.cpp: the operator is read from the node
Outputs run_unary(const Node& node, Inputs inputs);
Outputs run_activation(const Node& node, Inputs inputs);
Outputs run_clip(const Node& node, Inputs inputs);
Outputs run_prelu(const Node& node, Inputs inputs);
Outputs run_binary(const Node& node, Inputs inputs);
Outputs run_variadic(const Node& node, Inputs inputs);
Outputs run_bit_shift(const Node& node, Inputs inputs);
Outputs run_pow(const Node& node, Inputs inputs);
Outputs run_comparison(const Node& node, Inputs inputs);
Outputs run_not(const Node& node, Inputs inputs);
Outputs run_classification(const Node& node, Inputs inputs);
Outputs run_where(const Node& node, Inputs inputs);
// reduction.cpp, ordering.cpp
Outputs run_reduction(const Node& node, Inputs inputs);
Outputs run_arg_extreme(const Node& node, Inputs inputs);
Outputs run_top_k(const Node& node, Inputs inputs);
Outputs run_cum_sum(const Node& node, Inputs inputs);
// masks.cpp
Outputs run_dropout(const Node& node, Inputs inputs);
Outputs run_eye_like(const Node& node, Inputs inputs);
Outputs run_trilu(const Node& node, Inputs inputs);
Outputs run_one_hot(const Node& node, Inputs inputs);
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
Outputs run_size(const Node& node, Inputs inputs);
Outputs run_cast(const Node& node, Inputs inputs);
Outputs run_cast_like(const Node& node, Inputs inputs);
Outputs run_constant_of_shape(const Node& node, Inputs inputs);
Outputs run_range(const Node& node, Inputs inputs);
// picking.cpp, scattering.cpp, rearranging.cpp, resize.cpp
Outputs run_gather_elements(const Node& node, Inputs inputs);
Outputs run_gather_nd(const Node& node, Inputs inputs);
Outputs run_scatter_elements(const Node& node, Inputs inputs);
Outputs run_scatter_nd(const Node& node, Inputs inputs);
Outputs run_tile(const Node& node, Inputs inputs);
Outputs run_depth_to_space(const Node& node, Inputs inputs);
Outputs run_space_to_depth(const Node& node, Inputs inputs);
Outputs run_resize(const Node& node, Inputs inputs);
// einsum.cpp, recurrent_cells.cpp
Outputs run_einsum(const Node& node, Inputs inputs);
Outputs run_rnn(const Node& node, Inputs inputs);
Outputs run_gru(const Node& node, Inputs inputs);
Outputs run_lstm(const Node& node, Inputs inputs);

}  // namespace offramp::reference
