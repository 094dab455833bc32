// What windowed and global pools share.
#pragma once
#include <cmath>

#include "exec/reference/kernels.h"

namespace offramp::reference {

// Attribute p of the Lp pools. Errors: kInvalidModel if below 1.
Result<int64_t> read_exponent(const Node& node);

// The root of a sum of powers: (|x|^p + ...)^(1 / p).
template <class T>
class PowerSum {
 public:
  explicit PowerSum(int64_t p) : p_(p) {}
  void add(T value) {
    const double size = std::fabs(double(value));
    sum_ += p_ == 1 ? size : p_ == 2 ? size * size : std::pow(size, double(p_));
  }
  T root() const { return T(p_ == 1 ? sum_ : p_ == 2 ? std::sqrt(sum_) : std::pow(sum_, 1 / double(p_))); }

 private:
  int64_t p_;
  double sum_ = 0;
};

}  // namespace offramp::reference
