// Operators that make or use shapes. Exporters write "keep the batch, flatten the rest" as Shape -> Gather -> Concat ->
// Reshape; the batch size N stays a symbol along that chain.
#include <algorithm>
#include <cmath>

#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

using Elements = std::vector<Dim>;

bool is_integer(DType dtype) { return dtype == DType::kI64 || dtype == DType::kI32; }

Outputs cast(const ValueInfo& from, DType to) {
  ValueInfo output = make_info(to, from.shape);
  // A sound exporter casts shapes among integers only, or through bool and float where they are small.
  if (is_integer(to) || to == from.dtype) output.elements = from.elements;
  return std::vector<ValueInfo>{std::move(output)};
}

Outputs infer_cast(const Node& node, Inputs inputs) {
  const int64_t code = node.integer("to", 0);
  const std::optional<DType> to = dtype_of_onnx(code);
  if (!to) return unsupported("attribute to: type number " + std::to_string(code) + " is not supported");
  return cast(*inputs[0], *to);
}

Outputs infer_cast_like(const Node&, Inputs inputs) { return cast(*inputs[0], inputs[1]->dtype); }

Outputs infer_constant(const Node& node, Inputs) {
  if (const auto found = node.attributes.find("value"); found != node.attributes.end()) {
    const Tensor* tensor = std::get_if<Tensor>(&found->second);
    if (!tensor) return invalid_model("attribute value must be a tensor");
    ValueInfo output = make_info(tensor->dtype(), {});
    for (int64_t dim : tensor->dims()) output.shape.push_back({dim, false});
    output.constant = tensor;
    output.elements = carried_elements(*tensor);
    return std::vector<ValueInfo>{std::move(output)};
  }
  if (node.has("value_int") || node.has("value_ints")) {
    const bool scalar = node.has("value_int");
    const std::vector<int64_t> values =
        scalar ? std::vector{node.integer("value_int", 0)} : node.integers("value_ints");
    ValueInfo output = make_info(DType::kI64, scalar ? Shape{} : Shape{{int64_t(values.size()), false}});
    if (int64_t(values.size()) <= kMaxCarriedElements) {
      output.elements.emplace();
      for (int64_t value : values) output.elements->push_back({value, false});
    }
    return std::vector<ValueInfo>{std::move(output)};
  }
  if (node.has("value_float")) return one_output(DType::kF32, {});
  if (const auto found = node.attributes.find("value_floats"); found != node.attributes.end()) {
    const auto* values = std::get_if<std::vector<float>>(&found->second);
    return one_output(DType::kF32, Shape{{values ? int64_t(values->size()) : 0, false}});
  }
  return unsupported("only tensors, integers and floats are supported as its value");
}

Outputs infer_shape(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  const auto rank = int64_t(shape.size());
  const auto resolve = [rank](int64_t at) { return std::clamp(at < 0 ? at + rank : at, int64_t{0}, rank); };
  const int64_t start = resolve(node.integer("start", 0)), end = resolve(node.integer("end", rank));
  ValueInfo output = make_info(DType::kI64, {{std::max(end - start, int64_t{0}), false}});
  output.elements = start < end ? Elements(shape.begin() + start, shape.begin() + end) : Elements();
  return std::vector<ValueInfo>{std::move(output)};
}

Outputs infer_size(const Node&, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  OFFRAMP_TRY(const Dim size, product(shape, 0, shape.size()));
  ValueInfo output = make_info(DType::kI64, {});
  output.elements = Elements{size};
  return std::vector<ValueInfo>{std::move(output)};
}

// The dimensions that a shape input stands for. Errors: kUnsupported if computed from data.
Result<Elements> target_dims(const ValueInfo& info) {
  if (info.shape.size() > 1)
    return invalid_model("the target shape must be a list, got shape " + to_string(info.shape));
  if (!info.elements) return unsupported("the target shape is computed from data");
  for (Dim dim : *info.elements)
    if (dim.size < -1 || dim.size > kMaxTensorElements || (dim.per_sample && dim.size < 0))
      return invalid_model("the target shape " + to_string(*info.elements) + " has impossible dimensions");
  return *info.elements;
}

Outputs infer_constant_of_shape(const Node& node, Inputs inputs) {
  OFFRAMP_TRY(const Elements dims, target_dims(*inputs[0]));
  const auto found = node.attributes.find("value");
  const Tensor* value = found == node.attributes.end() ? nullptr : std::get_if<Tensor>(&found->second);
  if (value && value->elements() != 1)
    return invalid_model("attribute value must have one element, got " + std::to_string(value->elements()));
  ValueInfo output = make_info(value ? value->dtype() : DType::kF32, dims);
  const auto element = value ? carried_elements(value->reshaped({1})) : std::nullopt;
  if (element && dims.size() <= 1 && (dims.empty() || !dims[0].per_sample)) {
    const int64_t count = dims.empty() ? 1 : dims[0].size;
    if (count >= 0 && count <= kMaxCarriedElements) output.elements = Elements(size_t(count), element->front());
  }
  return std::vector<ValueInfo>{std::move(output)};
}

