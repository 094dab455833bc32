// Operators that pick or replace elements by index. Gather is with data movement: shape chains use it.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Status expect_indices(const ValueInfo& indices) {
  if (indices.dtype == DType::kI64 || indices.dtype == DType::kI32) return {};
  return invalid_model("indices must be i64 or i32, got " + std::string(to_string(indices.dtype)));
}

// Indices pick along `axis` only; elsewhere they lie at their own place of the data, and are at most as many.
Status expect_aligned(const ValueInfo& data, const ValueInfo& indices, size_t axis) {
  OFFRAMP_RETURN_IF_ERROR(expect_indices(indices));
  OFFRAMP_RETURN_IF_ERROR(expect_rank(indices, data.shape.size(), "indices into " + to_string(data.shape)));
  OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(data.shape, axis, "the index"));
  for (size_t i = 0; i < data.shape.size(); ++i) {
    const Dim of_data = data.shape[i], of_index = indices.shape[i];
    if (i == axis || of_data == of_index) continue;
    if (of_data.per_sample || of_index.per_sample)
      return unsupported("indices " + to_string(indices.shape) + " and data " + to_string(data.shape) +
                         " do not both have one row per sample");
    if (of_index.size > of_data.size)
      return invalid_model("indices " + to_string(indices.shape) + " reach beyond axis " + std::to_string(i) + " of " +
                           to_string(data.shape));
  }
  return {};
}

Outputs infer_gather_elements(const Node& node, Inputs inputs) {
  const ValueInfo &data = *inputs[0], &indices = *inputs[1];
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", 0), data.shape.size()));
  OFFRAMP_RETURN_IF_ERROR(expect_aligned(data, indices, axis));
  return one_output(data.dtype, indices.shape);
}

Status expect_reduction(const Node& node) {
  const std::string reduction = node.text("reduction", "none");
  for (const char* known : {"none", "add", "mul", "max", "min"})
    if (reduction == known) return {};
  return invalid_model("attribute reduction: expected none, add, mul, max or min, got " + reduction);
}

Outputs infer_scatter_elements(const Node& node, Inputs inputs) {
  const ValueInfo &data = *inputs[0], &indices = *inputs[1], &updates = *inputs[2];
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", 0), data.shape.size()));
  OFFRAMP_RETURN_IF_ERROR(expect_aligned(data, indices, axis));
  OFFRAMP_RETURN_IF_ERROR(expect_reduction(node));
  if (updates.shape != indices.shape || updates.dtype != data.dtype)
    return invalid_model("updates must have the data's type and the shape of the indices " + to_string(indices.shape) +
                         ", got " + std::string(to_string(updates.dtype)) + " " + to_string(updates.shape));
  return one_output(data.dtype, data.shape);
}

// How many leading axes of the data, behind `batch` of them, one index names. Errors: kInvalidModel, kUnsupported.
Result<size_t> index_depth(const ValueInfo& data, const ValueInfo& indices, size_t batch) {
  OFFRAMP_RETURN_IF_ERROR(expect_indices(indices));
  if (indices.shape.empty()) return invalid_model("indices must have at least 1 dimension");
  OFFRAMP_TRY(const int64_t depth, fixed_size(indices.shape, indices.shape.size() - 1, "the index"));
  if (depth < 1 || size_t(depth) + batch > data.shape.size())
    return invalid_model("indices " + to_string(indices.shape) + " name " + std::to_string(depth) + " axes of " +
                         to_string(data.shape));
  for (size_t i = batch; i < batch + size_t(depth); ++i) {
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(data.shape, i, "the index"));
  }
  return size_t(depth);
}

Outputs infer_gather_nd(const Node& node, Inputs inputs) {
  const ValueInfo &data = *inputs[0], &indices = *inputs[1];
  const int64_t batch = node.integer("batch_dims", 0);
  if (batch < 0 || batch >= int64_t(data.shape.size()) || batch >= int64_t(indices.shape.size()))
    return invalid_model("attribute batch_dims: " + std::to_string(batch) + " does not suit data " +
                         to_string(data.shape) + " and indices " + to_string(indices.shape));
  OFFRAMP_TRY(const size_t depth, index_depth(data, indices, size_t(batch)));
  for (size_t i = 0; i < size_t(batch); ++i)
    if (data.shape[i] != indices.shape[i])
      return invalid_model("data " + to_string(data.shape) + " and indices " + to_string(indices.shape) +
                           " differ within their batch_dims");
  Shape shape(indices.shape.begin(), indices.shape.end() - 1);
  shape.insert(shape.end(), data.shape.begin() + batch + int64_t(depth), data.shape.end());
  OFFRAMP_RETURN_IF_ERROR(expect_one_batch(shape));
  return one_output(data.dtype, std::move(shape));
}

Outputs infer_scatter_nd(const Node& node, Inputs inputs) {
  const ValueInfo &data = *inputs[0], &indices = *inputs[1], &updates = *inputs[2];
  OFFRAMP_TRY(const size_t depth, index_depth(data, indices, 0));
  OFFRAMP_RETURN_IF_ERROR(expect_reduction(node));
  for (size_t i = 0; i < indices.shape.size(); ++i) {
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(indices.shape, i, "the scatter"));
  }
  Shape expected(indices.shape.begin(), indices.shape.end() - 1);
  expected.insert(expected.end(), data.shape.begin() + int64_t(depth), data.shape.end());
  if (updates.shape != expected || updates.dtype != data.dtype)
    return invalid_model("updates must be " + std::string(to_string(data.dtype)) + " " + to_string(expected) +
                         ", got " + std::string(to_string(updates.dtype)) + " " + to_string(updates.shape));
  return one_output(data.dtype, data.shape);
}

}  // namespace

void register_indexing(Registry& registry) {
  add_operator(registry, "GatherElements", 2, 2, infer_gather_elements);
  add_operator(registry, "GatherND", 2, 2, infer_gather_nd);
  add_operator(registry, "ScatterElements", 3, 3, infer_scatter_elements);
  add_operator(registry, "ScatterND", 3, 3, infer_scatter_nd);
}

}  // namespace offramp::ops
