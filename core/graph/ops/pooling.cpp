// Pooling over windows and over whole maps.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Status expect_map(const ValueInfo& x) {
  if (x.shape.size() >= 3) return {};
  return invalid_model("the input must have at least 3 dimensions, got " + to_string(x.shape));
}

Outputs infer_pool(const Node& node, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_map(x));
  const std::vector<int64_t> kernel = node.integers("kernel_shape");
  if (kernel.size() != x.shape.size() - 2)
    return invalid_model("attribute kernel_shape: expected " + std::to_string(x.shape.size() - 2) + " values, got " +
                         std::to_string(kernel.size()));
  OFFRAMP_TRY(const Shape spatial, slide_window(node, x.shape, kernel, node.integer("ceil_mode", 0) != 0));
  const std::vector<int64_t> pads = node.integers("pads");
  const std::vector<int64_t> dilations = node.integers("dilations", std::vector<int64_t>(kernel.size(), 1));
  for (size_t i = 0; i < pads.size(); ++i) {
    // A window that lies in the padding alone would have no maximum and no mean.
    const size_t axis = i % kernel.size();
    if (pads[i] > dilations[axis] * (kernel[axis] - 1))
      return invalid_model("attribute pads: " + to_string(pads) + " must be smaller than the window " +
                           to_string(kernel));
  }
  Shape shape = {x.shape[0], x.shape[1]};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  std::vector<ValueInfo> outputs = {make_info(x.dtype, shape)};
  if (node.op == "MaxPool") outputs.push_back(make_info(DType::kI64, std::move(shape)));
  return outputs;
}

Outputs infer_global_pool(const Node&, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  OFFRAMP_RETURN_IF_ERROR(expect_map(x));
  Shape shape = x.shape;
  for (size_t i = 2; i < shape.size(); ++i) {
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(shape, i, "the pool"));
    shape[i] = Dim{};
  }
  return one_output(x.dtype, std::move(shape));
}

}  // namespace

void register_pooling(Registry& registry) {
  add_operator(registry, "AveragePool", 1, 1, infer_pool);
  add_operator(registry, "MaxPool", 1, 1, infer_pool);
  add_operator(registry, "LpPool", 1, 1, infer_pool);
  add_operator(registry, "GlobalAveragePool", 1, 1, infer_global_pool);
  add_operator(registry, "GlobalMaxPool", 1, 1, infer_global_pool);
  add_operator(registry, "GlobalLpPool", 1, 1, infer_global_pool);
}

}  // namespace offramp::ops
