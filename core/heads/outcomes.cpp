#include "heads/outcomes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/math.h"

namespace offramp {

std::string_view to_string(Score score) {
  switch (score) {
    case Score::kMaxProbability: return "max_probability";
    case Score::kMargin: return "margin";
    case Score::kEntropy: return "entropy";
    case Score::kGate: return "gate";
  }
  return "?";
}

float score_row(std::span<const float> logits, float temperature, Score score, std::span<float> probabilities,
                const GateWeights& gate) {
  OFFRAMP_CHECK(!logits.empty() && probabilities.size() == logits.size() && temperature > 0);
  float largest = -std::numeric_limits<float>::infinity();
  bool usable = true;
  for (float logit : logits) {
    usable = usable && !std::isnan(logit);
    largest = std::max(largest, logit);
  }
  if (!usable || !std::isfinite(largest)) {
    std::fill(probabilities.begin(), probabilities.end(), 1.0f / float(logits.size()));
    return std::numeric_limits<float>::quiet_NaN();
  }
  const float inverse = 1.0f / temperature;
  float total = 0;
  float mean_exponent = 0;  // times total
  for (size_t i = 0; i < logits.size(); ++i) {
    const float exponent = std::max((logits[i] - largest) * inverse, -87.0f);
    probabilities[i] = exp_exact(exponent);
    total += probabilities[i];
    mean_exponent += probabilities[i] * exponent;
  }
  float first = 0, second = 0;
  for (float& p : probabilities) {
    p /= total;
    if (p > first) {
      second = first;
      first = p;
    } else {
      second = std::max(second, p);
    }
  }
  if (logits.size() == 1) return 1.0f;
  const float largest_probability = std::min(first, 1.0f);
  const float margin = std::clamp(first - second, 0.0f, 1.0f);
  if (score == Score::kMaxProbability) return largest_probability;
  if (score == Score::kMargin) return margin;
  const float entropy = log_exact(total) - mean_exponent / total;
  const float certainty = std::clamp(1.0f - entropy / log_exact(float(logits.size())), 0.0f, 1.0f);
  if (score == Score::kEntropy) return certainty;
  const float z = gate[0] + gate[1] * largest_probability + gate[2] * margin + gate[3] * certainty;
  return 1.0f / (1.0f + exp_exact(-z));
}

}  // namespace offramp
