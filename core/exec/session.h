// Session: a normal-form graph made runnable, by plain reference kernels or by XNNPACK.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace offramp {

enum class Backend {
  kReference,  // one obvious loop nest per operator
  kXnnpack,    // XNNPACK for what it has, reference kernels for the rest
};

struct SessionOptions {
  Backend backend = Backend::kXnnpack;
};

class Session {
 public:
  virtual ~Session() = default;
  // Errors: kUnsupported naming every operator, type or form without a kernel, all at once, with node names.
  static Result<std::unique_ptr<Session>> create(const Graph& graph, const SessionOptions& options = {});

  // Shapes: the graph's, with any batch size in the leading dimension (the same for all inputs).
  // Errors: kInvalidArgument if an input's count, type or shape is not what the graph states.
  virtual Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) = 0;

  // Multiply-accumulates spent by all runs so far: each node adds its own as it is executed.
  int64_t executed_macs() const { return executed_macs_; }

 protected:
  int64_t executed_macs_ = 0;
};

// All that keeps a graph from running, each with its reason: "input x has no size for dimension 2 of ...",
// "node attn (Attention): operator Attention has no kernel". Unsupported operators, attributes, types and shapes, in the
// graph's order; empty if everything can run. What lies behind them is not judged.
std::vector<std::string> unsupported_parts(const Graph& graph);
// Errors: kUnsupported naming them.
Status check_supported(const Graph& graph);
// The same for operators and types alone, as far as types are known.
Status check_kernels(const Graph& graph);

// Runs one node on concrete tensors with the reference kernels; used by sessions and by constant folding's tests.
Result<std::vector<Tensor>> run_reference(const Node& node, std::span<const Tensor* const> inputs);

}  // namespace offramp
