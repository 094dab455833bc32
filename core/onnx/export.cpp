// Graph to ModelProto. Same graph, same bytes: fields are written in schema order, attributes by name.
#include <map>
#include <set>

#include "onnx.pb.h"
#include "onnx/names.h"
#include "onnx/newer_forms.h"
#include "onnx/onnx.h"
#include "onnx/tensor_proto.h"

namespace offramp {
namespace {

constexpr int64_t kIrVersion = 8, kNewerIrVersion = 10;  // that opsets 17 and 21 came with
constexpr int64_t kMinOpset = 13;
constexpr int64_t kMaxOpset = 17;

void write_attribute(const std::string& name, const Attribute& attribute, onnx::AttributeProto& proto) {
  using Proto = onnx::AttributeProto;
  proto.set_name(name);
  struct Writer {
    Proto& to;
    void operator()(int64_t v) const { to.set_type(Proto::INT), to.set_i(v); }
    void operator()(float v) const { to.set_type(Proto::FLOAT), to.set_f(v); }
    void operator()(const std::string& v) const { to.set_type(Proto::STRING), to.set_s(v); }
    void operator()(const Tensor& v) const { to.set_type(Proto::TENSOR), write_tensor(v, *to.mutable_t()); }
    void operator()(const std::vector<int64_t>& v) const {
      to.set_type(Proto::INTS), to.mutable_ints()->Add(v.begin(), v.end());
    }
    void operator()(const std::vector<float>& v) const {
      to.set_type(Proto::FLOATS), to.mutable_floats()->Add(v.begin(), v.end());
    }
    void operator()(const std::vector<std::string>& v) const {
      to.set_type(Proto::STRINGS);
      for (const std::string& item : v) to.add_strings(item);
    }
  };
  std::visit(Writer{proto}, attribute);
}

Status write_value(const Graph& graph, ValueId id, onnx::ValueInfoProto& proto) {
  const Value& value = graph.value(id);
  if (!value.shape)
    return invalid_argument("the shape of " + quoted(value.name) + " is not known; normalise the graph first");
  proto.set_name(value.name);
  auto& type = *proto.mutable_type()->mutable_tensor_type();
  type.set_elem_type(dtype_to_onnx(value.dtype));
  auto& shape = *type.mutable_shape();
  for (const Dim& dim : *value.shape) {
    auto& to = *shape.add_dim();
    // A multiple of the batch and an unknown size have no name of their own in ONNX: they stay open.
    if (dim.per_sample && dim.size == 1) to.set_dim_param("N");
    else if (!dim.per_sample && dim.size >= 0) to.set_dim_value(dim.size);
  }
  return {};
}

// Hands out each name once; the counter per name keeps many equal ones from probing all suffixes before them.
class UniqueNames {
 public:
  std::string take(const std::string& wanted) {
    std::string name = wanted;
    while (!taken_.insert(name).second) name = wanted + "_" + std::to_string(++last_suffix_[wanted]);
    return name;
  }

 private:
  std::set<std::string> taken_;
  std::map<std::string, int> last_suffix_;
};

void write_node(const Graph& graph, const Node& node, UniqueNames& names, onnx::NodeProto& proto) {
  std::string name = node.name;
  for (ValueId output : node.outputs)
    if (name.empty() && output) name = graph.value(output).name;
  proto.set_name(names.take(name.empty() ? "node" : name));
  const size_t colons = node.op.find("::");
  proto.set_op_type(colons == std::string::npos ? node.op : node.op.substr(colons + 2));
  if (colons != std::string::npos) proto.set_domain(node.op.substr(0, colons));
  for (ValueId input : node.inputs) proto.add_input(input ? graph.value(input).name : "");
  for (ValueId output : node.outputs) proto.add_output(output ? graph.value(output).name : "");
  for (const auto& [key, attribute] : node.attributes) write_attribute(key, attribute, *proto.add_attribute());
}

// A constant that is a graph output comes from a Constant node: ONNX wants outputs made by nodes.
void write_constants(const Graph& graph, UniqueNames& names, onnx::GraphProto& proto) {
  const std::set<ValueId> outputs(graph.outputs.begin(), graph.outputs.end());
  for (const auto& [id, tensor] : graph.constants()) {
    if (outputs.count(id)) {
      auto& node = *proto.add_node();
      node.set_name(names.take(graph.value(id).name));
      node.set_op_type("Constant");
      node.add_output(graph.value(id).name);
      write_attribute("value", tensor, *node.add_attribute());
      continue;
    }
    auto& initializer = *proto.add_initializer();
    initializer.set_name(graph.value(id).name);
    write_tensor(tensor, initializer);
  }
}

Status write_model(const Graph& graph, onnx::ModelProto& model) {
  OFFRAMP_RETURN_IF_ERROR(validate(graph));
  model.set_ir_version(graph.opset == kNewerOpset ? kNewerIrVersion : kIrVersion);
  model.set_producer_name("offramp");
  std::set<std::string> domains;
  for (const Node& node : graph.nodes)
    if (const size_t colons = node.op.find("::"); colons != std::string::npos)
      domains.insert(node.op.substr(0, colons));
  model.add_opset_import()->set_version(graph.opset);
  for (const std::string& domain : domains) {
    auto& import = *model.add_opset_import();
    import.set_domain(domain);
    import.set_version(1);
  }
  auto& proto = *model.mutable_graph();
  proto.set_name(graph.name.empty() ? "graph" : graph.name);
  UniqueNames names;
  write_constants(graph, names, proto);
  for (const Node& node : graph.nodes) write_node(graph, node, names, *proto.add_node());
  for (ValueId id : graph.inputs) OFFRAMP_RETURN_IF_ERROR(write_value(graph, id, *proto.add_input()));
  for (ValueId id : graph.outputs) OFFRAMP_RETURN_IF_ERROR(write_value(graph, id, *proto.add_output()));
  return {};
}

}  // namespace

Result<std::vector<uint8_t>> export_onnx(const Graph& graph) {
  if ((graph.opset < kMinOpset || graph.opset > kMaxOpset) && graph.opset != kNewerOpset)
    return invalid_argument("opset " + std::to_string(graph.opset) + ", expected " + std::to_string(kMinOpset) +
                            " to " + std::to_string(kMaxOpset) + " or " + std::to_string(kNewerOpset) +
                            "; normalise the graph first").within("writing model");
  const bool newer = graph.opset == kNewerOpset || needs_newer_opset(graph);
  onnx::ModelProto model;
  OFFRAMP_RETURN_IF_ERROR(write_model(newer ? in_newer_forms(graph) : graph, model).within("writing model"));
  const size_t size = model.ByteSizeLong();
  if (size > size_t{INT32_MAX})
    return limit_exceeded("the model would have " + std::to_string(size) + " bytes, at most " +
                          std::to_string(INT32_MAX) + " fit an ONNX file").within("writing model");
  std::vector<uint8_t> bytes(size);
  if (!model.SerializeToArray(bytes.data(), int(size))) return internal_error("protobuf cannot write the model");
  return bytes;
}

}  // namespace offramp
