// Layouts: the graph is NCHW, XNNPACK's spatial operators are NHWC. A map [N, C, H, W] becomes [N, H, W, C], a signal
// [N, C, L] becomes the map [N, 1, L, C].
#pragma once
#include <cstddef>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"

namespace offramp::xnnpack {

enum class Layout { kPlain, kNhwc };
using Sizes = std::vector<size_t>;

Sizes to_sizes(const Dims& dims);
// Only values with three or four dimensions have an NHWC form.
bool has_nhwc_form(size_t rank);
Dims nhwc_dims(const Dims& plain);
// Where an axis of the plain form is in the NHWC form of a value with that rank.
size_t nhwc_axis(size_t axis, size_t rank);
// Both forms have the same bytes: one channel, or one position.
bool same_bytes(const Dims& plain);

// [N, C, ...] constants in NHWC form. Precondition: has_nhwc_form.
Tensor to_nhwc(const Tensor& plain);
// Convolution weights [O, I, ...] to [O, H, W, I]; the same permutation.
inline Tensor convert_weights(const Tensor& weights) { return to_nhwc(weights); }
// Depthwise weights [O, 1, ...] to [1, H, W, O].
Tensor convert_depthwise_weights(const Tensor& weights);
// A matrix [rows, columns] to [columns, rows].
Tensor transpose_matrix(const Tensor& matrix);

}  // namespace offramp::xnnpack
