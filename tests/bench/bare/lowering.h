// What the parts of lower() share.
#pragma once
#include <map>

#include "network.h"

namespace offramp::bench {

// A graph value as an operand. Maps and signals, [N, C, ...] in the graph, are [N, H, W, C] there, others as in the graph.
struct Operand {
  int index = 0;
  bool map = false;
};

class Lowering {
 public:
  explicit Lowering(const Graph& graph) : graph_(graph), consumers_(graph.consumers()) {}
  Result<Network> run();

 private:
  Status node(const Node& node);
  // lower_maps.cpp
  Status conv(const Node& node);
  Status pool(const Node& node);
  Status activation(const Node& node, float low, float high);
  Status slice(const Node& node);
  Status pad(const Node& node);
  // lower_matrices.cpp
  Status gemm(const Node& node);
  Status matmul(const Node& node);
  Status reshape(const Node& node);
  Status transpose(const Node& node);
  Status gather(const Node& node);
  Status layer_norm(const Node& node);
  Status binary(const Node& node, Kind kind);
  // x * (1 + erf(x / sqrt 2)) / 2, as exporters write it: marks its nodes as done.
  bool gelu(const Node& node);

  Dims plain_dims(ValueId value) const { return offramp::bind(*graph_.value(value).shape, 1); }
  Operand& operand(ValueId value);
  int add_operand(Dims dims);
  // Makes the value `output`.
  Layer& add_layer(Kind kind, std::vector<int> inputs, ValueId output, Dims dims, bool map);
  // Of the node's first input, for its output.
  Layer& add_layer(Kind kind, const Node& node, Dims dims, bool map) {
    return add_layer(kind, {operand(node.inputs[0]).index}, node.outputs[0], std::move(dims), map);
  }
  // The value is another one's bytes under other dims.
  void alias(ValueId value, ValueId source, Dims dims, bool map);
  std::vector<int64_t> integers(ValueId value) const;
  const Node* only_consumer(ValueId value) const;

  const Graph& graph_;
  std::vector<std::vector<int32_t>> consumers_;
  std::map<ValueId, Operand> operands_;
  std::map<const Node*, bool> done_;
  Network network_;
};

// [N, C, spatial...] to [N, H, W, C]; a signal is a map of height 1.
Dims map_dims(const Dims& plain);
// The constant with its axes in another order.
Tensor permuted(const Tensor& tensor, const std::vector<size_t>& order);

}  // namespace offramp::bench
