// Elementary functions for loops over f32 that a compiler can vectorise and that give the same bits on every host; for
// f64 the C library's.
#pragma once
#include <cmath>

#include "base/math.h"

namespace offramp::reference {

// exp(x) between e^-87 and e^88.
inline float bounded_exp(float x) { return exp_exact(x); }
inline double bounded_exp(double x) { return std::exp(x); }

// exp(x) - 1 for x <= 0, relative error below 5e-7.
inline float exp_minus_one(float x) {
  float p = 1.9841270e-4f;
  p = p * x + 1.3888889e-3f;
  p = p * x + 8.3333333e-3f;
  p = p * x + 4.1666667e-2f;
  p = p * x + 1.6666667e-1f;
  p = p * x + 0.5f;
  const float near_zero = p * x * x + x;
  const float far = exp_exact(x) - 1.0f;
  return x > -0.5f ? near_zero : far;
}
inline double exp_minus_one(double x) { return std::expm1(x); }

// log(1 + x) for x in [0, 1], relative error below 5e-7: the rounding of 1 + x is made good.
inline float log_one_plus(float x) {
  const float sum = 1.0f + x;
  return log_exact(sum) + (x - (sum - 1.0f)) / sum;
}
inline double log_one_plus(double x) { return std::log1p(x); }

// The error function, error below 5e-7. Source: a rational minimax fit of erf(x) / x in x^2 over [0, 3.9].
inline float error_function(float x) {
  const float v = x > 3.9f ? 3.9f : (x < -3.9f ? -3.9f : x);
  const float t = v * v;
  float p = 2.066408495e-6f;
  p = p * t + 2.850718802e-4f;
  p = p * t + 3.738745240e-3f;
  p = p * t + 5.266929740e-2f;
  p = p * t + 1.896760345e-1f;
  p = p * t + 1.128379147f;
  float q = 3.826986329e-5f;
  q = q * t + 1.157474713e-3f;
  q = q * t + 1.491506842e-2f;
  q = q * t + 1.138227650e-1f;
  q = q * t + 5.014287871e-1f;
  q = q * t + 1.0f;
  const float y = v * p / q;
  return y > 1.0f ? 1.0f : (y < -1.0f ? -1.0f : y);
}
inline double error_function(double x) { return std::erf(x); }

template <class T>
T gelu(T x) {
  return T(0.5) * x * (T(1) + error_function(x * T(0.70710678118654752)));
}

}  // namespace offramp::reference
