// Figures of a classifier's answers on labelled rows.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace offramp {

struct Metrics {
  double accuracy = 0;
  double macro_f1 = 0;                // mean of per-class F1 over classes that have rows
  std::vector<double> class_recall;   // by class; NaN for a class without rows
};
Metrics measure(std::span<const int32_t> labels, std::span<const int32_t> predictions, int32_t classes);

// Share of rows where `base` is right and `answer` wrong.
double harm(std::span<const int32_t> labels, std::span<const int32_t> base, std::span<const int32_t> answer);

struct Interval {
  double low, high;
};
// 95 % confidence interval of a share. Source: Wilson 1927.
Interval wilson_95(double share, int64_t rows);

// Predicted confidence against reached accuracy.
struct Reliability {
  struct Bin {
    double confidence, accuracy;  // means; 0 in an empty bin
    int64_t rows;
  };
  std::vector<Bin> bins;  // of equal width over [0, 1]
  double expected_error;  // ECE: mean |confidence - accuracy|, weighted by rows
};
// Source: Guo et al. 2017.
Reliability measure_reliability(std::span<const float> confidence, std::span<const int32_t> labels,
                                std::span<const int32_t> predictions, int bins = 10);

}  // namespace offramp
