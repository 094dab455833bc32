#include "search/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace offramp {

Metrics measure(std::span<const int32_t> labels, std::span<const int32_t> predictions, int32_t classes) {
  std::vector<int64_t> hits(size_t(classes), 0), rows(size_t(classes), 0), claims(size_t(classes), 0);
  int64_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    ++rows[size_t(labels[i])];
    ++claims[size_t(predictions[i])];
    if (labels[i] == predictions[i]) ++hits[size_t(labels[i])], ++right;
  }
  Metrics metrics;
  metrics.accuracy = labels.empty() ? 0 : double(right) / double(labels.size());
  int present = 0;
  for (size_t c = 0; c < size_t(classes); ++c) {
    metrics.class_recall.push_back(rows[c] ? double(hits[c]) / double(rows[c]) : std::numeric_limits<double>::quiet_NaN());
    if (rows[c] == 0) continue;
    ++present;
    metrics.macro_f1 += 2.0 * double(hits[c]) / double(rows[c] + claims[c]);
  }
  if (present) metrics.macro_f1 /= present;
  return metrics;
}

double harm(std::span<const int32_t> labels, std::span<const int32_t> base, std::span<const int32_t> answer) {
  int64_t harmed = 0;
  for (size_t i = 0; i < labels.size(); ++i) harmed += base[i] == labels[i] && answer[i] != labels[i];
  return labels.empty() ? 0 : double(harmed) / double(labels.size());
}

Interval wilson_95(double share, int64_t rows) {
  if (rows <= 0) return {0, 1};
  const double z = 1.959963984540054, n = double(rows);
  const double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Reliability measure_reliability(std::span<const float> confidence, std::span<const int32_t> labels,
                                std::span<const int32_t> predictions, int bins) {
  Reliability reliability = {std::vector<Reliability::Bin>(size_t(bins), {0, 0, 0}), 0};
  for (size_t i = 0; i < labels.size(); ++i) {
    auto& bin = reliability.bins[size_t(std::clamp(int(confidence[i] * float(bins)), 0, bins - 1))];
    bin.confidence += confidence[i];
    bin.accuracy += labels[i] == predictions[i];
    ++bin.rows;
  }
  for (auto& bin : reliability.bins) {
    if (bin.rows == 0) continue;
    reliability.expected_error += std::fabs(bin.confidence - bin.accuracy) / double(labels.size());
    bin.confidence /= double(bin.rows);
    bin.accuracy /= double(bin.rows);
  }
  return reliability;
}

}  // namespace offramp
