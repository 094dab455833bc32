// Functions of single elements without parameters.
#include <algorithm>
#include <cmath>
#include <span>

#include "exec/reference/approximations.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// Wraps around instead of overflowing, as two's complement hardware does.
int64_t negate(int64_t value) { return int64_t(0 - uint64_t(value)); }

// A pointer to each function, so that the loop over elements exists once per type.
template <class T>
struct Function {
  const char* op;
  T (*of)(T);
};

constexpr Function<int64_t> kIntegerFunctions[] = {
  {"Abs", [](int64_t v) -> int64_t { return v < 0 ? negate(v) : v; }},
  {"Neg", [](int64_t v) -> int64_t { return negate(v); }},
  {"Relu", [](int64_t v) -> int64_t { return std::max<int64_t>(v, 0); }},
  {"Sign", [](int64_t v) -> int64_t { return int64_t((v > 0) - (v < 0)); }},
  {"BitwiseNot", [](int64_t v) -> int64_t { return int64_t(~v); }},
};

template <class T>
constexpr Function<T> kFloatFunctions[] = {
  {"Abs", [](T v) -> T { return std::fabs(v); }},
  {"Neg", [](T v) -> T { return -v; }},
  {"Relu", [](T v) -> T { return v < 0 ? T(0) : v; }},
  {"Sign", [](T v) -> T { return v > 0 ? T(1) : v < 0 ? T(-1) : v; }},
  {"Floor", [](T v) -> T { return std::floor(v); }},
  {"Ceil", [](T v) -> T { return std::ceil(v); }},
  // Halves go to the even neighbour.
  {"Round", [](T v) -> T { return std::nearbyint(v); }},
  {"Reciprocal", [](T v) -> T { return T(1) / v; }},
  {"Sqrt", [](T v) -> T { return std::sqrt(v); }},
  {"Exp", [](T v) -> T { return std::exp(v); }},
  {"Log", [](T v) -> T { return std::log(v); }},
  {"Erf", [](T v) -> T { return error_function(v); }},
  {"Sigmoid", [](T v) -> T { return T(1) / (T(1) + std::exp(-v)); }},
  {"Softsign", [](T v) -> T { return v / (T(1) + std::fabs(v)); }},
  // Seldom used: through f64, so that their f32 forms need not be shipped.
  {"Sin", [](T v) -> T { return T(std::sin(double(v))); }},
  {"Cos", [](T v) -> T { return T(std::cos(double(v))); }},
  {"Tan", [](T v) -> T { return T(std::tan(double(v))); }},
  {"Asin", [](T v) -> T { return T(std::asin(double(v))); }},
  {"Acos", [](T v) -> T { return T(std::acos(double(v))); }},
  {"Atan", [](T v) -> T { return T(std::atan(double(v))); }},
  {"Sinh", [](T v) -> T { return T(std::sinh(double(v))); }},
  {"Cosh", [](T v) -> T { return T(std::cosh(double(v))); }},
  {"Tanh", [](T v) -> T { return std::tanh(v); }},
  {"Asinh", [](T v) -> T { return T(std::asinh(double(v))); }},
  {"Acosh", [](T v) -> T { return T(std::acosh(double(v))); }},
  {"Atanh", [](T v) -> T { return T(std::atanh(double(v))); }},
};

template <class T>
Outputs map_by(std::span<const Function<T>> functions, const std::string& op, const Tensor& x) {
  for (const Function<T>& function : functions)
    if (op == function.op) return map_elements<T>(x, function.of);
  return unsupported("operator " + op + " on " + std::string(to_string(x.dtype())));
}

Outputs run_unary(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  if (x.dtype() == DType::kF32) return map_by<float>(kFloatFunctions<float>, node.op, x);
  if (x.dtype() == DType::kF64) return map_by<double>(kFloatFunctions<double>, node.op, x);
  OFFRAMP_TRY(const Tensor wide, widen(x));
  OFFRAMP_TRY(const std::vector<Tensor> mapped, map_by<int64_t>(kIntegerFunctions, node.op, wide));
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
