// Operators that move elements: joining, cutting, padding, reshaping and transposing.
#include <algorithm>
#include <cstring>

#include "exec/reference/arguments.h"
#include "exec/reference/cuts.h"
#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/kernels.h"

namespace offramp::xnnpack {
namespace {

std::vector<int64_t> constant_integers(const Graph& graph, const Node& node, size_t input) {
  const Tensor* tensor =
      input < node.inputs.size() && node.inputs[input] ? graph.constant(node.inputs[input]) : nullptr;
  if (!tensor) return {};
  auto list = reference::integers_of(*tensor, "");
  return list.ok() ? *list : std::vector<int64_t>{};
}

bool is_batch_leading(const Shape& shape) {
  return std::none_of(shape.begin() + 1, shape.end(), [](Dim dim) { return dim.per_sample; });
}

// What a Slice takes for one sample. Errors also if it is not known before running.
Result<std::vector<reference::Cut>> read_cuts(const Graph& graph, const Node& node) {
  const Dims dims = offramp::bind(*graph.value(node.inputs[0]).shape, 1);
  std::vector<const Tensor*> inputs = {nullptr};
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    inputs.push_back(node.inputs[i] ? graph.constant(node.inputs[i]) : nullptr);
    if ((node.inputs[i] || i < 3) && !inputs.back()) return unsupported("cuts computed at run time");
  }
  if (inputs.size() < 3) return invalid_model("starts and ends are missing");
  return reference::read_cuts(dims, inputs);
}

// Every `step`th position of a map from the first on.
bool is_subsampling(const std::vector<reference::Cut>& cuts, const Dims& dims) {
  if (!has_nhwc_form(dims.size())) return false;
  for (size_t i = 0; i < cuts.size(); ++i) {
    if (cuts[i].start != 0 || cuts[i].step < 1 || (i < 2 && cuts[i].count != dims[i])) return false;
    if (cuts[i].count != (dims[i] - 1) / cuts[i].step + 1) return false;
  }
  return true;
}

// XNNPACK's slices have no steps: pixels are copied one by one.
Status add_subsampling(Compiler& compiler, const Node& node, const std::vector<reference::Cut>& cuts) {
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], Layout::kNhwc));
  const BufferId y = compiler.make(node.outputs[0], Layout::kNhwc);
  const int64_t step_h = cuts.size() == 4 ? cuts[2].step : 1, step_w = cuts.back().step;
  compiler.add(kernel_step([=, from = compiler.shape(node.inputs[0]), to = compiler.shape(node.outputs[0])](
                               int64_t batch, const Operands& at) {
                 const Dims in = nhwc_dims(offramp::bind(from, batch)), out = nhwc_dims(offramp::bind(to, batch));
                 const auto channels = size_t(in[3]);
                 in_parallel(size_t(out[0] * out[1]), 8, [&](size_t begin, size_t end) {
                   for (size_t row = begin; row < end; ++row) {
                     const int64_t n = int64_t(row) / out[1], h = int64_t(row) % out[1];
                     const float* source = at.input(0) + size_t((n * in[1] + h * step_h) * in[2]) * channels;
                     float* target = at.output() + row * size_t(out[2]) * channels;
                     for (int64_t w = 0; w < out[2]; ++w, source += size_t(step_w) * channels, target += channels)
                       std::memcpy(target, source, channels * sizeof(float));
                   }
                 });
               }),
               {x}, {y});
  return {};
}

}  // namespace

bool takes_concat(const Graph& graph, const Node& node) {
  const size_t rank = graph.value(node.outputs[0]).shape->size();
  const auto axis = reference::normal_axis(node.integer("axis", 0), rank);
  if (!axis.ok() || (*graph.value(node.outputs[0]).shape)[size_t(*axis)].per_sample) return false;
  bool computed = false;
  for (ValueId id : node.inputs) {
    if (!id || graph.value(id).dtype != DType::kF32 || graph.value(id).shape->size() != rank) return false;
    computed |= !graph.is_constant(id);
  }
  return computed;
}

