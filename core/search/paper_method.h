// The paper's own rule, on the same outcomes, to stand beside ours in every report.
#pragma once
#include "search/search.h"

namespace offramp {

struct PaperOptions {
  double cost_weight = 0.9;      // against accuracy_weight, on cost and error relative to the backbone's
  double accuracy_weight = 0.1;
  int max_exits = 2;
};

// Exits treated as independent, 13 thresholds per exit from 0.6, raw softmax maximum as the score, the best path over
// (exit, threshold) nodes by Bellman-Ford, the cheapest architecture by the weighted sum.
// `predicted` figures come from the independence assumption, Plan::figures are what the plan really does.
// Source: Sponner et al. 2024, section 3.
struct PaperPlan {
  Plan plan;
  PlanFigures predicted;
};
PaperPlan search_paper_method(const Outcomes& outcomes, const PaperOptions& options);

}  // namespace offramp
