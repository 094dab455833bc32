#include "exec/activation.h"

namespace offramp {
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

int64_t product(const Dims& dims, size_t begin, size_t end) {
  int64_t total = 1;
  for (size_t i = begin; i < end; ++i) total *= dims[i];
  return total;
}

Dims plain_dims(const Dims& nhwc) {
  Dims dims = {nhwc.front(), nhwc.back()};
  dims.insert(dims.end(), nhwc.begin() + 1, nhwc.end() - 1);
  return dims;
}

}  // namespace

Tensor to_nhwc(const Tensor& plain) {
  const Dims& dims = plain.dims();
  OFFRAMP_CHECK(has_nhwc_form(dims.size()));
  Dims nhwc = {dims[0]};
  nhwc.insert(nhwc.end(), dims.begin() + 2, dims.end());
  nhwc.push_back(dims[1]);
  return swap_inner(plain, dims[0], dims[1], product(dims, 2, dims.size()), nhwc);
}

Tensor from_nhwc(const Tensor& nhwc) {
  const Dims& dims = nhwc.dims();
  OFFRAMP_CHECK(has_nhwc_form(dims.size()));
  return swap_inner(nhwc, dims[0], product(dims, 1, dims.size() - 1), dims.back(), plain_dims(dims));
}

Dims Activation::dims() const { return layout_ == Layout::kNhwc ? plain_dims(tensor_.dims()) : tensor_.dims(); }

}  // namespace offramp
