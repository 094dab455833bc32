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

// Wraps around at 2^64.
template <class Function>
Result<Tensor> map_wrapping(const Tensor& a, const Tensor& b, Function) {
  return map_broadcast<int64_t, int64_t>(
      a, b, a.dtype(), [](int64_t x, int64_t y) { return int64_t(Function{}(uint64_t(x), uint64_t(y))); });
}

// Dividing by -1 is negation: the lowest integer has no positive counterpart.
int64_t quotient(int64_t x, int64_t y) { return y == -1 ? int64_t(0 - uint64_t(x)) : x / y; }

// With the dividend's sign, as in C.
int64_t remainder(int64_t x, int64_t y) { return y == -1 ? 0 : x % y; }

// With the divisor's sign, as in Python.
int64_t modulo(int64_t x, int64_t y) {
  const int64_t rest = remainder(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

Result<Tensor> integer_arithmetic(const Node& node, const Tensor& a, const Tensor& b) {
  using T = int64_t;
  const std::string& op = node.op;
  if (op == "Add") return map_wrapping(a, b, [](uint64_t x, uint64_t y) { return x + y; });
  if (op == "Sub") return map_wrapping(a, b, [](uint64_t x, uint64_t y) { return x - y; });
  if (op == "Mul") return map_wrapping(a, b, [](uint64_t x, uint64_t y) { return x * y; });
  if (op == "Min") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return x < y ? x : y; });
  if (op == "Max") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return x > y ? x : y; });
  if (op == "BitwiseAnd") return map_wrapping(a, b, [](uint64_t x, uint64_t y) { return x & y; });
  if (op == "BitwiseOr") return map_wrapping(a, b, [](uint64_t x, uint64_t y) { return x | y; });
  if (op == "BitwiseXor") return map_wrapping(a, b, [](uint64_t x, uint64_t y) { return x ^ y; });
  for (const T divisor : b.data<T>())
    if (divisor == 0) return invalid_model("integer division by zero");
  if (op == "Div") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return quotient(x, y); });
  if (op == "Mod" && node.integer("fmod", 0) == 0)
    return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return modulo(x, y); });
  if (op == "Mod") return map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return remainder(x, y); });
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
  if (a.dtype() == DType::kF32) return float_arithmetic<float>(node, a, b);
  if (a.dtype() == DType::kF64) return float_arithmetic<double>(node, a, b);
  OFFRAMP_TRY(const Tensor wide_a, widen(a));
  OFFRAMP_TRY(const Tensor wide_b, widen(b));
  OFFRAMP_TRY(const Tensor out, integer_arithmetic(node, wide_a, wide_b));
  return cast_tensor(out, a.dtype());
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
  using T = int64_t;
  OFFRAMP_TRY(const Tensor a, widen(*inputs[0]));
  OFFRAMP_TRY(const Tensor b, widen(*inputs[1]));
  // Both types have at most 16 bits, so that nothing is left after 31.
  OFFRAMP_TRY(const Tensor wide, direction == "LEFT" ? map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) {
    return y > 31 ? T(0) : x << y;
  }) : map_broadcast<T, T>(a, b, a.dtype(), [](T x, T y) { return y > 31 ? T(0) : x >> y; }));
  OFFRAMP_TRY(Tensor out, cast_tensor(wide, inputs[0]->dtype()));
  return one(std::move(out));
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