namespace {

// A value as rows of columns, one for each part that it is joined from or split into.
struct Columns {
  std::vector<size_t> widths;  // elements per row, for each sample if the batch is within rows
  size_t row = 0;              // all of them
  bool batch_within = false;
  Shape whole;
};

Result<Columns> columns_of(const Compiler& compiler, const Node& node, ValueId whole, const std::vector<ValueId>& parts,
                           Layout layout) {
  Columns columns;
  columns.whole = compiler.shape(whole);
  OFFRAMP_TRY(const int64_t plain_axis, reference::normal_axis(node.integer("axis", 0), columns.whole.size()));
  const size_t axis = axis_in(layout, size_t(plain_axis), columns.whole.size());
  const Dims dims = dims_in(layout, compiler.dims(whole));
  size_t inner = 1;
  for (size_t i = axis + 1; i < dims.size(); ++i) inner *= size_t(dims[i]);
  // Only the plain layout has a batch anywhere but in front.
  for (size_t i = size_t(plain_axis) + 1; i < columns.whole.size(); ++i) columns.batch_within |= columns.whole[i].per_sample;
  for (ValueId part : parts) columns.widths.push_back(size_t(compiler.shape(part)[size_t(plain_axis)].size) * inner);
  columns.row = size_t(dims[axis]) * inner;
  return columns;
}

// Calls copy(part, offset in the whole, offset in the part, elements) for all that is to move.
template <class Copy>
void move_columns(const Columns& columns, int64_t batch, const Copy& copy) {
  const size_t scale = columns.batch_within ? size_t(batch) : 1, width = columns.row * scale;
  const size_t rows = size_t(element_count(offramp::bind(columns.whole, batch))) / width;
  in_parallel(rows, 1 + 8192 / width, [&](size_t begin, size_t end) {
    size_t column = 0;
    for (size_t part = 0; part < columns.widths.size(); column += columns.widths[part++] * scale) {
      const size_t own = columns.widths[part] * scale;
      for (size_t row = begin; row < end; ++row) copy(part, row * width + column, row * own, own);
    }
  });
}

}  // namespace

Status compile_concat(Compiler& compiler, const Node& node) {
  Layout layout = Layout::kPlain;
  for (ValueId id : node.inputs)
    if (compiler.layout_of(id) == Layout::kNhwc) layout = Layout::kNhwc;
  OFFRAMP_TRY(const Columns columns, columns_of(compiler, node, node.outputs[0], node.inputs, layout));
  std::vector<BufferId> reads;
  for (ValueId id : node.inputs) {
    OFFRAMP_TRY(const BufferId buffer, compiler.read(id, layout));
    reads.push_back(buffer);
  }
  const BufferId y = compiler.make(node.outputs[0], layout);
  compiler.add(kernel_step([columns](int64_t batch, const Operands& at) {
                 move_columns(columns, batch, [&at](size_t part, size_t whole, size_t own, size_t count) {
                   std::memcpy(at.output() + whole, at.input(part) + own, count * sizeof(float));
                 });
               }),
               reads, {y});
  return {};
}

bool takes_split(const Graph& graph, const Node& node) {
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  const auto axis = reference::normal_axis(node.integer("axis", 0), shape.size());
  return axis.ok() && !shape[size_t(*axis)].per_sample;
}

Status compile_split(Compiler& compiler, const Node& node) {
  const Layout layout = compiler.layout_of(node.inputs[0]);
  OFFRAMP_TRY(const Columns columns, columns_of(compiler, node, node.inputs[0], node.outputs, layout));
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], layout));
  std::vector<BufferId> writes;
  for (ValueId id : node.outputs) writes.push_back(compiler.make(id, layout));
  compiler.add(kernel_step([columns](int64_t batch, const Operands& at) {
                 move_columns(columns, batch, [&at](size_t part, size_t whole, size_t own, size_t count) {
                   std::memcpy(at.output(part) + own, at.input(0) + whole, count * sizeof(float));
                 });
               }),
               {x}, std::move(writes));
  return {};
}

bool takes_slice(const Graph& graph, const Node& node) {
  const auto cuts = read_cuts(graph, node);
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  if (!cuts.ok() || !is_batch_leading(shape)) return false;
  const Dims dims = offramp::bind(shape, 1);
  if ((*cuts)[0].count != dims[0] || (*cuts)[0].step != 1) return false;
  return is_subsampling(*cuts, dims) ||
         std::all_of(cuts->begin(), cuts->end(), [](const auto& cut) { return cut.step == 1 && cut.count > 0; });
}

Status compile_slice(Compiler& compiler, const Node& node) {
  OFFRAMP_TRY(const auto cuts, read_cuts(compiler.graph(), node));
  if (std::any_of(cuts.begin(), cuts.end(), [](const auto& cut) { return cut.step != 1; }))
    return add_subsampling(compiler, node, cuts);
  OFFRAMP_TRY(Operator slice, make_operator([](xnn_operator_t* op) { return xnn_create_slice_nd_x32(0, op); }));
  const Layout layout = compiler.layout_of(node.inputs[0]);
  const Shape shape = compiler.shape(node.inputs[0]);
  Sizes offsets(rank_in(layout, shape.size()), 0), sizes(offsets.size(), 1);
  for (size_t i = 1; i < cuts.size(); ++i) {
    offsets[axis_in(layout, i, shape.size())] = size_t(cuts[i].start);
    sizes[axis_in(layout, i, shape.size())] = size_t(cuts[i].count);
  }
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], layout));
  const BufferId y = compiler.make(node.outputs[0], layout);
  compiler.add(operator_step(
                   std::move(slice),
                   [=](xnn_operator_t op, int64_t batch, size_t*) {
                     const Sizes input = to_sizes(dims_in(layout, offramp::bind(shape, batch)));
                     Sizes taken = sizes;
                     taken[0] = input[0];
                     return xnn_reshape_slice_nd_x32(op, input.size(), input.data(), offsets.data(), taken.data(),
                                                     thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_slice_nd_x32(op, at.in[0], at.out[0]);
                   }),
               {x}, {y});
  return {};
}

