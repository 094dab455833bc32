// Concat, Split and Gather, for every element type.
#include <algorithm>
#include <cstring>

#include "exec/reference/arguments.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

// Bytes of everything behind `axis`, and how many such blocks lie before it.
struct Blocks {
  int64_t outer = 1;
  size_t inner_bytes = 0;
};
Blocks blocks_around(const Dims& dims, size_t axis, DType dtype) {
  Blocks blocks{1, byte_size(dtype)};
  for (size_t i = 0; i < axis; ++i) blocks.outer *= dims[i];
  for (size_t i = axis + 1; i < dims.size(); ++i) blocks.inner_bytes *= size_t(dims[i]);
  return blocks;
}

Result<std::vector<int64_t>> split_sizes(const Node& node, Inputs inputs, int64_t size) {
  const auto parts = int64_t(node.outputs.size());
  std::vector<int64_t> sizes = node.integers("split");
  if (const Tensor* given = optional_input(inputs, 1)) {
    OFFRAMP_TRY(sizes, integers_of(*given, "split"));
  }
  if (sizes.empty() && parts > 0 && size % parts == 0) sizes.assign(size_t(parts), size / parts);
  int64_t sum = 0;
  for (int64_t part : sizes) {
    if (part < 0 || part > size)
      return invalid_model("cannot split " + std::to_string(size) + " into " + to_string(sizes));
    sum += part;
  }
  if (int64_t(sizes.size()) != parts || sum != size)
    return invalid_model("cannot split " + std::to_string(size) + " into " + std::to_string(parts) +
                         " outputs of sizes " + to_string(sizes));
  return sizes;
}

Outputs run_concat(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, std::max<size_t>(1, inputs.size()), inputs.size()));
  const Tensor& first = *inputs[0];
  if (!node.has("axis")) return invalid_model("attribute axis is missing");
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", 0), first.dims().size()));
  Dims dims = first.dims();
  dims[size_t(axis)] = 0;
  for (const Tensor* input : inputs) {
    Dims others = input->dims();
    if (others.size() == dims.size()) others[size_t(axis)] = dims[size_t(axis)];
    if (others != dims || input->dtype() != first.dtype())
      return invalid_model("cannot join " + std::string(to_string(first.dtype())) + " " + to_string(first.dims()) +
                           " and " + std::string(to_string(input->dtype())) + " " + to_string(input->dims()) +
                           " along axis " + std::to_string(axis));
    dims[size_t(axis)] += input->dims()[size_t(axis)];
  }
  OFFRAMP_TRY(Tensor out, create_output(first.dtype(), dims));
  if (out.elements() == 0) return one(std::move(out));
  const Blocks blocks = blocks_around(dims, size_t(axis), first.dtype());
  std::byte* to = out.mutable_raw();
  for (int64_t block = 0; block < blocks.outer; ++block)
    for (const Tensor* input : inputs) {
      const size_t bytes = size_t(input->dims()[size_t(axis)]) * blocks.inner_bytes;
      if (bytes > 0) std::memcpy(to, input->raw() + size_t(block) * bytes, bytes);
      to += bytes;
    }
  return one(std::move(out));
}

Outputs run_split(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", 0), x.dims().size()));
  const int64_t size = x.dims()[size_t(axis)];
  OFFRAMP_TRY(const auto sizes, split_sizes(node, inputs, size));
  const Blocks blocks = blocks_around(x.dims(), size_t(axis), x.dtype());
  std::vector<Tensor> outputs;
  size_t offset = 0;
  for (int64_t part : sizes) {
    Dims dims = x.dims();
    dims[size_t(axis)] = part;
    OFFRAMP_TRY(Tensor out, create_output(x.dtype(), dims));
    const size_t bytes = size_t(part) * blocks.inner_bytes;
    if (out.elements() > 0) {
      std::byte* to = out.mutable_raw();
      for (int64_t block = 0; block < blocks.outer; ++block, to += bytes)
        std::memcpy(to, x.raw() + size_t(block * size) * blocks.inner_bytes + offset, bytes);
    }
    offset += bytes;
    outputs.push_back(std::move(out));
  }
  return outputs;
}

Outputs run_gather(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  const Tensor& x = *inputs[0];
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", 0), x.dims().size()));
  const int64_t size = x.dims()[size_t(axis)];
  OFFRAMP_TRY(const auto positions, read_positions(*inputs[1], size));
  Dims dims = x.dims();
  dims.erase(dims.begin() + ptrdiff_t(axis));
  dims.insert(dims.begin() + ptrdiff_t(axis), inputs[1]->dims().begin(), inputs[1]->dims().end());
  OFFRAMP_TRY(Tensor out, create_output(x.dtype(), dims));
  if (out.elements() == 0) return one(std::move(out));
  const Blocks blocks = blocks_around(x.dims(), size_t(axis), x.dtype());
  std::byte* to = out.mutable_raw();
  for (int64_t block = 0; block < blocks.outer; ++block)
    for (int64_t at : positions) {
      std::memcpy(to, x.raw() + size_t(block * size + at) * blocks.inner_bytes, blocks.inner_bytes);
      to += blocks.inner_bytes;
    }
  return one(std::move(out));
}

}  // namespace

void register_joining(KernelTable& table) {
  add_kernels(table, {"Concat"}, run_concat, kAny);
  add_kernels(table, {"Split"}, run_split, kAny);
  add_kernels(table, {"Gather"}, run_gather, kAny);
}

}  // namespace offramp::reference
