// Operators that move elements without computing on them. Those that exporters use between Shape and Reshape or Pad
// carry the elements of shapes under way.
#include <algorithm>

#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

using Elements = std::vector<Dim>;

Outputs infer_identity(const Node&, Inputs inputs) { return std::vector<ValueInfo>{*inputs[0]}; }

Outputs infer_concat(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  for (const ValueInfo* info : inputs)
    if (!info) return invalid_model("no input may be absent");
  ValueInfo output = make_info(inputs[0]->dtype, inputs[0]->shape);
  if (!node.has("axis")) return invalid_model("attribute axis is missing");
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", 0), output.shape.size()));
  int64_t total = 0;
  bool known = output.shape.size() == 1;
  for (const ValueInfo* info : inputs) {
    const std::string pair = to_string(inputs[0]->shape) + " and " + to_string(info->shape);
    if (info->shape.size() != output.shape.size()) return invalid_model("shapes " + pair + " have different ranks");
    for (size_t i = 0; i < info->shape.size(); ++i) {
      const Dim a = info->shape[i], b = output.shape[i];
      if (i == axis || a == b) continue;
      if (a.size == b.size)
        return unsupported("shapes " + pair +
                           " do not both have one row per sample: export the model with a symbolic batch");
      return invalid_model("shapes " + pair + " differ outside of axis " + std::to_string(axis));
    }
    OFFRAMP_TRY(const int64_t size, fixed_size(info->shape, axis, "the concatenation"));
    total += size;
    known &= info->elements.has_value();
  }
  output.shape[axis] = {total, false};
  if (known && total <= kMaxCarriedElements) {
    output.elements.emplace();
    for (const ValueInfo* info : inputs)
      output.elements->insert(output.elements->end(), info->elements->begin(), info->elements->end());
  }
  return std::vector<ValueInfo>{std::move(output)};
}

// The sizes are an attribute, an input since opset 13, or equal; since opset 18 the last may be smaller.
Outputs infer_split(const Node& node, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", 0), x.shape.size()));
  OFFRAMP_TRY(const int64_t size, fixed_size(x.shape, axis, "the split"));
  const auto parts = int64_t(node.outputs.size());
  OFFRAMP_TRY(const auto given, integers_of(node, "split", inputs, 1));
  std::vector<int64_t> sizes;
  if (given) {
    sizes = *given;
  } else {
    const bool uneven = node.has("num_outputs");
    if (uneven && node.integer("num_outputs", parts) != parts)
      return invalid_model("attribute num_outputs: expected the number of outputs, " + std::to_string(parts) +
                           ", got " + std::to_string(node.integer("num_outputs", parts)));
    if (!uneven && size % parts != 0)
      return invalid_model("axis " + std::to_string(axis) + " of " + to_string(x.shape) + " cannot be split into " +
                           std::to_string(parts) + " equal parts");
    const int64_t chunk = (size + parts - 1) / parts;
    for (int64_t i = 0; i < parts; ++i) sizes.push_back(std::clamp(size - i * chunk, int64_t{0}, chunk));
  }
  int64_t total = 0;
  for (int64_t part : sizes) {
    // Stopping early keeps the sum of hostile sizes from overflowing.
    if (part < 0 || part > size - total) total = size + 1;
    if (total > size) break;
    total += part;
  }
  if (total != size || int64_t(sizes.size()) != parts)
    return invalid_model("parts " + to_string(Dims(sizes)) + " for " + std::to_string(parts) +
                         " outputs do not add up to axis " + std::to_string(axis) + " of " + to_string(x.shape));
  std::vector<ValueInfo> outputs;
  int64_t begin = 0;
  for (int64_t part : sizes) {
    ValueInfo output = make_info(x.dtype, x.shape);
    output.shape[axis].size = part;
    if (x.elements && x.shape.size() == 1)
      output.elements = Elements(x.elements->begin() + begin, x.elements->begin() + begin + part);
    begin += part;
    outputs.push_back(std::move(output));
  }
  return outputs;
}

struct SliceRange {
  int64_t start = 0, step = 1, count = 0;
};

// Which indices of an axis of that size ONNX's start, end and step select.
Result<SliceRange> slice_range(int64_t size, int64_t start, int64_t end, int64_t step) {
  if (step == 0) return invalid_model("step 0 is not allowed");
  const auto resolve = [size](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  SliceRange range;
  range.step = step;
  if (size == 0) return range;
  if (step > 0) {
    range.start = resolve(start, 0, size);
    const int64_t span = resolve(end, 0, size) - range.start;
    range.count = span > 0 ? (span - 1) / step + 1 : 0;
  } else {
    range.start = resolve(start, 0, size - 1);
    const int64_t span = range.start - resolve(end, -1, size - 1);
    // Dividing by the negative step keeps INT64_MIN, which has no positive counterpart, defined.
    range.count = span > 0 ? 1 - (span - 1) / step : 0;
  }
  return range;
}

Elements slice_elements(const Elements& elements, const Shape& shape, size_t axis, const SliceRange& range) {
  int64_t inner = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i].size;
  Elements kept;
  for (int64_t outer = 0; outer < int64_t(elements.size()); outer += shape[axis].size * inner)
    for (int64_t k = 0; k < range.count; ++k) {
      const auto from = elements.begin() + outer + (range.start + k * range.step) * inner;
      kept.insert(kept.end(), from, from + inner);
    }
  return kept;
}

