// Exit points: values that every path from input to output passes through, so that cutting there needs one tensor.
#pragma once
#include <string>
#include <vector>

#include "graph/graph.h"

namespace offramp {

struct ExitPoint {
  ValueId value;
  std::string at;          // name of the node that makes the value, or of the value when nodes have no names
  Dims shape;              // without the batch: [16, 28, 28]
  int64_t macs = 0;        // spent from the input up to here, per sample
  int64_t parameters = 0;  // used up to here
};

// In order of cost, first the cheapest. Among cuts with no MACs between them the last one stands; the graph's input
// and cuts before the first MAC or after the last are none.
// Preconditions: one f32 input and one f32 output [N, classes]; shapes were inferred.
// Source: dominators of the output, DESIGN section 1.2.
std::vector<ExitPoint> find_exit_points(const Graph& graph);

}  // namespace offramp
