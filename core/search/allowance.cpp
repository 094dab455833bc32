// How far a chosen plan's drop on the rows it was chosen on understates its drop on fresh rows.
#include <cmath>

#include "base/math.h"
#include "search/search.h"

namespace offramp {

// Heads of one exit point, scores of one head and neighbouring exits share most of their mistakes: by simulation, their
// choice is worth one among (1 + candidates)^0.55 independent ones, for 12 to 192 candidates.
double independent_choices(int64_t candidates) {
  return double(exp_exact(0.55f * log_exact(float(1 + candidates)))) - 1;
}

// Choosing picks the luckiest of M = (1 + choices)^exits subsets: sqrt(2 ln M) deviations below the mean if they were
// independent; half of that variance is taken because subsets overlap (tests simulate it).
// The counts are small, so the deviation enters through the upper end of Wilson's interval for a Poisson count.
double search_allowance(int exits, double choices, int64_t rows, double changed) {
  if (exits <= 0 || choices <= 0 || rows <= 0) return 0;
  const double z2 = double(exits) * double(log_exact(float(1 + choices)));
  const double count = changed * double(rows);
  return (0.5 * z2 + std::sqrt(z2 * (count + 0.25 * z2))) / double(rows);
}

}  // namespace offramp
