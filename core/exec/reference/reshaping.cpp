// Operators that change a tensor's dims but not, apart from Transpose and Expand, its bytes.
#include <algorithm>

#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

Outputs reshape_to(const Tensor& x, Dims dims) {
  if (dims.size() > kMaxRank)
    return unsupported("the output has " + std::to_string(dims.size()) + " dimensions, at most " +
                       std::to_string(kMaxRank) + " are supported");
  const auto count = checked_element_count(dims);
  if (!count || *count != x.elements())
    return invalid_model("cannot reshape " + to_string(x.dims()) + " to " + to_string(dims));
  return one(x.reshaped(std::move(dims)));
}

// Axes from the input that newer opsets use, else from the attribute.
Result<std::vector<int64_t>> read_axes(const Node& node, Inputs inputs) {
  if (const Tensor* given = optional_input(inputs, 1)) return integers_of(*given, "axes");
  return node.integers("axes");
}

Outputs run_identity(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  return one(*inputs[0]);
}

Outputs run_reshape(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(Dims dims, integers_of(*inputs[1], "shape"));
  const bool copy_zeros = node.integer("allowzero", 0) == 0;
  int64_t known = 1;
  ptrdiff_t open = -1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && copy_zeros) {
      if (i >= x.dims().size())
        return invalid_model("shape " + to_string(dims) + " copies a dimension that " + to_string(x.dims()) + " lacks");
      dims[i] = x.dims()[i];
    }
    if (dims[i] == -1 && open < 0) {
      open = ptrdiff_t(i);
    } else if (dims[i] < 0 || dims[i] > kMaxTensorElements || (dims[i] > 0 && known > kMaxTensorElements / dims[i])) {
      return invalid_model("cannot reshape " + to_string(x.dims()) + " to " + to_string(dims));
    } else {
      known *= dims[i];
    }
  }
  if (open >= 0) {
    if (known == 0 || x.elements() % known != 0)
      return invalid_model("cannot reshape " + to_string(x.dims()) + " to " + to_string(dims));
    dims[size_t(open)] = x.elements() / known;
  }
  return reshape_to(x, std::move(dims));
}

Outputs run_flatten(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  const auto rank = int64_t(x.dims().size());
  int64_t axis = node.integer("axis", 1);
  if (axis < -rank || axis > rank)
    return invalid_model("axis " + std::to_string(axis) + " is outside [" + std::to_string(-rank) + ", " +
                         std::to_string(rank) + "]");
  if (axis < 0) axis += rank;
  Dims dims = {1, 1};
  for (int64_t i = 0; i < rank; ++i) dims[i < axis ? 0 : 1] *= x.dims()[size_t(i)];
  return reshape_to(x, std::move(dims));
}

Outputs run_squeeze(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const auto listed, read_axes(node, inputs));
  OFFRAMP_TRY(const auto axes, normal_axes(listed, x.dims().size()));
  Dims dims;
  for (size_t i = 0; i < x.dims().size(); ++i) {
    const bool named = std::find(axes.begin(), axes.end(), int64_t(i)) != axes.end();
    if (named && x.dims()[i] != 1)
      return invalid_model("axis " + std::to_string(i) + " of " + to_string(x.dims()) + " is not 1");
    if (!(named || (axes.empty() && x.dims()[i] == 1))) dims.push_back(x.dims()[i]);
  }
  return reshape_to(x, std::move(dims));
}

Outputs run_unsqueeze(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const auto listed, read_axes(node, inputs));
  const size_t rank = x.dims().size() + listed.size();
  OFFRAMP_TRY(const auto axes, normal_axes(listed, rank));
  Dims dims;
  size_t next = 0;
  for (size_t i = 0; i < rank; ++i)
    dims.push_back(std::find(axes.begin(), axes.end(), int64_t(i)) != axes.end() ? 1 : x.dims()[next++]);
  return reshape_to(x, std::move(dims));
}

Outputs run_transpose(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  const size_t rank = x.dims().size();
  std::vector<int64_t> reversed(rank);
  for (size_t i = 0; i < rank; ++i) reversed[i] = int64_t(rank - 1 - i);
  OFFRAMP_TRY(const auto perm, normal_axes(node.integers("perm", reversed), rank));
  if (perm.size() != rank)
    return invalid_model("attribute perm: expected " + std::to_string(rank) + " values, got " +
                         std::to_string(perm.size()));
  const Dims own = strides_of(x.dims());
  Dims dims(rank), strides(rank);
  for (size_t i = 0; i < rank; ++i) {
    dims[i] = x.dims()[size_t(perm[i])];
    strides[i] = own[size_t(perm[i])];
  }
  OFFRAMP_TRY(Tensor out, copy_strided(x, 0, strides, dims));
  return one(std::move(out));
}

Outputs run_expand(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const Dims shape, integers_of(*inputs[1], "shape"));
  for (int64_t dim : shape)
    if (dim < 0) return invalid_model("negative dimension in shape " + to_string(shape));
  OFFRAMP_TRY(const Dims dims, broadcast_dims(x.dims(), shape));
  OFFRAMP_TRY(Tensor out, copy_strided(x, 0, broadcast_strides(x.dims(), dims), dims));
  return one(std::move(out));
}

}  // namespace

void register_reshaping(KernelTable& table) {
  add_kernels(table, {"Identity"}, run_identity, kAny);
  add_kernels(table, {"Reshape"}, run_reshape, kAny);
  add_kernels(table, {"Flatten"}, run_flatten, kAny);
  add_kernels(table, {"Squeeze"}, run_squeeze, kAny);
  add_kernels(table, {"Unsqueeze"}, run_unsqueeze, kAny);
  add_kernels(table, {"Transpose"}, run_transpose, kAny);
  add_kernels(table, {"Expand"}, run_expand, kAny);
}

}  // namespace offramp::reference
