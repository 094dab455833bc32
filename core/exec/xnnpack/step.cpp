#include "exec/xnnpack/step.h"

#include <cstring>

#include "exec/session.h"
#include "exec/xnnpack/thread_pool.h"

namespace offramp::xnnpack {
namespace {

class OperatorStep : public Step {
 public:
  OperatorStep(Operator made, PrepareOperator prepare, BindOperator bind)
      : op_(std::move(made)), prepare_(std::move(prepare)), bind_(std::move(bind)) {}
  const char* kernel() const override { return "xnnpack"; }
  Status prepare(int64_t batch) override {
    workspace_bytes = 0;
    return check(prepare_(op_.get(), batch, &workspace_bytes), "take a shape").within(frame());
  }
  Status bind(const Operands& operands) override {
    return check(bind_(op_.get(), operands), "set up an operator").within(frame());
  }
  Status run() override {
    // The frame's text is made only for an error: small models feel a string per step.
    const xnn_status status = xnn_run_operator(op_.get(), thread_pool());
    return status == xnn_status_success ? Status() : check(status, "run").within(frame());
  }

 private:
  std::string frame() const { return "node " + node + " (" + op + ")"; }

  Operator op_;
  PrepareOperator prepare_;
  BindOperator bind_;
};

// A step that needs nothing but to know its batch and its operands when it runs.
class PlainStep : public Step {
 public:
  Status prepare(int64_t batch) override {
    batch_ = batch;
    return {};
  }
  Status bind(const Operands& operands) override {
    operands_ = operands;
    return {};
  }

 protected:
  int64_t batch_ = 0;
  Operands operands_;
};

class KernelStep : public PlainStep {
 public:
  explicit KernelStep(Kernel kernel) : kernel_(std::move(kernel)) {}
  const char* kernel() const override { return "own"; }
  Status run() override {
    kernel_(batch_, operands_);
    return {};
  }

 private:
  Kernel kernel_;
};

class ReferenceStep : public PlainStep {
 public:
  ReferenceStep(const Node& node_run, std::vector<TypedShape> in, std::vector<TypedShape> out)
      : node_(node_run), in_(std::move(in)), out_(std::move(out)) {}
  const char* kernel() const override { return "reference"; }
  Status run() override {
    std::vector<Tensor> views;
    for (size_t i = 0; i < in_.size(); ++i)
      views.push_back(Tensor::view(in_[i].dtype, offramp::bind(in_[i].shape, batch_), operands_.in[i]));
    std::vector<const Tensor*> inputs;
    for (size_t i = 0, next = 0; i < node_.inputs.size(); ++i)
      inputs.push_back(node_.inputs[i] ? &views[next++] : nullptr);
    OFFRAMP_TRY(const std::vector<Tensor> made, run_reference(node_, inputs));
    for (size_t i = 0, next = 0; i < node_.outputs.size(); ++i) {
      if (!node_.outputs[i]) continue;
      const Dims expected = offramp::bind(out_[next].shape, batch_);
      if (made[i].dims() != expected || made[i].dtype() != out_[next].dtype)
        return internal_error("a kernel made " + std::string(to_string(made[i].dtype())) + " " +
                              to_string(made[i].dims()) + ", inference said " +
                              std::string(to_string(out_[next].dtype)) + " " + to_string(expected))
            .within(node_.frame());
      std::memcpy(operands_.out[next++], made[i].raw(), made[i].bytes());
    }
    return {};
  }

 private:
  const Node& node_;  // in the session's graph
  std::vector<TypedShape> in_, out_;
};

}  // namespace

std::unique_ptr<Step> operator_step(Operator op, PrepareOperator prepare, BindOperator bind) {
  return std::make_unique<OperatorStep>(std::move(op), std::move(prepare), std::move(bind));
}

std::unique_ptr<Step> kernel_step(Kernel kernel) { return std::make_unique<KernelStep>(std::move(kernel)); }

std::unique_ptr<Step> reference_step(const Node& node, std::vector<TypedShape> reads, std::vector<TypedShape> writes) {
  return std::make_unique<ReferenceStep>(node, std::move(reads), std::move(writes));
}

}  // namespace offramp::xnnpack
