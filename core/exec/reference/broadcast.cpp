#include "exec/reference/broadcast.h"

#include <array>

#include "exec/reference/indexing.h"

namespace offramp::reference {
namespace {

constexpr size_t kMaxInputs = 3;

struct Axis {
  int64_t size = 1;
  std::array<int64_t, kMaxInputs> steps = {};  // in elements
};

// The output's axes, neighbours joined where every input runs through both as through one.
std::vector<Axis> joined_axes(std::span<const Tensor* const> inputs, const Dims& dims) {
  std::vector<Axis> axes;
  std::vector<Dims> strides;
  for (const Tensor* input : inputs) strides.push_back(broadcast_strides(input->dims(), dims));
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    Axis axis;
    axis.size = dims[i];
    bool joins = !axes.empty();
    for (size_t k = 0; k < inputs.size(); ++k) {
      axis.steps[k] = strides[k][i];
      joins = joins && axes.back().steps[k] == axis.steps[k] * axis.size;
    }
    if (!joins) {
      axes.push_back(axis);
      continue;
    }
    axis.size *= axes.back().size;
    axes.back() = axis;
  }
  if (axes.empty()) axes.emplace_back();
  return axes;
}

}  // namespace

Result<Tensor> map_rows(std::span<const Tensor* const> inputs, DType out_dtype, RowFunction row) {
  OFFRAMP_CHECK(inputs.size() <= kMaxInputs);
  Dims dims;
  for (const Tensor* input : inputs) {
    OFFRAMP_TRY(dims, broadcast_dims(dims, input->dims()));
  }
  OFFRAMP_TRY(Tensor out, create_output(out_dtype, dims));
  if (out.elements() == 0) return out;
  std::vector<Axis> axes = joined_axes(inputs, dims);
  const Axis inner = axes.back();
  axes.pop_back();
  std::byte* to = out.mutable_raw();
  std::vector<int64_t> index(axes.size(), 0);
  std::array<const std::byte*, kMaxInputs> from = {};
  for (size_t k = 0; k < inputs.size(); ++k) from[k] = inputs[k]->raw();
  const auto move = [&](size_t axis, int64_t times) {
    for (size_t k = 0; k < inputs.size(); ++k)
      from[k] += times * axes[axis].steps[k] * int64_t(byte_size(inputs[k]->dtype()));
  };
  for (;;) {
    row(from.data(), inner.steps.data(), to, inner.size);
    to += inner.size * int64_t(byte_size(out_dtype));
    size_t axis = axes.size();
    for (; axis > 0; --axis) {
      if (++index[axis - 1] < axes[axis - 1].size) break;
      move(axis - 1, 1 - axes[axis - 1].size);
      index[axis - 1] = 0;
    }
    if (axis == 0) return out;
    move(axis - 1, 1);
  }
}

}  // namespace offramp::reference
