// Element-wise operators with one input, and Clip.
#include <algorithm>
#include <cmath>
#include <limits>

#include "exec/reference/arguments.h"

namespace offramp::reference {
namespace {

template <class T, class Function>
Outputs map(const Tensor& x, Function&& function) {
  Tensor out = x;
  for (T& value : out.mutable_data<T>()) value = function(value);
  return one(std::move(out));
}

// Wraps around instead of overflowing, as two's complement hardware does.
template <class T>
T negate(T value) {
  return T(std::make_unsigned_t<T>(0) - std::make_unsigned_t<T>(value));
}

template <class T>
Outputs map_integers(const Node& node, const Tensor& x) {
  if (node.op == "Neg") return map<T>(x, [](T v) { return negate(v); });
  if (node.op == "Abs") return map<T>(x, [](T v) { return v < 0 ? negate(v) : v; });
  if (node.op == "Relu") return map<T>(x, [](T v) { return std::max<T>(v, 0); });
  return unsupported("the input is " + std::string(to_string(x.dtype())) + ", only f32 has a kernel");
}

template <class T>
Outputs clip(const Tensor& x, const Tensor* low, const Tensor* high) {
  for (const Tensor* bound : {low, high})
    if (bound && (bound->dtype() != x.dtype() || bound->elements() != 1))
      return invalid_model("min and max must be scalars of the input's type");
  const T least = low ? low->data<T>()[0] : std::numeric_limits<T>::lowest();
  const T most = high ? high->data<T>()[0] : std::numeric_limits<T>::max();
  return map<T>(x, [&](T v) {
    v = low && v < least ? least : v;
    return high && v > most ? most : v;
  });
}

}  // namespace

Outputs run_unary(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  if (x.dtype() == DType::kI64) return map_integers<int64_t>(node, x);
  if (x.dtype() == DType::kI32) return map_integers<int32_t>(node, x);
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  const std::string& op = node.op;
  if (op == "Relu") return map<float>(x, [](float v) { return v < 0 ? 0.0f : v; });
  if (op == "LeakyRelu")
    return map<float>(x, [slope = node.number("alpha", 0.01f)](float v) { return v < 0 ? slope * v : v; });
  if (op == "Elu")
    return map<float>(x, [alpha = node.number("alpha", 1.0f)](float v) { return v < 0 ? alpha * std::expm1(v) : v; });
  if (op == "Sigmoid") return map<float>(x, [](float v) { return 1.0f / (1.0f + std::exp(-v)); });
  if (op == "HardSigmoid")
    return map<float>(x, [alpha = node.number("alpha", 0.2f), beta = node.number("beta", 0.5f)](float v) {
      return std::max(0.0f, std::min(1.0f, alpha * v + beta));
    });
  if (op == "HardSwish")
    return map<float>(x, [](float v) { return v * std::max(0.0f, std::min(1.0f, v / 6.0f + 0.5f)); });
  if (op == "Tanh") return map<float>(x, [](float v) { return std::tanh(v); });
  if (op == "Erf") return map<float>(x, [](float v) { return std::erf(v); });
  if (op == "Sqrt") return map<float>(x, [](float v) { return std::sqrt(v); });
  if (op == "Exp") return map<float>(x, [](float v) { return std::exp(v); });
  if (op == "Log") return map<float>(x, [](float v) { return std::log(v); });
  if (op == "Abs") return map<float>(x, [](float v) { return std::fabs(v); });
  if (op == "Neg") return map<float>(x, [](float v) { return -v; });
  return unsupported("operator " + op);
}

Outputs run_clip(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 3));
  const Tensor& x = *inputs[0];
  const Tensor *low = optional_input(inputs, 1), *high = optional_input(inputs, 2);
  if (x.dtype() == DType::kI64) return clip<int64_t>(x, low, high);
  if (x.dtype() == DType::kI32) return clip<int32_t>(x, low, high);
  OFFRAMP_RETURN_IF_ERROR(expect_dtype(x, DType::kF32, "the input"));
  return clip<float>(x, low, high);
}

}  // namespace offramp::reference