// How many elements a shape has: coefficient times N, N^2, ... by the number of dimensions that depend on the batch.
struct Amount {
  int64_t coefficient = 1;
  int batches = 0;
};

Result<Amount> amount_of(const Shape& shape) {
  Amount amount;
  Shape fixed = shape;
  for (Dim& dim : fixed) {
    amount.batches += dim.per_sample ? 1 : 0;
    dim.per_sample = false;
  }
  OFFRAMP_TRY(const Dim total, product(fixed, 0, fixed.size()));
  amount.coefficient = total.size;
  return amount;
}

// Where a batch that is not leading stays: [T, N, 2, 8] into [T, 1, 16], as an export with a batch of 1 states it.
std::optional<size_t> batch_behind(const Shape& from, const Elements& to) {
  for (size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
    if (from[i].per_sample) return i > 0 && to[i] == Dim{from[i].size, false} ? std::optional(i) : std::nullopt;
    if (from[i] != to[i]) return std::nullopt;
  }
  return std::nullopt;
}

// 0 copies the input's dimension, -1 takes what is left over.
Outputs infer_reshape(const Node& node, Inputs inputs) {
  const Shape& from = inputs[0]->shape;
  OFFRAMP_TRY(Elements to, target_dims(*inputs[1]));
  const std::string texts = to_string(from) + " into " + to_string(to);
  const auto mismatch = [&] { return invalid_model("cannot reshape " + texts); };
  int inferred = -1;
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i] == Dim{0, false} && node.integer("allowzero", 0) == 0) {
      if (i >= from.size()) return mismatch();
      to[i] = from[i];
    } else if (to[i].size == -1) {
      if (inferred >= 0) return invalid_model("cannot reshape " + texts + ": only one dimension may be left open");
      inferred = int(i);
      to[i] = Dim{};
    }
  }
  OFFRAMP_TRY(const Amount have, amount_of(from));
  OFFRAMP_TRY(Amount want, amount_of(to));
  // A target with a fixed leading dimension says nothing of the batch: it was exported with a batch of 1, most often as
  // a leading 1. Samples lie one after another, so the batch goes to the leading dimension: [1, 256] means [N, 256]. But
  // [17N, 32] into [17, -1, 32] splits the batch off: [17, N, 32].
  const bool leads = !from.empty() && from[0].per_sample && !to.empty();
  const bool splits = leads && inferred > 0 && to[0].size > 1 && from[0].size % to[0].size == 0;
  if (leads && !splits && have.batches == want.batches + 1 && inferred != 0) {
    to[0].per_sample = true;
    ++want.batches;
  }
  if (const auto behind = batch_behind(from, to); behind && have.batches == want.batches + 1 && inferred != int(*behind)) {
    to[*behind].per_sample = true;
    ++want.batches;
  }
  if (inferred >= 0) {
    if (want.coefficient == 0 || have.coefficient % want.coefficient != 0) return mismatch();
    to[size_t(inferred)].size = have.coefficient / want.coefficient;
    want.coefficient = have.coefficient;
    if (have.batches == want.batches + 1) {
      to[size_t(inferred)].per_sample = true;
      ++want.batches;
    }
  }
  if (have.batches != want.batches || have.coefficient != want.coefficient) return mismatch();
  ValueInfo output = make_info(inputs[0]->dtype, std::move(to));
  output.elements = inputs[0]->elements;
  return std::vector<ValueInfo>{std::move(output)};
}

Outputs infer_flatten(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  const int64_t axis = node.integer("axis", 1);
  // Unlike elsewhere the rank itself is allowed: it puts everything into the first dimension.
  size_t split = shape.size();
  if (axis != int64_t(shape.size())) {
    OFFRAMP_TRY(split, resolve_axis(axis, shape.size()));
  }
  OFFRAMP_TRY(const Dim rows, product(shape, 0, split));
  OFFRAMP_TRY(const Dim columns, product(shape, split, shape.size()));
  return one_output(inputs[0]->dtype, {rows, columns});
}

// The axes are an attribute up to opset 12, an input since. None means all dimensions of size 1.
Outputs infer_squeeze(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  OFFRAMP_TRY(const auto axes, integers_of(node, "axes", inputs, 1));
  std::vector<bool> dropped(shape.size(), false);
  if (axes) {
    OFFRAMP_TRY(dropped, resolve_axes(*axes, shape.size()));
  } else {
    for (size_t i = 0; i < shape.size(); ++i) dropped[i] = shape[i] == Dim{};
  }
  ValueInfo output = make_info(inputs[0]->dtype, {});
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!dropped[i]) {
      output.shape.push_back(shape[i]);
      continue;
    }
    OFFRAMP_TRY(const int64_t size, fixed_size(shape, i, "the squeeze"));
    if (size != 1)
      return invalid_model("axis " + std::to_string(i) + " of " + to_string(shape) + " is not 1 and cannot be dropped");
  }
  output.elements = inputs[0]->elements;
  return std::vector<ValueInfo>{std::move(output)};
}

