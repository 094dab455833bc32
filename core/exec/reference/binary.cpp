// Arithmetic with two or more inputs, broadcast, for f32, i64 and i32. Integers wrap around.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "exec/reference/broadcast.h"

namespace offramp::reference {
namespace {

template <class T>
T wrap(std::make_unsigned_t<T> value) {
  return T(value);
}

template <class T>
Result<Tensor> integer_arithmetic(const std::string& op, const Tensor& a, const Tensor& b) {
  using U = std::make_unsigned_t<T>;
  if (op == "Add") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return wrap<T>(U(x) + U(y)); });
  if (op == "Sub") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return wrap<T>(U(x) - U(y)); });
  if (op == "Mul") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return wrap<T>(U(x) * U(y)); });
  if (op == "Min") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return std::min(x, y); });
  if (op == "Max") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return std::max(x, y); });
  if (op == "Div") {
    for (T y : b.data<T>())
      if (y == 0) return invalid_model("integer division by zero");
    // Dividing by -1 is negation: the lowest integer has no positive counterpart.
    return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return y == -1 ? wrap<T>(U(0) - U(x)) : T(x / y); });
  }
  return unsupported("operator " + op + " on integers");
}

Result<Tensor> float_arithmetic(const std::string& op, const Tensor& a, const Tensor& b) {
  constexpr DType f32 = DType::kF32;
  if (op == "Add") return map_broadcast<float, float>(a, b, f32, [](float x, float y) { return x + y; });
  if (op == "Sub") return map_broadcast<float, float>(a, b, f32, [](float x, float y) { return x - y; });
  if (op == "Mul") return map_broadcast<float, float>(a, b, f32, [](float x, float y) { return x * y; });
  if (op == "Div") return map_broadcast<float, float>(a, b, f32, [](float x, float y) { return x / y; });
  if (op == "Pow") return map_broadcast<float, float>(a, b, f32, [](float x, float y) { return std::pow(x, y); });
  // A NaN on either side stays one.
  if (op == "Min")
    return map_broadcast<float, float>(a, b, f32, [](float x, float y) { return x < y || x != x ? x : y; });
  if (op == "Max")
    return map_broadcast<float, float>(a, b, f32, [](float x, float y) { return x > y || x != x ? x : y; });
  return unsupported("operator " + op + " on f32");
}

Result<Tensor> arithmetic(const std::string& op, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype())
    return invalid_model("inputs must have one type, got " + std::string(to_string(a.dtype())) + " and " +
                         std::string(to_string(b.dtype())));
  if (a.dtype() == DType::kF32) return float_arithmetic(op, a, b);
  if (a.dtype() == DType::kI64) return integer_arithmetic<int64_t>(op, a, b);
  if (a.dtype() == DType::kI32) return integer_arithmetic<int32_t>(op, a, b);
  return unsupported("the inputs are " + std::string(to_string(a.dtype())) + ", only f32, i64 and i32 have kernels");
}

// By squaring, wrapping around; negative exponents give 0 but for bases 1 and -1.
int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, square = uint64_t(base);
  for (auto rest = uint64_t(exponent); rest > 0; rest >>= 1, square *= square)
    if (rest & 1) result *= square;
  return int64_t(result);
}

Result<Tensor> to_f32(const Tensor& x) {
  if (x.dtype() == DType::kF32) return x;
  Tensor out(DType::kF32, x.dims());
  const auto to = out.mutable_data<float>();
  for (size_t i = 0; i < to.size(); ++i) {
    if (x.dtype() == DType::kI64)
      to[i] = float(x.data<int64_t>()[i]);
    else if (x.dtype() == DType::kI32)
      to[i] = float(x.data<int32_t>()[i]);
    else
      return unsupported("an exponent of type " + std::string(to_string(x.dtype())));
  }
  return out;
}

}  // namespace

Outputs run_binary(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  OFFRAMP_TRY(Tensor out, arithmetic(node.op, *inputs[0], *inputs[1]));
  return one(std::move(out));
}

Outputs run_variadic(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, std::max<size_t>(1, inputs.size()), inputs.size()));
  Tensor out = *inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    OFFRAMP_TRY(out, arithmetic(node.op, out, *inputs[i]));
  }
  return one(std::move(out));
}

Outputs run_pow(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  if (inputs[0]->dtype() == DType::kI64 && inputs[1]->dtype() == DType::kI64) {
    OFFRAMP_TRY(Tensor out, map_broadcast<int64_t, int64_t>(*inputs[0], *inputs[1], DType::kI64, integer_power));
    return one(std::move(out));
  }
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(*inputs[0], DType::kF32, "the base"));
  OFFRAMP_TRY(const Tensor exponent, to_f32(*inputs[1]));
  OFFRAMP_TRY(Tensor out, arithmetic("Pow", *inputs[0], exponent));
  return one(std::move(out));
}

}  // namespace offramp::reference
