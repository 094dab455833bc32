// The stated errors of the elementary functions that kernels use, against the C library in f64.
#include "exec/reference/approximations.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace offramp::reference {
namespace {

// The largest of error(x, approximate(x)) over [from, to].
template <class Approximate, class Error>
double worst(float from, float to, Approximate&& approximate, Error&& error) {
  constexpr int kSteps = 200'000;
  double largest = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const float x = from + (to - from) * (float(i) / kSteps);
    largest = std::max(largest, error(double(x), double(approximate(x))));
  }
  return largest;
}

double relative(double got, double want) { return want == 0 ? std::fabs(got) : std::fabs(got / want - 1); }

TEST_CASE("approximations keep to their stated errors") {
  const auto erf = [](float x) { return error_function(x); };
  CHECK(worst(-6, 6, erf, [](double x, double y) { return std::fabs(y - std::erf(x)); }) < 5e-7);
  CHECK(worst(-1e-3f, 1e-3f, erf, [](double x, double y) { return relative(y, std::erf(x)); }) < 5e-7);
  const auto minus_one = [](float x) { return exp_minus_one(x); };
  CHECK(worst(-20, 0, minus_one, [](double x, double y) { return relative(y, std::expm1(x)); }) < 5e-7);
  CHECK(worst(-1e-3f, 0, minus_one, [](double x, double y) { return relative(y, std::expm1(x)); }) < 5e-7);
  const auto plus_one = [](float x) { return log_one_plus(x); };
  CHECK(worst(0, 1, plus_one, [](double x, double y) { return relative(y, std::log1p(x)); }) < 5e-7);
  CHECK(worst(0, 1e-5f, plus_one, [](double x, double y) { return relative(y, std::log1p(x)); }) < 5e-7);
}

TEST_CASE("approximations keep NaN, infinities and the far ends") {
  const float nan = std::nanf(""), infinity = INFINITY;
  CHECK(std::isnan(error_function(nan)));
  CHECK(error_function(infinity) == 1.0f);
  CHECK(error_function(-infinity) == -1.0f);
  CHECK(exp_minus_one(-infinity) == -1.0f);
  CHECK(bounded_exp(-1000.0f) < 2e-38f);
  CHECK(log_one_plus(0.0f) == 0.0f);
}

}  // namespace
}  // namespace offramp::reference
