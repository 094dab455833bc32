#include "exec/xnnpack/layout.h"

namespace offramp::xnnpack {
namespace {

// [outer, rows, columns] to [outer, columns, rows]
Tensor swap_inner(const Tensor& from, int64_t outer, int64_t rows, int64_t columns, Dims dims) {
  Tensor out(DType::kF32, std::move(dims));
  const float* in = from.data<float>().data();
  float* to = out.mutable_data<float>().data();
  for (int64_t o = 0; o < outer; ++o, in += rows * columns, to += rows * columns)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c) to[c * rows + r] = in[r * columns + c];
  return out;
}

int64_t positions(const Dims& plain) {
  int64_t count = 1;
  for (size_t i = 2; i < plain.size(); ++i) count *= plain[i];
  return count;
}

}  // namespace

Sizes to_sizes(const Dims& dims) { return Sizes(dims.begin(), dims.end()); }

bool has_nhwc_form(size_t rank) { return rank == 3 || rank == 4; }

Dims nhwc_dims(const Dims& plain) {
  if (plain.size() == 3) return {plain[0], 1, plain[2], plain[1]};
  return {plain[0], plain[2], plain[3], plain[1]};
}

size_t nhwc_axis(size_t axis, size_t rank) {
  if (axis == 0) return 0;
  if (axis == 1) return 3;
  return rank == 3 ? 2 : axis - 1;
}

bool same_bytes(const Dims& plain) { return plain[1] == 1 || positions(plain) == 1; }

Tensor to_nhwc(const Tensor& plain) {
  const Dims& dims = plain.dims();
  return swap_inner(plain, dims[0], dims[1], positions(dims), nhwc_dims(dims));
}

Tensor convert_depthwise_weights(const Tensor& weights) {
  const Dims nhwc = nhwc_dims(weights.dims());
  return swap_inner(weights, 1, nhwc[0], positions(weights.dims()), {1, nhwc[1], nhwc[2], nhwc[0]});
}

Tensor transpose_matrix(const Tensor& matrix) {
  const Dims& dims = matrix.dims();
  return swap_inner(matrix, 1, dims[0], dims[1], {dims[1], dims[0]});
}

}  // namespace offramp::xnnpack
