// The registry of operators, and shape inference over a whole graph with it.
#include "graph/operators.h"

#include <algorithm>

#include "graph/ops/ops.h"

namespace offramp {
namespace {

constexpr size_t kMaxRank = 8;
constexpr size_t kMaxListed = 8;  // of nodes per operator, and of operators, in one message

const ops::Registry& registry() {
  static const ops::Registry all = [] {
    ops::Registry registry;
    ops::register_conv(registry);
    ops::register_matmul(registry);
    ops::register_pooling(registry);
    ops::register_normalisation(registry);
    ops::register_activation(registry);
    ops::register_elementwise(registry);
    ops::register_data_movement(registry);
    ops::register_masks(registry);
    ops::register_reduction(registry);
    ops::register_shape_chain(registry);
    ops::register_indexing(registry);
    ops::register_rearrangement(registry);
    ops::register_resize(registry);
    ops::register_einsum(registry);
    ops::register_recurrent(registry);
    return registry;
  }();
  return all;
}

std::string join_first(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < std::min(parts.size(), kMaxListed); ++i) text += (i ? ", " : "") + parts[i];
  return parts.size() > kMaxListed ? text + " and " + std::to_string(parts.size() - kMaxListed) + " more" : text;
}

Status refuse_unknown_operators(const Graph& graph) {
  std::map<std::string, std::vector<std::string>> nodes_by_op;
  std::vector<std::string> order;
  for (const Node& node : graph.nodes) {
    if (find_operator(node.op)) continue;
    auto& names = nodes_by_op[node.op];
    if (names.empty()) order.push_back(node.op);
    const bool unnamed = node.name.empty() && !node.outputs.empty() && graph.contains(node.outputs[0]);
    names.push_back("node " + (unnamed ? graph.value(node.outputs[0]).name : node.name));
  }
  if (order.empty()) return {};
  std::vector<std::string> parts;
  for (const std::string& op : order) parts.push_back(op + " (" + join_first(nodes_by_op[op]) + ")");
  return unsupported("operators not supported: " + join_first(parts));
}

Status check_shape(const Shape& shape) {
  if (shape.size() > kMaxRank)
    return unsupported("shape " + to_string(shape) + " has more than " + std::to_string(kMaxRank) + " dimensions");
  Dims sizes;
  for (Dim dim : shape) {
    if (dim.size < 0) return invalid_model("shape " + to_string(shape) + " has a negative dimension");
    sizes.push_back(dim.size);
  }
  const auto count = checked_element_count(sizes);
  if (count) return {};
  return limit_exceeded("shape " + to_string(shape) + " has more than " + std::to_string(kMaxTensorElements) +
                        " elements per sample");
}

// With its leading dimension as the batch.
Result<Shape> batched_shape(const std::string& what, Shape shape) {
  if (shape.empty()) return unsupported(what + " is a scalar; the leading dimension of every input must be the batch");
  if (shape[0].size == -1) shape[0] = {1, true};
  if (!shape[0].per_sample && shape[0].size != 1)
    return unsupported(what + " has a fixed batch of " + std::to_string(shape[0].size) + " in shape " +
                       to_string(shape) + "; export the model with a batch of 1 or a symbolic batch");
  shape[0].per_sample = true;
  return shape;
}

Result<Shape> input_shape(const Graph& graph, const Value& value) {
  const std::string what = "input " + value.name;
  if (!value.shape) return unsupported(what + " has no shape");
  Shape shape = *value.shape;
  if (graph.batched) {
    OFFRAMP_TRY(shape, batched_shape(what, std::move(shape)));
  }
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i].size == -1)
      return unsupported(what + " has no size for dimension " + std::to_string(i) + " of shape " + to_string(shape) +
                         "; only the batch may be open");
  OFFRAMP_RETURN_IF_ERROR(check_shape(shape).within(what));
  return shape;
}

