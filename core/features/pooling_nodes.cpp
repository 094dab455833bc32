#include "features/pooling_nodes.h"

#include "features/layout.h"
#include "graph/operators.h"

namespace offramp {

ValueId add_pooling(Graph& graph, ValueId map, const Dims& shape, Pooling pooling, std::span<const GridAxis> grid, const std::string& prefix) {
  const bool vector = shape.size() == 1;
  const auto flat = [&](ValueId pooled, const char* name) {
    return graph.add_node("Flatten", {pooled}, prefix + name, {{"axis", int64_t{1}}});
  };
  if (pooling == Pooling::kGrid && !vector) {
    std::vector<int64_t> kernel, strides;
    for (const GridAxis& axis : grid) {
      kernel.push_back(axis.kernel);
      strides.push_back(axis.stride);
    }
    const std::vector<int64_t> pads(2 * kernel.size(), 0);
    return flat(graph.add_node("AveragePool", {map}, prefix + "_grid", {{"kernel_shape", kernel}, {"pads", pads}, {"strides", strides}}),
                "_features");
  }
  // The average and the maximum of a vector are the vector itself.
  const ValueId average = vector ? map : flat(graph.add_node("GlobalAveragePool", {map}, prefix + "_gap"), "_gap_flat");
  if (pooling != Pooling::kGapGmp) return average;
  const ValueId most = vector ? map : flat(graph.add_node("GlobalMaxPool", {map}, prefix + "_gmp"), "_gmp_flat");
  return graph.add_node("Concat", {average, most}, prefix + "_features", {{"axis", int64_t{1}}});
}

Result<Graph> feature_graph(const Graph& backbone, std::span<const ExitPoint> exit_points) {
  Graph graph = backbone;
  graph.name = "features";
  std::vector<ValueId> features;
  for (size_t i = 0; i < exit_points.size(); ++i) {
    const ExitPoint& point = exit_points[i];
    const std::string prefix = "exit_point_" + std::to_string(i);
    const bool last = has_channels_last(backbone, point.value);
    const ValueId map = add_channels_first(graph, point.value, point.shape.size() + 1, last);
    const Dims shape = head_shape(point.shape, last);
    features.push_back(add_pooling(graph, map, shape, Pooling::kGapGmp, {}, prefix));
    if (grid_length(shape) == 0) continue;
    const std::vector<GridAxis> grid = grid_of(shape[0], std::span(shape).subspan(1));
    features.push_back(add_pooling(graph, map, shape, Pooling::kGrid, grid, prefix + "_grid"));
  }
  const ValueId all = graph.add_node("Concat", features, "features", {{"axis", int64_t{1}}});
  graph.claim_name(all, "features");
  graph.claim_name(graph.outputs[0], "logits");
  graph.outputs.insert(graph.outputs.begin(), all);
  OFFRAMP_RETURN_IF_ERROR(infer_shapes(graph));
  return graph;
}

}  // namespace offramp
