// Arithmetic with two or more inputs, broadcast. Integers wrap around.
#include <cmath>

#include "exec/reference/broadcast.h"

namespace offramp::reference {
namespace {

Status expect_same_types(Inputs inputs) {
  for (const Tensor* input : inputs)
    if (input->dtype() != inputs[0]->dtype())
      return invalid_model("inputs must have one type, got " + std::string(to_string(inputs[0]->dtype())) + " and " +
                           std::string(to_string(input->dtype())));
  return {};
}

// Sums and products are taken modulo 2^64 and cut, which is the same as wrapping at every step.
template <class T, class Function>
Result<Tensor> map_wrapping(const Tensor& a, const Tensor& b, Function) {
  return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return T(Function{}(uint64_t(x), uint64_t(y))); });
}

template <class T>
T quotient(T x, T y) {
  // Dividing by -1 is negation: the lowest integer has no positive counterpart.
  if (std::is_signed_v<T> && y == T(-1)) return T(0 - uint64_t(x));
  return T(x / y);
}

// With the dividend's sign, as in C.
template <class T>
T remainder(T x, T y) {
  return std::is_signed_v<T> && y == T(-1) ? T(0) : T(x % y);
}

// With the divisor's sign, as in Python.
template <class T>
T modulo(T x, T y) {
  const T rest = remainder(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? T(rest + y) : rest;
}

template <class T>
Result<Tensor> integer_arithmetic(const Node& node, const Tensor& a, const Tensor& b) {
  const std::string& op = node.op;
  if (op == "Add") return map_wrapping<T>(a, b, [](uint64_t x, uint64_t y) { return x + y; });
  if (op == "Sub") return map_wrapping<T>(a, b, [](uint64_t x, uint64_t y) { return x - y; });
  if (op == "Mul") return map_wrapping<T>(a, b, [](uint64_t x, uint64_t y) { return x * y; });
  if (op == "Min") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return x < y ? x : y; });
  if (op == "Max") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return x > y ? x : y; });
  if (op == "BitwiseAnd") return map_wrapping<T>(a, b, [](uint64_t x, uint64_t y) { return x & y; });
  if (op == "BitwiseOr") return map_wrapping<T>(a, b, [](uint64_t x, uint64_t y) { return x | y; });
  if (op == "BitwiseXor") return map_wrapping<T>(a, b, [](uint64_t x, uint64_t y) { return x ^ y; });
  for (int64_t i = 0; i < b.elements(); ++i)
    if (elements<T>(b)[i] == 0) return invalid_model("integer division by zero");
  if (op == "Div") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return quotient(x, y); });
  if (op == "Mod" && node.integer("fmod", 0) == 0)
    return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return modulo(x, y); });
  if (op == "Mod")
    return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return remainder(x, y); });
  return unsupported("operator " + op + " on integers");
}

template <class T>
Result<Tensor> float_arithmetic(const Node& node, const Tensor& a, const Tensor& b) {
  const std::string& op = node.op;
  const DType type = a.dtype();
  if (op == "Add") return map_broadcast<T, T>(a, b, type, [](T x, T y) { return x + y; });
  if (op == "Sub") return map_broadcast<T, T>(a, b, type, [](T x, T y) { return x - y; });
  if (op == "Mul") return map_broadcast<T, T>(a, b, type, [](T x, T y) { return x * y; });
  if (op == "Div") return map_broadcast<T, T>(a, b, type, [](T x, T y) { return x / y; });
  // A NaN on either side stays one.
  if (op == "Min") return map_broadcast<T, T>(a, b, type, [](T x, T y) { return x < y || x != x ? x : y; });
  if (op == "Max") return map_broadcast<T, T>(a, b, type, [](T x, T y) { return x > y || x != x ? x : y; });
  if (op == "Mod") {
    if (node.integer("fmod", 0) == 0) return invalid_model("attribute fmod must be 1 for floating-point inputs");
    return map_broadcast<T, T>(a, b, type, [](T x, T y) { return std::fmod(x, y); });
  }
  return unsupported("operator " + op + " on " + std::string(to_string(type)));
}

Result<Tensor> arithmetic(const Node& node, const Tensor& a, const Tensor& b) {
  return for_type(Numbers{}, a.dtype(), [&]<class T>(T) -> Result<Tensor> {
    if constexpr (std::is_integral_v<T>)
      return integer_arithmetic<T>(node, a, b);
    else
      return float_arithmetic<T>(node, a, b);
  });
}

Outputs run_binary(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  OFFRAMP_RETURN_IF_ERROR(expect_same_types(inputs));
  OFFRAMP_TRY(Tensor out, arithmetic(node, *inputs[0], *inputs[1]));
  return one(std::move(out));
}

// Min, Max, Sum and Mean, pair by pair.
Outputs run_variadic(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, std::max<size_t>(1, inputs.size()), inputs.size()));
  OFFRAMP_RETURN_IF_ERROR(expect_same_types(inputs));
  Node pair = node;
  if (node.op == "Sum" || node.op == "Mean") pair.op = "Add";
  Tensor out = *inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    OFFRAMP_TRY(out, arithmetic(pair, out, *inputs[i]));
  }
  if (node.op != "Mean") return one(std::move(out));
  return for_type(Floats{}, out.dtype(), [&]<class T>(T) -> Outputs {
    for (T& sum : out.mutable_data<T>()) sum /= T(inputs.size());
    return one(std::move(out));
  });
}

Outputs run_bit_shift(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  OFFRAMP_RETURN_IF_ERROR(expect_same_types(inputs));
  const std::string direction = node.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return invalid_model("attribute direction: expected LEFT or RIGHT, got \"" + direction + "\"");
  return for_type(UnsignedIntegers{}, inputs[0]->dtype(), [&]<class T>(T) -> Outputs {
    const Tensor &a = *inputs[0], &b = *inputs[1];
    // Both types have at most 16 bits, so that nothing is left after 31.
    OFFRAMP_TRY(Tensor out, direction == "LEFT" ? map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) {
      return y > 31 ? T(0) : T(uint64_t(x) << y);
    }) : map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return y > 31 ? T(0) : T(uint64_t(x) >> y); }));
    return one(std::move(out));
  });
}

}  // namespace

void register_binary(KernelTable& table) {
  add_kernels(table, {"Add", "Sub", "Mul", "Div", "Mod"}, run_binary, kNumbers);
  add_kernels(table, {"BitwiseAnd", "BitwiseOr", "BitwiseXor"}, run_binary, kIntegers);
  add_kernels(table, {"BitShift"}, run_bit_shift, kUnsigned);
  add_kernels(table, {"Min", "Max"}, run_variadic, kNumbers);
  add_kernels(table, {"Sum", "Mean"}, run_variadic, kFloats);
}

}  // namespace offramp::reference
