// Equal, Not and Where. Booleans are read as bytes: a hostile file may hold others than 0 and 1.
#include "exec/reference/broadcast.h"

namespace offramp::reference {
namespace {

template <class T>
Result<Tensor> equal(const Tensor& a, const Tensor& b) {
  return map_broadcast<T, uint8_t>(a, b, DType::kBool, [](T x, T y) { return uint8_t(x == y); });
}

template <class T>
Result<Tensor> choose(const Tensor& condition, const Tensor& a, const Tensor& b, const Dims& dims) {
  OFFRAMP_TRY(Tensor out, create_output(a.dtype(), dims));
  if (out.elements() == 0) return out;
  const auto* flags = reinterpret_cast<const uint8_t*>(condition.raw());
  const auto* x = reinterpret_cast<const T*>(a.raw());
  const auto* y = reinterpret_cast<const T*>(b.raw());
  auto* to = reinterpret_cast<T*>(out.mutable_raw());
  const Dims c_strides = broadcast_strides(condition.dims(), dims);
  const Dims x_strides = broadcast_strides(a.dims(), dims), y_strides = broadcast_strides(b.dims(), dims);
  Dims index(dims.size(), 0);
  do {
    int64_t c_at = 0, x_at = 0, y_at = 0;
    for (size_t i = 0; i < dims.size(); ++i) {
      c_at += index[i] * c_strides[i];
      x_at += index[i] * x_strides[i];
      y_at += index[i] * y_strides[i];
    }
    *to++ = flags[c_at] ? x[x_at] : y[y_at];
  } while (advance(index, dims));
  return out;
}

}  // namespace

Outputs run_equal(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor &a = *inputs[0], &b = *inputs[1];
  if (a.dtype() != b.dtype())
    return invalid_model("inputs must have one type, got " + std::string(to_string(a.dtype())) + " and " +
                         std::string(to_string(b.dtype())));
  Result<Tensor> out = unsupported("the inputs are " + std::string(to_string(a.dtype())) + ", which has no kernel");
  if (a.dtype() == DType::kF32) out = equal<float>(a, b);
  if (a.dtype() == DType::kI64) out = equal<int64_t>(a, b);
  if (a.dtype() == DType::kI32) out = equal<int32_t>(a, b);
  if (a.dtype() == DType::kBool)
    out = map_broadcast<uint8_t, uint8_t>(a, b, DType::kBool, [](uint8_t x, uint8_t y) { return uint8_t(!x == !y); });
  if (!out) return std::move(out).error();
  return one(std::move(out).value());
}

Outputs run_not(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(*inputs[0], DType::kBool, "the input"));
  Tensor out = *inputs[0];
  auto* data = reinterpret_cast<uint8_t*>(out.mutable_raw());
  for (int64_t i = 0; i < out.elements(); ++i) data[i] = !data[i];
  return one(std::move(out));
}

Outputs run_where(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 3));
  const Tensor &condition = *inputs[0], &a = *inputs[1], &b = *inputs[2];
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(condition, DType::kBool, "the condition"));
  if (a.dtype() != b.dtype())
    return invalid_model("inputs X and Y must have one type, got " + std::string(to_string(a.dtype())) + " and " +
                         std::string(to_string(b.dtype())));
  OFFRAMP_TRY(const Dims both, broadcast_dims(a.dims(), b.dims()));
  OFFRAMP_TRY(const Dims dims, broadcast_dims(condition.dims(), both));
  Result<Tensor> out = internal_error("element size");
  switch (byte_size(a.dtype())) {
    case 1: out = choose<uint8_t>(condition, a, b, dims); break;
    case 2: out = choose<uint16_t>(condition, a, b, dims); break;
    case 4: out = choose<uint32_t>(condition, a, b, dims); break;
    case 8: out = choose<uint64_t>(condition, a, b, dims); break;
  }
  if (!out) return std::move(out).error();
  return one(std::move(out).value());
}

}  // namespace offramp::reference
