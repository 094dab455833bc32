// A session as a list of steps over the graph's values: what both backends share.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "exec/session.h"

namespace offramp {

// The values alive during one run, by value index.
class Values {
 public:
  explicit Values(const Graph& graph);
  // Precondition: a constant, or set and not released yet.
  const Tensor& get(ValueId id) const;
  void set(ValueId id, Tensor tensor) { computed_[size_t(id.index)] = std::move(tensor); }
  void release(ValueId id) { computed_[size_t(id.index)].reset(); }
  void release_all();

 private:
  std::vector<const Tensor*> constants_;  // owned by the graph
  std::vector<std::optional<Tensor>> computed_;
};

class Step {
 public:
  virtual ~Step() = default;
  virtual Status run(Values& values, int64_t batch) = 0;
  // Who computes it.
  virtual Backend backend() const = 0;
  std::vector<ValueId> reads, writes;
  int64_t macs = 0;  // per sample
};

// One node by its reference kernel.
std::unique_ptr<Step> make_reference_step(const Graph& graph, const Node& node);

class PlannedSession : public Session {
 public:
  // Takes steps in the order in which they are to run; `graph` is the one they were made for.
  PlannedSession(std::unique_ptr<const Graph> graph, std::vector<std::unique_ptr<Step>> steps);
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override;

 private:
  Result<int64_t> check_inputs(std::span<const Tensor> inputs) const;  // the batch size
  Result<std::vector<Tensor>> run_steps(std::span<const Tensor> inputs, int64_t batch);

  std::unique_ptr<const Graph> graph_;
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<std::vector<ValueId>> last_reads_;  // by step: values that nothing later needs
  Values values_;
};

// The steps of each backend. `graph` must outlive them.
Result<std::vector<std::unique_ptr<Step>>> plan_reference(const Graph& graph);
Result<std::vector<std::unique_ptr<Step>>> plan_xnnpack(const Graph& graph);

// MACs of a node for one sample; 0 if its shapes are not known.
int64_t known_macs(const Graph& graph, const Node& node);

}  // namespace offramp
