// Session: a normal-form graph made runnable, by plain reference kernels or by XNNPACK.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "exec/activation.h"
#include "graph/graph.h"

namespace offramp {

enum class Backend {
  kReference,  // one obvious loop nest per operator
  kXnnpack,    // XNNPACK and a few kernels of our own for what they have, reference kernels for the rest
};
std::string_view to_string(Backend backend);  // "reference", "xnnpack"

class PackedWeights;
// Weights in the form that kernels read. Sessions given the same one keep equal weights once.
std::shared_ptr<PackedWeights> make_packed_weights();

struct SessionOptions {
  Backend backend = Backend::kXnnpack;
  // run_activations() expects maps in the layout of the kernels, and leaves its outputs in it, for sessions that
  // follow one another.
  bool takes_over = false, hands_over = false;
  std::shared_ptr<PackedWeights> weights = nullptr;  // null: of this session alone
};

// One piece of a session's work, with the time that run() spent on it while a clock was set.
struct StepProfile {
  std::string node;  // the first one, of several fused into one step
  std::string op;
  std::string kernel;  // "xnnpack", "own", "reference"
  int64_t macs = 0;    // for one sample
  double total_ns = 0;
};

// What a session needs beside the tensors that its caller holds.
struct SessionMemory {
  size_t weight_bytes = 0;      // packed weights and other constants
  size_t activation_bytes = 0;  // planned for the batch size last run
};

class Session {
 public:
  virtual ~Session() = default;
  // Weights are released as they are packed: hand the graph over where it is not needed any more.
  // Errors: kUnsupported naming every operator, type or form without a kernel, all at once, with node names.
  static Result<std::unique_ptr<Session>> create(Graph graph, const SessionOptions& options = {});

  // Shapes: the graph's, with any batch size in the leading dimension (the same for all inputs).
  // Errors: kInvalidArgument if an input's count, type or shape is not what the graph states.
  virtual Result<std::vector<Activation>> run_activations(std::span<const Activation> inputs) = 0;
  // The same for plain tensors.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs);

  // Multiply-accumulates spent by all runs so far: each node adds its own as it is executed.
  int64_t executed_macs() const { return executed_macs_; }

  // Nanoseconds since any moment. The core reads no clock: hosts lend theirs.
  using Clock = std::function<double()>;
  // Times every step of later runs, from zero; an empty clock ends it.
  virtual void set_clock(Clock clock) = 0;
  virtual std::vector<StepProfile> profile() const = 0;
  virtual SessionMemory memory() const = 0;

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
