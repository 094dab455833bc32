// Matrix products, softmax and reductions: operators along the last axes of plain values.
#include <algorithm>

#include "exec/reference/arguments.h"
#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/thread_pool.h"

namespace offramp::xnnpack {
namespace {

Tensor scaled(Tensor tensor, float factor) {
  if (factor != 1.0f)
    for (float& value : tensor.mutable_data<float>()) value *= factor;
  return tensor;
}

// A constant that adds one number per column, or one for all: [], [1], [columns], [1, ..., columns].
bool is_bias(const Tensor* c, int64_t columns) {
  if (!c || c->dtype() != DType::kF32 || (c->elements() != 1 && c->elements() != columns)) return false;
  return c->elements() == 1 || c->dims().back() == columns;
}

Tensor as_bias(const Tensor& c, int64_t columns) {
  if (c.elements() == columns) return c.reshaped({columns});
  return Tensor::of<float>({columns}, std::vector<float>(size_t(columns), c.data<float>()[0]));
}

const Tensor* constant_matrix(const Graph& graph, ValueId id) {
  const Tensor* constant = graph.constant(id);
  return constant && constant->dtype() == DType::kF32 && constant->dims().size() == 2 && constant->elements() > 0
             ? constant
             : nullptr;
}

// x [..., K] times a constant matrix, [K, N] or, if `transposed`, [N, K]; bounds that follow are taken over.
Status add_fully_connected(Compiler& compiler, ValueId input, const Tensor& matrix, bool transposed, const Tensor* bias,
                           ValueId made) {
  const auto in = size_t(matrix.dims()[transposed ? 1 : 0]), out = size_t(matrix.dims()[transposed ? 0 : 1]);
  const Epilogue epilogue = compiler.take_epilogue(made);
  OFFRAMP_TRY(Operator product, make_operator([&](xnn_operator_t* op) {
                return xnn_create_fully_connected_nc_f32(
                    in, out, in, out, matrix.data<float>().data(), bias ? bias->data<float>().data() : nullptr,
                    epilogue.low, epilogue.high, transposed ? 0 : XNN_FLAG_TRANSPOSE_WEIGHTS, nullptr,
                    compiler.weights().provider(), op);
              }));
  OFFRAMP_TRY(const BufferId x, compiler.read_bytes(input));
  const BufferId y = compiler.make(epilogue.output, Layout::kPlain);
  compiler.add(operator_step(
                   std::move(product),
                   [shape = compiler.shape(input), in](xnn_operator_t op, int64_t batch, size_t*) {
                     const auto rows = size_t(element_count(offramp::bind(shape, batch))) / in;
                     return xnn_reshape_fully_connected_nc_f32(op, rows, thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_fully_connected_nc_f32(op, at.input(0), at.output());
                   }),
               {x}, {y});
  return {};
}

// The axes of a reduction in ascending order. Empty if XNNPACK cannot know them.
std::vector<int64_t> reduced_axes(const Graph& graph, const Node& node) {
  const size_t rank = graph.value(node.inputs[0]).shape->size();
  std::vector<int64_t> axes = node.integers("axes");
  if (node.inputs.size() > 1 && node.inputs[1]) {
    const Tensor* given = graph.constant(node.inputs[1]);
    const auto list = given ? reference::integers_of(*given, "axes") : Result<std::vector<int64_t>>(axes);
    axes = given && list.ok() ? *list : std::vector<int64_t>{};
  }
  auto normal = reference::normal_axes(axes, rank);
  if (!normal) return {};
  std::sort(normal->begin(), normal->end());
  return *normal;
}

bool over_positions(const std::vector<int64_t>& axes, size_t rank) {
  return has_nhwc_form(rank) && axes.size() == rank - 2 && axes.front() == 2;
}

}  // namespace

bool takes_gemm(const Graph& graph, const Node& node) {
  const Tensor* b = constant_matrix(graph, node.inputs[1]);
  if (!b || graph.is_constant(node.inputs[0]) || node.integer("transA", 0) != 0) return false;
  const bool transposed = node.integer("transB", 0) != 0;
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  if (shape.size() != 2 || shape[1] != Dim{b->dims()[transposed ? 1 : 0], false}) return false;
  if (node.inputs.size() < 3 || !node.inputs[2]) return true;
  return is_bias(graph.constant(node.inputs[2]), b->dims()[transposed ? 0 : 1]);
}

Status compile_gemm(Compiler& compiler, const Node& node) {
  const bool transposed = node.integer("transB", 0) != 0;
  const Tensor matrix = scaled(*compiler.graph().constant(node.inputs[1]), node.number("alpha", 1.0f));
  if (node.inputs.size() < 3 || !node.inputs[2])
    return add_fully_connected(compiler, node.inputs[0], matrix, transposed, nullptr, node.outputs[0]);
  const Tensor c = as_bias(*compiler.graph().constant(node.inputs[2]), matrix.dims()[transposed ? 0 : 1]);
  const Tensor bias = scaled(c, node.number("beta", 1.0f));
  return add_fully_connected(compiler, node.inputs[0], matrix, transposed, &bias, node.outputs[0]);
}

bool takes_matmul(const Graph& graph, const Node& node) {
  const Shape &a = *graph.value(node.inputs[0]).shape, &b = *graph.value(node.inputs[1]).shape;
  if (graph.is_constant(node.inputs[0]) || a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) return false;
  if (a.back().per_sample || b.back().per_sample) return false;
  if (graph.is_constant(node.inputs[1])) return constant_matrix(graph, node.inputs[1]) != nullptr;
  return a.size() == b.size() && a.size() >= 3 && std::equal(a.begin(), a.end() - 2, b.begin()) &&
         !a[a.size() - 2].per_sample;
}

Status compile_matmul(Compiler& compiler, const Node& node) {
  if (const Tensor* constant = compiler.graph().constant(node.inputs[1])) {
    // A bias is an Add of its own here: take it over.
    const Node* add = compiler.only_reader(node.outputs[0]);
    if (add && add->op == "Add") {
      const ValueId other = add->inputs[add->inputs[0] == node.outputs[0] ? 1 : 0];
      const Tensor* c = compiler.graph().constant(other);
      if (is_bias(c, constant->dims()[1]) && compiler.shape(add->outputs[0]) == compiler.shape(node.outputs[0])) {
        const Tensor bias = as_bias(*c, constant->dims()[1]);
        compiler.absorb(*add);
        return add_fully_connected(compiler, node.inputs[0], *constant, false, &bias, add->outputs[0]);
      }
    }
    return add_fully_connected(compiler, node.inputs[0], *constant, false, nullptr, node.outputs[0]);
  }
  OFFRAMP_TRY(Operator product,
              make_operator([](xnn_operator_t* op) { return xnn_create_batch_matrix_multiply_nc_f32(0, op); }));
  OFFRAMP_TRY(const BufferId a, compiler.read(node.inputs[0], Layout::kPlain));
  OFFRAMP_TRY(const BufferId b, compiler.read(node.inputs[1], Layout::kPlain));
  const BufferId y = compiler.make(node.outputs[0], Layout::kPlain);
  compiler.add(operator_step(
                   std::move(product),
                   [left = compiler.shape(node.inputs[0]), right = compiler.shape(node.inputs[1])](
                       xnn_operator_t op, int64_t batch, size_t* bytes) {
                     const Sizes at = to_sizes(offramp::bind(left, batch)), bt = to_sizes(offramp::bind(right, batch));
                     const size_t rank = at.size();
                     size_t alignment = 0;
                     return xnn_reshape_batch_matrix_multiply_nc_f32(op, rank - 2, at.data(), bt.data(), at[rank - 2],
                                                                     at[rank - 1], bt[rank - 1], bytes, &alignment,
                                                                     thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_batch_matrix_multiply_nc_f32(op, at.workspace, at.input(0), at.input(1),
                                                                   at.output());
                   }),
               {a, b}, {y});
  return {};
}

bool takes_softmax(const Graph& graph, const Node& node) {
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  const auto axis = reference::normal_axis(node.integer("axis", -1), shape.size());
  return axis.ok() && *axis == int64_t(shape.size()) - 1 && !shape.back().per_sample;
}

Status compile_softmax(Compiler& compiler, const Node& node) {
  OFFRAMP_TRY(Operator softmax, make_operator([](xnn_operator_t* op) { return xnn_create_softmax_nc_f32(0, op); }));
  OFFRAMP_TRY(const BufferId x, compiler.read_bytes(node.inputs[0]));
  const BufferId y = compiler.make(node.outputs[0], Layout::kPlain);
  compiler.add(operator_step(
                   std::move(softmax),
                   [shape = compiler.shape(node.inputs[0])](xnn_operator_t op, int64_t batch, size_t*) {
                     const auto channels = size_t(shape.back().size);
                     const auto rows = size_t(element_count(offramp::bind(shape, batch))) / channels;
                     return xnn_reshape_softmax_nc_f32(op, channels, channels, channels, rows, thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_softmax_nc_f32(op, at.input(0), at.output());
                   }),
               {x}, {y}, 1);
  return {};
}

Status add_reduction(Compiler& compiler, const Node& node, xnn_reduce_operator type, std::vector<int64_t> axes,
                     Layout in, Layout out) {
  OFFRAMP_TRY(Operator reduce, make_operator([&](xnn_operator_t* op) {
                return xnn_create_reduce_nd(type, xnn_datatype_fp32, nullptr, nullptr, 0, op);
              }));
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], in));
  const BufferId y = compiler.make(node.outputs[0], out);
  compiler.add(operator_step(
                   std::move(reduce),
                   [axes, in, shape = compiler.shape(node.inputs[0])](xnn_operator_t op, int64_t batch, size_t*) {
                     const Sizes sizes = to_sizes(dims_in(in, offramp::bind(shape, batch)));
                     // A workspace is for types whose sums are wider than they are.
                     return xnn_reshape_reduce_nd(op, axes.size(), axes.data(), sizes.size(), sizes.data(), nullptr,
                                                  nullptr, thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_reduce_nd(op, nullptr, at.in[0], at.out[0]);
                   }),
               {x}, {y});
  return {};
}

bool takes_reduction(const Graph& graph, const Node& node) {
  const std::vector<int64_t> axes = reduced_axes(graph, node);
  // Over the batch samples would mix; shape inference allows it only where it is no batch.
  return !axes.empty() && axes.front() > 0;
}

Status compile_reduction(Compiler& compiler, const Node& node) {
  const size_t rank = compiler.shape(node.inputs[0]).size();
  const std::vector<int64_t> axes = reduced_axes(compiler.graph(), node);
  const bool keep = node.integer("keepdims", 1) != 0;
  const bool map = over_positions(axes, rank) && compiler.layout_of(node.inputs[0]) == Layout::kNhwc;
  const auto type = node.op == "ReduceMean" ? xnn_reduce_mean : xnn_reduce_sum;
  if (!map) return add_reduction(compiler, node, type, axes, Layout::kPlain, Layout::kPlain);
  return add_reduction(compiler, node, type, {1, 2}, Layout::kNhwc, keep ? Layout::kNhwc : Layout::kPlain);
}

}  // namespace offramp::xnnpack
