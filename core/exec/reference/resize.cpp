// Resize by nearest, linear and cubic interpolation, one axis after another. Source: ONNX Resize-13 and Resize-19.
#include <algorithm>
#include <cmath>

#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// One axis: from `input` positions to `output` ones.
struct Axis {
  int64_t input = 1, output = 1;
  double scale = 1;
  double start = 0, end = 1;  // the region of interest, for tf_crop_and_resize
};

// Where an output position lies among the input's.
Result<double> source_of(const std::string& mode, const Axis& axis, int64_t position) {
  const auto x = double(position), in = double(axis.input), out = double(axis.output);
  if (mode == "half_pixel") return (x + 0.5) / axis.scale - 0.5;
  if (mode == "half_pixel_symmetric") {
    const double adjusted = out / (in * axis.scale);
    return in / 2 * (1 - adjusted) + (x + 0.5) / axis.scale - 0.5;
  }
  if (mode == "pytorch_half_pixel") return axis.output > 1 ? (x + 0.5) / axis.scale - 0.5 : 0.0;
  if (mode == "align_corners") return axis.output > 1 ? x * (in - 1) / (out - 1) : 0.0;
  if (mode == "asymmetric") return x / axis.scale;
  if (mode == "tf_half_pixel_for_nn") return (x + 0.5) / axis.scale;
  if (mode == "tf_crop_and_resize")
    return axis.output > 1 ? axis.start * (in - 1) + x * (axis.end - axis.start) * (in - 1) / (out - 1)
                           : 0.5 * (axis.start + axis.end) * (in - 1);
  return invalid_model("attribute coordinate_transformation_mode: \"" + mode + "\" is not known");
}

Result<int64_t> nearest(const std::string& mode, double x) {
  if (mode == "round_prefer_floor") return int64_t(std::ceil(x - 0.5));
  if (mode == "round_prefer_ceil") return int64_t(std::floor(x + 0.5));
  if (mode == "floor") return int64_t(std::floor(x));
  if (mode == "ceil") return int64_t(std::ceil(x));
  return invalid_model("attribute nearest_mode: \"" + mode + "\" is not known");
}

// What one output position is the weighted sum of.
struct Taps {
  int count = 0;
  int64_t at[4] = {};
  float weight[4] = {};
  bool outside = false;  // of the input, where the extrapolation value goes

  void add(int64_t position, double value) {
    at[count] = position;
    weight[count++] = float(value);
  }
};

