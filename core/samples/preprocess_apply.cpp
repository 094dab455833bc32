// Preprocessing steps on samples, in f32 and in the order listed. All shapes are checked before anything is computed.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "samples/samples.h"

namespace offramp {
namespace {

constexpr size_t kMaxRank = 8;
constexpr size_t kShortRun = 128;  // runs shorter than this cost more to start than to compute

Dims without_rows(const Dims& dims) { return Dims(dims.begin() + 1, dims.end()); }

struct StepName {
  const char* operator()(const Preprocess::Scale&) const { return "scale"; }
  const char* operator()(const Preprocess::Normalize&) const { return "normalize"; }
  const char* operator()(const Preprocess::Standardize&) const { return "standardize"; }
  const char* operator()(const Preprocess::Transpose&) const { return "transpose"; }
  const char* operator()(const Preprocess::Reshape&) const { return "reshape"; }
};

// What a step makes of a shape.
struct ShapeAfter {
  const Dims& dims;

  Result<Dims> operator()(const Preprocess::Scale&) const { return dims; }
  Result<Dims> operator()(const Preprocess::Standardize&) const { return dims; }
  Result<Dims> operator()(const Preprocess::Normalize& step) const {
    const size_t length = std::max(step.mean.size(), step.std.size());
    if (length == 1) return dims;
    const int64_t rank = int64_t(dims.size()), axis = step.axis < 0 ? step.axis + rank : step.axis;
    if (axis <= 0 || axis >= rank)
      return invalid_data("axis " + std::to_string(step.axis) + " must be one of the samples' own axes, shape is " +
                          to_string(dims));
    if (dims[size_t(axis)] != int64_t(length))
      return invalid_data("expected " + std::to_string(dims[size_t(axis)]) + " means and deviations along axis " +
                          std::to_string(step.axis) + " of shape " + to_string(dims) + ", got " +
                          std::to_string(length));
    return dims;
  }
  Result<Dims> operator()(const Preprocess::Transpose& step) const {
    if (step.axes.size() != dims.size())
      return invalid_data("axes " + to_string(step.axes) + " need " + std::to_string(step.axes.size()) +
                          " dimensions, shape is " + to_string(dims));
    Dims after;
    for (int64_t axis : step.axes) after.push_back(dims[size_t(axis)]);
    return after;
  }
  Result<Dims> operator()(const Preprocess::Reshape& step) const {
    Dims after = step.shape;
    if (element_count(without_rows(after)) != element_count(without_rows(dims)))
      return invalid_data("shape " + to_string(step.shape) + " needs " +
                          std::to_string(element_count(without_rows(after))) + " elements per row, got " +
                          to_string(dims));
    after[0] = dims[0];
    return after;
  }
};

template <class T>
void widen(const Tensor& from, float* to) {
  for (const T value : from.data<T>()) *to++ = float(value);
}

Result<Tensor> to_f32(const Tensor& raw) {
  if (raw.dtype() == DType::kF32) return raw;
  OFFRAMP_TRY(Tensor wide, Tensor::create(DType::kF32, raw.dims()));
  float* to = wide.mutable_data<float>().data();
  switch (raw.dtype()) {
    case DType::kF32: break;
    case DType::kF64: widen<double>(raw, to); break;
    case DType::kI64: widen<int64_t>(raw, to); break;
    case DType::kI32: widen<int32_t>(raw, to); break;
    case DType::kI16: widen<int16_t>(raw, to); break;
    case DType::kI8: widen<int8_t>(raw, to); break;
    case DType::kU16: widen<uint16_t>(raw, to); break;
    case DType::kU8: widen<uint8_t>(raw, to); break;
    case DType::kF16:
    case DType::kBool: {
      // No C++ types that any byte pattern is valid for.
      const std::byte* from = raw.raw();
      for (int64_t i = 0; i < raw.elements(); ++i) {
        uint16_t half = 0;
        if (raw.dtype() == DType::kBool) to[i] = from[i] != std::byte{0} ? 1.0f : 0.0f;
        else std::memcpy(&half, from + 2 * i, 2), to[i] = half_to_float(half);
      }
    }
  }
  return wide;
}

// Copies with reordered axes. The innermost axis is a plain strided loop, the others an odometer.
Tensor transposed(const Tensor& from, const std::vector<int64_t>& axes) {
  const size_t rank = axes.size();
  Dims dims(rank), strides(rank);
  for (size_t i = 0; i < rank; ++i) {
    dims[i] = from.dims()[size_t(axes[i])];
    strides[i] = 1;
    for (size_t j = size_t(axes[i]) + 1; j < rank; ++j) strides[i] *= from.dims()[j];
  }
  Tensor result(DType::kF32, dims);
  if (result.elements() == 0) return result;
  const float* in = from.data<float>().data();
  float* out = result.mutable_data<float>().data();
  const int64_t inner = dims[rank - 1], stride = strides[rank - 1];
  int64_t index[kMaxRank] = {};
  for (int64_t left = result.elements() / inner; left > 0; --left) {
    for (int64_t i = 0; i < inner; ++i) out[i] = in[i * stride];
    out += inner;
    for (size_t axis = rank - 1; axis-- > 0;) {
      in += strides[axis];
      if (++index[axis] < dims[axis]) break;
      in -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return result;
}

// Normalises where a channel's values are few or single between those of others: by a pattern of many, in one long
// loop.
void normalize_interleaved(std::span<float> values, const std::vector<float>& mean, const std::vector<float>& std,
                           size_t inner) {
  std::vector<float> means, deviations;
  while (means.size() < kShortRun)
    for (size_t c = 0; c < mean.size(); ++c) {
      means.insert(means.end(), inner, mean[c]);
      deviations.insert(deviations.end(), inner, std[c]);
    }
  for (size_t at = 0; at < values.size(); at += means.size()) {
    const size_t count = std::min(means.size(), values.size() - at);
    float* out = values.data() + at;
    for (size_t i = 0; i < count; ++i) out[i] = (out[i] - means[i]) / deviations[i];
  }
}

// One step on samples whose shape is known to fit.
struct Run {
  Tensor& samples;
  const Dims& after;

  void operator()(const Preprocess::Scale& step) const {
    for (float& value : samples.mutable_data<float>()) value *= step.by;
  }

  void operator()(const Preprocess::Normalize& step) const {
    auto values = samples.mutable_data<float>();
    if (values.empty()) return;
    const size_t length = std::max(step.mean.size(), step.std.size());
    if (length == 1) {
      for (float& value : values) value = (value - step.mean[0]) / step.std[0];
      return;
    }
    std::vector<float> mean(length, step.mean[0]), std(length, step.std[0]);
    if (step.mean.size() > 1) mean = step.mean;
    if (step.std.size() > 1) std = step.std;
    const size_t axis = size_t(step.axis < 0 ? step.axis + int64_t(after.size()) : step.axis);
    size_t inner = 1;
    for (size_t i = axis + 1; i < after.size(); ++i) inner *= size_t(after[i]);
    if (inner < kShortRun) {
      normalize_interleaved(values, mean, std, inner);
      return;
    }
    for (size_t at = 0; at < values.size(); at += length * inner)
      for (size_t c = 0; c < length; ++c)
        for (float& value : values.subspan(at + c * inner, inner)) value = (value - mean[c]) / std[c];
  }

  // Sums are f64: a sample may be a second of audio, and f32 would lose digits that a reference keeps.
  void operator()(const Preprocess::Standardize& step) const {
    auto values = samples.mutable_data<float>();
    const size_t size = after[0] > 0 ? values.size() / size_t(after[0]) : 0;
    if (size == 0) return;
    for (size_t at = 0; at < values.size(); at += size) {
      const auto sample = values.subspan(at, size);
      double sum = 0, squares = 0;
      for (float value : sample) sum += double(value);
      const double mean = sum / double(size);
      for (float value : sample) squares += (double(value) - mean) * (double(value) - mean);
      const float divisor = float(std::sqrt(squares / double(size))) + step.epsilon;
      // A constant sample is all zeros, also without an epsilon.
      for (float& value : sample) value = divisor > 0 ? (value - float(mean)) / divisor : 0.0f;
    }
  }

  void operator()(const Preprocess::Transpose& step) const { samples = transposed(samples, step.axes); }
  void operator()(const Preprocess::Reshape&) const { samples = samples.reshaped(after); }
};

}  // namespace

Result<Dims> Preprocess::output_dims(const Dims& raw) const {
  if (raw.empty() || raw.size() > kMaxRank)
    return invalid_data("samples must have 1 to " + std::to_string(kMaxRank) +
                        " dimensions, the first of which are the rows; got " + std::to_string(raw.size()));
  auto elements = checked_element_count(raw);
  if (!elements) return invalid_data(elements.error().message);
  Dims dims = raw;
  for (size_t i = 0; i < steps_.size(); ++i) {
    auto after = std::visit(ShapeAfter{dims}, steps_[i]);
    if (!after)
      return std::move(after).error().within("preprocess step " + std::to_string(i + 1) + " (" +
                                             std::visit(StepName{}, steps_[i]) + ")");
    dims = std::move(after).value();
  }
  return dims;
}

Result<Tensor> Preprocess::apply(const Tensor& raw) const {
  if (auto dims = output_dims(raw.dims()); !dims) return std::move(dims).error();
  OFFRAMP_TRY(Tensor samples, to_f32(raw));
  for (const Step& step : steps_) {
    auto after = std::visit(ShapeAfter{samples.dims()}, step);
    std::visit(Run{samples, after.value()}, step);
  }
  return samples;
}

}  // namespace offramp
