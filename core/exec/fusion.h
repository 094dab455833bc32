// Rewrites for running: what exporters write as several nodes for want of an operator becomes that operator again, which
// has a kernel that passes over memory once. A graph that is stored keeps the form it came in.
#pragma once
#include "graph/graph.h"

namespace offramp {

// The last node of each pattern becomes the operator; what it does not need any more is left to whoever plans the run.
// Precondition: shapes inferred.
void fuse_gelu(Graph& graph);                 // x * 0.5 * (1 + erf(x / sqrt(2))), in the orders that exporters use
void fuse_hard_swish(Graph& graph);           // x * hardsigmoid(x), and x * clip(x + 3, 0, 6) / 6
void fuse_layer_normalization(Graph& graph);  // (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale [+ bias]

}  // namespace offramp
