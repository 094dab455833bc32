// What exporters wrote, in normal form: no arithmetic on shapes is left that could be.
#include <doctest/doctest.h>

#include <algorithm>

#include "exec/session.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "zoo_files.h"

namespace offramp {
namespace {

bool makes_integers(const Graph& graph, const Node& node) {
  return std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) {
    if (!id) return false;
    const DType dtype = graph.value(id).dtype;
    return dtype == DType::kI64 || dtype == DType::kI32;
  });
}

// Nodes on the way to the shape of something that must be made as often as there are samples, a class token say: no
// constant can tell how often that is.
std::vector<bool> makes_batch_shape(const Graph& graph) {
  const std::vector<int32_t> makers = graph.producers();
  std::vector<bool> does(graph.nodes.size(), false);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    const bool begins = node.op == "Expand" || node.op == "ConstantOfShape";
    const bool from_data = node.op == "Shape" || (!does[n] && !begins);
    for (size_t i = begins ? node.inputs.size() - 1 : 0; !from_data && i < node.inputs.size(); ++i)
      if (node.inputs[i] && makers[size_t(node.inputs[i].index)] >= 0)
        does[size_t(makers[size_t(node.inputs[i].index)])] = true;
  }
  return does;
}

TEST_CASE("the zoo in normal form has no shapes under way") {
  const std::vector<ZooModel> models = read_zoo();
  if (models.empty()) MESSAGE("not run: OFFRAMP_ZOO names no folder with the zoo");
  for (const ZooModel& model : models) {
    CAPTURE(model.name);
    auto graph = import_onnx(model.onnx);
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    const Status status = normalise(*graph, run_reference);
    CHECK_MESSAGE(status.ok(), status.error().to_string());
    const std::vector<bool> needed = makes_batch_shape(*graph);
    std::string left;
    for (size_t n = 0; n < graph->nodes.size(); ++n)
      if (makes_integers(*graph, graph->nodes[n]) && !needed[n]) left += graph->nodes[n].frame() + "; ";
    CHECK(left == "");
  }
}

}  // namespace
}  // namespace offramp
