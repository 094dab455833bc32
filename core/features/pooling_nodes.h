// Pooling in ONNX's own operators, for graphs that other runtimes take: the same as pool_features.
#pragma once
#include <string>

#include "features/features.h"
#include "graph/graph.h"

namespace offramp {

// Appends what pools a value [N, ...shape], channels first, and returns the features [N, length]. `grid` is of Pooling::kGrid, by spatial
// axis; nodes are named after `prefix`.
ValueId add_pooling(Graph& graph, ValueId map, const Dims& shape, Pooling pooling, std::span<const GridAxis> grid, const std::string& prefix);

// The backbone with all that heads are trained on as outputs, for a server to run it. Shapes: the graph's input -> "features" f32
// [N, sum of feature lengths], by exit point the average and maximum of each channel and then the grid where it has one, and
// "logits" f32 [N, classes]. Errors: of infer_shapes.
Result<Graph> feature_graph(const Graph& backbone, std::span<const ExitPoint> exit_points);

}  // namespace offramp
