// Normalisation by stored statistics (BatchNormalization) or by those of the values themselves, f32.
#include <algorithm>
#include <cmath>

#include "exec/reference/arguments.h"
#include "exec/reference/lines.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

constexpr DType kType = DType::kF32;

Status expect_f32(Inputs inputs) {
  for (const Tensor* input : inputs)
    if (input) OFFRAMP_RETURN_IF_ERROR(expect_dtype(*input, kType, "an input"));
  return {};
}

// The channels of [N, C, ...].
Result<int64_t> channels_of(const Tensor& x) {
  if (x.dims().size() < 2) return invalid_model("expected an input [N, C, ...], got shape " + to_string(x.dims()));
  return x.dims()[1];
}

Status expect_vector(Inputs inputs, size_t index, int64_t size) {
  if (inputs[index]->dims() == Dims{size}) return {};
  return invalid_model("expected input " + std::to_string(index) + " of shape [" + std::to_string(size) + "], got " +
                       to_string(inputs[index]->dims()));
}

void scale_and_shift(const float* from, float* to, int64_t count, float mean, float scale, float shift) {
  for (int64_t i = 0; i < count; ++i) to[i] = (from[i] - mean) * scale + shift;
}

// A parameter for every element of the normalised axes; leading dimensions of 1 say nothing.
Status expect_parameters(const Tensor& parameters, std::span<const int64_t> normalised, const char* role) {
  std::span<const int64_t> given = parameters.dims();
  while (given.size() > normalised.size() && given.front() == 1) given = given.subspan(1);
  if (std::equal(given.begin(), given.end(), normalised.begin(), normalised.end())) return {};
  return unsupported(std::string(role) + " of shape " + to_string(parameters.dims()) +
                     "; only that of the normalised axes, " + to_string(Dims(normalised.begin(), normalised.end())) +
                     ", has a kernel");
}

// The lines of LayerNormalization: all axes from `axis` on.
Result<Lines> lines_from_axis(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_f32(inputs));
  const Dims& dims = inputs[0]->dims();
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", -1), dims.size()));
  const auto normalised = std::span(dims).subspan(size_t(axis));
  OFFRAMP_RETURN_IF_ERROR(expect_parameters(*inputs[1], normalised, "a scale"));
  if (const Tensor* bias = optional_input(inputs, 2))
    OFFRAMP_RETURN_IF_ERROR(expect_parameters(*bias, normalised, "a bias"));
  const Lines lines = lines_along(dims, size_t(axis), dims.size() - 1);
  if (lines.count == 0) return invalid_model("cannot normalise no elements: shape " + to_string(dims));
  return lines;
}

Outputs run_batch_normalization(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 5, 5));
  OFFRAMP_RETURN_IF_ERROR(expect_f32(inputs));
  if (node.integer("training_mode", 0) != 0) return unsupported("training_mode");
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const int64_t channels, channels_of(x));
  for (size_t i = 1; i < 5; ++i) OFFRAMP_RETURN_IF_ERROR(expect_vector(inputs, i, channels));
  const float epsilon = node.number("epsilon", 1e-5f);
  Tensor out(kType, x.dims());
  if (out.elements() == 0) return one(std::move(out));
  const int64_t plane = x.elements() / (x.dims()[0] * channels);
  const float* from = x.data<float>().data();
  float* to = out.mutable_data<float>().data();
  for (int64_t n = 0; n < x.dims()[0]; ++n)
    for (size_t c = 0; c < size_t(channels); ++c, from += plane, to += plane) {
      const float scale = inputs[1]->data<float>()[c] / std::sqrt(inputs[4]->data<float>()[c] + epsilon);
      scale_and_shift(from, to, plane, inputs[3]->data<float>()[c], scale, inputs[2]->data<float>()[c]);
    }
  return one(std::move(out));
}

// Outputs: the values, and for each line its mean and the inverse of its standard deviation.
Outputs run_layer_normalization(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 3));
  OFFRAMP_TRY(const Lines lines, lines_from_axis(node, inputs));
  const Tensor& x = *inputs[0];
  const float epsilon = node.number("epsilon", 1e-5f);
  const Tensor* bias = optional_input(inputs, 2);
  const float* scale = inputs[1]->data<float>().data();
  const float* shift = bias ? bias->data<float>().data() : nullptr;
  Dims per_line = x.dims();
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", -1), per_line.size()));
  std::fill(per_line.begin() + axis, per_line.end(), 1);
  std::vector<Tensor> outputs = {Tensor(kType, x.dims()), Tensor(kType, per_line), Tensor(kType, per_line)};
  const float* from = x.data<float>().data();
  float* to = outputs[0].mutable_data<float>().data();
  const auto means = outputs[1].mutable_data<float>(), inverses = outputs[2].mutable_data<float>();
  for (size_t line = 0; line < means.size(); ++line, from += lines.count, to += lines.count) {
    const float mean = mean_over(from, lines.count);
    const float inverse = 1.0f / std::sqrt(variance_over(from, lines.count, mean) + epsilon);
    means[line] = mean;
    inverses[line] = inverse;
    for (int64_t i = 0; i < lines.count; ++i) to[i] = (from[i] - mean) * inverse * scale[i];
    for (int64_t i = 0; shift && i < lines.count; ++i) to[i] += shift[i];
  }
  outputs.resize(std::clamp<size_t>(node.outputs.size(), 1, 3));
  return outputs;
}

// InstanceNormalization is GroupNormalization with a channel per group. Before opset 21 scale and bias of the latter
// are given by group, since then by channel.
Outputs run_group_normalization(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 3));
  OFFRAMP_RETURN_IF_ERROR(expect_f32(inputs));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const int64_t channels, channels_of(x));
  const bool by_instance = node.op == "InstanceNormalization";
  const int64_t groups = by_instance ? channels : node.integer("num_groups", 0);
  if (groups < 1 || channels % groups != 0)
    return invalid_model("attribute num_groups: " + std::to_string(groups) + " does not divide " +
                         std::to_string(channels) + " channels");
  const bool by_group = inputs[1]->dims() == Dims{groups};
  for (size_t i = 1; i < 3; ++i) OFFRAMP_RETURN_IF_ERROR(expect_vector(inputs, i, by_group ? groups : channels));
  const float epsilon = node.number("epsilon", 1e-5f);
  Tensor out(kType, x.dims());
  if (out.elements() == 0) return one(std::move(out));
  const auto scales = inputs[1]->data<float>(), shifts = inputs[2]->data<float>();
  const int64_t per_group = channels / groups, plane = x.elements() / (x.dims()[0] * channels);
  const float* from = x.data<float>().data();
  float* to = out.mutable_data<float>().data();
  for (int64_t n = 0; n < x.dims()[0]; ++n)
    for (int64_t group = 0; group < groups; ++group) {
      const float mean = mean_over(from, per_group * plane);
      const float inverse = 1.0f / std::sqrt(variance_over(from, per_group * plane, mean) + epsilon);
      for (int64_t c = 0; c < per_group; ++c, from += plane, to += plane) {
        const auto at = size_t(by_group ? group : group * per_group + c);
        scale_and_shift(from, to, plane, mean, inverse * scales[at], shifts[at]);
      }
    }
  return one(std::move(out));
}

}  // namespace

void register_normalization(KernelTable& table) {
  add_kernels(table, {"BatchNormalization"}, run_batch_normalization, kF32);
  add_kernels(table, {"LayerNormalization"}, run_layer_normalization, kF32);
  add_kernels(table, {"InstanceNormalization", "GroupNormalization"}, run_group_normalization, kF32);
}

}  // namespace offramp::reference
