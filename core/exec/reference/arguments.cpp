#include "exec/reference/arguments.h"

namespace offramp::reference {

Status expect_inputs(Inputs inputs, size_t required, size_t allowed) {
  if (inputs.size() > allowed)
    return invalid_model("expected at most " + std::to_string(allowed) + " inputs, got " +
                         std::to_string(inputs.size()));
  for (size_t i = 0; i < required; ++i)
    if (i >= inputs.size() || !inputs[i])
      return invalid_model("input " + std::to_string(i) + " is missing; " + std::to_string(required) + " are required");
  return {};
}

const Tensor* optional_input(Inputs inputs, size_t index) { return index < inputs.size() ? inputs[index] : nullptr; }

Status expect_dtype(const Tensor& tensor, DType dtype, const char* role) {
  if (tensor.dtype() == dtype) return {};
  return unsupported(type_refusal(role, tensor.dtype(), type_bit(dtype)));
}

Status expect_work(double steps) {
  if (steps <= kMaxWork) return {};
  return limit_exceeded("one run of this node would take more than 2^38 steps");
}

Result<Tensor> create_output(DType dtype, Dims dims) {
  if (dims.size() > kMaxRank)
    return unsupported("the output has " + std::to_string(dims.size()) + " dimensions, at most " +
                       std::to_string(kMaxRank) + " are supported");
  return Tensor::create(dtype, std::move(dims));
}

std::vector<Tensor> one(Tensor tensor) {
  std::vector<Tensor> outputs;
  outputs.push_back(std::move(tensor));
  return outputs;
}

Result<std::vector<int64_t>> integers_of(const Tensor& tensor, const char* role) {
  if (tensor.dims().size() > 1)
    return invalid_model(std::string(role) + " must have one dimension, got shape " + to_string(tensor.dims()));
  if (tensor.elements() > int64_t(kMaxRank) * 4)
    return invalid_model(std::string(role) + " has " + std::to_string(tensor.elements()) + " elements, at most " +
                         std::to_string(kMaxRank * 4) + " make sense");
  return all_integers_of(tensor, role);
}

Result<std::vector<int64_t>> all_integers_of(const Tensor& tensor, const char* role) {
  if (tensor.dtype() == DType::kI64) {
    const auto data = tensor.data<int64_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  if (tensor.dtype() == DType::kI32) {
    const auto data = tensor.data<int32_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  return invalid_model(std::string(role) + " must be i64 or i32, got " + std::string(to_string(tensor.dtype())));
}

Result<int64_t> read_position(int64_t index, int64_t size) {
  if (index < -size || index >= size)
    return invalid_model("index " + std::to_string(index) + " is outside [" + std::to_string(-size) + ", " +
                         std::to_string(size - 1) + "]");
  return index < 0 ? index + size : index;
}

Result<std::vector<int64_t>> read_positions(const Tensor& indices, int64_t size) {
  OFFRAMP_TRY(std::vector<int64_t> positions, all_integers_of(indices, "indices"));
  for (int64_t& at : positions) {
    OFFRAMP_TRY(at, read_position(at, size));
  }
  return positions;
}

Result<int64_t> normal_axis(int64_t axis, size_t rank) {
  const auto r = int64_t(rank);
  if (axis < -r || axis >= r)
    return invalid_model("axis " + std::to_string(axis) + " is outside [" + std::to_string(-r) + ", " +
                         std::to_string(r - 1) + "]");
  return axis < 0 ? axis + r : axis;
}

Result<std::vector<int64_t>> normal_axes(const std::vector<int64_t>& axes, size_t rank) {
  std::vector<int64_t> normal;
  std::vector<bool> seen(rank, false);
  for (int64_t axis : axes) {
    OFFRAMP_TRY(const int64_t a, normal_axis(axis, rank));
    if (seen[size_t(a)]) return invalid_model("axis " + std::to_string(axis) + " appears twice");
    seen[size_t(a)] = true;
    normal.push_back(a);
  }
  return normal;
}

}  // namespace offramp::reference
