// ONNX bytes to a Graph, and back. The only module that sees protobuf.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace offramp {

// Caps for untrusted models.
struct ImportLimits {
  size_t max_bytes = size_t{2} << 30;
  size_t max_nodes = 100'000;
  int max_nesting = 16;  // of subgraphs
};

// Reads a ModelProto. Unknown operators import; external tensor data is refused. The graph is validated and sorted;
// shapes are not inferred beyond what the file states.
// Errors: kInvalidModel, kLimitExceeded, kUnsupported (external data, non-tensor inputs, quantised or string tensors).
Result<Graph> import_onnx(std::span<const uint8_t> bytes, const ImportLimits& limits = {});

// Writes a ModelProto that ONNX's checker accepts: IR version 8, the graph's opset (13 to 17), shapes of inputs and
// outputs with the batch as symbolic dimension "N", constants as initialisers.
Result<std::vector<uint8_t>> export_onnx(const Graph& graph);

}  // namespace offramp
