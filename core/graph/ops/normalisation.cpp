// Normalisation by stored statistics.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Outputs infer_batch_norm(const Node& node, Inputs inputs) {
  const ValueInfo& x = *inputs[0];
  if (node.integer("training_mode", 0) != 0) return unsupported("training_mode 1: export the model for inference");
  if (x.shape.size() < 2) return invalid_model("the input must have at least 2 dimensions, got " + to_string(x.shape));
  OFFRAMP_TRY(const int64_t channels, fixed_size(x.shape, 1, "the normalisation"));
  constexpr const char* kNames[] = {"", "the scale", "the bias", "the mean", "the variance"};
  for (size_t i = 1; i <= 4; ++i) OFFRAMP_RETURN_IF_ERROR(expect_vector(inputs[i], channels, kNames[i]));
  return one_output(x.dtype, x.shape);
}

}  // namespace

void register_normalisation(Registry& registry) {
  add_operator(registry, "BatchNormalization", 5, 5, infer_batch_norm);
}

}  // namespace offramp::ops
