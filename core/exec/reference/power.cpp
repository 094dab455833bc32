// Pow, whose exponent may have another type than its base.
#include <cmath>

#include "exec/reference/broadcast.h"

namespace offramp::reference {
namespace {

// By squaring, wrapping around; negative exponents give 0 but for bases 1 and -1.
int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, square = uint64_t(base);
  for (auto rest = uint64_t(exponent); rest > 0; rest >>= 1, square *= square)
    if (rest & 1) result *= square;
  return int64_t(result);
}

bool is_integer(DType dtype) { return (type_bit(dtype) & types_of(Integers{})) != 0; }

// The type to compute in: the narrowest that holds both.
DType common_type(DType base, DType exponent) {
  if (is_integer(base) && is_integer(exponent)) return DType::kI64;
  const bool narrow = base == DType::kF32 && (exponent == DType::kF32 || is_integer(exponent));
  return narrow ? DType::kF32 : DType::kF64;
}

// What exporters write for squares and cubes.
template <class T>
Result<Tensor> float_power(const Tensor& base, const Tensor& exponent) {
  const T power = exponent.elements() == 1 ? exponent.data<T>()[0] : T(0);
  if (power == T(2)) return map_broadcast<T, T>(base, exponent, base.dtype(), [](T x, T) { return x * x; });
  if (power == T(3)) return map_broadcast<T, T>(base, exponent, base.dtype(), [](T x, T) { return x * x * x; });
  return map_broadcast<T, T>(base, exponent, base.dtype(), [](T x, T y) { return std::pow(x, y); });
}

Outputs run_pow(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const DType wanted = inputs[0]->dtype();
  constexpr TypeSet exponents = types_of(Numbers{});
  if (!(type_bit(inputs[1]->dtype()) & exponents))
    return unsupported(type_refusal("the exponent", inputs[1]->dtype(), exponents));
  const DType type = common_type(wanted, inputs[1]->dtype());
  OFFRAMP_TRY(const Tensor base, cast_tensor(*inputs[0], type));
  OFFRAMP_TRY(const Tensor exponent, cast_tensor(*inputs[1], type));
  Result<Tensor> out = internal_error("type");
  if (type == DType::kF32) out = float_power<float>(base, exponent);
  if (type == DType::kF64) out = float_power<double>(base, exponent);
  if (type == DType::kI64)
    out = map_broadcast<int64_t, int64_t>(base, exponent, type,
                                          [](int64_t x, int64_t y) { return integer_power(x, y); });
  if (!out) return std::move(out).error();
  OFFRAMP_TRY(Tensor result, cast_tensor(*out, wanted));
  return one(std::move(result));
}

}  // namespace

void register_power(KernelTable& table) {
  add_kernels(table, {"Pow"}, run_pow, kNumbers);
}

}  // namespace offramp::reference
