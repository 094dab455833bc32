// The reference backend: one node after the other, values freed after their last use.
#include <optional>
#include <set>

#include "exec/plan.h"

namespace offramp {
namespace {

class ReferenceSession : public Session {
 public:
  explicit ReferenceSession(Graph graph) : graph_(std::move(graph)), last_reads_(graph_.nodes.size()), steps_(graph_.nodes.size()) {
    std::set<ValueId> needed(graph_.outputs.begin(), graph_.outputs.end());
    for (size_t n = graph_.nodes.size(); n-- > 0;) {
      const Node& node = graph_.nodes[n];
      for (const auto* list : {&node.inputs, &node.outputs})
        for (ValueId id : *list)
          if (id && !graph_.is_constant(id) && needed.insert(id).second) last_reads_[n].push_back(id);
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      steps_[n] = {node.name, node.op, "reference", known_macs(graph_, node), 0};
    }
  }

  Result<std::vector<Activation>> run_activations(std::span<const Activation> inputs) override {
    OFFRAMP_TRY(const int64_t batch, check_inputs(graph_, inputs));
    std::vector<std::optional<Tensor>> values(graph_.value_count());
    for (size_t i = 0; i < inputs.size(); ++i) values[size_t(graph_.inputs[i].index)] = inputs[i].plain();
    const auto get = [&](ValueId id) {
      const Tensor* constant = graph_.constant(id);
      return constant ? constant : &*values[size_t(id.index)];
    };
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      const double start = clock_ ? clock_() : 0;
      std::vector<const Tensor*> operands;
      for (ValueId id : node.inputs) operands.push_back(id ? get(id) : nullptr);
      OFFRAMP_TRY(std::vector<Tensor> made, run_reference(node, operands));
      for (size_t i = 0; i < node.outputs.size(); ++i)
        if (node.outputs[i]) values[size_t(node.outputs[i].index)] = std::move(made[i]);
      for (ValueId id : last_reads_[n]) values[size_t(id.index)].reset();
      executed_macs_ += steps_[n].macs * batch;
      if (clock_) steps_[n].total_ns += clock_() - start;
    }
    std::vector<Activation> outputs;
    for (ValueId id : graph_.outputs) outputs.emplace_back(*get(id));
    return outputs;
  }

  void set_clock(Clock clock) override {
    clock_ = std::move(clock);
    for (StepProfile& step : steps_) step.total_ns = 0;
  }
  std::vector<StepProfile> profile() const override { return steps_; }
  SessionMemory memory() const override {
    SessionMemory memory;
    for (const auto& [id, tensor] : graph_.constants()) memory.weight_bytes += tensor.bytes();
    return memory;
  }

 private:
  const Graph graph_;
  std::vector<std::vector<ValueId>> last_reads_;  // by node: values that nothing later needs
  std::vector<StepProfile> steps_;
  Clock clock_;
};

}  // namespace

Result<std::unique_ptr<Session>> make_reference_session(Graph graph) {
  return std::unique_ptr<Session>(new ReferenceSession(std::move(graph)));
}

}  // namespace offramp
