// Tensors of patterns: Dropout at inference, EyeLike, Trilu and OneHot.
#include <algorithm>
#include <cstring>

#include "exec/reference/indexing.h"
#include "exec/reference/lines.h"
#include "exec/reference/types.h"
#include "graph/operators.h"

namespace offramp::reference {
namespace {

// One number of any type, by the role it has.
Result<int64_t> read_integer(const Tensor& tensor, const char* role) {
  if (tensor.elements() != 1)
    return invalid_model(std::string(role) + " must be one number, got shape " + to_string(tensor.dims()));
  OFFRAMP_TRY(const Tensor integer, cast_tensor(tensor, DType::kI64));
  return integer.data<int64_t>()[0];
}

// A diagonal further away than any matrix reaches is as good as one just outside.
int64_t clamp_diagonal(int64_t k) { return std::clamp(k, -kMaxTensorElements - 1, kMaxTensorElements + 1); }

// Outputs: the input, and a mask that keeps everything.
Outputs run_dropout(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 3));
  const Tensor* training = optional_input(inputs, 2);
  if (training && training->dtype() != DType::kBool) return invalid_model("training_mode must be bool");
  if (training && training->elements() == 1 && *elements<uint8_t>(*training) != 0)
    return unsupported("training_mode: export the model for inference");
  std::vector<Tensor> outputs = {*inputs[0]};
  if (node.outputs.size() < 2) return outputs;
  Tensor mask(DType::kBool, inputs[0]->dims());
  std::memset(mask.mutable_raw(), 1, mask.bytes());
  outputs.push_back(std::move(mask));
  return outputs;
}

Outputs run_eye_like(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 1));
  const Dims& dims = inputs[0]->dims();
  if (dims.size() != 2) return invalid_model("expected a matrix, got shape " + to_string(dims));
  const int64_t code = node.integer("dtype", 0);
  const auto dtype = node.has("dtype") ? dtype_of_onnx(code) : inputs[0]->dtype();
  if (!dtype) return unsupported("attribute dtype: element type " + std::to_string(code) + " has no kernel");
  const int64_t k = clamp_diagonal(node.integer("k", 0));
  Tensor bits(DType::kU8, dims);
  uint8_t* to = mutable_elements<uint8_t>(bits);
  for (int64_t row = 0; row < dims[0]; ++row)
    if (row + k >= 0 && row + k < dims[1]) to[row * dims[1] + row + k] = 1;
  OFFRAMP_TRY(Tensor out, cast_tensor(bits, *dtype));
  return one(std::move(out));
}

// Keeps what lies on one side of a diagonal of every matrix.
Outputs run_trilu(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 1, 2));
  const Tensor& x = *inputs[0];
  if (x.dims().size() < 2) return invalid_model("expected matrices, got shape " + to_string(x.dims()));
  int64_t k = 0;
  if (const Tensor* given = optional_input(inputs, 1)) {
    OFFRAMP_TRY(k, read_integer(*given, "k"));
  }
  k = clamp_diagonal(k);
  const bool upper = node.integer("upper", 1) != 0;
  const int64_t rows = x.dims()[x.dims().size() - 2], columns = x.dims().back();
  const auto size = int64_t(byte_size(x.dtype()));
  Tensor out = x;
  std::byte* to = out.mutable_raw();
  for (int64_t line = 0; columns > 0 && line < out.elements() / columns; ++line, to += columns * size) {
    // The diagonal belongs to what is kept.
    const int64_t diagonal = line % rows + k;
    const int64_t begin = upper ? 0 : std::clamp<int64_t>(diagonal + 1, 0, columns);
    const int64_t end = upper ? std::clamp<int64_t>(diagonal, 0, columns) : columns;
    std::memset(to + begin * size, 0, size_t((end - begin) * size));
  }
  return one(std::move(out));
}

// An index outside of [-depth, depth - 1] sets nothing.
Outputs run_one_hot(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 3, 3));
  const Tensor& values = *inputs[2];
  OFFRAMP_TRY(const Tensor indices, cast_tensor(*inputs[0], DType::kI64));
  OFFRAMP_TRY(const int64_t depth, read_integer(*inputs[1], "depth"));
  if (values.dims() != Dims{2}) return invalid_model("expected values of shape [2], got " + to_string(values.dims()));
  Dims dims = indices.dims();
  OFFRAMP_TRY(const int64_t axis, normal_axis(node.integer("axis", -1), dims.size() + 1));
  dims.insert(dims.begin() + ptrdiff_t(axis), depth);
  OFFRAMP_TRY(Tensor out, create_output(values.dtype(), dims));
  const Lines lines = lines_along(dims, size_t(axis));
  const size_t size = byte_size(values.dtype());
  std::byte* to = out.mutable_raw();
  const int64_t* index = elements<int64_t>(indices);
  for (int64_t at = 0; at < out.elements(); ++at) {
    const int64_t inner = at % lines.inner, k = at / lines.inner % depth, outer = at / lines.inner / depth;
    const int64_t wanted = index[outer * lines.inner + inner];
    const bool on = wanted == k || wanted == k - depth;
    std::memcpy(to + size_t(at) * size, values.raw() + (on ? size : 0), size);
  }
  return one(std::move(out));
}

}  // namespace

void register_masks(KernelTable& table) {
  add_kernels(table, {"Dropout"}, run_dropout, kAny);
  add_kernels(table, {"EyeLike"}, run_eye_like, kAny);
  add_kernels(table, {"Trilu"}, run_trilu, kAny);
  add_kernels(table, {"OneHot"}, run_one_hot, kNumbers);
}

}  // namespace offramp::reference