Status check_arity(const Node& node, const OperatorInfo& info) {
  const auto given = int64_t(node.inputs.size());
  bool complete = given >= info.min_inputs;
  for (int64_t i = 0; complete && i < info.min_inputs; ++i) complete = bool(node.inputs[size_t(i)]);
  if (complete && given <= info.max_inputs) return {};
  std::string allowed = std::to_string(info.min_inputs);
  if (info.max_inputs >= ops::kAnyNumber) allowed = "at least " + allowed;
  else if (info.max_inputs > info.min_inputs) allowed += " to " + std::to_string(info.max_inputs);
  const auto present = std::count_if(node.inputs.begin(), node.inputs.end(), [](ValueId id) { return bool(id); });
  return invalid_model("expected " + allowed + (allowed == "1" ? " input" : " inputs") + ", got " +
                       std::to_string(present));
}

// The types of attributes, which mean the same in every operator that has them.
Status check_attribute_types(const Node& node) {
  enum { kInteger, kFloat, kText, kTensor, kIntegers };  // as in Attribute
  static const std::map<std::string, int> types = {
      {"axis", kInteger}, {"group", kInteger}, {"keepdims", kInteger}, {"ceil_mode", kInteger}, {"transA", kInteger},
      {"transB", kInteger}, {"to", kInteger}, {"allowzero", kInteger}, {"value_int", kInteger}, {"start", kInteger},
      {"end", kInteger}, {"num_outputs", kInteger}, {"training_mode", kInteger}, {"hidden_size", kInteger}, {"layout", kInteger}, {"input_forget", kInteger},
      {"linear_before_reset", kInteger}, {"clip", kFloat}, {"output_padding", kIntegers}, {"output_shape", kIntegers},
      {"equation", kText}, {"batch_dims", kInteger}, {"blocksize", kInteger}, {"reduction", kText},
      {"coordinate_transformation_mode", kText}, {"nearest_mode", kText}, {"cubic_coeff_a", kFloat},
      {"exclude_outside", kInteger}, {"extrapolation_value", kFloat}, {"fmod", kInteger},
      {"detect_positive", kInteger}, {"detect_negative", kInteger}, {"select_last_index", kInteger},
      {"largest", kInteger}, {"sorted", kInteger}, {"exclusive", kInteger}, {"reverse", kInteger}, {"p", kInteger},
      {"size", kInteger}, {"num_groups", kInteger}, {"stash_type", kInteger}, {"count_include_pad", kInteger},
      {"storage_order", kInteger}, {"noop_with_empty_axes", kInteger}, {"k", kInteger}, {"upper", kInteger},
      {"dtype", kInteger}, {"alpha", kFloat}, {"beta", kFloat},
      {"gamma", kFloat}, {"epsilon", kFloat}, {"ratio", kFloat}, {"value_float", kFloat}, {"lambd", kFloat},
      {"bias", kFloat}, {"auto_pad", kText}, {"mode", kText}, {"approximate", kText}, {"direction", kText},
      {"value", kTensor}, {"axes", kIntegers}, {"pads", kIntegers}, {"strides", kIntegers}, {"dilations", kIntegers},
      {"perm", kIntegers}, {"kernel_shape", kIntegers}, {"starts", kIntegers}, {"ends", kIntegers},
      {"split", kIntegers}, {"steps", kIntegers}, {"value_ints", kIntegers}};
  constexpr const char* kNames[] = {"an integer", "a float", "a text", "a tensor", "integers", "floats", "texts"};
  for (const auto& [name, value] : node.attributes) {
    const auto expected = types.find(name);
    const int got = int(value.index());
    if (expected == types.end() || got == expected->second || (got == kInteger && expected->second == kFloat)) continue;
    return invalid_model("attribute " + name + ": expected " + kNames[expected->second] + ", got " + kNames[got]);
  }
  return {};
}

class ShapeInference {
 public:
  explicit ShapeInference(Graph& graph) : graph_(graph), known_(graph.value_count()) {}

  // What is unknown or unsupported is listed, and leaves the shapes behind it empty instead of ending the inference.
  Status run(std::vector<Refusal>& refusals) {
    for (const auto& [id, tensor] : graph_.constants()) {
      ValueInfo info = ops::make_info(tensor.dtype(), {});
      for (int64_t dim : tensor.dims()) info.shape.push_back({dim, false});
      info.constant = &tensor;
      info.elements = ops::carried_elements(tensor);
      set(id, std::move(info));
    }
    for (ValueId id : graph_.inputs) {
      auto shape = input_shape(graph_, graph_.value(id));
      if (shape) set(id, ops::make_info(graph_.value(id).dtype, std::move(shape).value()));
      else OFFRAMP_RETURN_IF_ERROR(refuse(NodeId{}, std::move(shape).error(), refusals));
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      for (ValueId id : node.outputs)
        if (id) graph_.value(id).shape.reset();
      if (Status status = infer(node); !status)
        OFFRAMP_RETURN_IF_ERROR(refuse(NodeId{int32_t(n)}, std::move(status).error().within(node.frame()), refusals));
    }
    return {};
  }

