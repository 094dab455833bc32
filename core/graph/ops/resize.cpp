// Resize in its opset 11 to 17 form: input, region of interest, scales, sizes.
#include <cmath>

#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Status expect_one_of(const Node& node, const char* attribute, const char* otherwise,
                     std::initializer_list<const char*> known) {
  const std::string value = node.text(attribute, otherwise);
  std::string list;
  for (const char* each : known) {
    if (value == each) return {};
    list += (list.empty() ? "" : ", ") + std::string(each);
  }
  return invalid_model("attribute " + std::string(attribute) + ": expected one of " + list + ", got " + value);
}

Result<Shape> sizes_by_scales(const Node& node, const Shape& from, const ValueInfo& scales) {
  if (!scales.constant) return unsupported("scales must be known before the model runs, but it is computed from data");
  if (scales.constant->dtype() != DType::kF32 || scales.constant->elements() != int64_t(from.size()))
    return invalid_model("scales must be " + std::to_string(from.size()) + " f32 values, got " +
                         std::string(to_string(scales.dtype)) + " " + to_string(scales.shape));
  const auto values = scales.constant->data<float>();
  Shape shape = from;
  for (size_t i = 0; i < from.size(); ++i) {
    if (values[i] == 1.0f) continue;
    OFFRAMP_TRY(const int64_t size, fixed_size(from, i, "the resizing"));
    const double exact = double(size) * double(values[i]), scaled = std::floor(exact);
    // ONNX's own data and ONNX Runtime disagree on what the corners of such an axis are.
    if (node.text("coordinate_transformation_mode", "") == "align_corners" && exact - scaled > 1e-4 && exact < 1e9)
      return unsupported("align_corners with scale " + std::to_string(values[i]) + " of an axis of " +
                         std::to_string(size) + ", which gives no whole size; export the model with sizes");
    if (!(values[i] > 0) || !(scaled <= double(kMaxTensorElements)))
      return invalid_model("scale " + std::to_string(values[i]) + " of axis " + std::to_string(i) + " is out of range");
    shape[i].size = int64_t(scaled);
  }
  return shape;
}

Result<Shape> stated_sizes(const Shape& from, const ValueInfo& sizes) {
  if (!sizes.elements) return unsupported("sizes must be known before the model runs, but it is computed from data");
  Shape shape = *sizes.elements;
  if (shape.size() != from.size())
    return invalid_model("sizes: expected " + std::to_string(from.size()) + " values, got " +
                         std::to_string(shape.size()));
  for (size_t i = 0; i < shape.size(); ++i) {
    // A model that was exported with a batch of 1 states 1 for it.
    if (from[i].per_sample && shape[i] == Dim{1, false}) shape[i] = from[i];
    if (shape[i] == from[i]) continue;
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(from, i, "the resizing"));
    if (shape[i].per_sample) return unsupported("sizes depend on the batch size");
    if (shape[i].size < 1 || shape[i].size > kMaxTensorElements)
      return invalid_model("size " + std::to_string(shape[i].size) + " of axis " + std::to_string(i) +
                           " is out of range");
  }
  return shape;
}

Outputs infer_resize(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_one_of(node, "mode", "nearest", {"nearest", "linear", "cubic"}));
  OFFRAMP_RETURN_IF_ERROR(expect_one_of(node, "coordinate_transformation_mode", "half_pixel",
                                        {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                                         "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"}));
  OFFRAMP_RETURN_IF_ERROR(expect_one_of(node, "nearest_mode", "round_prefer_floor",
                                        {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
  for (const char* newer : {"antialias", "axes", "keep_aspect_ratio_policy"})
    if (node.has(newer)) return unsupported("attribute " + std::string(newer));
  const ValueInfo* sizes = input_or_null(inputs, 3);
  const ValueInfo* scales = input_or_null(inputs, 2);
  if (!sizes && !scales) return invalid_model("one of scales and sizes is needed");
  OFFRAMP_TRY(Shape shape, sizes ? stated_sizes(inputs[0]->shape, *sizes) : sizes_by_scales(node, inputs[0]->shape, *scales));
  return one_output(inputs[0]->dtype, std::move(shape));
}

}  // namespace

void register_resize(Registry& registry) { add_operator(registry, "Resize", 1, 4, infer_resize); }

}  // namespace offramp::ops
