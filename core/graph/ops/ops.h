// What the operator families share: registration, and arithmetic on shapes whose dimensions may depend on the batch.
// All sizes and attributes that enter sums or products here are at most 2^28, so 64 bits cannot overflow.
#pragma once
#include <map>

#include "graph/operators.h"

namespace offramp::ops {

using Registry = std::map<std::string, OperatorInfo>;
using Inputs = std::span<const ValueInfo* const>;
using Outputs = Result<std::vector<ValueInfo>>;
using Infer = Outputs (*)(const Node&, Inputs);

// One per file of this folder.
void register_conv(Registry& registry);
void register_matmul(Registry& registry);
void register_pooling(Registry& registry);
void register_normalisation(Registry& registry);
void register_activation(Registry& registry);
void register_elementwise(Registry& registry);
void register_data_movement(Registry& registry);
void register_masks(Registry& registry);
void register_reduction(Registry& registry);
void register_shape_chain(Registry& registry);
void register_indexing(Registry& registry);
void register_rearrangement(Registry& registry);
void register_resize(Registry& registry);
void register_einsum(Registry& registry);
void register_recurrent(Registry& registry);

inline constexpr int kAnyNumber = 1 << 20;  // of inputs
void add_operator(Registry& registry, const std::string& op, int min_inputs, int max_inputs, Infer infer);

// A missing or absent optional input is null.
inline const ValueInfo* input_or_null(Inputs inputs, size_t index) {
  return index < inputs.size() ? inputs[index] : nullptr;
}
ValueInfo make_info(DType dtype, Shape shape);
inline Outputs one_output(DType dtype, Shape shape) {
  return std::vector<ValueInfo>{make_info(dtype, std::move(shape))};
}

// Integers known now: an input's (constant or shape under way) or an attribute's. The attribute is the older opsets'
// form. Errors: kUnsupported if the input's values are computed from data or depend on the batch size.
Result<std::vector<int64_t>> known_integers(const ValueInfo& info, const std::string& what);
Result<std::optional<std::vector<int64_t>>> integers_of(const Node& node, const std::string& attribute, Inputs inputs,
                                                        size_t index);
// Tensors larger than that carry no elements.
inline constexpr int64_t kMaxCarriedElements = 256;
std::optional<std::vector<Dim>> carried_elements(const Tensor& tensor);

// Errors: kInvalidModel if outside of [-rank, rank).
Result<size_t> resolve_axis(int64_t axis, size_t rank);
// The same for several, which must differ. By axis: whether it is listed.
Result<std::vector<bool>> resolve_axes(const std::vector<int64_t>& axes, size_t rank);
// Errors: kUnsupported if the dimension depends on the batch size, since then samples would mix.
Result<int64_t> fixed_size(const Shape& shape, size_t axis, const std::string& what);
Status expect_same_type(Inputs inputs);
// Errors: kUnsupported if more than one dimension depends on the batch size: then samples have met.
Status expect_one_batch(const Shape& shape);
Status expect_rank(const ValueInfo& info, size_t rank, const std::string& what);
// A vector of that many elements, such as a bias.
Status expect_vector(const ValueInfo* info, int64_t size, const std::string& what);

// Product of sizes in which at most one may be per sample. Errors: kUnsupported, kLimitExceeded.
Result<Dim> product(const Shape& shape, size_t begin, size_t end);
// ONNX's multidirectional broadcasting. Errors: kInvalidModel.
Result<Shape> broadcast(std::span<const Shape* const> shapes);
Result<Shape> broadcast(Inputs inputs);

// Arithmetic on single elements; none if the result is no multiple of the batch size or overflows.
std::optional<Dim> add(Dim a, Dim b);
std::optional<Dim> subtract(Dim a, Dim b);
std::optional<Dim> multiply(Dim a, Dim b);
std::optional<Dim> divide(Dim a, Dim b);

// A list attribute of windows, one value per axis or pad. Errors: kInvalidModel for another count or values out of range.
Result<std::vector<int64_t>> window_attribute(const Node& node, const std::string& name, size_t count,
                                              int64_t otherwise, int64_t at_least);
// Sliding windows of convolutions and pools over the axes from 2 on, with strides, dilations, pads and auto_pad.
// Returns the output's sizes.
Result<Shape> slide_window(const Node& node, const Shape& input, const std::vector<int64_t>& kernel, bool round_up);

}  // namespace offramp::ops
