// For the tests of passes: graphs in, graphs out, as text.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "base/rng.h"
#include "exec/session.h"
#include "graph/operators.h"
#include "graph/text.h"
#include "passes/passes.h"

namespace offramp::testing {

inline Graph parsed(const std::string& text) {
  auto graph = parse_graph(text);
  if (!graph) FAIL(graph.error().to_string());
  return std::move(*graph);
}

inline Graph inferred(const std::string& text) {
  Graph graph = parsed(text);
  const Status status = infer_known_shapes(graph);
  if (!status) FAIL(status.error().to_string());
  return graph;
}

// The graph without its "graph" line, what is dead dropped.
inline std::string body(Graph graph) {
  graph.compact();
  const Status valid = validate(graph);
  if (!valid) return valid.error().to_string();
  const std::string text = print_graph(graph);
  return text.substr(text.find('\n') + 1);
}

inline std::string normalised(const std::string& text) {
  Graph graph = parsed(text);
  const Status status = normalise(graph, run_reference);
  return status ? body(std::move(graph))
                : std::string(to_string(status.error().code)) + ": " + status.error().to_string();
}

// The first output of the graph as it stands, its nodes run one by one; inputs are filled with noise.
inline std::vector<float> computed(const Graph& graph, int64_t batch = 2) {
  std::map<ValueId, Tensor> values(graph.constants());
  Rng rng(3);
  for (ValueId id : graph.inputs) {
    Tensor tensor(DType::kF32, offramp::bind(*graph.value(id).shape, batch));
    for (float& value : tensor.mutable_data<float>()) value = rng.normal();
    values[id] = std::move(tensor);
  }
  for (const Node& node : graph.nodes) {
    std::vector<const Tensor*> inputs;
    for (ValueId id : node.inputs) inputs.push_back(id ? &values.at(id) : nullptr);
    auto outputs = run_reference(node, inputs);
    if (!outputs) FAIL(node.frame() << ": " << outputs.error().to_string());
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i]) values[node.outputs[i]] = std::move((*outputs)[i]);
  }
  const auto data = values.at(graph.outputs[0]).data<float>();
  return {data.begin(), data.end()};
}

inline double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return 1e30;
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(double(a[i]) - double(b[i])));
  return largest;
}

}  // namespace offramp::testing
