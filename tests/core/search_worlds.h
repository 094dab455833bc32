// Made-up outcomes with a known truth: as many fresh rows of the same kind can be drawn as a promise needs to be checked.
#pragma once
#include <vector>

#include "search/search.h"

namespace offramp {

// Rows differ in difficulty; exits grow better with depth; neighbouring exits, heads of one exit point and scores of one
// head err together, in answers and in scores.
struct World {
  int points = 8;
  int heads = 1;   // per exit point
  int scores = 3;  // per head
  float first_skill = -0.5f, backbone_skill = 4;  // against difficulties of deviation 2; exits lie between them
  float head_correlation = 0.8f;
  float score_noise = 0.2f;
  std::vector<double> class_shares = {1};
  // By class: the share of rows that a head at the input would answer wrongly and yet surely; it falls with depth.
  std::vector<float> confused = {0};
};
Outcomes draw(const World& world, int64_t rows, uint64_t seed);

// Share of each class's rows that a plan harms.
std::vector<double> class_harm(const Outcomes& outcomes, const Plan& plan);

}  // namespace offramp