 private:
  static Status refuse(NodeId node, Error error, std::vector<Refusal>& refusals) {
    if (error.code != ErrorCode::kUnsupported) return error;
    refusals.push_back({node, std::move(error)});
    return {};
  }

  Status infer(const Node& node) {
    const OperatorInfo* op = find_operator(node.op);
    if (!op) return {};
    OFFRAMP_RETURN_IF_ERROR(check_arity(node, *op));
    OFFRAMP_RETURN_IF_ERROR(check_attribute_types(node));
    std::vector<const ValueInfo*> inputs;
    for (ValueId id : node.inputs) {
      if (id && !known_[size_t(id.index)]) return {};
      inputs.push_back(id ? &*known_[size_t(id.index)] : nullptr);
    }
    OFFRAMP_TRY(auto outputs, op->infer(node, inputs));
    if (node.outputs.size() > outputs.size())
      return invalid_model("makes at most " + std::to_string(outputs.size()) +
                           (outputs.size() == 1 ? " output, but " : " outputs, but ") +
                           std::to_string(node.outputs.size()) + " are listed");
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      OFFRAMP_RETURN_IF_ERROR(check_shape(outputs[i].shape));
      if (node.outputs[i]) set(node.outputs[i], std::move(outputs[i]));
    }
    return {};
  }

  void set(ValueId id, ValueInfo info) {
    graph_.value(id).dtype = info.dtype;
    graph_.value(id).shape = info.shape;
    known_[size_t(id.index)] = std::move(info);
  }

  Graph& graph_;
  std::vector<std::optional<ValueInfo>> known_;
};

}  // namespace

std::optional<DType> dtype_of_onnx(int64_t code) {
  switch (code) {
    case 1: return DType::kF32;
    case 2: return DType::kU8;
    case 3: return DType::kI8;
    case 4: return DType::kU16;
    case 5: return DType::kI16;
    case 6: return DType::kI32;
    case 7: return DType::kI64;
    case 9: return DType::kBool;
    case 10: return DType::kF16;
    case 11: return DType::kF64;
    default: return std::nullopt;
  }
}

const OperatorInfo* find_operator(const std::string& op) {
  const auto found = registry().find(op);
  return found == registry().end() ? nullptr : &found->second;
}

std::vector<std::string> known_operators() {
  std::vector<std::string> names;
  for (const auto& [op, info] : registry()) names.push_back(op);
  return names;
}

Status infer_shapes(Graph& graph) {
  OFFRAMP_RETURN_IF_ERROR(refuse_unknown_operators(graph));
  std::vector<Refusal> refusals;
  OFFRAMP_RETURN_IF_ERROR(ShapeInference(graph).run(refusals));
  if (!refusals.empty()) return std::move(refusals.front().error);
  return {};
}

Status infer_known_shapes(Graph& graph, std::vector<Refusal>* refusals) {
  std::vector<Refusal> unused;
  return ShapeInference(graph).run(refusals ? *refusals : unused);
}

int64_t count_macs(const Graph& graph, const Node& node) {
  const OperatorInfo* op = find_operator(node.op);
  if (!op || !op->macs) return 0;
  const auto bind_all = [&graph](const std::vector<ValueId>& ids, std::vector<Dims>& all) {
    for (ValueId id : ids) {
      if (id && !graph.value(id).shape) return false;
      all.push_back(id ? offramp::bind(*graph.value(id).shape, 1) : Dims());
    }
    return true;
  };
  std::vector<Dims> inputs, outputs;
  return bind_all(node.inputs, inputs) && bind_all(node.outputs, outputs) ? op->macs(node, inputs, outputs) : 0;
}

}  // namespace offramp
