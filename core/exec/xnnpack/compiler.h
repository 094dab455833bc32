// Compiler: from a graph to steps over buffers. It keeps each value in the layout that its maker produced and adds a
// transposition only when somebody asks for the other one.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "exec/session.h"
#include "exec/xnnpack/layout.h"
#include "exec/xnnpack/step.h"
#include "exec/xnnpack/weights.h"

namespace offramp::xnnpack {

struct Family;

// A value in one layout, or several values with the same bytes.
struct Buffer {
  enum class Kind { kComputed, kInput, kOutput, kConstant };
  Kind kind = Kind::kComputed;
  size_t index = 0;   // of the session's input or output
  TypedShape stored;  // as it stands in memory
  Tensor constant;
};

// What a node's kernel does to its result before storing it, taken over from the nodes that follow it.
struct Epilogue {
  static const float kInfinity;
  float low = -kInfinity, high = kInfinity;  // both infinite: no clamp
  ValueId output;                            // of the last node taken over
};

class Compiler {
 public:
  // `graph` outlives the steps; its constants are released as nothing needs them any more.
  // takes_over, hands_over: see SessionOptions.
  Compiler(Graph& graph, PackedWeights& weights, bool takes_over, bool hands_over);

  // Errors: kUnsupported for what no kernel takes.
  Status compile();

  // For the compile_* functions: operands.
  const Graph& graph() const { return graph_; }
  PackedWeights& weights() { return weights_; }
  const Shape& shape(ValueId value) const { return *graph_.value(value).shape; }
  Dims dims(ValueId value) const { return offramp::bind(shape(value), 1); }
  // In which layout the value is at hand.
  Layout layout_of(ValueId value) const;
  // The buffer of a value, transposed if need be. Precondition: an input, a constant, or made.
  Result<BufferId> read(ValueId value, Layout layout);
  // The buffer of a value in any layout whose bytes are those of the plain one.
  Result<BufferId> read_bytes(ValueId value);
  // A buffer for a value about to be made.
  BufferId make(ValueId value, Layout layout);
  // Lets a value stand where another stands, whose bytes are the same.
  void alias(ValueId value, BufferId buffer) { ids_[value].plain = buffer; }
  BufferId make_temporary(Shape shape);
  BufferId keep(Tensor constant);
  // Takes over the bounds put on a value that is about to be made.
  Epilogue take_epilogue(ValueId made);
  // The only node that reads the value, if there is just one and it is no output.
  const Node* only_reader(ValueId value) const;
  // That node runs as part of another one.
  void absorb(const Node& node);
  void add(std::unique_ptr<Step> step, std::vector<BufferId> reads, std::vector<BufferId> writes,
           uint32_t may_replace = 0);

  // What is being packed, kept until the next: memory free in between would be split up by small objects that stay.
  Tensor filter;

  // The result.
  std::vector<Buffer> buffers;
  std::vector<std::unique_ptr<Step>> steps;
  struct Port {
    BufferId buffer = -1;
    Layout layout = Layout::kPlain;
  };
  std::vector<Port> inputs, outputs;

 private:
  struct Ids {
    BufferId plain = -1, nhwc = -1;
    BufferId& of(Layout layout) { return layout == Layout::kPlain ? plain : nhwc; }
  };
  BufferId add_buffer(Buffer buffer);
  void declare_inputs();
  Status declare_outputs();
  Status compile_node(const Node& node);
  Status add_reference(const Node& node);
  Result<BufferId> convert(ValueId value, BufferId from, Layout to);
  void find_needed();
  void release_constants_of(const Node& node);

  Graph& graph_;
  PackedWeights& weights_;
  bool takes_over_, hands_over_;
  std::map<ValueId, Ids> ids_;
  static constexpr int32_t kOutside = -1;      // reader of the graph's outputs
  std::vector<std::vector<int32_t>> readers_;  // by value: nodes that need it, without those that need its shape alone
  std::vector<int32_t> constant_uses_;         // by value: nodes not compiled yet, and outputs
  std::vector<const Family*> families_;        // by node
  std::vector<bool> needed_, absorbed_;        // by node
  std::vector<size_t> absorbed_now_;           // by the node being compiled
  std::string current_, op_;                   // of the next step
  int64_t macs_ = 0;                           // of the next step
};

}  // namespace offramp::xnnpack
