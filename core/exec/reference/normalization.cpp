// BatchNormalization (inference), Softmax and LogSoftmax.
#include <algorithm>
#include <cmath>

#include "exec/reference/arguments.h"

namespace offramp::reference {
namespace {

// Calls normalise(first element, stride, count) for every line along the axis.
template <class Normalise>
Outputs run_along_axis(const Node& node, Inputs inputs, Normalise&& normalise) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", -1), x.dims().size()));
  Tensor out = x;
  if (out.elements() == 0) return one(std::move(out));
  const int64_t count = x.dims()[size_t(axis)];
  int64_t stride = 1;
  for (size_t i = size_t(axis) + 1; i < x.dims().size(); ++i) stride *= x.dims()[i];
  float* data = out.mutable_data<float>().data();
  for (int64_t outer = 0; outer < x.elements() / (count * stride); ++outer)
    for (int64_t inner = 0; inner < stride; ++inner) normalise(data + outer * count * stride + inner, stride, count);
  return one(std::move(out));
}

float maximum(const float* line, int64_t stride, int64_t count) {
  float most = line[0];
  for (int64_t i = 1; i < count; ++i) most = std::max(most, line[i * stride]);
  return most;
}

}  // namespace

Outputs run_batch_normalization(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 5, 5));
  for (const Tensor* input : inputs) OFFRAMP_RETURN_IF_ERROR(expect_dtype(*input, DType::kF32, "an input"));
  if (node.integer("training_mode", 0) != 0) return unsupported("training_mode");
  const Tensor& x = *inputs[0];
  if (x.dims().size() < 2) return invalid_model("expected an input [N, C, ...], got shape " + to_string(x.dims()));
  const int64_t channels = x.dims()[1];
  for (size_t i = 1; i < 5; ++i)
    if (inputs[i]->dims() != Dims{channels})
      return invalid_model("expected input " + std::to_string(i) + " of shape [" + std::to_string(channels) +
                           "], got " + to_string(inputs[i]->dims()));
  const float epsilon = node.number("epsilon", 1e-5f);
  Tensor out = x;
  if (out.elements() == 0) return one(std::move(out));
  const int64_t plane = x.elements() / (x.dims()[0] * channels);
  float* data = out.mutable_data<float>().data();
  for (int64_t n = 0; n < x.dims()[0]; ++n)
    for (size_t c = 0; c < size_t(channels); ++c) {
      const float scale = inputs[1]->data<float>()[c] / std::sqrt(inputs[4]->data<float>()[c] + epsilon);
      const float mean = inputs[3]->data<float>()[c], shift = inputs[2]->data<float>()[c];
      for (int64_t i = 0; i < plane; ++i, ++data) *data = (*data - mean) * scale + shift;
    }
  return one(std::move(out));
}

Outputs run_softmax(const Node& node, Inputs inputs) {
  return run_along_axis(node, inputs, [](float* line, int64_t stride, int64_t count) {
    const float most = maximum(line, stride, count);
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      line[i * stride] = std::exp(line[i * stride] - most);
      sum += double(line[i * stride]);
    }
    for (int64_t i = 0; i < count; ++i) line[i * stride] = float(double(line[i * stride]) / sum);
  });
}

Outputs run_log_softmax(const Node& node, Inputs inputs) {
  return run_along_axis(node, inputs, [](float* line, int64_t stride, int64_t count) {
    const float most = maximum(line, stride, count);
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += std::exp(double(line[i * stride] - most));
    const auto log_sum = float(std::log(sum));
    for (int64_t i = 0; i < count; ++i) line[i * stride] = line[i * stride] - most - log_sum;
  });
}

}  // namespace offramp::reference
