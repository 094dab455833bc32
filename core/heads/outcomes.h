// Outcomes: per sample and candidate exit, the score and whether the answer is right. Everything after this is numbers.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace offramp {

// Confidence of a head's answer, from its softmax at the head's temperature, in [0, 1].
enum class Score {
  kMaxProbability,
  kMargin,   // largest minus second largest probability
  kEntropy,  // 1 - entropy / log(classes)
  kGate,     // a logistic function of the three, fitted to tell right answers: see gate.h
};
std::string_view to_string(Score score);  // "max_probability", "margin", "entropy", "gate"
// The gate's constant, and its weights of the other scores in their order.
using GateWeights = std::array<float, 4>;
// Probabilities (softmax at the temperature) and score of one row of logits. The runtime and the search share it. `gate` is read
// by kGate only. A row with a NaN or without a finite largest logit scores NaN, which no threshold accepts: it never leaves early.
float score_row(std::span<const float> logits, float temperature, Score score, std::span<float> probabilities,
                const GateWeights& gate = {});

// One head at one exit point with one score: something the search may choose.
struct ExitCandidate {
  int32_t exit_point = 0;     // position in the order of cost
  int32_t head = 0;           // the caller's head number
  Score score = Score::kMaxProbability;
  GateWeights gate{};         // of kGate
  double backbone_cost = 0;   // of the backbone up to the exit point, per sample
  double head_cost = 0;
  bool paper = false;         // linear head on GAP with its raw softmax: the paper's method sees only these, ours none
  std::vector<float> scores;         // by row
  std::vector<int32_t> predictions;  // by row
};

struct Outcomes {
  std::vector<int32_t> labels;            // by row
  std::vector<int32_t> base_predictions;  // by row
  // By row: the backbone's answers where they differ because its boundary travelled compressed; empty: base_predictions.
  std::vector<int32_t> end_predictions = {};
  double base_cost = 0;                   // of the whole backbone, per sample
  int32_t classes = 0;
  std::vector<ExitCandidate> candidates;  // in order of exit point
  const std::vector<int32_t>& end() const { return end_predictions.empty() ? base_predictions : end_predictions; }
  int64_t rows() const { return int64_t(labels.size()); }
};

}  // namespace offramp
