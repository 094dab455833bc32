// ONNX bytes to a Graph, and back. The only module that sees protobuf.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/byte_source.h"
#include "graph/graph.h"

namespace offramp {

// Caps for untrusted models.
struct ImportLimits {
  size_t max_bytes = size_t{2} << 30;
  size_t max_nodes = 100'000;  // and 20 times as many names, attributes and tensors
  int max_nesting = 16;  // of subgraphs
};

// Reads a ModelProto of opset 6 to 22, each weight once and straight into its tensor. Unknown operators import, without their subgraphs; external tensor data is
// refused. The graph is validated and sorted. Names are made printable: control characters and bytes that are not UTF-8
// become \xNN, what is longer than 1,024 bytes is cut.
// Shapes: inputs' as stated. A leading 1 or open dimension is the batch, other open ones are -1. Nothing else that the
// file says of shapes is believed.
// Errors: kInvalidModel, kLimitExceeded, kUnsupported (opset, external data, non-tensor inputs, types without a DType,
// sparse and quantised tensors).
Result<Graph> import_onnx(const ByteSource& source, const ImportLimits& limits = {});

// Reads a TensorProto, as ONNX's own test data stores inputs and outputs.
// Errors: kInvalidData if it is none; kInvalidModel, kLimitExceeded and kUnsupported as for a model's tensors.
Result<Tensor> import_tensor(std::span<const uint8_t> bytes);

// Writes a ModelProto that ONNX's checker accepts: the graph's opset (13 to 17, or 21), raised to 21 if a node needs it;
// IR version 8 or 10; shapes of inputs and outputs with the batch as symbolic dimension "N"; constants as initialisers.
// Same graph, same bytes.
// Errors: kInvalidArgument if the opset is another or an output's shape is not known: normalise first.
Result<std::vector<uint8_t>> export_onnx(const Graph& graph);

}  // namespace offramp
