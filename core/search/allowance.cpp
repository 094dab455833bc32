// How far a chosen plan's drop on the rows it was chosen on understates its drop on fresh rows.
#include <cmath>

#include "base/math.h"
#include "search/search.h"

namespace offramp {

// Choosing picks the luckiest of M = (1 + exit points)^exits subsets: sqrt(2 ln M) deviations below the mean if they
// were independent; half of that variance is taken because exits share most of their mistakes (tests simulate it).
// The counts are small, so the deviation enters through the upper end of Wilson's interval for a Poisson count.
double search_allowance(int exits, int64_t exit_points, int64_t rows, double changed) {
  if (exits <= 0 || exit_points <= 0 || rows <= 0) return 0;
  const double z2 = double(exits) * double(log_exact(float(1 + exit_points)));
  const double count = changed * double(rows);
  return (0.5 * z2 + std::sqrt(z2 * (count + 0.25 * z2))) / double(rows);
}

}  // namespace offramp