// A slice along the batch must keep all of it: [0:] up to any end that no batch reaches, or up to N itself.
bool keeps_batch(Dim dim, Dim start, Dim end, int64_t step) {
  return start.size == 0 && step == 1 && ((!end.per_sample && end.size >= kMaxTensorElements) || end == dim);
}

// Starts, ends, axes and steps are attributes up to opset 9, inputs since.
Outputs infer_slice(const Node& node, Inputs inputs) {
  const auto bounds = [&](const char* name, size_t index) -> Result<Elements> {
    if (const ValueInfo* info = input_or_null(inputs, index)) {
      if (info->elements) return *info->elements;
      return unsupported(std::string(name) + " must be known before the model runs, but it is computed from data");
    }
    if (!node.has(name)) return invalid_model(std::string(name) + " is missing");
    Elements elements;
    for (int64_t value : node.integers(name)) elements.push_back({value, false});
    return elements;
  };
  OFFRAMP_TRY(const Elements starts, bounds("starts", 1));
  OFFRAMP_TRY(const Elements ends, bounds("ends", 2));
  OFFRAMP_TRY(const auto given_axes, integers_of(node, "axes", inputs, 3));
  OFFRAMP_TRY(const auto given_steps, integers_of(node, "steps", inputs, 4));
  std::vector<int64_t> axes, steps(starts.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) axes.push_back(int64_t(i));
  if (given_axes) axes = *given_axes;
  if (given_steps) steps = *given_steps;
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    return invalid_model("starts, ends, axes and steps must be equally many, got " + std::to_string(starts.size()) +
                         ", " + std::to_string(ends.size()) + ", " + std::to_string(axes.size()) + " and " +
                         std::to_string(steps.size()));
  OFFRAMP_TRY([[maybe_unused]] const auto distinct, resolve_axes(axes, inputs[0]->shape.size()));

  ValueInfo output = make_info(inputs[0]->dtype, inputs[0]->shape);
  output.elements = inputs[0]->elements;
  for (size_t i = 0; i < starts.size(); ++i) {
    OFFRAMP_TRY(const size_t axis, resolve_axis(axes[i], output.shape.size()));
    Dim& dim = output.shape[axis];
    if (dim.per_sample && keeps_batch(dim, starts[i], ends[i], steps[i])) continue;
    OFFRAMP_TRY(const int64_t size, fixed_size(output.shape, axis, "the slice"));
    // One sample's number of elements, as an end, is beyond the axis for any batch.
    const bool to_the_end = ends[i].per_sample && ends[i].size >= size && steps[i] > 0;
    if (starts[i].per_sample || (ends[i].per_sample && !to_the_end))
      return unsupported("starts or ends depend on the batch size");
    OFFRAMP_TRY(const SliceRange range, slice_range(size, starts[i].size, to_the_end ? size : ends[i].size, steps[i]));
    if (output.elements) output.elements = slice_elements(*output.elements, output.shape, axis, range);
    dim.size = range.count;
  }
  return std::vector<ValueInfo>{std::move(output)};
}

