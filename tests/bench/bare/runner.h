// A network as one XNNPACK runtime with input and output arrays that stay: nothing but invoke() happens per run.
#pragma once
#include <xnnpack.h>

#include <memory>

#include "network.h"

namespace offramp::bench {

class Runner {
 public:
  // Errors: kInternal naming the layer that XNNPACK refuses.
  static Result<std::unique_ptr<Runner>> create(Network network, pthreadpool_t threads);
  ~Runner();
  std::span<float> input() { return input_.mutable_data<float>(); }
  std::span<const float> output() const { return output_.data<float>(); }
  bool invoke() { return xnn_invoke_runtime(runtime_) == xnn_status_success; }

 private:
  xnn_status define_operands();
  xnn_status define(const Layer& layer);
  xnn_status define_layer_norm(const Layer& layer, uint32_t x, uint32_t out);
  uint32_t constant(const Tensor& tensor);
  uint32_t temporary(Dims dims);

  Network network_;
  xnn_subgraph_t subgraph_ = nullptr;
  xnn_runtime_t runtime_ = nullptr;
  std::vector<uint32_t> ids_;  // by operand
  std::vector<Tensor> kept_;   // that XNNPACK points to
  Tensor input_, output_;
};

}  // namespace offramp::bench
