// Matrix products.
#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Error inner_mismatch(const Shape& a, const Shape& b) {
  return invalid_model("the inner dimensions of " + to_string(a) + " and " + to_string(b) + " differ");
}

Outputs infer_gemm(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  OFFRAMP_RETURN_IF_ERROR(expect_rank(*inputs[0], 2, "A"));
  OFFRAMP_RETURN_IF_ERROR(expect_rank(*inputs[1], 2, "B"));
  Shape a = inputs[0]->shape, b = inputs[1]->shape;
  if (node.integer("transA", 0)) std::swap(a[0], a[1]);
  if (node.integer("transB", 0)) std::swap(b[0], b[1]);
  if (a[1] != b[0]) return inner_mismatch(a, b);
  if (a[1].per_sample) return unsupported("sums over the batch, so samples are not independent");
  Shape shape = {a[0], b[1]};
  if (const ValueInfo* c = input_or_null(inputs, 2)) {
    const Shape* both[] = {&shape, &c->shape};
    OFFRAMP_TRY(const Shape joined, broadcast(both));
    if (joined != shape)
      return invalid_model("C of shape " + to_string(c->shape) + " cannot be broadcast to " + to_string(shape));
  }
  return one_output(inputs[0]->dtype, std::move(shape));
}

int64_t gemm_macs(const Node& node, std::span<const Dims> inputs, std::span<const Dims> outputs) {
  return element_count(outputs[0]) * inputs[0][node.integer("transA", 0) ? 0 : 1];
}

// Numpy's matmul: vectors are promoted, leading dimensions broadcast.
Outputs infer_matmul(const Node&, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  Shape a = inputs[0]->shape, b = inputs[1]->shape;
  if (a.empty() || b.empty()) return invalid_model("inputs must have at least 1 dimension");
  const bool row_vector = a.size() == 1, column_vector = b.size() == 1;
  if (row_vector) a.insert(a.begin(), Dim{});
  if (column_vector) b.push_back(Dim{});
  const Dim inner = a[a.size() - 1];
  if (inner != b[b.size() - 2]) return inner_mismatch(inputs[0]->shape, inputs[1]->shape);
  if (inner.per_sample) return unsupported("sums over the batch, so samples are not independent");
  const Shape outer_a(a.begin(), a.end() - 2), outer_b(b.begin(), b.end() - 2);
  const Shape* both[] = {&outer_a, &outer_b};
  OFFRAMP_TRY(Shape shape, broadcast(both));
  if (!row_vector) shape.push_back(a[a.size() - 2]);
  if (!column_vector) shape.push_back(b[b.size() - 1]);
  return one_output(inputs[0]->dtype, std::move(shape));
}

int64_t matmul_macs(const Node&, std::span<const Dims> inputs, std::span<const Dims> outputs) {
  return element_count(outputs[0]) * inputs[0].back();
}

}  // namespace

void register_matmul(Registry& registry) {
  add_operator(registry, "Gemm", 2, 3, infer_gemm);
  registry["Gemm"].macs = gemm_macs;
  add_operator(registry, "MatMul", 2, 2, infer_matmul);
  registry["MatMul"].macs = matmul_macs;
}

}  // namespace offramp::ops