// Pads are an attribute up to opset 10, an input since; opset 18 adds the axes they are for.
Outputs infer_pad(const Node& node, Inputs inputs) {
  Shape shape = inputs[0]->shape;
  OFFRAMP_TRY(const auto pads, integers_of(node, "pads", inputs, 1));
  if (!pads) return invalid_model("pads is missing");
  std::vector<int64_t> axes;
  if (const ValueInfo* info = input_or_null(inputs, 3)) {
    OFFRAMP_TRY(axes, known_integers(*info, "axes"));
  } else {
    for (size_t i = 0; i < shape.size(); ++i) axes.push_back(int64_t(i));
  }
  if (pads->size() != 2 * axes.size())
    return invalid_model("pads: expected " + std::to_string(2 * axes.size()) + " values, got " +
                         std::to_string(pads->size()));
  const std::string mode = node.text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    return invalid_model("attribute mode: expected constant, reflect, edge or wrap, got " + mode);
  OFFRAMP_TRY([[maybe_unused]] const auto distinct, resolve_axes(axes, shape.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    OFFRAMP_TRY(const size_t axis, resolve_axis(axes[i], shape.size()));
    const int64_t before = (*pads)[i], after = (*pads)[i + axes.size()];
    if (before == 0 && after == 0) continue;
    OFFRAMP_TRY(const int64_t size, fixed_size(shape, axis, "the pad"));
    // Reflection needs other elements to mirror, edge and wrap need any at all; cropping comes first.
    const int64_t left = size + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
    int64_t most = kMaxTensorElements;
    if (mode == "reflect") most = std::max<int64_t>(left - 1, 0);
    else if (mode != "constant" && left <= 0) most = 0;
    if (before < -size || after < -size || before > most || after > most || size + before + after < 0)
      return invalid_model("pads " + std::to_string(before) + " and " + std::to_string(after) + " do not suit axis " +
                           std::to_string(axis) + " of " + to_string(inputs[0]->shape) + " in mode " + mode);
    shape[axis].size = size + before + after;
  }
  return one_output(inputs[0]->dtype, std::move(shape));
}

Elements transpose_elements(const Elements& elements, const Shape& shape, const std::vector<int64_t>& order) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i].size;
  Elements moved;
  std::vector<int64_t> index(shape.size(), 0);  // in the result
  for (size_t n = 0; n < elements.size(); ++n) {
    int64_t from = 0;
    for (size_t i = 0; i < order.size(); ++i) from += index[i] * strides[size_t(order[i])];
    moved.push_back(elements[size_t(from)]);
    for (size_t i = order.size(); i-- > 0;) {
      if (++index[i] < shape[size_t(order[i])].size) break;
      index[i] = 0;
    }
  }
  return moved;
}

Outputs infer_transpose(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  std::vector<int64_t> order = node.integers("perm");
  if (!node.has("perm"))
    for (size_t i = 0; i < shape.size(); ++i) order.push_back(int64_t(shape.size() - 1 - i));
  std::vector<bool> used(shape.size(), false);
  Shape result;
  for (int64_t axis : order) {
    if (axis < 0 || axis >= int64_t(shape.size()) || used[size_t(axis)]) break;
    used[size_t(axis)] = true;
    result.push_back(shape[size_t(axis)]);
  }
  if (result.size() != shape.size() || order.size() != shape.size())
    return invalid_model("attribute perm: " + to_string(Dims(order)) + " is not an order of the axes of " +
                         to_string(shape));
  ValueInfo output = make_info(inputs[0]->dtype, std::move(result));
  if (inputs[0]->elements) output.elements = transpose_elements(*inputs[0]->elements, shape, order);
  return std::vector<ValueInfo>{std::move(output)};
}

Status expect_indices_within(const ValueInfo& indices, int64_t size) {
  const auto check = [size](auto values) -> Status {
    for (const int64_t index : values)
      if (index < -size || index >= size)
        return invalid_model("index " + std::to_string(index) + " is outside of an axis of " + std::to_string(size));
    return {};
  };
  if (indices.dtype != DType::kI64 && indices.dtype != DType::kI32)
    return invalid_model("indices must be i64 or i32, got " + std::string(to_string(indices.dtype)));
  if (!indices.constant) return {};
  return indices.dtype == DType::kI64 ? check(indices.constant->data<int64_t>())
                                      : check(indices.constant->data<int32_t>());
}

Outputs infer_gather(const Node& node, Inputs inputs) {
  const ValueInfo &data = *inputs[0], &indices = *inputs[1];
  OFFRAMP_TRY(const size_t axis, resolve_axis(node.integer("axis", 0), data.shape.size()));
  OFFRAMP_TRY(const int64_t size, fixed_size(data.shape, axis, "the gather"));
  OFFRAMP_RETURN_IF_ERROR(expect_indices_within(indices, size));
  Shape shape(data.shape.begin(), data.shape.begin() + int64_t(axis));
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), data.shape.begin() + int64_t(axis) + 1, data.shape.end());
  OFFRAMP_RETURN_IF_ERROR(expect_one_batch(shape));
  ValueInfo output = make_info(data.dtype, std::move(shape));
  if (data.elements && data.shape.size() == 1 && indices.elements) {
    Elements picked;
    for (Dim index : *indices.elements) {
      const int64_t at = index.size < 0 ? index.size + size : index.size;
      if (index.per_sample || at < 0 || at >= size) return std::vector<ValueInfo>{std::move(output)};
      picked.push_back((*data.elements)[size_t(at)]);
    }
    output.elements = std::move(picked);
  }
  return std::vector<ValueInfo>{std::move(output)};
}

}  // namespace

void register_data_movement(Registry& registry) {
  add_operator(registry, "Identity", 1, 1, infer_identity);
  add_operator(registry, "Concat", 1, kAnyNumber, infer_concat);
  add_operator(registry, "Split", 1, 2, infer_split);
  add_operator(registry, "Slice", 1, 5, infer_slice);
  add_operator(registry, "Pad", 1, 4, infer_pad);
  add_operator(registry, "Transpose", 1, 1, infer_transpose);
  add_operator(registry, "Gather", 2, 2, infer_gather);
}

}  // namespace offramp::ops
