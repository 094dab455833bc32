// The graph: a model as nodes over values, in topological order, close to ONNX and free of protobuf.
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace offramp {

struct ValueId {
  int32_t index = -1;  // -1: an absent optional input
  auto operator<=>(const ValueId&) const = default;
  explicit operator bool() const { return index >= 0; }
};
struct NodeId {
  int32_t index = -1;
  auto operator<=>(const NodeId&) const = default;
};

// One dimension: `size`, or `size` times the number of samples in a batch.
struct Dim {
  int64_t size = 1;
  bool per_sample = false;
  bool operator==(const Dim&) const = default;
};
using Shape = std::vector<Dim>;
std::string to_string(const Shape& shape);  // "[N, 16, 28, 28]", "[4N, 10]"
// The concrete dims for a batch of that many samples. Call it as offramp::bind: std::bind takes part in look-up.
Dims bind(const Shape& shape, int64_t batch);

using Attribute = std::variant<int64_t, float, std::string, Tensor, std::vector<int64_t>, std::vector<float>,
                               std::vector<std::string>>;

struct Node {
  std::string name;
  std::string op;  // ONNX operator; "domain::Op" outside of ONNX's own domain
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::map<std::string, Attribute> attributes;

  // "node conv1 (Conv)", the frame that errors about this node carry.
  std::string frame() const;
  bool has(const std::string& attribute) const { return attributes.count(attribute) > 0; }
  int64_t integer(const std::string& attribute, int64_t otherwise) const;
  float number(const std::string& attribute, float otherwise) const;
  std::string text(const std::string& attribute, const std::string& otherwise) const;
  std::vector<int64_t> integers(const std::string& attribute, std::vector<int64_t> otherwise = {}) const;
};

struct Value {
  std::string name;
  DType dtype = DType::kF32;
  std::optional<Shape> shape;  // empty until inferred
};

class Graph {
 public:
  std::string name;
  int64_t opset = 17;
  bool batched = true;  // the leading dimension of every input is the batch; else shapes are as stated
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<Node> nodes;  // topological order

  // A new value; a taken name gets a suffix, so names stay unique.
  ValueId add_value(const std::string& name, DType dtype = DType::kF32, std::optional<Shape> shape = std::nullopt);
  ValueId add_constant(const std::string& name, Tensor tensor);
  // Appends a node with one new output of that name and returns the output.
  ValueId add_node(std::string op, std::vector<ValueId> inputs, const std::string& output_name,
                   std::map<std::string, Attribute> attributes = {});

  size_t value_count() const { return values_.size(); }
  bool contains(ValueId id) const { return id.index >= 0 && size_t(id.index) < values_.size(); }
  const Value& value(ValueId id) const { return values_[size_t(id.index)]; }
  Value& value(ValueId id) { return values_[size_t(id.index)]; }
  ValueId find_value(const std::string& name) const;  // index -1 if there is none
  // The only way to change a name that find_value follows; a taken one gets a suffix.
  void rename_value(ValueId id, const std::string& name);
  // Gives a value this very name; what has it becomes NAME_inner.
  void claim_name(ValueId id, const std::string& name);

  bool is_constant(ValueId id) const { return constants_.count(id) > 0; }
  const Tensor* constant(ValueId id) const;  // null if not a constant
  void set_constant(ValueId id, Tensor tensor);
  void erase_constant(ValueId id) { constants_.erase(id); }
  void clear_constants() { constants_.clear(); }
  const std::map<ValueId, Tensor>& constants() const { return constants_; }

  // Index of the node that makes each value, -1 for inputs and constants. By value index.
  std::vector<int32_t> producers() const;
  // Indices of the nodes that read each value. By value index.
  std::vector<std::vector<int32_t>> consumers() const;
  // Every use of `from`, graph outputs included, reads `to` instead.
  void replace_uses(ValueId from, ValueId to);
  // Drops nodes, values and constants that no output needs; ids change. Inputs stay.
  void compact();
  // Sorts nodes topologically (stable). Errors: kInvalidModel naming a node on a cycle.
  Status sort();

 private:
  std::string unique_name(const std::string& wanted);

  std::vector<Value> values_;
  std::map<ValueId, Tensor> constants_;
  std::map<std::string, ValueId> by_name_;
  std::map<std::string, int64_t> last_suffix_;  // given out so far, by wanted name
};

// Every id in range, one producer per value, inputs produced before use, outputs produced, node count under the cap.
// Errors: kInvalidModel naming the node or value; kLimitExceeded for more than 100,000 nodes.
Status validate(const Graph& graph);

// The part of a graph that computes `outputs` from `inputs`; values of `inputs` become graph inputs in that order.
// Errors: kInvalidArgument if an output needs a graph input that is not among `inputs`.
Result<Graph> extract_subgraph(const Graph& graph, const std::vector<ValueId>& inputs,
                               const std::vector<ValueId>& outputs);

}  // namespace offramp
