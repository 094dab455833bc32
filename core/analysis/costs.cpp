// Sums of what single nodes and values cost.
#include "analysis/costs.h"

#include <algorithm>
#include <utility>

#include "graph/operators.h"

namespace offramp {
namespace {

int64_t bytes_per_sample(const Value& value) {
  return value.shape ? element_count(offramp::bind(*value.shape, 1)) * int64_t(byte_size(value.dtype)) : 0;
}

}  // namespace

int64_t add_costs(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

bool is_parameter(const Tensor& tensor) {
  return tensor.dtype() == DType::kF32 || tensor.dtype() == DType::kF64 || tensor.dtype() == DType::kF16;
}

Costs measure_costs(const Graph& graph) {
  Costs costs;
  std::vector<char> counted(graph.value_count(), 0);
  for (const Node& node : graph.nodes) {
    costs.node_macs.push_back(count_macs(graph, node));
    costs.macs = add_costs(costs.macs, costs.node_macs.back());
    for (ValueId id : node.inputs) {
      const Tensor* tensor = graph.constant(id);
      if (!tensor || std::exchange(counted[size_t(id.index)], 1)) continue;
      if (is_parameter(*tensor)) costs.parameters += tensor->elements();
      costs.weight_bytes += int64_t(tensor->bytes());
    }
  }
  return costs;
}

int64_t peak_activation_bytes(const Graph& graph) {
  if (graph.nodes.empty()) return 0;
  const auto node_count = int64_t(graph.nodes.size());
  const std::vector<int32_t> makers = graph.producers();
  const std::vector<std::vector<int32_t>> readers = graph.consumers();
  std::vector<char> is_output(graph.value_count(), 0);
  for (ValueId id : graph.outputs) is_output[size_t(id.index)] = 1;
  // By node: bytes that become alive at it, less those that died at the node before.
  std::vector<int64_t> change(size_t(node_count) + 1, 0);
  for (size_t i = 0; i < graph.value_count(); ++i) {
    const ValueId id{int32_t(i)};
    if (graph.is_constant(id)) continue;
    const int64_t first = std::max(makers[i], 0);
    const int64_t last = is_output[i] ? node_count - 1 : readers[i].empty() ? first : readers[i].back();
    const int64_t bytes = bytes_per_sample(graph.value(id));
    change[size_t(first)] += bytes;
    change[size_t(last) + 1] -= bytes;
  }
  int64_t alive = 0, peak = 0;
  for (int64_t bytes : change) peak = std::max(peak, alive += bytes);
  return peak;
}

}  // namespace offramp
