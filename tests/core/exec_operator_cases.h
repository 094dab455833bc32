// Operators as one table of small graphs: what the reference kernels and XNNPACK must agree on.
#pragma once
#include <vector>

namespace offramp {

struct OperatorCase {
  const char* name;
  const char* body;  // the graph's text form without its first line; computed values reach the outputs
  float tolerance;   // absolute and relative
  bool fast;         // no reference kernel runs
};

const std::vector<OperatorCase>& window_cases();       // convolutions and pools
const std::vector<OperatorCase>& arithmetic_cases();   // element-wise, matrices, reductions
const std::vector<OperatorCase>& movement_cases();     // moving elements, and blocks of several operators

}  // namespace offramp
