// ModelProto to Graph: protobuf parses, everything it says is checked here.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "onnx.pb.h"
#include "onnx/names.h"
#include "onnx/onnx.h"
#include "onnx/tensor_proto.h"
#include "onnx/wire_check.h"

namespace offramp {
namespace {

constexpr int64_t kMinOpset = 6;
constexpr int64_t kMaxOpset = 22;

bool is_onnx_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

// Operators that have meant the same from opset 1 on.
bool keeps_first_forms(const onnx::GraphProto& graph) {
  static const std::set<std::string_view> kKept = {"GlobalAveragePool", "GlobalMaxPool", "Identity",
                                                   "Not",               "Softplus",      "Softsign"};
  return std::all_of(graph.node().begin(), graph.node().end(),
                     [](const onnx::NodeProto& node) { return kKept.count(node.op_type()) > 0; });
}

Result<int64_t> read_opset(const onnx::ModelProto& model) {
  int64_t opset = 0;
  for (const auto& import : model.opset_import()) {
    if (!is_onnx_domain(import.domain())) continue;
    if (opset != 0 && opset != import.version())
      return invalid_model("imports ONNX's operators twice, opset " + std::to_string(opset) + " and " +
                           std::to_string(import.version()));
    opset = import.version();
  }
  if (opset == 0 && model.opset_import_size() > 0)
    return unsupported("imports none of ONNX's own operators, only " + printable(model.opset_import(0).domain()));
  if (opset == 0) return invalid_model("does not say which opset of ONNX's operators it uses");
  const bool known = opset <= kMaxOpset && (opset >= kMinOpset || keeps_first_forms(model.graph()));
  if (known) return opset;
  return unsupported("opset " + std::to_string(opset) + "; opsets " + std::to_string(kMinOpset) + " to " +
                     std::to_string(kMaxOpset) + " are supported");
}

// Nothing for attributes that only operators with subgraphs or types have: such nodes import and are never run.
Result<std::optional<Attribute>> read_attribute(onnx::AttributeProto& proto, const ByteSource& source, bool clean_text) {
  using Proto = onnx::AttributeProto;
  const auto text = [&](const std::string& bytes) { return clean_text ? printable(bytes) : bytes; };
  if (!proto.ref_attr_name().empty()) return unsupported("refers to a function's attribute");
  switch (proto.type()) {
    case Proto::INT: return std::optional<Attribute>(proto.i());
    case Proto::FLOAT: return std::optional<Attribute>(proto.f());
    case Proto::STRING: return std::optional<Attribute>(text(proto.s()));
    case Proto::INTS:
      return std::optional<Attribute>(std::vector<int64_t>(proto.ints().begin(), proto.ints().end()));
    case Proto::FLOATS:
      return std::optional<Attribute>(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case Proto::STRINGS: {
      std::vector<std::string> list;
      for (const std::string& item : proto.strings()) list.push_back(text(item));
      return std::optional<Attribute>(std::move(list));
    }
    case Proto::TENSOR: {
      OFFRAMP_TRY(Tensor tensor, read_tensor(*proto.mutable_t(), &source));
      if (const int64_t at = find_not_finite(tensor, /*infinities=*/false); at >= 0)
        return invalid_model("has a NaN at element " + std::to_string(at));
      return std::optional<Attribute>(std::move(tensor));
    }
    case Proto::SPARSE_TENSOR:
    case Proto::SPARSE_TENSORS: return unsupported("is a sparse tensor; use a dense one");
    case Proto::GRAPH:
    case Proto::GRAPHS:
    case Proto::TENSORS:
    case Proto::TYPE_PROTO:
    case Proto::TYPE_PROTOS: return std::optional<Attribute>();
    case Proto::UNDEFINED: break;
  }
  return invalid_model("states no type");
}

class Importer {
 public:
  Importer(onnx::GraphProto& proto, const ByteSource& source) : proto_(proto), source_(source) {}

  Result<Graph> run(int64_t opset) {
    graph_.name = printable(proto_.name());
    graph_.opset = opset;
    OFFRAMP_RETURN_IF_ERROR(read_constants());
    OFFRAMP_RETURN_IF_ERROR(read_inputs());
    OFFRAMP_RETURN_IF_ERROR(read_nodes());
    OFFRAMP_RETURN_IF_ERROR(read_outputs());
    load_weights();
    OFFRAMP_RETURN_IF_ERROR(check_weights());
    OFFRAMP_RETURN_IF_ERROR(graph_.sort());
    OFFRAMP_RETURN_IF_ERROR(validate(graph_));
    return std::move(graph_);
  }

 private:
  Status read_constants() {
    if (proto_.sparse_initializer_size() > 0)
      return unsupported("tensor " + printable(proto_.sparse_initializer(0).values().name()) +
                         " is sparse; use dense tensors");
    if (proto_.quantization_annotation_size() > 0)
      return unsupported("tensor " + printable(proto_.quantization_annotation(0).tensor_name()) +
                         " is quantised; use a float32 model");
    for (auto& initializer : *proto_.mutable_initializer()) {
      const std::string name = initializer.name();
      if (name.empty()) return invalid_model("a constant has no name");
      std::optional<size_t> later;
      auto tensor = read_tensor(initializer, &source_, &later).within(tensor_frame(name));
      if (!tensor) return std::move(tensor).error();
      if (ids_.count(name)) return invalid_model("two constants are named " + quoted(name));
      ids_[name] = graph_.add_constant(printable(name), std::move(tensor).value());
      if (later) late_.emplace_back(ids_[name], *later);
    }
    return {};
  }

  Status read_inputs() {
    std::set<std::string_view> seen;
    for (const auto& input : proto_.input()) {
      if (input.name().empty()) return invalid_model("a graph input has no name");
      if (!seen.insert(input.name()).second) return invalid_model("two graph inputs are named " + quoted(input.name()));
      // IR versions below 4 list every constant as input as well; later ones may, to allow overriding it.
      if (ids_.count(input.name())) continue;
      OFFRAMP_RETURN_IF_ERROR(read_input(input).within("input " + printable(input.name())));
    }
    return {};
  }

  Status read_input(const onnx::ValueInfoProto& input) {
    const auto& type = input.type();
    if (type.value_case() == onnx::TypeProto::VALUE_NOT_SET) return invalid_model("states no type");
    if (!type.has_tensor_type()) return unsupported("is not a tensor");
    OFFRAMP_TRY(const DType dtype, dtype_from_onnx(type.tensor_type().elem_type()));
    if (!type.tensor_type().has_shape()) return unsupported("states no shape");
    const auto& dims = type.tensor_type().shape().dim();
    Shape shape;
    for (int i = 0; i < dims.size(); ++i) {
      const bool known = dims[i].has_dim_value();
      if (known && (dims[i].dim_value() < 0 || dims[i].dim_value() > kMaxTensorElements))
        return limit_exceeded("dimension " + std::to_string(i) + " is " + std::to_string(dims[i].dim_value()) +
                              ", expected 0 to " + std::to_string(kMaxTensorElements));
      if (i == 0 && (!known || dims[i].dim_value() == 1)) shape.push_back({1, true});
      else shape.push_back({known ? dims[i].dim_value() : -1, false});
    }
    Dims at_one = offramp::bind(shape, 1);
    for (int64_t& dim : at_one) dim = std::max<int64_t>(dim, 1);
    if (auto count = checked_element_count(at_one); !count) return std::move(count).error();
    const ValueId id = graph_.add_value(printable(input.name()), dtype, std::move(shape));
    ids_[input.name()] = id;
    graph_.inputs.push_back(id);
    return {};
  }

  // Outputs of all nodes first, so that the file's order does not matter.
  Status read_nodes() {
    if (proto_.node_size() == 0) return invalid_model("the graph has no nodes");
    graph_.nodes.reserve(size_t(proto_.node_size()));
    for (auto& node : *proto_.mutable_node()) {
      graph_.nodes.push_back(node_head(node));
      OFFRAMP_RETURN_IF_ERROR(read_node(node, graph_.nodes.back()).within(graph_.nodes.back().frame()));
    }
    for (int n = 0; n < proto_.node_size(); ++n)
      OFFRAMP_RETURN_IF_ERROR(
          read_node_inputs(proto_.node(n), graph_.nodes[size_t(n)]).within(graph_.nodes[size_t(n)].frame()));
    return {};
  }

  static Node node_head(const onnx::NodeProto& proto) {
    Node node;
    node.name = printable(proto.name());
    for (const std::string& output : proto.output())
      if (node.name.empty()) node.name = printable(output);
    node.op = printable(proto.op_type());
    if (!is_onnx_domain(proto.domain())) node.op = printable(proto.domain()) + "::" + node.op;
    return node;
  }

  Status read_node(onnx::NodeProto& proto, Node& node) {
    if (proto.op_type().empty()) return invalid_model("states no operator");
    for (const std::string& name : proto.output()) {
      if (name.empty()) {
        node.outputs.push_back({});
        continue;
      }
      if (const auto found = ids_.find(name); found != ids_.end())
        return invalid_model("makes " + quoted(name) + ", which is already " + maker_of(found->second));
      ids_[name] = graph_.add_value(printable(name));
      node.outputs.push_back(ids_[name]);
    }
    const bool clean_text = is_onnx_domain(proto.domain());
    for (auto& attribute : *proto.mutable_attribute()) {
      const std::string name = printable(attribute.name());
      if (name.empty()) return invalid_model("an attribute has no name");
      auto read = read_attribute(attribute, source_, clean_text).within("attribute " + name);
      if (!read) return std::move(read).error();
      if (node.has(name)) return invalid_model("attribute " + name + " is given twice");
      if (*read) node.attributes[name] = std::move(**read);
    }
    return {};
  }

  std::string maker_of(ValueId id) const {
    if (graph_.is_constant(id)) return "a constant";
    if (std::find(graph_.inputs.begin(), graph_.inputs.end(), id) != graph_.inputs.end()) return "a graph input";
    for (const Node& node : graph_.nodes)
      if (std::find(node.outputs.begin(), node.outputs.end(), id) != node.outputs.end())
        return "made by " + node.frame();
    return "made elsewhere";
  }

  Status read_node_inputs(const onnx::NodeProto& proto, Node& node) {
    for (const std::string& name : proto.input()) {
      const auto found = ids_.find(name);
      if (!name.empty() && found == ids_.end())
        return invalid_model("reads " + quoted(name) + ", which no node, input or constant makes");
      node.inputs.push_back(name.empty() ? ValueId{} : found->second);
    }
    return {};
  }

  Status read_outputs() {
    if (proto_.output_size() == 0) return invalid_model("the graph has no outputs");
    for (const auto& output : proto_.output()) {
      const auto found = ids_.find(output.name());
      if (found == ids_.end())
        return invalid_model("output " + quoted(output.name()) + " is made by no node");
      if (std::find(graph_.outputs.begin(), graph_.outputs.end(), found->second) != graph_.outputs.end())
        return invalid_model("two graph outputs are named " + quoted(output.name()));
      graph_.outputs.push_back(found->second);
    }
    return {};
  }

  // All at once, with nothing allocated among them that outlives them: as a session packs one after another, what they
  // leave free must be one piece of memory.
  void load_weights() {
    std::vector<Dims> dims;
    for (const auto& [id, offset] : late_) dims.push_back(graph_.constant(id)->dims());
    std::vector<Tensor> weights;
    weights.reserve(late_.size());
    for (size_t i = 0; i < late_.size(); ++i)
      weights.push_back(
          load_elements(graph_.constant(late_[i].first)->dtype(), std::move(dims[i]), source_, late_[i].second));
    for (size_t i = 0; i < weights.size(); ++i) graph_.set_constant(late_[i].first, std::move(weights[i]));
  }

  // NaN anywhere is a broken model. Infinities are one only as weights: masks and clipping bounds may be infinite.
  Status check_weights() const {
    std::set<ValueId> weights;
    static const std::set<std::string_view> kWeighted = {"Conv",   "ConvTranspose",      "Gemm",
                                                         "MatMul", "BatchNormalization", "LayerNormalization"};
    for (const Node& node : graph_.nodes)
      if (kWeighted.count(node.op)) weights.insert(node.inputs.begin(), node.inputs.end());
    for (const auto& [id, tensor] : graph_.constants()) {
      const int64_t at = find_not_finite(tensor, weights.count(id) > 0);
      if (at < 0) continue;
      const bool nan = find_not_finite(tensor, false) == at;
      return invalid_model("weight " + graph_.value(id).name + " has " + (nan ? "a NaN" : "an infinity") +
                           " at element " + std::to_string(at));
    }
    return {};
  }

  onnx::GraphProto& proto_;
  const ByteSource& source_;
  Graph graph_;
  std::vector<std::pair<ValueId, size_t>> late_;  // constants without elements, and where those begin
  std::map<std::string, ValueId, std::less<>> ids_;  // by the file's own names
};

Result<Graph> import_checked(const ByteSource& source, const ImportLimits& limits) {
  // Protobuf's own limit is 2 GiB - 1.
  const size_t max_bytes = std::min(limits.max_bytes, size_t{INT32_MAX});
  if (source.size() == 0) return invalid_model("the file is empty");
  const auto too_many = [max_bytes](size_t bytes) {
    return limit_exceeded("the file has " + std::to_string(bytes) + " bytes, at most " + std::to_string(max_bytes) +
                          " are allowed");
  };
  if (source.size() > max_bytes) return too_many(source.size());
  onnx::ModelProto model;
  {
    OFFRAMP_TRY(const std::string stripped, strip_wire(source, limits));
    // Lengths are written wider than they were.
    if (stripped.size() > size_t{INT32_MAX}) return too_many(stripped.size());
    if (!model.ParseFromArray(stripped.data(), int(stripped.size())))
      return invalid_model("not an ONNX model, or a damaged one: protobuf cannot parse it");
  }
  if (!model.has_graph()) return invalid_model("not an ONNX model: it has no graph");
  OFFRAMP_TRY(const int64_t opset, read_opset(model));
  return Importer(*model.mutable_graph(), source).run(opset);
}

}  // namespace

Result<Graph> import_onnx(const ByteSource& source, const ImportLimits& limits) {
  return import_checked(source, limits).within("loading model");
}

Result<Tensor> import_tensor(std::span<const uint8_t> bytes) {
  onnx::TensorProto proto;
  if (bytes.size() > size_t{INT32_MAX} || !proto.ParseFromArray(bytes.data(), int(bytes.size())))
    return invalid_data("not an ONNX tensor: protobuf cannot parse it");
  return read_tensor(proto);
}

}  // namespace offramp
