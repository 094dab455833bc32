// Checks and shape arithmetic used by all operator families.
#include "graph/ops/ops.h"

#include <algorithm>

namespace offramp::ops {

void add_operator(Registry& registry, const std::string& op, int min_inputs, int max_inputs, Infer infer) {
  registry[op] = {op, min_inputs, max_inputs, infer, nullptr};
}

ValueInfo make_info(DType dtype, Shape shape) {
  ValueInfo info;
  info.dtype = dtype;
  info.shape = std::move(shape);
  return info;
}

std::optional<std::vector<Dim>> carried_elements(const Tensor& tensor) {
  if (tensor.elements() > kMaxCarriedElements) return std::nullopt;
  std::vector<Dim> elements;
  if (tensor.dtype() == DType::kI64) {
    for (int64_t element : tensor.data<int64_t>()) elements.push_back({element, false});
  } else if (tensor.dtype() == DType::kI32) {
    for (int32_t element : tensor.data<int32_t>()) elements.push_back({element, false});
  } else if (tensor.dtype() == DType::kBool) {
    // As bytes: in a hostile file a bool may be neither 0 nor 1.
    for (int64_t i = 0; i < tensor.elements(); ++i) elements.push_back({tensor.raw()[i] != std::byte{0}, false});
  } else {
    return std::nullopt;
  }
  return elements;
}

Result<std::vector<int64_t>> known_integers(const ValueInfo& info, const std::string& what) {
  if (!info.elements) return unsupported(what + " must be known before the model runs, but it is computed from data");
  std::vector<int64_t> integers;
  for (Dim element : *info.elements) {
    if (element.per_sample) return unsupported(what + " depends on the batch size");
    integers.push_back(element.size);
  }
  return integers;
}

Result<std::optional<std::vector<int64_t>>> integers_of(const Node& node, const std::string& attribute, Inputs inputs,
                                                        size_t index) {
  using Found = std::optional<std::vector<int64_t>>;
  if (const ValueInfo* info = input_or_null(inputs, index)) {
    OFFRAMP_TRY(auto integers, known_integers(*info, attribute));
    return Found(std::move(integers));
  }
  return node.has(attribute) ? Found(node.integers(attribute)) : Found();
}

Result<size_t> resolve_axis(int64_t axis, size_t rank) {
  const auto signed_rank = int64_t(rank);
  if (axis < -signed_rank || axis >= signed_rank)
    return invalid_model("axis " + std::to_string(axis) + " is outside of a tensor with " + std::to_string(rank) +
                         " dimensions");
  return size_t(axis < 0 ? axis + signed_rank : axis);
}

Result<std::vector<bool>> resolve_axes(const std::vector<int64_t>& axes, size_t rank) {
  std::vector<bool> listed(rank, false);
  for (int64_t axis : axes) {
    OFFRAMP_TRY(const size_t index, resolve_axis(axis, rank));
    if (listed[index]) return invalid_model("axis " + std::to_string(axis) + " is listed twice");
    listed[index] = true;
  }
  return listed;
}

Result<int64_t> fixed_size(const Shape& shape, size_t axis, const std::string& what) {
  if (shape[axis].per_sample)
    return unsupported(what + " works along axis " + std::to_string(axis) + " of " + to_string(shape) +
                       ", which is the batch: samples must stay independent");
  return shape[axis].size;
}

Status expect_same_type(Inputs inputs) {
  const ValueInfo* first = nullptr;
  for (const ValueInfo* info : inputs) {
    if (!info) continue;
    if (!first) first = info;
    if (info->dtype != first->dtype)
      return invalid_model("inputs must have one type, got " + std::string(to_string(first->dtype)) + " and " +
                           std::string(to_string(info->dtype)));
  }
  return {};
}

Status expect_one_batch(const Shape& shape) {
  int batches = 0;
  for (Dim dim : shape) batches += dim.per_sample ? 1 : 0;
  if (batches <= 1) return {};
  return unsupported("shape " + to_string(shape) + " has every sample for every sample: samples must stay independent");
}

Status expect_rank(const ValueInfo& info, size_t rank, const std::string& what) {
  if (info.shape.size() == rank) return {};
  return invalid_model(what + " must have " + std::to_string(rank) + " dimensions, got shape " + to_string(info.shape));
}

Status expect_vector(const ValueInfo* info, int64_t size, const std::string& what) {
  if (!info || info->shape == Shape{{size, false}}) return {};
  return invalid_model(what + " must have shape [" + std::to_string(size) + "], got " + to_string(info->shape));
}

Result<Dim> product(const Shape& shape, size_t begin, size_t end) {
  Dim total;
  for (size_t i = begin; i < end; ++i) {
    if (total.per_sample && shape[i].per_sample)
      return unsupported("dimensions of " + to_string(shape) + " that both depend on the batch size cannot be joined");
    total.per_sample |= shape[i].per_sample;
    if (shape[i].size > 0 && total.size > kMaxTensorElements / shape[i].size)
      return limit_exceeded("shape " + to_string(shape) + " has more than " + std::to_string(kMaxTensorElements) +
                            " elements per sample");
    total.size *= shape[i].size;
  }
  return total;
}

Result<Shape> broadcast(std::span<const Shape* const> shapes) {
  size_t rank = 0;
  for (const Shape* shape : shapes) rank = std::max(rank, shape->size());
  Shape result(rank);
  for (const Shape* shape : shapes)
    for (size_t i = 0; i < shape->size(); ++i) {
      Dim& to = result[rank - shape->size() + i];
      const Dim from = (*shape)[i];
      if (from == to || from == Dim{1, false}) continue;
      if (to == Dim{1, false}) {
        to = from;
        continue;
      }
      std::string text;
      for (const Shape* each : shapes) text += (text.empty() ? "" : " and ") + to_string(*each);
      return invalid_model("shapes " + text + " cannot be broadcast together");
    }
  return result;
}

Result<Shape> broadcast(Inputs inputs) {
  std::vector<const Shape*> shapes;
  for (const ValueInfo* info : inputs)
    if (info) shapes.push_back(&info->shape);
  return broadcast(shapes);
}

std::optional<Dim> add(Dim a, Dim b) {
  if (a.per_sample != b.per_sample) {
    if (a.size == 0) return b;
    if (b.size == 0) return a;
    return std::nullopt;
  }
  Dim sum = a;
  return __builtin_add_overflow(a.size, b.size, &sum.size) ? std::nullopt : std::optional(sum);
}

std::optional<Dim> subtract(Dim a, Dim b) {
  if (b.size == INT64_MIN) return std::nullopt;
  b.size = -b.size;
  return add(a, b);
}

std::optional<Dim> multiply(Dim a, Dim b) {
  if (a.per_sample && b.per_sample) return std::nullopt;
  Dim result{0, a.per_sample || b.per_sample};
  return __builtin_mul_overflow(a.size, b.size, &result.size) ? std::nullopt : std::optional(result);
}

std::optional<Dim> divide(Dim a, Dim b) {
  if (b.size == 0 || (a.size == INT64_MIN && b.size == -1)) return std::nullopt;
  // Only exact quotients of the batch size stay multiples of it.
  if (a.per_sample && a.size % b.size != 0) return std::nullopt;
  if (b.per_sample && !a.per_sample) return std::nullopt;
  return Dim{a.size / b.size, a.per_sample && !b.per_sample};
}

Result<std::vector<int64_t>> window_attribute(const Node& node, const std::string& name, size_t count,
                                              int64_t otherwise, int64_t at_least) {
  std::vector<int64_t> values = node.integers(name, std::vector<int64_t>(count, otherwise));
  if (values.size() != count)
    return invalid_model("attribute " + name + ": expected " + std::to_string(count) + " values, got " +
                         std::to_string(values.size()));
  for (int64_t value : values)
    if (value < at_least || value > kMaxTensorElements)
      return invalid_model("attribute " + name + ": each value must be from " + std::to_string(at_least) + " to " +
                           std::to_string(kMaxTensorElements) + ", got " + std::to_string(value));
  return values;
}

Result<Shape> slide_window(const Node& node, const Shape& input, const std::vector<int64_t>& kernel, bool round_up) {
  const size_t axes = kernel.size();
  OFFRAMP_TRY(const auto strides, window_attribute(node, "strides", axes, 1, 1));
  OFFRAMP_TRY(const auto dilations, window_attribute(node, "dilations", axes, 1, 1));
  OFFRAMP_TRY(const auto pads, window_attribute(node, "pads", 2 * axes, 0, 0));
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!same && auto_pad != "NOTSET" && auto_pad != "VALID" && !auto_pad.empty())
    return invalid_model("attribute auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got " + auto_pad);
  const bool padded = auto_pad != "VALID";

  Shape output;
  for (size_t i = 0; i < axes; ++i) {
    OFFRAMP_TRY(const int64_t size, fixed_size(input, i + 2, "the window"));
    if (kernel[i] < 1 || kernel[i] > kMaxTensorElements)
      return invalid_model("kernel sizes must be positive, got " + to_string(Dims(kernel)));
    if (same) {
      output.push_back({(size + strides[i] - 1) / strides[i], false});
      continue;
    }
    const int64_t before = padded ? pads[i] : 0;
    const int64_t after = padded ? pads[i + axes] : 0;
    const int64_t reach = dilations[i] * (kernel[i] - 1) + 1;
    const int64_t room = size + before + after - reach;
    if (room < 0)
      return invalid_model("a window of " + std::to_string(reach) + " does not fit into axis " + std::to_string(i + 2) +
                           " of " + to_string(input) + " with pads " + std::to_string(before) + " and " +
                           std::to_string(after));
    int64_t count = room / strides[i] + 1;
    // A window rounded up into being must still start inside the input or its leading pad.
    if (round_up && room % strides[i] != 0 && count * strides[i] < size + before) ++count;
    output.push_back({count, false});
  }
  return output;
}

}  // namespace offramp::ops
