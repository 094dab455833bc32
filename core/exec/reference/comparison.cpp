// Comparison, logic and Where. Booleans are read as bytes: a hostile file may hold others than 0 and 1.
#include <cmath>

#include "exec/reference/broadcast.h"

namespace offramp::reference {
namespace {

template <class T>
Result<Tensor> compare(const std::string& op, const Tensor& a, const Tensor& b) {
  constexpr DType type = DType::kBool;
  if (op == "Equal") return map_broadcast<T, uint8_t>(a, b, type, [](T x, T y) { return uint8_t(x == y); });
  if (op == "Less") return map_broadcast<T, uint8_t>(a, b, type, [](T x, T y) { return uint8_t(x < y); });
  if (op == "LessOrEqual") return map_broadcast<T, uint8_t>(a, b, type, [](T x, T y) { return uint8_t(x <= y); });
  if (op == "Greater") return map_broadcast<T, uint8_t>(a, b, type, [](T x, T y) { return uint8_t(x > y); });
  if (op == "GreaterOrEqual") return map_broadcast<T, uint8_t>(a, b, type, [](T x, T y) { return uint8_t(x >= y); });
  return unsupported("operator " + op);
}

Result<Tensor> combine(const std::string& op, const Tensor& a, const Tensor& b) {
  using B = uint8_t;
  if (op == "And") return map_broadcast<B, B>(a, b, DType::kBool, [](B x, B y) { return B(x && y); });
  if (op == "Or") return map_broadcast<B, B>(a, b, DType::kBool, [](B x, B y) { return B(x || y); });
  if (op == "Xor") return map_broadcast<B, B>(a, b, DType::kBool, [](B x, B y) { return B(!x != !y); });
  if (op == "Equal") return map_broadcast<B, B>(a, b, DType::kBool, [](B x, B y) { return B(!x == !y); });
  return unsupported("operator " + op + " on bool");
}

// Where a flag is set the first input's element, else the second's.
template <class T>
void choose(const std::byte* const* from, const int64_t* steps, std::byte* to, int64_t count) {
  const auto* flags = reinterpret_cast<const uint8_t*>(from[0]);
  const auto* x = reinterpret_cast<const T*>(from[1]);
  const auto* y = reinterpret_cast<const T*>(from[2]);
  auto* out = reinterpret_cast<T*>(to);
  for (int64_t i = 0; i < count; ++i) out[i] = flags[i * steps[0]] ? x[i * steps[1]] : y[i * steps[2]];
}

Outputs run_comparison(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor &a = *inputs[0], &b = *inputs[1];
  if (a.dtype() != b.dtype())
    return invalid_model("inputs must have one type, got " + std::string(to_string(a.dtype())) + " and " +
                         std::string(to_string(b.dtype())));
  if (a.dtype() == DType::kBool) {
    OFFRAMP_TRY(Tensor out, combine(node.op, a, b));
    return one(std::move(out));
  }
  OFFRAMP_TRY(const Tensor wide_a, widen(a));
  OFFRAMP_TRY(const Tensor wide_b, widen(b));
  OFFRAMP_TRY(Tensor out, for_type(WideNumbers{}, wide_a.dtype(),
                                   [&]<class T>(T) { return compare<T>(node.op, wide_a, wide_b); }));
  return one(std::move(out));
}

Outputs run_not(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(*inputs[0], DType::kBool, "the input"));
  Tensor out = *inputs[0];
  auto* data = mutable_elements<uint8_t>(out);
  for (int64_t i = 0; i < out.elements(); ++i) data[i] = !data[i];
  return one(std::move(out));
}

// IsNaN and IsInf.
Outputs run_classification(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const bool nan = node.op == "IsNaN";
  const bool positive = node.integer("detect_positive", 1) != 0, negative = node.integer("detect_negative", 1) != 0;
  return for_type(Floats{}, inputs[0]->dtype(), [&]<class T>(T) -> Outputs {
    OFFRAMP_TRY(Tensor out, create_output(DType::kBool, inputs[0]->dims()));
    auto* to = mutable_elements<uint8_t>(out);
    for (T value : inputs[0]->data<T>())
      *to++ = nan ? std::isnan(value) : std::isinf(value) && (value > 0 ? positive : negative);
    return one(std::move(out));
  });
}

Outputs run_where(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 3));
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(*inputs[0], DType::kBool, "the condition"));
  const DType type = inputs[1]->dtype();
  if (type != inputs[2]->dtype())
    return invalid_model("inputs X and Y must have one type, got " + std::string(to_string(type)) + " and " +
                         std::string(to_string(inputs[2]->dtype())));
  const size_t size = byte_size(type);
  const RowFunction row = size == 1   ? choose<uint8_t>
                          : size == 2 ? choose<uint16_t>
                          : size == 4 ? choose<uint32_t>
                                      : choose<uint64_t>;
  OFFRAMP_TRY(Tensor out, map_rows(inputs, type, row));
  return one(std::move(out));
}

}  // namespace

void register_comparison(KernelTable& table) {
  add_kernels(table, {"Equal"}, run_comparison, kNumbers | kBool);
  add_kernels(table, {"Less", "LessOrEqual", "Greater", "GreaterOrEqual"}, run_comparison, kNumbers);
  add_kernels(table, {"And", "Or", "Xor"}, run_comparison, kBool);
  add_kernels(table, {"Not"}, run_not, kBool);
  add_kernels(table, {"IsNaN", "IsInf"}, run_classification, kFloats);
  add_kernels(table, {"Where"}, run_where, kBool);
}

}  // namespace offramp::reference
