#include "analysis/cut_points.h"

#include "analysis/costs.h"

namespace offramp {
namespace {

int64_t elements_per_sample(const Graph& graph, ValueId id) {
  const auto& shape = graph.value(id).shape;
  return shape ? element_count(offramp::bind(*shape, 1)) : 0;
}

}  // namespace

Result<std::vector<CutPoint>> find_cut_points(const Graph& graph, const std::vector<ExitPoint>& exit_points) {
  ValueId from = graph.inputs[0];
  std::vector<CutPoint> points = {{"input", elements_per_sample(graph, from)}};
  for (size_t i = 0; i <= exit_points.size(); ++i) {
    const bool last = i == exit_points.size();
    const ValueId to = last ? graph.outputs[0] : exit_points[i].value;
    const std::string at = last ? "output" : exit_points[i].at;
    OFFRAMP_TRY(const Graph stretch, extract_subgraph(graph, {from}, {to}).within("cut point " + at));
    const Costs costs = measure_costs(stretch);
    points.push_back({at, elements_per_sample(graph, to), double(costs.macs), costs.weight_bytes,
                      peak_activation_bytes(stretch)});
    from = to;
  }
  return points;
}

}  // namespace offramp
