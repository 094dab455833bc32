// Functions of single elements without parameters.
#include <algorithm>
#include <cmath>

#include "exec/reference/approximations.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// Wraps around instead of overflowing, as two's complement hardware does.
int64_t negate(int64_t value) { return int64_t(0 - uint64_t(value)); }

Outputs map_integers(const std::string& op, const Tensor& x) {
  using T = int64_t;
  if (op == "Abs") return map_elements<T>(x, [](T v) { return v < 0 ? negate(v) : v; });
  if (op == "Neg") return map_elements<T>(x, [](T v) { return negate(v); });
  if (op == "Relu") return map_elements<T>(x, [](T v) { return std::max<T>(v, 0); });
  if (op == "Sign") return map_elements<T>(x, [](T v) { return T((v > 0) - (v < 0)); });
  if (op == "BitwiseNot") return map_elements<T>(x, [](T v) { return T(~v); });
  return unsupported("operator " + op + " on integers");
}

template <class T>
Outputs map_floats(const std::string& op, const Tensor& x) {
  if (op == "Abs") return map_elements<T>(x, [](T v) { return std::fabs(v); });
  if (op == "Neg") return map_elements<T>(x, [](T v) { return -v; });
  if (op == "Relu") return map_elements<T>(x, [](T v) { return v < 0 ? T(0) : v; });
  if (op == "Sign") return map_elements<T>(x, [](T v) { return v > 0 ? T(1) : v < 0 ? T(-1) : v; });
  if (op == "Floor") return map_elements<T>(x, [](T v) { return std::floor(v); });
  if (op == "Ceil") return map_elements<T>(x, [](T v) { return std::ceil(v); });
  // Halves go to the even neighbour.
  if (op == "Round") return map_elements<T>(x, [](T v) { return std::nearbyint(v); });
  if (op == "Reciprocal") return map_elements<T>(x, [](T v) { return T(1) / v; });
  if (op == "Sqrt") return map_elements<T>(x, [](T v) { return std::sqrt(v); });
  if (op == "Exp") return map_elements<T>(x, [](T v) { return std::exp(v); });
  if (op == "Log") return map_elements<T>(x, [](T v) { return std::log(v); });
  if (op == "Erf") return map_elements<T>(x, [](T v) { return error_function(v); });
  if (op == "Sigmoid") return map_elements<T>(x, [](T v) { return T(1) / (T(1) + std::exp(-v)); });
  if (op == "Softsign") return map_elements<T>(x, [](T v) { return v / (T(1) + std::fabs(v)); });
  if (op == "Sin") return map_elements<T>(x, [](T v) { return std::sin(v); });
  if (op == "Cos") return map_elements<T>(x, [](T v) { return std::cos(v); });
  if (op == "Tan") return map_elements<T>(x, [](T v) { return std::tan(v); });
  if (op == "Asin") return map_elements<T>(x, [](T v) { return std::asin(v); });
  if (op == "Acos") return map_elements<T>(x, [](T v) { return std::acos(v); });
  if (op == "Atan") return map_elements<T>(x, [](T v) { return std::atan(v); });
  if (op == "Sinh") return map_elements<T>(x, [](T v) { return std::sinh(v); });
  if (op == "Cosh") return map_elements<T>(x, [](T v) { return std::cosh(v); });
  if (op == "Tanh") return map_elements<T>(x, [](T v) { return std::tanh(v); });
  if (op == "Asinh") return map_elements<T>(x, [](T v) { return std::asinh(v); });
  if (op == "Acosh") return map_elements<T>(x, [](T v) { return std::acosh(v); });
  if (op == "Atanh") return map_elements<T>(x, [](T v) { return std::atanh(v); });
  return unsupported("operator " + op);
}

Outputs run_unary(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  if (x.dtype() == DType::kF32) return map_floats<float>(node.op, x);
  if (x.dtype() == DType::kF64) return map_floats<double>(node.op, x);
  OFFRAMP_TRY(const Tensor wide, widen(x));
  OFFRAMP_TRY(const std::vector<Tensor> mapped, map_integers(node.op, wide));
  OFFRAMP_TRY(Tensor out, cast_tensor(mapped[0], x.dtype()));
  return one(std::move(out));
}

}  // namespace

void register_unary(KernelTable& table) {
  add_kernels(table, {"Relu", "Neg"}, run_unary, kSigned);
  add_kernels(table, {"Abs", "Sign"}, run_unary, kNumbers);
  add_kernels(table,
              {"Floor", "Ceil", "Round", "Reciprocal", "Sqrt", "Exp", "Log", "Erf", "Sigmoid", "Softsign", "Sin",
               "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh", "Atanh"},
              run_unary, kFloats);
  add_kernels(table, {"BitwiseNot"}, run_unary, kIntegers);
}

}  // namespace offramp::reference
