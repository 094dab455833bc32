// The paper's own rule, on the same outcomes, to stand beside ours in every report.
#pragma once
#include "search/search.h"

namespace offramp {

// What the paper's users set.
struct PaperOptions {
  double cost_weight = 0.9;      // of cost, against accuracy_weight of error, each relative to the backbone's
  double accuracy_weight = 0.1;
  int max_exits = 2;             // one classifier per target: targets - 1; our reading without targets: as many as ours
  double correction = 1;         // thresholds are multiplied by it, (0, 1]: see below
};
// The corrections the paper tried where thresholds can only be sought on rows that the backbone was trained on, which it
// and its exits know too well: scores of new rows are lower, so thresholds have to be.
inline constexpr double kPaperCorrections[] = {1.0, 2.0 / 3.0, 0.5};

// The paper's rule. From it: a classifier of the backbone's own blueprint at each exit point, once trained and then part of all
// architectures; exits treated as independent; 13 thresholds per exit from 0.6; the largest softmax as the score; per
// architecture a shortest path over (exit, threshold) nodes by Bellman-Ford; the cheapest architecture by a weighted sum of cost and
// error. Our reading: the blueprint is one linear layer on the global average, which downsamples any map by the same rule;
// thresholds go up in steps of 0.025 to 0.9; cost and error are shares of the backbone's; the correction acts on thresholds.
// `predicted` figures come from the independence assumption before any correction; Plan::figures are what the plan really
// does on these rows. Precondition: weights not negative, correction in (0, 1].
// Source: Sponner et al. 2024 (arXiv 2403.07957), section 3.
struct PaperPlan {
  Plan plan;
  PlanFigures predicted;
};
PaperPlan search_paper_method(const Outcomes& outcomes, const PaperOptions& options);

}  // namespace offramp
