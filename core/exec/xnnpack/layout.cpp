#include "exec/xnnpack/layout.h"

namespace offramp::xnnpack {

Sizes to_sizes(const Dims& dims) { return Sizes(dims.begin(), dims.end()); }

Dims nhwc_dims(const Dims& plain) {
  if (plain.size() == 3) return {plain[0], 1, plain[2], plain[1]};
  return {plain[0], plain[2], plain[3], plain[1]};
}

size_t axis_in(Layout layout, size_t axis, size_t rank) {
  if (layout == Layout::kPlain || axis == 0) return axis;
  if (axis == 1) return 3;
  return rank == 3 ? 2 : axis - 1;
}

bool same_bytes(const Shape& plain) {
  int64_t positions = 1;
  for (size_t i = 2; i < plain.size(); ++i) positions *= plain[i].size;
  return plain[1].size == 1 || positions == 1;
}

}  // namespace offramp::xnnpack
