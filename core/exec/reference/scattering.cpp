// ScatterElements and ScatterND: copies of the data in which updates replace elements, or are combined with them.
#include <algorithm>
#include <cstring>

#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

enum class Reduction { kNone, kAdd, kMul, kMax, kMin };

Result<Reduction> read_reduction(const Node& node) {
  const std::string name = node.text("reduction", "none");
  if (name == "none") return Reduction::kNone;
  if (name == "add") return Reduction::kAdd;
  if (name == "mul") return Reduction::kMul;
  if (name == "max") return Reduction::kMax;
  if (name == "min") return Reduction::kMin;
  return invalid_model("attribute reduction: \"" + name + "\" is not none, add, mul, max or min");
}

template <class T>
T combine(Reduction reduction, T old, T update) {
  // Integers wrap around, as in other element-wise operators.
  const auto wrap = [](auto a, auto b, auto operation) {
    if constexpr (std::is_integral_v<T>) return T(operation(uint64_t(a), uint64_t(b)));
    else return T(operation(a, b));
  };
  switch (reduction) {
    case Reduction::kAdd: return wrap(old, update, [](auto a, auto b) { return a + b; });
    case Reduction::kMul: return wrap(old, update, [](auto a, auto b) { return a * b; });
    case Reduction::kMax: return std::max(old, update);
    case Reduction::kMin: return std::min(old, update);
    case Reduction::kNone: break;
  }
  return update;
}

// Blocks of `size` elements of `updates` go to the starts, one after another.
Outputs scatter(const Node& node, const Tensor& data, const Tensor& updates, const std::vector<int64_t>& starts,
                int64_t size) {
  OFFRAMP_TRY(const Reduction reduction, read_reduction(node));
  if (updates.dtype() != data.dtype())
    return invalid_model("updates must be " + std::string(to_string(data.dtype())) + ", got " +
                         std::string(to_string(updates.dtype())));
  Tensor out = data;
  if (updates.elements() == 0) return one(std::move(out));
  if (reduction == Reduction::kNone) {
    const size_t bytes = byte_size(data.dtype()), block = size_t(size) * bytes;
    std::byte* to = out.mutable_raw();
    for (size_t i = 0; i < starts.size(); ++i)
      std::memcpy(to + size_t(starts[i]) * bytes, updates.raw() + i * block, block);
    return one(std::move(out));
  }
  OFFRAMP_TRY(out, widen(data));
  OFFRAMP_TRY(const Tensor wide, widen(updates));
  OFFRAMP_RETURN_IF_ERROR(for_type(WideNumbers{}, wide.dtype(), [&]<class T>(T) -> Status {
    T* to = mutable_elements<T>(out);
    const T* from = elements<T>(wide);
    for (int64_t start : starts)
      for (int64_t k = 0; k < size; ++k) to[start + k] = combine(reduction, to[start + k], *from++);
    return {};
  }));
  OFFRAMP_TRY(out, cast_tensor(out, data.dtype()));
  return one(std::move(out));
}

Outputs run_scatter_elements(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 3));
  const Tensor &data = *inputs[0], &updates = *inputs[2];
  const Dims& dims = inputs[1]->dims();
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", 0), data.dims().size()));
  OFFRAMP_RETURN_IF_ERROR(expect_aligned(data.dims(), dims, size_t(axis)));
  if (updates.dims() != dims)
    return invalid_model("updates must have the shape of the indices " + to_string(dims) + ", got " +
                         to_string(updates.dims()));
  OFFRAMP_TRY(std::vector<int64_t> starts, read_positions(*inputs[1], data.dims()[size_t(axis)]));
  const Dims strides = strides_of(data.dims());
  Dims index(dims.size(), 0);
  for (int64_t& start : starts) {
    start *= strides[size_t(axis)];
    for (size_t i = 0; i < index.size(); ++i)
      if (i != size_t(axis)) start += index[i] * strides[i];
    advance(index, dims);
  }
  return scatter(node, data, updates, starts, 1);
}

Outputs run_scatter_nd(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 3));
  const Tensor &data = *inputs[0], &updates = *inputs[2];
  OFFRAMP_TRY(const IndexedBlocks blocks, index_blocks(data.dims(), *inputs[1], 0));
  const Dims& index_dims = inputs[1]->dims();
  Dims expected(index_dims.begin(), index_dims.end() - 1);
  expected.insert(expected.end(), data.dims().begin() + index_dims.back(), data.dims().end());
  if (updates.dims() != expected)
    return invalid_model("updates must have shape " + to_string(expected) + ", got " + to_string(updates.dims()));
  return scatter(node, data, updates, blocks.starts, blocks.size);
}

}  // namespace

void register_scattering(KernelTable& table) {
  add_kernels(table, {"ScatterElements"}, run_scatter_elements, kAny);
  add_kernels(table, {"ScatterND"}, run_scatter_nd, kAny);
}

}  // namespace offramp::reference