bool takes_pad(const Graph& graph, const Node& node) {
  const std::vector<int64_t> pads = constant_integers(graph, node, 1);
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  const size_t rank = shape.size();
  if (node.text("mode", "constant") != "constant" || pads.size() != 2 * rank || !is_batch_leading(shape)) return false;
  if (std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad < 0; }) || pads[0] + pads[rank] > 0)
    return false;
  if (node.inputs.size() > 3 && node.inputs[3]) return false;
  if (node.inputs.size() < 3 || !node.inputs[2]) return true;
  const Tensor* value = graph.constant(node.inputs[2]);
  return value && value->dtype() == DType::kF32 && value->elements() == 1;
}

Status compile_pad(Compiler& compiler, const Node& node) {
  const std::vector<int64_t> pads = constant_integers(compiler.graph(), node, 1);
  const size_t rank = pads.size() / 2;
  const Layout layout = compiler.layout_of(node.inputs[0]);
  Sizes before(rank_in(layout, rank), 0), after(before.size(), 0);
  for (size_t i = 0; i < rank; ++i) {
    before[axis_in(layout, i, rank)] = size_t(pads[i]);
    after[axis_in(layout, i, rank)] = size_t(pads[i + rank]);
  }
  const Tensor* given = node.inputs.size() > 2 && node.inputs[2] ? compiler.graph().constant(node.inputs[2]) : nullptr;
  const float value = given ? given->data<float>()[0] : 0.0f;
  OFFRAMP_TRY(Operator pad,
              make_operator([&](xnn_operator_t* op) { return xnn_create_constant_pad_nd_x32(&value, 0, op); }));
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], layout));
  const BufferId y = compiler.make(node.outputs[0], layout);
  compiler.add(operator_step(
                   std::move(pad),
                   [=, shape = compiler.shape(node.inputs[0])](xnn_operator_t op, int64_t batch, size_t*) {
                     const Sizes input = to_sizes(dims_in(layout, offramp::bind(shape, batch)));
                     return xnn_reshape_constant_pad_nd_x32(op, input.size(), input.data(), before.data(), after.data(),
                                                            thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_constant_pad_nd_x32(op, at.in[0], at.out[0]);
                   }),
               {x}, {y});
  return {};
}

bool takes_reshape(const Graph&, const Node&) { return true; }

// Nothing moves: the output is the input by another name.
Status compile_reshape(Compiler& compiler, const Node& node) {
  OFFRAMP_TRY(const BufferId x, compiler.read_bytes(node.inputs[0]));
  compiler.alias(node.outputs[0], x);
  return {};
}

bool takes_transpose(const Graph& graph, const Node& node) {
  const size_t rank = graph.value(node.inputs[0]).shape->size();
  const auto perm = reference::normal_axes(node.integers("perm"), rank);
  return perm.ok() && perm->size() == rank;
}

Status compile_transpose(Compiler& compiler, const Node& node) {
  const std::vector<int64_t> perm = node.integers("perm");
  // From a map of four axes the two permutations become one.
  const Layout layout = perm.size() == 4 ? compiler.layout_of(node.inputs[0]) : Layout::kPlain;
  Sizes axes;
  for (int64_t axis : perm) {
    const auto plain = size_t(axis < 0 ? axis + int64_t(perm.size()) : axis);
    axes.push_back(axis_in(layout, plain, perm.size()));
  }
  OFFRAMP_TRY(Operator transpose, make_operator([](xnn_operator_t* op) { return xnn_create_transpose_nd_x32(0, op); }));
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], layout));
  const BufferId y = compiler.make(node.outputs[0], Layout::kPlain);
  compiler.add(operator_step(
                   std::move(transpose),
                   [=, shape = compiler.shape(node.inputs[0])](xnn_operator_t op, int64_t batch, size_t*) {
                     const Sizes input = to_sizes(dims_in(layout, offramp::bind(shape, batch)));
                     return xnn_reshape_transpose_nd_x32(op, input.size(), input.data(), axes.data(), thread_pool());
                   },
                   [](xnn_operator_t op, const Operands& at) {
                     return xnn_setup_transpose_nd_x32(op, at.in[0], at.out[0]);
                   }),
               {x}, {y});
  return {};
}

}  // namespace offramp::xnnpack