Outputs infer_unsqueeze(const Node& node, Inputs inputs) {
  const Shape& shape = inputs[0]->shape;
  OFFRAMP_TRY(const auto axes, integers_of(node, "axes", inputs, 1));
  if (!axes) return invalid_model("axes is missing");
  OFFRAMP_TRY(const auto added, resolve_axes(*axes, shape.size() + axes->size()));
  ValueInfo output = make_info(inputs[0]->dtype, {});
  size_t next = 0;
  for (size_t i = 0; i < added.size(); ++i) output.shape.push_back(added[i] ? Dim{} : shape[next++]);
  output.elements = inputs[0]->elements;
  return std::vector<ValueInfo>{std::move(output)};
}

Outputs infer_expand(const Node&, Inputs inputs) {
  OFFRAMP_TRY(const Shape target, target_dims(*inputs[1]));
  for (Dim dim : target)
    if (dim.size < 0) return invalid_model("the target shape " + to_string(target) + " has impossible dimensions");
  const Shape* both[] = {&inputs[0]->shape, &target};
  OFFRAMP_TRY(Shape shape, broadcast(both));
  ValueInfo output = make_info(inputs[0]->dtype, std::move(shape));
  if (output.shape == inputs[0]->shape) output.elements = inputs[0]->elements;
  return std::vector<ValueInfo>{std::move(output)};
}

// A range of floats has as many elements as steps fit, computed as its kernel does.
Outputs infer_float_range(Inputs inputs) {
  double bounds[3];
  for (size_t i = 0; i < 3; ++i) {
    if (!inputs[i]->constant) return unsupported("the range's limits are computed from data");
    if (inputs[i]->constant->elements() != 1) return invalid_model("start, limit and delta must be scalars");
    bounds[i] = double(inputs[i]->constant->data<float>()[0]);
  }
  const double steps = std::ceil((bounds[1] - bounds[0]) / bounds[2]);
  if (bounds[2] == 0 || steps != steps) return invalid_model("delta must be a number other than 0");
  if (steps > double(kMaxTensorElements))
    return limit_exceeded("the range has more than " + std::to_string(kMaxTensorElements) + " elements");
  return one_output(DType::kF32, {{int64_t(std::max(steps, 0.0)), false}});
}

Outputs infer_range(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  if (inputs[0]->dtype == DType::kF32) return infer_float_range(inputs);
  if (!is_integer(inputs[0]->dtype))
    return unsupported("only ranges of f32, i64 and i32 are supported, got " +
                       std::string(to_string(inputs[0]->dtype)));
  std::vector<Dim> bounds;
  for (const ValueInfo* info : inputs) {
    if (!info->elements) return unsupported("the range's limits are computed from data");
    if (info->elements->size() != 1) return invalid_model("start, limit and delta must be scalars");
    bounds.push_back(info->elements->front());
  }
  const Dim start = bounds[0], limit = bounds[1], delta = bounds[2];
  if (delta == Dim{0, false}) return invalid_model("delta must not be 0");
  if (start == Dim{0, false} && delta == Dim{1, false} && limit.per_sample)
    return one_output(inputs[0]->dtype, {limit});
  if (start.per_sample || limit.per_sample || delta.per_sample)
    return unsupported("the range depends on the batch size");
  for (Dim bound : bounds)
    if (bound.size < -kMaxTensorElements || bound.size > kMaxTensorElements)
      return limit_exceeded("the range's limits are beyond " + std::to_string(kMaxTensorElements));
  const int64_t span = limit.size - start.size;
  const bool empty = span == 0 || (span < 0) != (delta.size < 0);
  const int64_t count = empty ? 0 : (span - (delta.size > 0 ? 1 : -1)) / delta.size + 1;
  ValueInfo output = make_info(inputs[0]->dtype, {{count, false}});
  if (count <= kMaxCarriedElements) {
    output.elements.emplace();
    for (int64_t i = 0; i < count; ++i) output.elements->push_back({start.size + i * delta.size, false});
  }
  return std::vector<ValueInfo>{std::move(output)};
}

}  // namespace

void register_shape_chain(Registry& registry) {
  add_operator(registry, "Cast", 1, 1, infer_cast);
  add_operator(registry, "CastLike", 2, 2, infer_cast_like);
  add_operator(registry, "Size", 1, 1, infer_size);
  add_operator(registry, "Constant", 0, 0, infer_constant);
  add_operator(registry, "ConstantOfShape", 1, 1, infer_constant_of_shape);
  add_operator(registry, "Shape", 1, 1, infer_shape);
  add_operator(registry, "Reshape", 2, 2, infer_reshape);
  add_operator(registry, "Flatten", 1, 1, infer_flatten);
  add_operator(registry, "Squeeze", 1, 2, infer_squeeze);
  add_operator(registry, "Unsqueeze", 1, 2, infer_unsqueeze);
  add_operator(registry, "Expand", 2, 2, infer_expand);
  add_operator(registry, "Range", 3, 3, infer_range);
}

}  // namespace offramp::ops