void add_cubic(Taps& taps, double x, double a, bool exclude_outside, int64_t size) {
  const double whole = std::floor(x), t = x - whole;
  const double far0 = t + 1, far1 = 2 - t;
  const auto outer = [a](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  const auto inner = [a](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  double weights[] = {outer(far0), inner(t), inner(1 - t), outer(far1)};
  double sum = 0;
  for (int64_t i = 0; i < 4; ++i) {
    const int64_t at = int64_t(whole) - 1 + i;
    if (exclude_outside && (at < 0 || at >= size)) weights[i] = 0;
    sum += weights[i];
  }
  for (int64_t i = 0; i < 4; ++i) taps.add(int64_t(whole) - 1 + i, exclude_outside ? weights[i] / sum : weights[i]);
}

Result<std::vector<Taps>> read_taps(const Node& node, const Axis& axis) {
  const std::string mode = node.text("mode", "nearest");
  const std::string transformation = node.text("coordinate_transformation_mode", "half_pixel");
  std::vector<Taps> all(size_t(axis.output), Taps{});
  for (int64_t position = 0; position < axis.output; ++position) {
    Taps& taps = all[size_t(position)];
    OFFRAMP_TRY(const double source, source_of(transformation, axis, position));
    // A hostile scale must not give positions that no integer holds.
    const double x = std::clamp(source, -1e9, 1e9);
    taps.outside = transformation == "tf_crop_and_resize" && (x < 0 || x > double(axis.input - 1));
    if (mode == "nearest") {
      OFFRAMP_TRY(const int64_t at, nearest(node.text("nearest_mode", "round_prefer_floor"), x));
      taps.add(at, 1);
    } else if (mode == "linear") {
      const double whole = std::floor(x);
      taps.add(int64_t(whole), 1 - (x - whole));
      taps.add(int64_t(whole) + 1, x - whole);
    } else if (mode == "cubic") {
      add_cubic(taps, x, node.number("cubic_coeff_a", -0.75f), node.integer("exclude_outside", 0) != 0, axis.input);
    } else {
      return invalid_model("attribute mode: \"" + mode + "\" is not nearest, linear or cubic");
    }
    for (int64_t& at : taps.at) at = std::clamp<int64_t>(at, 0, axis.input - 1);
  }
  return all;
}

// `x` with another size along one axis.
Result<Tensor> resize_axis(const Node& node, const Tensor& x, size_t index, const Axis& axis) {
  OFFRAMP_TRY(const std::vector<Taps> taps, read_taps(node, axis));
  Dims dims = x.dims();
  dims[index] = axis.output;
  OFFRAMP_TRY(Tensor out, create_output(DType::kF32, dims));
  if (out.elements() == 0) return out;
  int64_t inner = 1;
  for (size_t i = index + 1; i < dims.size(); ++i) inner *= dims[i];
  const int64_t outer = x.elements() / (axis.input * inner);
  const float extrapolation = node.number("extrapolation_value", 0.0f);
  const float* from = x.data<float>().data();
  float* to = out.mutable_data<float>().data();
  for (int64_t block = 0; block < outer; ++block, from += axis.input * inner)
    for (const Taps& position : taps) {
      if (position.outside) {
        std::fill(to, to + inner, extrapolation);
      } else {
        for (int tap = 0; tap < position.count; ++tap) {
          const float* row = from + position.at[tap] * inner;
          const float weight = position.weight[tap];
          for (int64_t i = 0; i < inner; ++i) to[i] += weight * row[i];
        }
      }
      to += inner;
    }
  return out;
}

Status read_scales(const Tensor& scales, std::vector<Axis>& axes) {
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(scales, DType::kF32, "scales"));
  if (scales.elements() != int64_t(axes.size()))
    return invalid_model("scales: expected " + std::to_string(axes.size()) + " values, got " +
                         std::to_string(scales.elements()));
  for (size_t i = 0; i < axes.size(); ++i) {
    axes[i].scale = scales.data<float>()[i];
    const double size = std::floor(double(axes[i].input) * axes[i].scale);
    if (!(axes[i].scale > 0) || !(size <= double(kMaxTensorElements)))
      return invalid_model("scale " + std::to_string(axes[i].scale) + " of axis " + std::to_string(i) +
                           " is out of range");
    axes[i].output = int64_t(size);
  }
  return {};
}

Status read_sizes(const Tensor& sizes, std::vector<Axis>& axes) {
  OFFRAMP_TRY(const auto list, integers_of(sizes, "sizes"));
  if (list.size() != axes.size())
    return invalid_model("sizes: expected " + std::to_string(axes.size()) + " values, got " +
                         std::to_string(list.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    if (list[i] < 1 || list[i] > kMaxTensorElements)
      return invalid_model("size " + std::to_string(list[i]) + " of axis " + std::to_string(i) + " is out of range");
    axes[i].output = list[i];
    axes[i].scale = double(list[i]) / double(axes[i].input);
  }
  return {};
}

Status read_region(const Tensor& region, std::vector<Axis>& axes) {
  if (region.dtype() != DType::kF32 || region.elements() != 2 * int64_t(axes.size()))
    return invalid_model("the region of interest must be " + std::to_string(2 * axes.size()) + " f32 values, got " +
                         std::string(to_string(region.dtype())) + " " + to_string(region.dims()));
  for (size_t i = 0; i < axes.size(); ++i) {
    axes[i].start = region.data<float>()[i];
    axes[i].end = region.data<float>()[i + axes.size()];
  }
  return {};
}

Outputs run_resize(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 4));
  for (const char* newer : {"antialias", "axes", "keep_aspect_ratio_policy"})
    if (node.has(newer)) return unsupported("attribute " + std::string(newer));
  Tensor x = *inputs[0];
  std::vector<Axis> axes;
  for (int64_t size : x.dims()) axes.push_back({size, size});
  const Tensor *region = optional_input(inputs, 1), *scales = optional_input(inputs, 2);
  const Tensor* sizes = optional_input(inputs, 3);
  if (!sizes && !scales) return invalid_model("one of scales and sizes is needed");
  OFFRAMP_RETURN_IF_ERROR(sizes ? read_sizes(*sizes, axes) : read_scales(*scales, axes));
  const bool crops = node.text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize";
  if (crops) {
    if (!region) return invalid_model("tf_crop_and_resize needs a region of interest");
    OFFRAMP_RETURN_IF_ERROR(read_region(*region, axes));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const bool changes = axes[i].input != axes[i].output || axes[i].scale != 1 ||
                         (crops && (axes[i].start != 0 || axes[i].end != 1));
    if (!changes) continue;
    if (axes[i].input == 0) return invalid_model("axis " + std::to_string(i) + " has nothing to interpolate");
    OFFRAMP_TRY(x, resize_axis(node, x, i, axes[i]));
  }
  return one(std::move(x));
}

}  // namespace

void register_resize(KernelTable& table) {
  add_kernels(table, {"Resize"}, run_resize, kF32);
}

}  // namespace offramp::reference
