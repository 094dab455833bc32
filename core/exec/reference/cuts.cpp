#include "exec/reference/cuts.h"

#include <algorithm>

#include "exec/reference/arguments.h"

namespace offramp::reference {
namespace {

// Steps and positions beyond any tensor mean the same as this one.
constexpr int64_t kFar = int64_t{1} << 40;

Result<Cut> read_cut(int64_t start, int64_t end, int64_t step, int64_t size) {
  if (step == 0) return invalid_model("a step of 0");
  Cut cut;
  if (size == 0) return cut;
  step = std::clamp(step, -kFar, kFar);
  start = std::clamp(start < 0 ? start + size : start, int64_t{0}, step > 0 ? size : size - 1);
  end = std::clamp(end < 0 ? end + size : end, step > 0 ? int64_t{0} : int64_t{-1}, step > 0 ? size : size - 1);
  cut.start = start;
  cut.step = step;
  if (step > 0 && end > start) cut.count = (end - start - 1) / step + 1;
  if (step < 0 && end < start) cut.count = (start - end - 1) / -step + 1;
  return cut;
}

}  // namespace

Result<std::vector<Cut>> read_cuts(const Dims& dims, Inputs inputs) {
  OFFRAMP_TRY(const auto starts, integers_of(*inputs[1], "starts"));
  OFFRAMP_TRY(const auto ends, integers_of(*inputs[2], "ends"));
  std::vector<int64_t> axes(starts.size());
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = int64_t(i);
  if (const Tensor* given = optional_input(inputs, 3)) {
    OFFRAMP_TRY(axes, integers_of(*given, "axes"));
  }
  std::vector<int64_t> steps(starts.size(), 1);
  if (const Tensor* given = optional_input(inputs, 4)) {
    OFFRAMP_TRY(steps, integers_of(*given, "steps"));
  }
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    return invalid_model("starts, ends, axes and steps must have one length, got " + std::to_string(starts.size()) +
                         ", " + std::to_string(ends.size()) + ", " + std::to_string(axes.size()) + " and " +
                         std::to_string(steps.size()));
  OFFRAMP_TRY(axes, normal_axes(axes, dims.size()));
  std::vector<Cut> cuts;
  for (int64_t dim : dims) cuts.push_back({0, 1, dim});
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = size_t(axes[i]);
    OFFRAMP_TRY(cuts[axis], read_cut(starts[i], ends[i], steps[i], dims[axis]));
  }
  return cuts;
}

}  // namespace offramp::reference
