// exp and log that give the same bits on every host: C libraries differ in the last place, and a plan must not.
// They are written so that a compiler can vectorise a loop over them. Build without floating-point contraction.
#pragma once
#include <bit>
#include <cstdint>

namespace offramp {

// exp(x), relative error below 2e-7; inputs are clamped to [-87, 88], NaN to -87.
// Source: the Cephes expf polynomial.
inline float exp_exact(float x) {
  x = x > -87.0f ? (x > 88.0f ? 88.0f : x) : -87.0f;
  const float scaled = x * 1.44269504088896341f;
  const auto n = int32_t(scaled + (scaled < 0 ? -0.5f : 0.5f));
  const float r = (x - float(n) * 0.693359375f) + float(n) * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * std::bit_cast<float>(uint32_t(n + 127) << 23);
}

// log(x) for positive normal x, absolute error below 1e-6 near 1.
// Source: the Cephes logf polynomial.
inline float log_exact(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  auto exponent = int32_t(bits >> 23) - 126;
  float m = std::bit_cast<float>((bits & 0x007fffffu) | 0x3f000000u);
  if (m < 0.707106781186547524f) {
    exponent -= 1;
    m = m + m - 1.0f;
  } else {
    m = m - 1.0f;
  }
  const float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = m * z * p;
  y += -2.12194440e-4f * float(exponent);
  y += -0.5f * z;
  return m + y + 0.693359375f * float(exponent);
}

// log(x) for positive normal x, relative error below 1e-15 away from 1, absolute below 1e-16 near it.
// The series of atanh on x's mantissa in [sqrt(1/2), sqrt(2)).
inline double log_exact64(double x) {
  const auto bits = std::bit_cast<uint64_t>(x);
  auto exponent = int32_t(bits >> 52) - 1022;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3fe0000000000000u);
  if (m < 0.70710678118654752440) {
    exponent -= 1;
    m += m;
  }
  const double z = (m - 1) / (m + 1), z2 = z * z;
  double sum = 0;
  for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * z2;
  return 2 * z * (sum + 1) + double(exponent) * 0.69314718055994530942;
}

// exp(x), relative error below 1e-14; inputs are clamped to [-700, 700], NaN to -700.
// The Taylor series on what is left of x after whole multiples of log 2.
inline double exp_exact64(double x) {
  x = x > -700.0 ? (x > 700.0 ? 700.0 : x) : -700.0;
  const double scaled = x * 1.44269504088896340736;
  const auto n = int32_t(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double r = (x - double(n) * 0.693147180369123816490) - double(n) * 1.90821492927058770002e-10;
  double sum = 1;
  for (int k = 14; k >= 1; --k) sum = 1 + sum * r / k;
  return sum * std::bit_cast<double>(uint64_t(n + 1023) << 52);
}

}  // namespace offramp
