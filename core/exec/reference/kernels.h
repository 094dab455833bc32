// The reference kernels: one obvious loop nest per operator. Every kernel checks what it relies on, because constant
// folding hands it nodes of hostile models before any shape was inferred.
#pragma once
#include <initializer_list>
#include <map>
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

using KernelTable = std::map<std::string, KernelEntry>;
// One row per operator. Precondition: the table has none of them yet.
void add_kernels(KernelTable& table, std::initializer_list<const char*> operators, Kernel run, TypeSet types);

// One per file of this folder that has kernels.
void register_activation(KernelTable& table);
void register_binary(KernelTable& table);
void register_comparison(KernelTable& table);
void register_convolution(KernelTable& table);
void register_convolution_transpose(KernelTable& table);
void register_einsum(KernelTable& table);
void register_global_pooling(KernelTable& table);
void register_joining(KernelTable& table);
void register_masks(KernelTable& table);
void register_matrix(KernelTable& table);
void register_normalization(KernelTable& table);
void register_ordering(KernelTable& table);
void register_picking(KernelTable& table);
void register_pooling(KernelTable& table);
void register_power(KernelTable& table);
void register_rearranging(KernelTable& table);
void register_recurrent_cells(KernelTable& table);
void register_reduction(KernelTable& table);
void register_rescaling(KernelTable& table);
void register_reshaping(KernelTable& table);
void register_resize(KernelTable& table);
void register_scattering(KernelTable& table);
void register_shapes(KernelTable& table);
void register_slicing(KernelTable& table);
void register_softmax(KernelTable& table);
void register_unary(KernelTable& table);

}  // namespace offramp::reference
