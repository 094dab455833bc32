// The reference backend: every node is a step.
#include "exec/plan.h"

namespace offramp {
namespace {

class ReferenceStep : public Step {
 public:
  ReferenceStep(const Graph& graph, const Node& node) : node_(node) {
    macs = known_macs(graph, node);
    for (ValueId id : node.inputs)
      if (id) reads.push_back(id);
    for (ValueId id : node.outputs)
      if (id) writes.push_back(id);
  }

  Backend backend() const override { return Backend::kReference; }

  Status run(Values& values, int64_t) override {
    std::vector<const Tensor*> inputs;
    for (ValueId id : node_.inputs) inputs.push_back(id ? &values.get(id) : nullptr);
    OFFRAMP_TRY(std::vector<Tensor> outputs, run_reference(node_, inputs));
    for (size_t i = 0; i < node_.outputs.size(); ++i)
      if (node_.outputs[i]) values.set(node_.outputs[i], std::move(outputs[i]));
    return {};
  }

 private:
  const Node& node_;  // in the session's graph
};

}  // namespace

std::unique_ptr<Step> make_reference_step(const Graph& graph, const Node& node) {
  return std::make_unique<ReferenceStep>(graph, node);
}

Result<std::vector<std::unique_ptr<Step>>> plan_reference(const Graph& graph) {
  std::vector<std::unique_ptr<Step>> steps;
  for (const Node& node : graph.nodes) steps.push_back(make_reference_step(graph, node));
  return steps;
}

}  // namespace offramp
