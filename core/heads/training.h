// Rows of features as heads read them in training: standardised.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "features/features.h"

namespace offramp {

// Standardisation of features; a constant column or one with values that are not finite has scale 0.
struct Standardizer {
  std::vector<float> mean, scale;
  bool finite = true;  // all features were
  // `least` of the mean live deviation is the smallest scale divisor: a feature that hardly ever fires would else be blown up to tens
  // of deviations on the row where it does.
  static Standardizer of_moments(std::span<const double> mean, std::span<const double> variance, double least);
  // A row of as many values as columns, or of as many as pixels times columns: each pixel's channels alike.
  void apply(std::span<float> row) const;
};

// Reads rows of an exit point's features as a head kind sees them.
class FeatureReader {
 public:
  FeatureReader(const FeatureTable& table, int64_t exit_point, Pooling pooling);
  int64_t columns() const { return columns_; }
  void read(int64_t row, float* out);
  Standardizer standardizer(std::span<const int32_t> rows);

 private:
  const HalfMatrix* matrix_;
  int64_t columns_;
  std::vector<float> buffer_;
};

}  // namespace offramp
