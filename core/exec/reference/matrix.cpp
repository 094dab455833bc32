// Gemm and MatMul.
#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"
#include "exec/reference/product.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

Status expect_f32(Inputs inputs) {
  for (const Tensor* input : inputs)
    if (input) OFFRAMP_RETURN_IF_ERROR(expect_dtype(*input, DType::kF32, "an input"));
  return {};
}

Outputs run_gemm(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 3));
  OFFRAMP_RETURN_IF_ERROR(expect_f32(inputs));
  const Tensor &a = *inputs[0], &b = *inputs[1];
  if (a.dims().size() != 2 || b.dims().size() != 2)
    return invalid_model("expected two matrices, got " + to_string(a.dims()) + " and " + to_string(b.dims()));
  const bool trans_a = node.integer("transA", 0) != 0, trans_b = node.integer("transB", 0) != 0;
  const int64_t rows = a.dims()[trans_a], depth = a.dims()[!trans_a], columns = b.dims()[!trans_b];
  if (b.dims()[trans_b] != depth)
    return invalid_model("matrices " + to_string(a.dims()) + " and " + to_string(b.dims()) + " do not fit");
  OFFRAMP_TRY(Tensor out, create_output(DType::kF32, {rows, columns}));
  OFFRAMP_RETURN_IF_ERROR(expect_work(double(rows) * double(depth) * double(columns)));
  const auto data = out.mutable_data<float>();
  const int64_t a_columns = a.dims()[1];
  std::vector<float> turned;
  if (trans_b) {
    turned.resize(size_t(b.elements()));
    transpose(b.data<float>().data(), columns, depth, turned.data());
  }
  add_product({a.data<float>().data(), trans_a ? 1 : a_columns, trans_a ? a_columns : 1},
              trans_b ? turned.data() : b.data<float>().data(), columns, data.data(), columns, rows, depth, columns);
  const float alpha = node.number("alpha", 1.0f), beta = node.number("beta", 1.0f);
  for (float& value : data) value *= alpha;
  if (const Tensor* c = optional_input(inputs, 2)) {
    OFFRAMP_TRY(const Dims together, broadcast_dims(c->dims(), out.dims()));
    if (together != out.dims())
      return invalid_model("C of shape " + to_string(c->dims()) + " does not broadcast to " + to_string(out.dims()));
    const Dims strides = broadcast_strides(c->dims(), out.dims());
    const auto add = c->data<float>();
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        data[size_t(i * columns + j)] += beta * add[size_t(i * strides[0] + j * strides[1])];
  }
  return one(std::move(out));
}

Outputs run_matmul(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, 2, 2));
  OFFRAMP_RETURN_IF_ERROR(expect_f32(inputs));
  Dims a = inputs[0]->dims(), b = inputs[1]->dims();
  if (a.empty() || b.empty()) return invalid_model("cannot multiply a scalar");
  // A vector is a row on the left and a column on the right; that axis is dropped again below.
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  const int64_t rows = a[a.size() - 2], depth = a.back(), columns = b.back();
  if (b[b.size() - 2] != depth)
    return invalid_model("matrices " + to_string(inputs[0]->dims()) + " and " + to_string(inputs[1]->dims()) +
                         " do not fit");
  const Dims a_batch(a.begin(), a.end() - 2), b_batch(b.begin(), b.end() - 2);
  OFFRAMP_TRY(const Dims batch, broadcast_dims(a_batch, b_batch));
  Dims dims = batch;
  if (!row) dims.push_back(rows);
  if (!column) dims.push_back(columns);
  OFFRAMP_TRY(Tensor out, create_output(DType::kF32, dims));
  OFFRAMP_RETURN_IF_ERROR(expect_work(double(out.elements()) * double(depth)));
  if (out.elements() == 0 || depth == 0) return one(std::move(out));
  const Dims a_strides = broadcast_strides(a_batch, batch), b_strides = broadcast_strides(b_batch, batch);
  float* to = out.mutable_data<float>().data();
  Dims index(batch.size(), 0);
  do {
    int64_t a_at = 0, b_at = 0;
    for (size_t i = 0; i < batch.size(); ++i) {
      a_at += index[i] * a_strides[i];
      b_at += index[i] * b_strides[i];
    }
    add_product({inputs[0]->data<float>().data() + a_at * rows * depth, depth, 1},
                inputs[1]->data<float>().data() + b_at * depth * columns, columns, to, columns, rows, depth, columns);
    to += rows * columns;
  } while (advance(index, batch));
  return one(std::move(out));
}

}  // namespace

void register_matrix(KernelTable& table) {
  add_kernels(table, {"Gemm"}, run_gemm, kF32);
  add_kernels(table, {"MatMul"}, run_matmul, kF32);
}

}  // namespace offramp::reference
