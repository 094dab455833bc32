// Activations with parameters, and Clip.
#include <algorithm>
#include <cmath>
#include <limits>

#include "exec/reference/approximations.h"
#include "exec/reference/broadcast.h"
#include "exec/reference/indexing.h"

namespace offramp::reference {
namespace {

// 0.5 x (1 + tanh(z)) = x / (1 + exp(-2 z)) with z = sqrt(2 / pi) (x + 0.044715 x^3)
template <class T>
T gelu_by_tanh(T x) {
  return x / (T(1) + bounded_exp(T(-1.5957691216057308) * (x + T(0.044715) * x * x * x)));
}

// x tanh(log(1 + e^x)): with w = e^x (e^x + 2) the tanh is w / (w + 2), which is 1 long before x = 20.
template <class T>
T mish(T x) {
  const T e = bounded_exp(x > T(20) ? T(20) : x);
  const T w = e * (e + T(2));
  return x * (w / (w + T(2)));
}

template <class T>
T softplus(T x) {
  return (x < T(0) ? T(0) : x) + log_one_plus(bounded_exp(-std::fabs(x)));
}

template <class T>
T unit_clamp(T x) {
  return x < T(0) ? T(0) : x > T(1) ? T(1) : x;
}

// With up to two attributes, a and b; a pointer to each function, so that the loop over elements exists once per type.
template <class T>
struct Activation {
  const char* op;
  T (*of)(T v, T a, T b);
  const char* first = nullptr;  // attribute
  float first_default = 0;
  const char* second = nullptr;
  float second_default = 0;
};

template <class T>
constexpr Activation<T> kActivations[] = {
    {"LeakyRelu", [](T v, T a, T) -> T { return v < T(0) ? a * v : v; }, "alpha", 0.01f},
    {"Elu", [](T v, T a, T) -> T { return v < T(0) ? a * exp_minus_one(v) : v; }, "alpha", 1},
    {"Selu", [](T v, T a, T b) -> T { return b * (v < T(0) ? a * exp_minus_one(v) : v); }, "alpha", 1.67326319217681884765625f, "gamma",
     1.05070102214813232421875f},
    {"Celu", [](T v, T a, T) -> T { return v < T(0) ? a * exp_minus_one(v / a) : v; }, "alpha", 1},
    {"HardSigmoid", [](T v, T a, T b) -> T { return unit_clamp(a * v + b); }, "alpha", 0.2f, "beta", 0.5f},
    {"HardSwish", [](T v, T, T) -> T { return v * unit_clamp(v / T(6) + T(0.5)); }},
    {"ThresholdedRelu", [](T v, T a, T) -> T { return v <= a ? T(0) : v; }, "alpha", 1},
    {"Shrink", [](T v, T a, T b) -> T { return v < -a ? v + b : v > a ? v - b : T(0); }, "lambd", 0.5f, "bias", 0},
    {"Softplus", [](T v, T, T) -> T { return softplus(v); }},
    {"Mish", [](T v, T, T) -> T { return mish(v); }},
};

template <class T>
Outputs activate(const Node& node, const Tensor& x) {
  const std::string& op = node.op;
  for (const Activation<T>& activation : kActivations<T>)
    if (op == activation.op) {
      const T a = activation.first ? T(node.number(activation.first, activation.first_default)) : T(0);
      const T b = activation.second ? T(node.number(activation.second, activation.second_default)) : T(0);
      return map_elements<T>(x, [of = activation.of, a, b](T v) { return of(v, a, b); });
    }
  if (op == "Gelu") {
    const std::string form = node.text("approximate", "none");
    if (form == "none") return map_elements<T>(x, [](T v) { return gelu(v); });
    if (form == "tanh") return map_elements<T>(x, [](T v) { return gelu_by_tanh(v); });
    return invalid_model("attribute approximate: expected none or tanh, got \"" + form + "\"");
  }
  return unsupported("operator " + op);
}

template <class T>
Outputs clip(const Tensor& x, const Tensor* low, const Tensor* high) {
  // What a NaN as bound means is open; it bounds nothing.
  const T least = low ? low->data<T>()[0] : std::numeric_limits<T>::lowest();
  const T most = high ? high->data<T>()[0] : std::numeric_limits<T>::max();
  return map_elements<T>(x, [=](T v) {
    v = low && v < least ? least : v;
    return high && v > most ? most : v;
  });
}

Outputs clip_integers(const Tensor& x, const Tensor* low, const Tensor* high) {
  OFFRAMP_TRY(const Tensor wide, widen(x));
  OFFRAMP_TRY(const Tensor least, low ? widen(*low) : Tensor());
  OFFRAMP_TRY(const Tensor most, high ? widen(*high) : Tensor());
  OFFRAMP_TRY(const auto clipped, clip<int64_t>(wide, low ? &least : nullptr, high ? &most : nullptr));
  OFFRAMP_TRY(Tensor out, cast_tensor(clipped[0], x.dtype()));
  return one(std::move(out));
}

Outputs run_activation(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  return for_type(Floats{}, inputs[0]->dtype(), [&]<class T>(T) { return activate<T>(node, *inputs[0]); });
}

Outputs run_clip(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 3));
  const Tensor &x = *inputs[0], *low = optional_input(inputs, 1), *high = optional_input(inputs, 2);
  for (const Tensor* bound : {low, high})
    if (bound && (bound->dtype() != x.dtype() || bound->elements() != 1))
      return invalid_model("min and max must be scalars of the input's type");
  if (x.dtype() == DType::kF32) return clip<float>(x, low, high);
  if (x.dtype() == DType::kF64) return clip<double>(x, low, high);
  return clip_integers(x, low, high);
}

// The slope broadcasts to the input, never the other way round.
Outputs run_prelu(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor &x = *inputs[0], &slope = *inputs[1];
  if (slope.dtype() != x.dtype())
    return invalid_model("inputs must have one type, got " + std::string(to_string(x.dtype())) + " and " +
                         std::string(to_string(slope.dtype())));
  OFFRAMP_TRY(const Dims dims, broadcast_dims(x.dims(), slope.dims()));
  if (dims != x.dims())
    return invalid_model("a slope of shape " + to_string(slope.dims()) + " does not broadcast to the input " +
                         to_string(x.dims()));
  return for_type(Floats{}, x.dtype(), [&]<class T>(T) -> Outputs {
    OFFRAMP_TRY(Tensor out, map_broadcast<T, T>(x, slope, x.dtype(), [](T v, T s) { return v < T(0) ? s * v : v; }));
    return one(std::move(out));
  });
}

}  // namespace

void register_activation(KernelTable& table) {
  add_kernels(table,
              {"LeakyRelu", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish", "ThresholdedRelu", "Shrink",
               "Softplus", "Mish", "Gelu"},
              run_activation, kFloats);
  add_kernels(table, {"Clip"}, run_clip, kNumbers);
  add_kernels(table, {"PRelu"}, run_prelu, kFloats);
}

}  // namespace offramp::reference
