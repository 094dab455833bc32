// Operators that repeat elements, or move them between channels and positions.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Outputs infer_tile(const Node&, Inputs inputs) {
  if (!inputs[1]->elements) return unsupported("repeats must be known before the model runs, but it is computed from data");
  const std::vector<Dim>& repeats = *inputs[1]->elements;
  Shape shape = inputs[0]->shape;
  if (repeats.size() != shape.size() || inputs[1]->shape.size() != 1)
    return invalid_model("repeats: expected " + std::to_string(shape.size()) + " values, got " +
                         std::to_string(repeats.size()));
  for (size_t i = 0; i < shape.size(); ++i) {
    if (repeats[i].size < 0 || repeats[i].size > kMaxTensorElements)
      return invalid_model("cannot repeat " + std::to_string(repeats[i].size) + " times");
    if (repeats[i] == Dim{1, false}) continue;
    // A block for each sample is fine; samples one after another, again and again, are not.
    OFFRAMP_TRY(const int64_t size, fixed_size(shape, i, "the tiling"));
    shape[i] = {size * repeats[i].size, repeats[i].per_sample};
  }
  OFFRAMP_RETURN_IF_ERROR(expect_one_batch(shape));
  return one_output(inputs[0]->dtype, std::move(shape));
}

Result<int64_t> block_size(const Node& node, const ValueInfo& x) {
  OFFRAMP_RETURN_IF_ERROR(expect_rank(x, 4, "the input"));
  const int64_t block = node.integer("blocksize", 0);
  if (block < 1 || block > (int64_t{1} << 14))
    return invalid_model("attribute blocksize: expected a positive size, got " + std::to_string(block));
  return block;
}

Outputs infer_depth_to_space(const Node& node, Inputs inputs) {
  OFFRAMP_TRY(const int64_t block, block_size(node, *inputs[0]));
  Shape shape = inputs[0]->shape;
  for (size_t axis : {1, 2, 3}) {
    OFFRAMP_TRY([[maybe_unused]] const int64_t size, fixed_size(shape, axis, "the rearrangement"));
  }
  const std::string mode = node.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") return invalid_model("attribute mode: expected DCR or CRD, got " + mode);
  if (shape[1].size % (block * block) != 0)
    return invalid_model(std::to_string(shape[1].size) + " channels are no multiple of a block of " +
                         std::to_string(block) + " by " + std::to_string(block));
  shape[1].size /= block * block;
  shape[2].size *= block;
  shape[3].size *= block;
  return one_output(inputs[0]->dtype, std::move(shape));
}

Outputs infer_space_to_depth(const Node& node, Inputs inputs) {
  OFFRAMP_TRY(const int64_t block, block_size(node, *inputs[0]));
  Shape shape = inputs[0]->shape;
  for (size_t axis : {1, 2, 3}) {
    OFFRAMP_TRY(const int64_t size, fixed_size(shape, axis, "the rearrangement"));
    if (axis > 1 && size % block != 0)
      return invalid_model("axis " + std::to_string(axis) + " of " + to_string(shape) + " is no multiple of " +
                           std::to_string(block));
  }
  shape[1].size *= block * block;
  shape[2].size /= block;
  shape[3].size /= block;
  return one_output(inputs[0]->dtype, std::move(shape));
}

}  // namespace

void register_rearrangement(Registry& registry) {
  add_operator(registry, "Tile", 2, 2, infer_tile);
  add_operator(registry, "DepthToSpace", 1, 1, infer_depth_to_space);
  add_operator(registry, "SpaceToDepth", 1, 1, infer_space_to_depth);
}

}  // namespace offramp::ops
