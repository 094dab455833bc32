// What is known about each ONNX operator without running it: arity, shapes, MACs. One registry, one file per family
// in graph/ops/. Kernels live in exec/.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace offramp {

// What shape inference knows of one input or output.
struct ValueInfo {
  DType dtype = DType::kF32;
  Shape shape;
  const Tensor* constant = nullptr;         // its value, when it is known now
  std::optional<std::vector<Dim>>
      elements;  // of a small integer tensor, row by row, which may depend on the batch: a shape under way
};

struct OperatorInfo {
  std::string op;
  int min_inputs = 1;
  int max_inputs = 1;
  // Shapes and types of the outputs. An absent optional input is a null pointer.
  // Errors: kInvalidModel if the inputs break ONNX's rules, kUnsupported for a valid form we do not run.
  std::function<Result<std::vector<ValueInfo>>(const Node&, std::span<const ValueInfo* const> inputs)> infer;
  // Multiply-accumulates for one sample, given concrete dims at batch 1. Null: none (only convolutions and matrix
  // products are counted).
  std::function<int64_t(const Node&, std::span<const Dims> inputs, std::span<const Dims> outputs)> macs;
};

// The type behind an ONNX type number, as Cast's `to` holds it. Source: TensorProto.DataType.
std::optional<DType> dtype_of_onnx(int64_t code);

// Null if the operator is unknown.
const OperatorInfo* find_operator(const std::string& op);
std::vector<std::string> known_operators();

// Checks arity and infers every value's dtype and shape, in place. In a batched graph the leading dimension of every
// input is the batch. Precondition: the graph is valid. Errors: as OperatorInfo::infer, within the node's frame; kUnsupported naming
// all unknown operators at once.
Status infer_shapes(Graph& graph);

// A form that is valid but not supported: of a node, or of a graph input if the node's index is -1.
struct Refusal {
  NodeId node;
  Error error;  // kUnsupported, within the node's frame
};
// The same as far as it goes, for looking at models that cannot run: shapes behind unknown operators, unsupported forms
// and open input dimensions stay empty; the latter two are listed in `refusals` if given.
// Errors: as infer_shapes, apart from kUnsupported.
Status infer_known_shapes(Graph& graph, std::vector<Refusal>* refusals = nullptr);

// Multiply-accumulates of one node for one sample; 0 where shapes are unknown.
int64_t count_macs(const Graph& graph, const Node& node);

}  // namespace offramp
