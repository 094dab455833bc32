// Slice with any steps, and Pad by constants, reflection, edges or repetition, for every element type.
#include <algorithm>
#include <cstring>

#include "exec/reference/arguments.h"
#include "exec/reference/cuts.h"
#include "exec/reference/indexing.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

enum class Fill { kConstant, kReflect, kEdge, kWrap };

// The source position of an output position counted from the input's begin, -1 for the constant.
int64_t filled_position(int64_t at, int64_t size, Fill fill) {
  if (at >= 0 && at < size) return at;
  if (fill == Fill::kConstant) return -1;
  if (fill == Fill::kEdge) return at < 0 ? 0 : size - 1;
  if (fill == Fill::kWrap) return (at % size + size) % size;
  return at < 0 ? -at : 2 * (size - 1) - at;
}

// One axis. Negative pads crop, and what is left is what the others reflect or repeat.
struct PaddedAxis {
  int64_t size = 0, begin = 0, end = 0;
  int64_t left() const { return size + std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0); }
  int64_t source(int64_t at, Fill fill) const {
    const int64_t position = filled_position(at - std::max<int64_t>(begin, 0), left(), fill);
    return position < 0 ? -1 : position - std::min<int64_t>(begin, 0);
  }
};

struct Padding {
  Fill fill = Fill::kConstant;
  std::vector<PaddedAxis> axes;
};
Result<Padding> read_padding(const Node& node, Inputs inputs) {
  const Dims& dims = inputs[0]->dims();
  Padding padding;
  const std::string mode = node.text("mode", "constant");
  if (mode == "reflect")
    padding.fill = Fill::kReflect;
  else if (mode == "edge")
    padding.fill = Fill::kEdge;
  else if (mode == "wrap")
    padding.fill = Fill::kWrap;
  else if (mode != "constant")
    return unsupported("mode \"" + mode + "\"; constant, reflect, edge and wrap have kernels");
  OFFRAMP_TRY(const auto pads, integers_of(*inputs[1], "pads"));
  std::vector<int64_t> axes(dims.size());
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = int64_t(i);
  if (const Tensor* given = optional_input(inputs, 3)) {
    OFFRAMP_TRY(const auto listed, integers_of(*given, "axes"));
    OFFRAMP_TRY(axes, normal_axes(listed, dims.size()));
  }
  if (pads.size() != 2 * axes.size())
    return invalid_model("expected " + std::to_string(2 * axes.size()) + " pads, got " + std::to_string(pads.size()));
  for (int64_t size : dims) padding.axes.push_back({size});
  for (size_t i = 0; i < axes.size(); ++i) {
    PaddedAxis& axis = padding.axes[size_t(axes[i])];
    for (int64_t pad : {pads[i], pads[i + axes.size()]})
      if (pad < -kMaxTensorElements || pad > kMaxTensorElements)
        return limit_exceeded("a pad of " + std::to_string(pad));
    axis.begin = pads[i];
    axis.end = pads[i + axes.size()];
    const int64_t most = std::max(axis.begin, axis.end);
    if (padding.fill == Fill::kReflect && most >= std::max<int64_t>(1, axis.left()))
      return invalid_model("a reflected pad of " + std::to_string(most) + " needs more than " +
                           std::to_string(axis.left()) + " elements along axis " + std::to_string(axes[i]));
    if ((padding.fill == Fill::kEdge || padding.fill == Fill::kWrap) && most > 0 && axis.left() <= 0)
      return invalid_model("axis " + std::to_string(axes[i]) + " has no edge to repeat");
  }
  return padding;
}

Outputs run_slice(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 5));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const std::vector<Cut> cuts, read_cuts(x.dims(), inputs));
  Dims dims = x.dims(), strides = strides_of(dims);
  int64_t offset = 0;
  for (size_t axis = 0; axis < cuts.size(); ++axis) {
    const Cut cut = cuts[axis];
    dims[axis] = cut.count;
    // With one element the step is never taken; multiplied out it could overflow.
    if (cut.count > 0) offset += cut.start * strides[axis];
    strides[axis] = cut.count > 1 ? strides[axis] * cut.step : 0;
  }
  OFFRAMP_TRY(Tensor out, copy_strided(x, offset, strides, dims));
  return one(std::move(out));
}

Outputs run_pad(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 4));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const Padding padding, read_padding(node, inputs));
  const size_t size = byte_size(x.dtype());
  std::byte filler[8] = {};
  if (const Tensor* value = optional_input(inputs, 2)) {
    if (value->dtype() != x.dtype() || value->elements() != 1)
      return invalid_model("the constant value must be one element of the input's type");
    std::memcpy(filler, value->raw(), size);
  }
  Dims dims = x.dims();
  for (size_t i = 0; i < dims.size(); ++i) {
    dims[i] += padding.axes[i].begin + padding.axes[i].end;
    if (dims[i] < 0) return invalid_model("pads crop more than axis " + std::to_string(i) + " has");
  }
  OFFRAMP_TRY(Tensor out, create_output(x.dtype(), dims));
  if (out.elements() == 0) return one(std::move(out));
  const Dims strides = strides_of(x.dims());
  std::byte* to = out.mutable_raw();
  Dims index(dims.size(), 0);
  const size_t inner = dims.empty() ? 0 : 1;
  do {
    int64_t row = 0;  // where this row begins, -1 if it is all filler
    for (size_t i = 0; i + inner < dims.size() && row >= 0; ++i) {
      const int64_t at = padding.axes[i].source(index[i], padding.fill);
      row = at < 0 ? -1 : row + at * strides[i];
    }
    for (int64_t k = 0; k < (inner ? dims.back() : 1); ++k, to += size) {
      const int64_t at = row < 0 ? -1
                         : inner ? padding.axes.back().source(k, padding.fill)
                                 : 0;
      std::memcpy(to, at < 0 ? filler : x.raw() + size_t(row + at) * size, size);
    }
  } while (advance(index, dims, inner));
  return one(std::move(out));
}

}  // namespace

void register_slicing(KernelTable& table) {
  add_kernels(table, {"Slice"}, run_slice, kAny);
  add_kernels(table, {"Pad"}, run_pad, kAny);
}

}  // namespace offramp::reference
