// Division by a norm of neighbouring elements: LRN, LpNormalization and MeanVarianceNormalization, f32.
#include <algorithm>
#include <cmath>

#include "exec/reference/broadcast.h"
#include "exec/reference/lines.h"
#include "exec/reference/reduction.h"

namespace offramp::reference {
namespace {

// x / sum^beta for a plane; the exponents in use need no pow.
void divide_by_power(const float* x, const float* sums, float* to, int64_t count, float beta) {
  if (beta == 0.75f) {
    for (int64_t i = 0; i < count; ++i) {
      const float root = std::sqrt(sums[i]);
      to[i] = x[i] / (root * std::sqrt(root));
    }
  } else if (beta == 0.5f) {
    for (int64_t i = 0; i < count; ++i) to[i] = x[i] / std::sqrt(sums[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = x[i] / std::pow(sums[i], beta);
  }
}

// Sums squares over `size` neighbouring channels; of an even number the odd one lies behind.
Outputs run_lrn(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  if (x.dims().size() < 2) return invalid_model("expected an input [N, C, ...], got shape " + to_string(x.dims()));
  const int64_t size = node.integer("size", 0), channels = x.dims()[1];
  if (size < 1) return invalid_model("attribute size: expected at least 1, got " + std::to_string(size));
  const float alpha = node.number("alpha", 1e-4f) / float(size), beta = node.number("beta", 0.75f);
  const float bias = node.number("bias", 1.0f);
  Tensor out(DType::kF32, x.dims());
  if (out.elements() == 0) return one(std::move(out));
  OFFRAMP_RETURN_IF_ERROR(expect_work(double(x.elements()) * double(std::min(size, channels))));
  const int64_t plane = x.elements() / (x.dims()[0] * channels);
  std::vector<float> sums;
  for (int64_t n = 0; n < x.dims()[0]; ++n) {
    const float* from = x.data<float>().data() + n * channels * plane;
    float* to = out.mutable_data<float>().data() + n * channels * plane;
    for (int64_t c = 0; c < channels; ++c) {
      sums.assign(size_t(plane), 0.0f);
      const int64_t first = std::max<int64_t>(0, c - (size - 1) / 2);
      const int64_t last = std::min(channels - 1, c + size / 2);
      for (int64_t k = first; k <= last; ++k)
        for (int64_t i = 0; i < plane; ++i) sums[size_t(i)] += from[k * plane + i] * from[k * plane + i];
      for (float& sum : sums) sum = bias + alpha * sum;
      divide_by_power(from + c * plane, sums.data(), to + c * plane, plane, beta);
    }
  }
  return one(std::move(out));
}

// A line of zeros stays one.
Outputs run_lp_normalization(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", -1), x.dims().size()));
  const int64_t p = node.integer("p", 2);
  if (p != 1 && p != 2) return invalid_model("attribute p: expected 1 or 2, got " + std::to_string(p));
  std::vector<bool> along(x.dims().size(), false);
  along[size_t(axis)] = true;
  OFFRAMP_TRY(const Tensor norms, reduce_tensor(p == 1 ? "ReduceL1" : "ReduceL2", x, along));
  OFFRAMP_TRY(Tensor out, map_broadcast<float, float>(x, norms, DType::kF32, [](float v, float norm) {
    return norm == 0.0f ? 0.0f : v / norm;
  }));
  return one(std::move(out));
}

Outputs run_mean_variance_normalization(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  OFFRAMP_TRY(const auto axes, normal_axes(node.integers("axes", {0, 2, 3}), x.dims().size()));
  std::vector<bool> along(x.dims().size(), false);
  for (int64_t axis : axes) along[size_t(axis)] = true;
  OFFRAMP_TRY(const Tensor mean, reduce_tensor("ReduceMean", x, along));
  OFFRAMP_TRY(const Tensor centred,
              map_broadcast<float, float>(x, mean, DType::kF32, [](float v, float m) { return v - m; }));
  OFFRAMP_TRY(const Tensor squares,
              map_broadcast<float, float>(centred, centred, DType::kF32, [](float v, float w) { return v * w; }));
  OFFRAMP_TRY(const Tensor variance, reduce_tensor("ReduceMean", squares, along));
  OFFRAMP_TRY(Tensor out, map_broadcast<float, float>(centred, variance, DType::kF32, [](float v, float s) {
    return v / (std::sqrt(s) + 1e-9f);
  }));
  return one(std::move(out));
}

}  // namespace

void register_rescaling(KernelTable& table) {
  add_kernels(table, {"LRN"}, run_lrn, kF32);
  add_kernels(table, {"LpNormalization"}, run_lp_normalization, kF32);
  add_kernels(table, {"MeanVarianceNormalization"}, run_mean_variance_normalization, kF32);
}

}  // namespace offramp::reference
