// Cuts the backbone into stages and writes heads in ONNX's own operators: what pool_features and Head::logits define.
#include "package/stage_graphs.h"

#include <algorithm>
#include <cmath>

#include "features/layout.h"
#include "features/pooling_nodes.h"
#include "graph/operators.h"
#include "samples/object_reader.h"

namespace offramp {
namespace {

constexpr int64_t kMaxMacs = int64_t{1} << 53;

std::string end_name(const char* what, size_t i, const std::string& at) {
  return std::string(what) + " " + std::to_string(i) + " (" + at + ")";
}

Status check_head(const Head& head, const Dims& shape, int64_t classes) {
  if (shape.size() > 3) return unsupported("a head needs a vector, signal or map, got shape " + to_string(shape));
  if (!head.kind.body.empty() && body_map(shape).channels == 0)
    return invalid_argument("a head with convolutions needs a signal or map, got shape " + to_string(shape));
  const NetworkShape network = network_of(head.kind, shape, classes);
  const int64_t inputs = network.inputs;
  if (head.inputs != inputs)
    return invalid_argument("the head takes " + std::to_string(head.inputs) + " features, shape " + to_string(shape) +
                            " gives " + std::to_string(inputs));
  if (head.classes != classes)
    return invalid_argument("the head knows " + std::to_string(head.classes) + " classes, the backbone " +
                            std::to_string(classes));
  const int64_t hidden = head.kind.hidden, first = hidden > 0 ? hidden : classes, second = hidden > 0 ? classes : 0;
  const auto fits = [](const std::vector<float>& weights, int64_t count) { return int64_t(weights.size()) == count; };
  bool body_fits = head.body.size() == network.body.size();
  for (size_t l = 0; body_fits && l < head.body.size(); ++l)
    body_fits = fits(head.body[l].weights, network.body[l].weights()) && fits(head.body[l].biases, network.body[l].out_channels);
  if (hidden < 0 || !body_fits || !fits(head.w1, first * inputs) || !fits(head.b1, first) || !fits(head.w2, second * hidden) ||
      !fits(head.b2, second))
    return invalid_argument("the head's weights do not have the sizes that its kind asks for");
  std::vector<const std::vector<float>*> all = {&head.w1, &head.b1, &head.w2, &head.b2};
  for (const HeadConv& conv : head.body) all.insert(all.end(), {&conv.weights, &conv.biases});
  for (const auto* weights : all)
    for (float weight : *weights)
      if (!std::isfinite(weight)) return invalid_argument("the head has weights that are not finite");
  return {};
}

ValueId add_dense(Graph& graph, ValueId features, const std::vector<float>& weights, const std::vector<float>& biases,
                  const std::string& name) {
  const auto outputs = int64_t(biases.size());
  const ValueId w =
      graph.add_constant(name + "_weights", Tensor::of({outputs, int64_t(weights.size()) / outputs}, weights));
  const ValueId b = graph.add_constant(name + "_biases", Tensor::of({outputs}, biases));
  return graph.add_node("Gemm", {features, w, b}, name, {{"transB", int64_t{1}}});
}

// The convolutions of a head, on the map as body_map() has it pooled.
ValueId add_body(Graph& graph, ValueId map, const Head& head, const Dims& shape) {
  const bool signal = shape.size() == 2;
  const auto spatial = [&](int64_t height, int64_t width) { return signal ? std::vector<int64_t>{width} : std::vector<int64_t>{height, width}; };
  const BodyMap form = body_map(shape);
  if (form.pool_height * form.pool_width > 1) {
    const auto window = spatial(form.pool_height, form.pool_width);
    map = graph.add_node("AveragePool", {map}, "head_pool",
                         {{"kernel_shape", window}, {"pads", std::vector<int64_t>(2 * window.size(), 0)}, {"strides", window}});
  }
  for (size_t l = 0; l < head.body.size(); ++l) {
    const HeadConv& conv = head.body[l];
    const ConvLayer& layer = conv.layer;
    const std::string name = "head_conv" + std::to_string(l);
    const auto kernel = spatial(layer.kernel_height, layer.kernel_width);
    auto pads = spatial((layer.kernel_height - 1) / 2, (layer.kernel_width - 1) / 2);
    pads.insert(pads.end(), pads.begin(), pads.begin() + int64_t(kernel.size()));
    Dims dims = {layer.out_channels, layer.depthwise ? 1 : layer.channels};
    dims.insert(dims.end(), kernel.begin(), kernel.end());
    const ValueId weights = graph.add_constant(name + "_weights", Tensor::of(dims, conv.weights));
    const ValueId biases = graph.add_constant(name + "_biases", Tensor::of({layer.out_channels}, conv.biases));
    const ValueId out = graph.add_node("Conv", {map, weights, biases}, name,
                                       {{"group", layer.depthwise ? layer.channels : int64_t{1}},
                                        {"kernel_shape", kernel},
                                        {"pads", pads},
                                        {"strides", spatial(layer.stride_height, layer.stride_width)}});
    map = graph.add_node("Relu", {out}, name + "_relu");
  }
  return map;
}

ValueId add_head(Graph& graph, ValueId boundary, const Head& head, const Dims& shape) {
  const ValueId map = head.body.empty() ? boundary : add_body(graph, boundary, head, shape);
  std::vector<GridAxis> grid = head.body.empty() ? grid_of(shape[0], std::span(shape).subspan(1)) : body_grid(head.body.back().layer);
  grid.erase(grid.begin(), grid.end() - int64_t(shape.size() - 1));
  const ValueId features = add_pooling(graph, map, shape, head.kind.pooling, grid, "head");
  if (head.kind.hidden == 0) return add_dense(graph, features, head.w1, head.b1, "head_dense");
  const ValueId hidden = add_dense(graph, features, head.w1, head.b1, "head_hidden");
  return add_dense(graph, graph.add_node("Relu", {hidden}, "head_relu"), head.w2, head.b2, "head_dense");
}

// What the backbone must be to have stages at all. Returns the number of classes.
Result<int64_t> check_backbone(const Graph& backbone) {
  if (backbone.inputs.size() != 1 || backbone.outputs.size() != 1)
    return unsupported("a package needs a model with one input and one output, got " +
                       std::to_string(backbone.inputs.size()) + " and " + std::to_string(backbone.outputs.size()));
  if (auto input = sample_dims(backbone, backbone.inputs[0]); !input) return std::move(input).error();
  OFFRAMP_TRY(const Dims logits, sample_dims(backbone, backbone.outputs[0]));
  if (logits.size() != 1)
    return unsupported("a package needs a model with an output [N, classes], got " +
                       to_string(*backbone.value(backbone.outputs[0]).shape));
  return logits[0];
}

}  // namespace

std::string boundary_output_name(const std::string& input_name) {
  return input_name == "boundary" ? "next_boundary" : "boundary";
}

Result<int64_t> graph_macs(const Graph& graph) {
  int64_t sum = 0;
  for (const Node& node : graph.nodes) {
    const int64_t macs = count_macs(graph, node);
    if (macs < 0 || macs > kMaxMacs - sum)
      return limit_exceeded(node.frame() + " brings the cost to more than 2^53 multiply-accumulates");
    sum += macs;
  }
  return sum;
}

Result<Dims> sample_dims(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  const auto refuse = [&](const std::string& seen) {
    return unsupported("value " + in_quotes(value.name) + " must be f32 [N, ...] with fixed sizes, got " + seen);
  };
  if (!value.shape) return refuse("an unknown shape");
  const std::string seen = std::string(to_string(value.dtype)) + " " + to_string(*value.shape);
  if (value.dtype != DType::kF32 || value.shape->size() < 2 || (*value.shape)[0] != Dim{1, true}) return refuse(seen);
  Dims dims;
  for (size_t i = 1; i < value.shape->size(); ++i) {
    const Dim dim = (*value.shape)[i];
    if (dim.per_sample || dim.size < 1) return refuse(seen);
    dims.push_back(dim.size);
  }
  if (!checked_element_count(dims)) return refuse(seen);
  return dims;
}

Result<std::vector<StageEnd>> stage_ends(const Graph& backbone, const PackageContents& contents) {
  std::vector<StageEnd> ends;
  size_t exit = 0;
  const auto add_exits = [&](size_t count) {
    for (; exit < std::min(count, contents.exits.size()); ++exit) {
      const PackageExit& next = contents.exits[exit];
      ends.push_back({end_name("exit", exit, next.at), next.value, &next});
    }
  };
  for (size_t i = 0; i < contents.cuts.size(); ++i) {
    const PackageCut& cut = contents.cuts[i];
    const std::string name = end_name("cut", i, cut.at);
    if (cut.exits_before > contents.exits.size())
      return invalid_argument(name + " stands behind " + std::to_string(cut.exits_before) + " exits, there are " +
                              std::to_string(contents.exits.size()));
    add_exits(cut.exits_before);
    ends.push_back({name, cut.value});
  }
  add_exits(contents.exits.size());
  ends.push_back({"the backbone's output", backbone.outputs[0]});
  return ends;
}

Result<std::vector<Graph>> build_stage_graphs(const Graph& backbone, const std::vector<StageEnd>& ends) {
  OFFRAMP_TRY(const int64_t classes, check_backbone(backbone));
  std::vector<Graph> stages;
  ValueId from = backbone.inputs[0];
  for (size_t k = 0; k < ends.size(); ++k) {
    const StageEnd& to = ends[k];
    if (!backbone.contains(to.value)) return invalid_argument(to.name + " is not in the backbone");
    auto part = extract_subgraph(backbone, {from}, {to.value});
    if (!part || from == to.value || part->nodes.empty())
      return invalid_argument(to.name + " does not follow on " + (k == 0 ? "the backbone's input" : ends[k - 1].name) +
                              " alone: exits and cuts must each part the backbone, in its order");
    Graph stage = std::move(part).value();
    stage.name = "stage_" + std::to_string(k);
    const ValueId input = stage.inputs[0], end = stage.outputs[0];
    if (k > 0) stage.claim_name(input, "boundary");
    else if (stage.value(input).name == kLogits) stage.rename_value(input, "input");
    const bool last = k + 1 == ends.size();
    if (to.exit) {
      OFFRAMP_TRY(const Dims own_shape, sample_dims(backbone, to.value));
      const bool channels_last = has_channels_last(backbone, to.value);
      const Dims shape = head_shape(own_shape, channels_last);
      OFFRAMP_RETURN_IF_ERROR(check_head(to.exit->head, shape, classes).within(to.name));
      const ValueId map = add_channels_first(stage, end, own_shape.size() + 1, channels_last);
      stage.outputs = {add_head(stage, map, to.exit->head, shape), end};
    }
    if (!last) stage.claim_name(end, boundary_output_name(stage.value(input).name));
    if (last || to.exit) stage.claim_name(stage.outputs[0], kLogits);
    OFFRAMP_RETURN_IF_ERROR(infer_shapes(stage).within(to.name));
    stages.push_back(std::move(stage));
    from = to.value;
  }
  return stages;
}

Result<StageParts> split_stage(const Graph& stage) {
  OFFRAMP_TRY(Graph backbone, extract_subgraph(stage, stage.inputs, {stage.outputs[1]}));
  auto head = extract_subgraph(stage, {stage.outputs[1]}, {stage.outputs[0]});
  if (!head)
    return invalid_package("\"logits\" must depend on " + in_quotes(stage.value(stage.outputs[1]).name) + " alone");
  return StageParts{std::move(backbone), std::move(head).value()};
}

}  // namespace offramp
