// Normalisations that scale and shift.
#include <cmath>

#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/kernels.h"

namespace offramp::xnnpack {

bool takes_batch_normalization(const Graph& graph, const Node& node) {
  const Dims dims = offramp::bind(*graph.value(node.inputs[0]).shape, 1);
  if (dims.size() < 2 || node.inputs.size() != 5 || node.integer("training_mode", 0) != 0) return false;
  if ((*graph.value(node.inputs[0]).shape)[1].per_sample) return false;
  for (size_t i = 1; i < 5; ++i) {
    const Tensor* constant = graph.constant(node.inputs[i]);
    if (!constant || constant->dtype() != DType::kF32 || constant->dims() != Dims{dims[1]}) return false;
  }
  return true;
}

// x * scale + shift. The pass that folds it into convolutions leaves only those that follow none.
Status compile_batch_normalization(Compiler& compiler, const Node& node) {
  const Shape shape = compiler.shape(node.inputs[0]);
  const auto channels = size_t(shape[1].size);
  Tensor scale(DType::kF32, {shape[1].size}), shift(DType::kF32, {shape[1].size});
  const auto constant = [&](size_t i) { return compiler.graph().constant(node.inputs[i])->data<float>(); };
  const float epsilon = node.number("epsilon", 1e-5f);
  for (size_t c = 0; c < channels; ++c) {
    const float factor = constant(1)[c] / std::sqrt(constant(4)[c] + epsilon);
    scale.mutable_data<float>()[c] = factor;
    shift.mutable_data<float>()[c] = constant(2)[c] - constant(3)[c] * factor;
  }
  const Layout layout = compiler.layout_of(node.inputs[0]);
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], layout));
  const BufferId scale_id = compiler.keep(scale), shift_id = compiler.keep(shift);
  const Epilogue epilogue = compiler.take_epilogue(node.outputs[0]);
  const BufferId y = compiler.make(epilogue.output, layout);
  const float low = epilogue.low, high = epilogue.high;
  compiler.add(
      kernel_step([shape, channels, layout, low, high](int64_t batch, const Operands& at) {
        const auto count = size_t(element_count(offramp::bind(shape, batch)));
        const float *factors = at.input(1), *offsets = at.input(2);
        if (layout == Layout::kNhwc || shape.size() == 2) {
          in_parallel(count / channels, 1 + 16384 / channels, [&](size_t begin, size_t end) {
            scale_columns(at.input(0) + begin * channels, factors, offsets, end - begin, channels, low, high,
                          at.output() + begin * channels);
          });
          return;
        }
        const Dims dims = offramp::bind(shape, batch);
        const auto rows = size_t(dims[0]) * channels, columns = count / rows;
        in_parallel(rows / channels, 1, [&](size_t begin, size_t end) {
          const size_t offset = begin * channels * columns;
          scale_rows(at.input(0) + offset, factors, offsets, (end - begin) * channels, channels, columns, low, high,
                     at.output() + offset);
        });
      }),
      {x, scale_id, shift_id}, {y}, 1);
  return {};
}

bool takes_layer_normalization(const Graph& graph, const Node& node) {
  const Shape& shape = *graph.value(node.inputs[0]).shape;
  const int64_t axis = node.integer("axis", -1);
  if ((axis != -1 && axis != int64_t(shape.size()) - 1) || shape.back().per_sample) return false;
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!node.inputs[i]) continue;
    const Tensor* constant = graph.constant(node.inputs[i]);
    if (!constant || constant->dtype() != DType::kF32 || constant->dims() != Dims{shape.back().size}) return false;
  }
  return true;
}

Status compile_layer_normalization(Compiler& compiler, const Node& node) {
  const Shape shape = compiler.shape(node.inputs[0]);
  std::vector<BufferId> reads;
  for (ValueId id : node.inputs) {
    if (!id) continue;
    OFFRAMP_TRY(const BufferId buffer, compiler.read(id, Layout::kPlain));
    reads.push_back(buffer);
  }
  const BufferId y = compiler.make(node.outputs[0], Layout::kPlain);
  const bool shifts = reads.size() == 3;
  compiler.add(kernel_step([=, columns = size_t(shape.back().size), epsilon = node.number("epsilon", 1e-5f)](
                               int64_t batch, const Operands& at) {
                 const size_t rows = size_t(element_count(offramp::bind(shape, batch))) / columns;
                 in_parallel(rows, 1 + 8192 / columns, [&](size_t begin, size_t end) {
                   normalise_rows(at.input(0) + begin * columns, at.input(1), shifts ? at.input(2) : nullptr,
                                  end - begin, columns, epsilon, at.output() + begin * columns);
                 });
               }),
               reads, {y}, 1);
  return {};
}

}  // namespace offramp::xnnpack
