// Segment: a run of nodes as one XNNPACK runtime, and a step of the session.
#pragma once
#include "exec/plan.h"
#include "exec/xnnpack/builder.h"

namespace offramp::xnnpack {

struct RuntimeDeleter {
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
};

class Segment : public Step {
 public:
  // `nodes` in topological order, `outputs` among what they make; both by the partition.
  // Errors: kUnsupported if XNNPACK refuses a node after all.
  static Result<std::unique_ptr<Step>> create(const Graph& graph, const std::vector<const Node*>& nodes,
                                              const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs);
  Status run(Values& values, int64_t batch) override;
  Backend backend() const override { return Backend::kXnnpack; }

 private:
  Status reshape(int64_t batch);

  const Graph* graph_ = nullptr;
  std::vector<External> inputs_, outputs_;
  std::vector<Tensor> constants_;  // XNNPACK keeps pointers to them
  std::unique_ptr<xnn_runtime, RuntimeDeleter> runtime_;
  std::vector<xnn_external_value> externals_;
  int64_t batch_ = 0;  // that the runtime is shaped for
  std::string frame_;
};

}  // namespace offramp::xnnpack
