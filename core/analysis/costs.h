// What a model costs: multiply-accumulates, parameters, bytes. Per sample, batch 1.
#pragma once
#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace offramp {

// MACs counted: convolutions (with groups) and matrix products (Gemm, MatMul), without bias, activation, pooling and
// element-wise work, as the field does.
struct Costs {
  int64_t macs = 0;
  int64_t parameters = 0;          // elements of the floating-point constants that some node reads, shared ones once
  int64_t weight_bytes = 0;        // of all constants that some node reads
  std::vector<int64_t> node_macs;  // by node index
};
// Precondition: shapes were inferred.
Costs measure_costs(const Graph& graph);

// Sums of costs stop at the largest number: a hostile graph can claim more MACs than 64 bits hold.
int64_t add_costs(int64_t a, int64_t b);
// Whether a constant counts as parameter: floats do, shapes and axes do not.
bool is_parameter(const Tensor& tensor);

// Largest sum of bytes of the values alive at one node, for one sample: what a memory planner can reach at best.
int64_t peak_activation_bytes(const Graph& graph);

}  // namespace offramp
