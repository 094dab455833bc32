// Shape, Size, Cast, CastLike, ConstantOfShape and Range: what exporters build shape arithmetic from.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

#include "exec/reference/arguments.h"
#include "exec/reference/types.h"
#include "graph/operators.h"

namespace offramp::reference {
namespace {

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// Rounds towards zero; what does not fit becomes the nearest that does, NaN becomes 0.
template <class T>
T saturate(double value) {
  if (!(value == value)) return 0;
  if (value <= double(std::numeric_limits<T>::lowest())) return std::numeric_limits<T>::lowest();
  if (value >= double(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return T(value);
}

template <class T>
void store(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof(T));
}

// Value is double (from floating types) or int64_t (from the others); integers narrow by wrapping.
template <class Value>
void store_as(DType dtype, std::byte* at, Value value) {
  const auto integer = [&]<class T>(T) {
    if constexpr (std::is_same_v<Value, double>)
      store<T>(at, saturate<T>(value));
    else
      store<T>(at, T(value));
  };
  switch (dtype) {
    case DType::kF64: store<double>(at, double(value)); break;
    case DType::kF32: store<float>(at, float(value)); break;
    case DType::kF16: store<uint16_t>(at, float_to_half(float(value))); break;
    case DType::kI64: integer(int64_t{}); break;
    case DType::kI32: integer(int32_t{}); break;
    case DType::kI16: integer(int16_t{}); break;
    case DType::kI8: integer(int8_t{}); break;
    case DType::kU16: integer(uint16_t{}); break;
    case DType::kU8: integer(uint8_t{}); break;
    case DType::kBool: store<uint8_t>(at, value != 0); break;
  }
}

void cast_element(DType from, const std::byte* source, DType to, std::byte* target) {
  switch (from) {
    case DType::kF64: return store_as(to, target, load<double>(source));
    case DType::kF32: return store_as(to, target, double(load<float>(source)));
    case DType::kF16: return store_as(to, target, double(half_to_float(load<uint16_t>(source))));
    case DType::kI64: return store_as(to, target, load<int64_t>(source));
    case DType::kI32: return store_as(to, target, int64_t(load<int32_t>(source)));
    case DType::kI16: return store_as(to, target, int64_t(load<int16_t>(source)));
    case DType::kI8: return store_as(to, target, int64_t(load<int8_t>(source)));
    case DType::kU16: return store_as(to, target, int64_t(load<uint16_t>(source)));
    case DType::kU8: return store_as(to, target, int64_t(load<uint8_t>(source)));
    case DType::kBool: return store_as(to, target, int64_t(load<uint8_t>(source) != 0));
  }
}

template <class T>
Outputs make_range(Inputs inputs) {
  const T start = inputs[0]->data<T>()[0], limit = inputs[1]->data<T>()[0], delta = inputs[2]->data<T>()[0];
  if (delta == 0 || delta != delta) return invalid_model("a delta of 0 or NaN");
  const double steps = std::ceil((double(limit) - double(start)) / double(delta));
  if (!(steps <= double(kMaxTensorElements)))
    return limit_exceeded("the range has more than " + std::to_string(kMaxTensorElements) + " elements");
  OFFRAMP_TRY(Tensor out, create_output(inputs[0]->dtype(), {std::max<int64_t>(0, int64_t(std::max(steps, 0.0)))}));
  const auto to = out.mutable_data<T>();
  for (size_t i = 0; i < to.size(); ++i) {
    if constexpr (std::is_integral_v<T>) {
      using U = std::make_unsigned_t<T>;
      to[i] = T(U(start) + U(i) * U(delta));
    } else {
      to[i] = start + T(i) * delta;
    }
  }
  return one(std::move(out));
}

Outputs run_shape(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Dims& dims = inputs[0]->dims();
  const auto rank = int64_t(dims.size());
  const auto place = [&](int64_t axis) { return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
  const int64_t start = place(node.integer("start", 0)), end = place(node.integer("end", rank));
  const std::vector<int64_t> part(dims.begin() + start, dims.begin() + std::max(start, end));
  return one(Tensor::of<int64_t>({int64_t(part.size())}, part));
}

Outputs run_cast(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  const auto dtype = dtype_of_onnx(node.integer("to", 0));
  if (!dtype)
    return unsupported("attribute to: element type " + std::to_string(node.integer("to", 0)) + " has no kernel");
  OFFRAMP_TRY(Tensor out, cast_tensor(x, *dtype));
  return one(std::move(out));
}

Outputs run_cast_like(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  OFFRAMP_TRY(Tensor out, cast_tensor(*inputs[0], inputs[1]->dtype()));
  return one(std::move(out));
}

Outputs run_size(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  return one(Tensor::of<int64_t>({}, std::vector<int64_t>{inputs[0]->elements()}));
}

Outputs run_constant_of_shape(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  OFFRAMP_TRY(const Dims dims, integers_of(*inputs[0], "shape"));
  Tensor value(DType::kF32, {1});
  if (const auto found = node.attributes.find("value"); found != node.attributes.end()) {
    const auto* given = std::get_if<Tensor>(&found->second);
    if (!given || given->elements() != 1) return invalid_model("attribute value must be a tensor of one element");
    value = *given;
  }
  OFFRAMP_TRY(Tensor out, create_output(value.dtype(), dims));
  const size_t size = byte_size(value.dtype());
  std::byte* to = out.mutable_raw();
  for (int64_t i = 0; i < out.elements(); ++i) std::memcpy(to + size_t(i) * size, value.raw(), size);
  return one(std::move(out));
}

Outputs run_range(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 3));
  for (const Tensor* input : inputs)
    if (input->elements() != 1 || input->dtype() != inputs[0]->dtype())
      return invalid_model("start, limit and delta must be scalars of one type");
  if (inputs[0]->dtype() == DType::kF32) return make_range<float>(inputs);
  if (inputs[0]->dtype() == DType::kI64) return make_range<int64_t>(inputs);
  if (inputs[0]->dtype() == DType::kI32) return make_range<int32_t>(inputs);
  return unsupported("a range of " + std::string(to_string(inputs[0]->dtype())));
}

}  // namespace

Result<Tensor> cast_tensor(const Tensor& x, DType dtype) {
  if (dtype == x.dtype()) return x;
  OFFRAMP_TRY(Tensor out, create_output(dtype, x.dims()));
  std::byte* to = out.mutable_raw();
  for (int64_t i = 0; i < x.elements(); ++i)
    cast_element(x.dtype(), x.raw() + size_t(i) * byte_size(x.dtype()), dtype, to + size_t(i) * byte_size(dtype));
  return out;
}

void register_shapes(KernelTable& table) {
  add_kernels(table, {"Shape"}, run_shape, kAny);
  add_kernels(table, {"Size"}, run_size, kAny);
  add_kernels(table, {"Cast"}, run_cast, kAny);
  add_kernels(table, {"CastLike"}, run_cast_like, kAny);
  add_kernels(table, {"ConstantOfShape"}, run_constant_of_shape, kAny);
  add_kernels(table, {"Range"}, run_range, kF32 | kIndices);
}

}  // namespace offramp::reference
