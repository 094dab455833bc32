// Layouts in the terms of XNNPACK, whose spatial operators take maps [N, H, W, C]: a signal is a map of height 1.
#pragma once
#include <cstddef>
#include <vector>

#include "exec/activation.h"
#include "graph/graph.h"

namespace offramp::xnnpack {

using Sizes = std::vector<size_t>;

Sizes to_sizes(const Dims& dims);
// [N, C, H, W] to [N, H, W, C], [N, C, L] to [N, 1, L, C]. Precondition: has_nhwc_form.
Dims nhwc_dims(const Dims& plain);
// The dims of a value in that layout.
inline Dims dims_in(Layout layout, const Dims& plain) { return layout == Layout::kNhwc ? nhwc_dims(plain) : plain; }
// Where an axis of the plain form is in a value with that rank.
size_t axis_in(Layout layout, size_t axis, size_t rank);
inline size_t rank_in(Layout layout, size_t rank) { return layout == Layout::kNhwc ? 4 : rank; }
// Both forms have the same bytes: one channel, or one position.
bool same_bytes(const Shape& plain);

}  // namespace offramp::xnnpack
