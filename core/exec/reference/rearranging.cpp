// Tile, DepthToSpace and SpaceToDepth, for every element type.
#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// Seen as `dims`, with its axes in the order `perm`, then as `result`.
Outputs reorder(const Tensor& x, const Dims& dims, const std::vector<size_t>& perm, Dims result) {
  const Dims own = strides_of(dims);
  Dims order, strides;
  for (size_t axis : perm) {
    order.push_back(dims[axis]);
    strides.push_back(own[axis]);
  }
  OFFRAMP_TRY(const Tensor moved, copy_strided(x, 0, strides, order));
  return one(moved.reshaped(std::move(result)));
}

Result<int64_t> block_size(const Node& node, const Tensor& x) {
  const int64_t block = node.integer("blocksize", 0);
  if (x.dims().size() != 4) return invalid_model("expected an input [N, C, H, W], got shape " + to_string(x.dims()));
  if (block < 1 || block > (int64_t{1} << 14))
    return invalid_model("attribute blocksize: expected a positive size, got " + std::to_string(block));
  return block;
}

Outputs run_tile(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const auto repeats, integers_of(*inputs[1], "repeats"));
  if (repeats.size() != x.dims().size())
    return invalid_model("repeats: expected " + std::to_string(x.dims().size()) + " values, got " +
                         std::to_string(repeats.size()));
  // Every axis as two: the repetitions, which do not move, and the axis itself.
  const Dims own = strides_of(x.dims());
  Dims dims, strides, result;
  for (size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] < 0 || repeats[i] > kMaxTensorElements)
      return invalid_model("cannot repeat " + std::to_string(repeats[i]) + " times");
    if (repeats[i] != 1) {
      dims.push_back(repeats[i]);
      strides.push_back(0);
    }
    dims.push_back(x.dims()[i]);
    strides.push_back(own[i]);
    result.push_back(x.dims()[i] * repeats[i]);
  }
  OFFRAMP_TRY(const Tensor tiled, copy_strided(x, 0, strides, dims));
  return one(tiled.reshaped(std::move(result)));
}

Outputs run_depth_to_space(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const int64_t block, block_size(node, x));
  const Dims& dims = x.dims();
  if (dims[1] % (block * block) != 0)
    return invalid_model(std::to_string(dims[1]) + " channels are no multiple of a block of " + std::to_string(block) +
                         " by " + std::to_string(block));
  const int64_t channels = dims[1] / (block * block);
  const Dims result = {dims[0], channels, dims[2] * block, dims[3] * block};
  const std::string mode = node.text("mode", "DCR");
  if (mode == "DCR") return reorder(x, {dims[0], block, block, channels, dims[2], dims[3]}, {0, 3, 4, 1, 5, 2}, result);
  if (mode == "CRD") return reorder(x, {dims[0], channels, block, block, dims[2], dims[3]}, {0, 1, 4, 2, 5, 3}, result);
  return invalid_model("attribute mode: \"" + mode + "\" is not DCR or CRD");
}

Outputs run_space_to_depth(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const int64_t block, block_size(node, x));
  const Dims& dims = x.dims();
  if (dims[2] % block != 0 || dims[3] % block != 0)
    return invalid_model("positions of " + to_string(dims) + " are no multiple of a block of " + std::to_string(block) +
                         " by " + std::to_string(block));
  return reorder(x, {dims[0], dims[1], dims[2] / block, block, dims[3] / block, block}, {0, 3, 5, 1, 2, 4},
                 {dims[0], dims[1] * block * block, dims[2] / block, dims[3] / block});
}

}  // namespace

void register_rearranging(KernelTable& table) {
  add_kernels(table, {"Tile"}, run_tile, kAny);
  add_kernels(table, {"DepthToSpace"}, run_depth_to_space, kAny);
  add_kernels(table, {"SpaceToDepth"}, run_space_to_depth, kAny);
}

}  // namespace offramp::reference
