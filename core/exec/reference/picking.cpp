// GatherElements and GatherND, for every element type.
#include <algorithm>
#include <cstring>

#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

Outputs run_gather_elements(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor& x = *inputs[0];
  const Dims& dims = inputs[1]->dims();
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", 0), x.dims().size()));
  OFFRAMP_RETURN_IF_ERROR(expect_aligned(x.dims(), dims, size_t(axis)));
  OFFRAMP_TRY(const auto positions, read_positions(*inputs[1], x.dims()[size_t(axis)]));
  OFFRAMP_TRY(Tensor out, create_output(x.dtype(), dims));
  if (out.elements() == 0) return one(std::move(out));
  const Dims strides = strides_of(x.dims());
  const size_t size = byte_size(x.dtype());
  std::byte* to = out.mutable_raw();
  Dims index(dims.size(), 0);
  size_t at = 0;
  do {
    int64_t from = positions[at] * strides[size_t(axis)];
    for (size_t i = 0; i < index.size(); ++i)
      if (i != size_t(axis)) from += index[i] * strides[i];
    std::memcpy(to + at * size, x.raw() + size_t(from) * size, size);
    ++at;
  } while (advance(index, dims));
  return one(std::move(out));
}

Outputs run_gather_nd(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor& x = *inputs[0];
  const Dims& index_dims = inputs[1]->dims();
  const int64_t batch = node.integer("batch_dims", 0);
  const auto rank = int64_t(x.dims().size());
  if (index_dims.empty() || batch < 0 || batch >= rank || batch >= int64_t(index_dims.size()) ||
      !std::equal(x.dims().begin(), x.dims().begin() + batch, index_dims.begin()))
    return invalid_model("batch_dims " + std::to_string(batch) + " does not suit data " + to_string(x.dims()) +
                         " and indices " + to_string(index_dims));
  OFFRAMP_TRY(const IndexedBlocks blocks, index_blocks(x.dims(), *inputs[1], size_t(batch)));
  Dims dims(index_dims.begin(), index_dims.end() - 1);
  dims.insert(dims.end(), x.dims().begin() + batch + index_dims.back(), x.dims().end());
  OFFRAMP_TRY(Tensor out, create_output(x.dtype(), dims));
  if (out.elements() == 0) return one(std::move(out));
  const size_t bytes = size_t(blocks.size) * byte_size(x.dtype());
  std::byte* to = out.mutable_raw();
  for (int64_t start : blocks.starts) {
    std::memcpy(to, x.raw() + size_t(start) * byte_size(x.dtype()), bytes);
    to += bytes;
  }
  return one(std::move(out));
}

}  // namespace

void register_picking(KernelTable& table) {
  add_kernels(table, {"GatherElements"}, run_gather_elements, kAny);
  add_kernels(table, {"GatherND"}, run_gather_nd, kAny);
}

}  // namespace offramp::reference
