// A link's encoding as nodes of the graph, so that whatever runs the graph sees what the receiver sees.
#include "base/half.h"
#include "passes/passes.h"
#include "passes/rewriting.h"

namespace offramp {
namespace {

constexpr int64_t kOnnxFloat = 1, kOnnxHalf = 10;
constexpr float kLeastScale = 0x1p-126f;  // in place of 0, for rows of zeros

class Builder {
 public:
  Builder(Graph& graph, std::string name) : graph_(graph), name_(std::move(name)) {}
  ValueId constant(float value) { return graph_.add_constant(name_ + "_constant", Tensor::of<float>(Dims{}, std::vector{value})); }
  ValueId add(const char* op, std::vector<ValueId> inputs, std::map<std::string, Attribute> attributes = {}) {
    return emit(graph_, nodes, op, std::move(inputs), name_ + "_" + op, std::move(attributes));
  }
  std::vector<Node> nodes;

 private:
  Graph& graph_;
  std::string name_;
};

ValueId through_half(Builder& build, ValueId value) {
  const ValueId clamped = build.add("Clip", {value, build.constant(-kHalfMax), build.constant(kHalfMax)});
  const ValueId half = build.add("Cast", {clamped}, {{"to", kOnnxHalf}});
  return build.add("Cast", {half}, {{"to", kOnnxFloat}});
}

// byte_scale_of, encode and decode of base/encoding.h, row by row.
ValueId through_bytes(Builder& build, ValueId value, size_t rank) {
  std::vector<int64_t> axes;
  for (size_t axis = 1; axis < rank; ++axis) axes.push_back(int64_t(axis));
  const ValueId zero = build.constant(0), half = build.constant(0.5f), most = build.constant(255);
  const std::map<std::string, Attribute> rows = {{"axes", axes}, {"keepdims", int64_t{1}}};
  const ValueId low = build.add("Min", {build.add("ReduceMin", {value}, rows), zero});
  const ValueId high = build.add("Max", {build.add("ReduceMax", {value}, rows), zero});
  const ValueId width = build.add("Sub", {build.add("Mul", {high, half}), build.add("Mul", {low, half})});
  const ValueId scale = build.add("Max", {build.add("Div", {width, build.constant(127.5f)}), build.constant(kLeastScale)});
  const ValueId offset = build.add("Round", {build.add("Div", {build.add("Sub", {zero, low}), scale})});
  const ValueId zero_point = build.add("Clip", {offset, zero, most});
  const ValueId steps = build.add("Add", {build.add("Round", {build.add("Div", {value, scale})}), zero_point});
  const ValueId bytes = build.add("Clip", {steps, zero, most});
  return build.add("Mul", {build.add("Sub", {bytes, zero_point}), scale});
}

}  // namespace

Status add_transmission(Graph& graph, ValueId value, Encoding encoding) {
  if (encoding == Encoding::kF32) return {};
  const Value sent = graph.value(value);
  if (sent.dtype != DType::kF32 || !sent.shape || sent.shape->size() < 2 || sent.shape->front() != Dim{1, true})
    return invalid_argument("value \"" + sent.name + "\" cannot be sent as " + std::string(to_string(encoding)) +
                            ": it must be f32 [N, ...] of known shape");
  Builder build(graph, sent.name + "_" + std::string(to_string(encoding)));
  const ValueId received = encoding == Encoding::kF16 ? through_half(build, value) : through_bytes(build, value, sent.shape->size());
  // Everybody but the encoding itself reads what was received.
  const size_t readers = graph.nodes.size();
  for (size_t i = 0; i < readers; ++i)
    for (ValueId& input : graph.nodes[i].inputs)
      if (input == value) input = received;
  for (ValueId& output : graph.outputs)
    if (output == value) output = received;
  graph.nodes.insert(graph.nodes.end(), build.nodes.begin(), build.nodes.end());
  return graph.sort();
}

}  // namespace offramp
