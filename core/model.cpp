// Loading and inspecting a model.
#include <algorithm>
#include <map>
#include <set>

#include "analysis/costs.h"
#include "analysis/exit_points.h"
#include "facade.h"
#include "graph/operators.h"
#include "offramp.h"
#include "onnx/onnx.h"
#include "passes/passes.h"

namespace offramp {
namespace {

Json shape_json(const std::optional<Shape>& shape) {
  if (!shape) return nullptr;
  Json dims = Json::array();
  for (const Dim& dim : *shape) {
    if (!dim.per_sample) dims.push_back(dim.size);
    else dims.push_back(dim.size == 1 ? std::string("N") : std::to_string(dim.size) + "N");
  }
  return dims;
}

Json values_json(const Graph& graph, const std::vector<ValueId>& ids) {
  Json list = Json::array();
  for (ValueId id : ids) {
    const Value& value = graph.value(id);
    list.push_back({{"name", value.name}, {"dtype", to_string(value.dtype)}, {"shape", shape_json(value.shape)}});
  }
  return list;
}

}  // namespace

Result<Graph> load_model(const ByteSource& onnx) {
  OFFRAMP_TRY(Graph graph, import_onnx(onnx).within("loading model"));
  OFFRAMP_RETURN_IF_ERROR(normalise(graph, run_reference).within("loading model"));
  OFFRAMP_RETURN_IF_ERROR(check_supported(graph).within("loading model"));
  return graph;
}

Json network_json(const Graph& graph) {
  const std::vector<int32_t> producers = graph.producers();
  Json nodes = Json::array();
  for (const Node& node : graph.nodes) {
    std::set<int32_t> inputs;
    for (ValueId input : node.inputs)
      if (input && producers[size_t(input.index)] >= 0) inputs.insert(producers[size_t(input.index)]);
    const Value& output = graph.value(node.outputs[0]);
    nodes.push_back({{"name", node.name.empty() ? output.name : node.name},
                     {"op", node.op},
                     {"macs", output.shape ? count_macs(graph, node) : 0},
                     {"shape", shape_json(output.shape)},
                     {"inputs", inputs}});
  }
  return nodes;
}

namespace {

// Adds to each node of `network` how many parameters it reads; shared ones count where they are read first, so that the sum is the model's.
void add_parameters(const Graph& graph, Json& network) {
  std::set<ValueId> counted;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    int64_t parameters = 0;
    for (ValueId input : graph.nodes[i].inputs) {
      const Tensor* tensor = graph.constant(input);
      if (tensor && is_parameter(*tensor) && counted.insert(input).second) parameters += tensor->elements();
    }
    network[i]["parameters"] = parameters;
  }
}

}  // namespace

Result<Json> inspect_model(const ByteSource& onnx) {
  OFFRAMP_TRY(Graph graph, import_onnx(onnx).within("loading model"));
  // As the file has them, before passes rewrite them.
  const int64_t opset = graph.opset;
  std::map<std::string, int64_t> operators;
  for (const Node& node : graph.nodes) ++operators[node.op];
  OFFRAMP_RETURN_IF_ERROR(normalise(graph, run_reference).within("loading model"));
  const Costs costs = measure_costs(graph);
  Json exit_points = Json::array();
  const std::vector<std::string> unsupported = unsupported_parts(graph);
  if (unsupported.empty() && check_classifier(graph))
    for (const ExitPoint& point : find_exit_points(graph))
      exit_points.push_back({{"at", point.at}, {"shape", point.shape}, {"macs", point.macs}, {"parameters", point.parameters}});
  Json network = network_json(graph);
  add_parameters(graph, network);
  return Json{{"inputs", values_json(graph, graph.inputs)},
              {"outputs", values_json(graph, graph.outputs)},
              {"opset", opset},
              {"operators", operators},
              {"unsupported", unsupported},
              {"macs", costs.macs},
              {"parameters", costs.parameters},
              {"exit_points", exit_points},
              {"network", std::move(network)}};
}

namespace {

bool is_token_type(DType dtype) { return dtype == DType::kI64 || dtype == DType::kI32; }

// Samples are f32 from here on, tokens whole numbers among them: a model of tokens begins with a Cast (to ONNX's type
// number 7 or 6).
void take_tokens_as_floats(Graph& graph) {
  const ValueId input = graph.inputs[0];
  const DType dtype = graph.value(input).dtype;
  if (!is_token_type(dtype)) return;
  const std::string name = graph.value(input).name + ".tokens";
  const ValueId tokens = graph.add_value(name, dtype, graph.value(input).shape);
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), input, tokens);
  graph.value(input).dtype = DType::kF32;
  graph.nodes.insert(graph.nodes.begin(), {name, "Cast", {input}, {tokens}, {{"to", int64_t{dtype == DType::kI64 ? 7 : 6}}}});
}

}  // namespace

Status check_classifier(const Graph& graph) {
  if (graph.inputs.size() != 1)
    return unsupported("a classifier with one input is needed, this model has " + std::to_string(graph.inputs.size()));
  if (graph.outputs.size() != 1)
    return unsupported("a classifier with one output is needed, this model has " + std::to_string(graph.outputs.size()) +
                       "; export it with its logits alone");
  const Value& input = graph.value(graph.inputs[0]);
  const Value& output = graph.value(graph.outputs[0]);
  if (input.dtype != DType::kF32 && !is_token_type(input.dtype))
    return unsupported("input " + input.name + " must be f32, or i64 or i32 tokens, got " + std::string(to_string(input.dtype)));
  const bool logits = output.dtype == DType::kF32 && output.shape && output.shape->size() == 2 &&
                      (*output.shape)[0] == Dim{1, true} && !(*output.shape)[1].per_sample && (*output.shape)[1].size >= 2;
  if (!logits)
    return unsupported("output " + output.name + " must be f32 logits [N, classes] with at least 2 classes, got " +
                       std::string(to_string(output.dtype)) + " " +
                       (output.shape ? to_string(*output.shape) : "of unknown shape"));
  return {};
}

Result<Graph> load_classifier(const ByteSource& onnx) {
  OFFRAMP_TRY(Graph graph, load_model(onnx));
  OFFRAMP_RETURN_IF_ERROR(check_classifier(graph).within("loading model"));
  take_tokens_as_floats(graph);
  // Answers are compared and calibrated as logits: a softmax at the very end is the runtime's job.
  const auto producers = graph.producers();
  for (int32_t last = producers[size_t(graph.outputs[0].index)]; last >= 0; last = producers[size_t(graph.outputs[0].index)]) {
    const Node& node = graph.nodes[size_t(last)];
    if (node.op != "Softmax" && node.op != "LogSoftmax") break;
    graph.outputs[0] = node.inputs[0];
  }
  graph.compact();
  return graph;
}

}  // namespace offramp
