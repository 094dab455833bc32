// Cut points: where a model may be parted between two targets, and what each stretch between them needs.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/exit_points.h"

namespace offramp {

// A value that may travel, and the stretch of backbone from the point before up to it.
struct CutPoint {
  std::string at;                 // "input", an exit point's name, "output"
  int64_t elements = 0;           // of the value, per sample
  double macs = 0;                // of the stretch, per sample
  int64_t weight_bytes = 0;       // constants of the stretch; those shared with other stretches count in each
  int64_t activation_bytes = 0;   // most alive at one node of the stretch, its two ends included
};

// The model's input, every exit point, and its output, in order: point i + 1 is exit point i. Per sample.
// Preconditions: as find_exit_points, whose result `exit_points` is, or a part of it in order.
Result<std::vector<CutPoint>> find_cut_points(const Graph& graph, const std::vector<ExitPoint>& exit_points);

}  // namespace offramp
