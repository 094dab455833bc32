#include "exec/xnnpack/compiler.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "exec/plan.h"
#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/thread_pool.h"

namespace offramp::xnnpack {

const float Epilogue::kInfinity = std::numeric_limits<float>::infinity();

namespace {

// The inputs that must have been computed before a node runs.
std::vector<ValueId> used_inputs(const Node& node, const Family* family) {
  std::vector<ValueId> used;
  for (size_t i = 0; i < node.inputs.size() && (!family || i < family->data_inputs); ++i)
    if (node.inputs[i]) used.push_back(node.inputs[i]);
  return used;
}

Shape shape_in(Layout layout, const Shape& plain) {
  if (layout == Layout::kPlain) return plain;
  Shape shape = {plain[0]};
  shape.insert(shape.end(), plain.begin() + 2, plain.end());
  shape.push_back(plain[1]);
  return shape;
}

}  // namespace

Compiler::Compiler(Graph& graph, PackedWeights& weights, bool takes_over, bool hands_over)
    : graph_(graph), weights_(weights), takes_over_(takes_over), hands_over_(hands_over) {}

Status Compiler::compile() {
  find_needed();
  declare_inputs();
  for (size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    if (needed_[n] && !absorbed_[n]) OFFRAMP_RETURN_IF_ERROR(compile_node(node).within(node.frame()));
    release_constants_of(node);
  }
  return declare_outputs();
}

void Compiler::find_needed() {
  const size_t nodes = graph_.nodes.size();
  families_.assign(nodes, nullptr);
  needed_.assign(nodes, false);
  absorbed_.assign(nodes, false);
  readers_.assign(graph_.value_count(), {});
  constant_uses_.assign(graph_.value_count(), 0);
  std::vector<bool> wanted(graph_.value_count(), false);
  for (ValueId id : graph_.outputs) {
    wanted[size_t(id.index)] = true;
    readers_[size_t(id.index)].push_back(kOutside);
    ++constant_uses_[size_t(id.index)];
  }
  for (size_t n = nodes; n-- > 0;) {
    const Node& node = graph_.nodes[n];
    for (ValueId id : node.inputs)
      if (id) ++constant_uses_[size_t(id.index)];
    needed_[n] = std::any_of(node.outputs.begin(), node.outputs.end(),
                             [&](ValueId id) { return id && wanted[size_t(id.index)]; });
    if (!needed_[n]) continue;
    families_[n] = taken_by(graph_, node);
    for (ValueId id : used_inputs(node, families_[n])) {
      wanted[size_t(id.index)] = true;
      readers_[size_t(id.index)].push_back(int32_t(n));
    }
  }
}

void Compiler::declare_inputs() {
  for (size_t i = 0; i < graph_.inputs.size(); ++i) {
    const ValueId value = graph_.inputs[i];
    const Value& input = graph_.value(value);
    const auto& readers = readers_[size_t(value.index)];
    const bool as_map = takes_over_ && std::any_of(readers.begin(), readers.end(), [&](int32_t n) {
      return n != kOutside && families_[size_t(n)] && families_[size_t(n)]->reads_map;
    });
    const Layout layout = as_map ? Layout::kNhwc : Layout::kPlain;
    ids_[value].of(layout) = add_buffer(
        {Buffer::Kind::kInput, i, {input.dtype, shape_in(layout, *input.shape)}, {}});
    inputs.push_back({ids_[value].of(layout), layout});
  }
}

Status Compiler::declare_outputs() {
  for (size_t i = 0; i < graph_.outputs.size(); ++i) {
    const ValueId value = graph_.outputs[i];
    const Layout layout = hands_over_ ? layout_of(value) : Layout::kPlain;
    current_ = graph_.value(value).name;
    op_ = "Copy";
    macs_ = 0;
    OFFRAMP_TRY(BufferId buffer, read(value, layout));
    if (buffers[size_t(buffer)].kind != Buffer::Kind::kComputed) {
      const TypedShape stored = {graph_.value(value).dtype, shape_in(layout, *graph_.value(value).shape)};
      const BufferId copy = add_buffer({Buffer::Kind::kComputed, 0, stored, {}});
      add(kernel_step([stored](int64_t batch, const Operands& operands) {
            const auto elements = size_t(element_count(offramp::bind(stored.shape, batch)));
            std::memcpy(operands.out[0], operands.in[0], elements * byte_size(stored.dtype));
          }),
          {buffer}, {copy});
      buffer = copy;
    }
    buffers[size_t(buffer)].kind = Buffer::Kind::kOutput;
    buffers[size_t(buffer)].index = i;
    // The value's own dims, where the buffer was another value's first.
    buffers[size_t(buffer)].stored.shape = shape_in(layout, *graph_.value(value).shape);
    outputs.push_back({buffer, layout});
  }
  return {};
}

Status Compiler::compile_node(const Node& node) {
  const Family* family = families_[size_t(&node - graph_.nodes.data())];
  current_ = node.name;
  op_ = node.op;
  macs_ = known_macs(graph_, node);
  if (!family) return add_reference(node);
  absorbed_now_.clear();
  Status status = family->compile(*this, node);
  if (status || status.error().code != ErrorCode::kUnsupported) return status;
  // What XNNPACK refuses only now still runs, slowly, and what it would have taken over by itself.
  for (size_t n : absorbed_now_) absorbed_[n] = false;
  op_ = node.op;
  macs_ = known_macs(graph_, node);
  return add_reference(node);
}

Status Compiler::add_reference(const Node& node) {
  const auto typed = [&](ValueId id) -> Result<TypedShape> {
    const Value& value = graph_.value(id);
    if (!value.shape) return unsupported("the shape of \"" + value.name + "\" is not known before the model runs");
    return TypedShape{value.dtype, *value.shape};
  };
  std::vector<TypedShape> in, out;
  std::vector<BufferId> reads, writes;
  for (ValueId id : node.inputs) {
    if (!id) continue;
    OFFRAMP_TRY(TypedShape shape, typed(id));
    in.push_back(std::move(shape));
    OFFRAMP_TRY(const BufferId buffer, read(id, Layout::kPlain));
    reads.push_back(buffer);
  }
  for (ValueId id : node.outputs) {
    if (!id) continue;
    OFFRAMP_TRY(TypedShape shape, typed(id));
    out.push_back(std::move(shape));
    writes.push_back(make(id, Layout::kPlain));
  }
  add(reference_step(node, std::move(in), std::move(out)), std::move(reads), std::move(writes));
  return {};
}

Layout Compiler::layout_of(ValueId value) const {
  const auto found = ids_.find(value);
  return found != ids_.end() && found->second.plain < 0 && found->second.nhwc >= 0 ? Layout::kNhwc : Layout::kPlain;
}

Result<BufferId> Compiler::read(ValueId value, Layout layout) {
  Ids& ids = ids_[value];
  if (ids.of(layout) >= 0) return ids.of(layout);
  if (const Tensor* constant = graph_.constant(value))
    return ids.of(layout) = keep(layout == Layout::kNhwc ? to_nhwc(*constant) : *constant);
  const BufferId other = ids.of(layout == Layout::kPlain ? Layout::kNhwc : Layout::kPlain);
  OFFRAMP_CHECK(other >= 0);
  if (same_bytes(shape(value))) return ids.of(layout) = other;
  OFFRAMP_TRY(const BufferId converted, convert(value, other, layout));
  return ids_[value].of(layout) = converted;
}

Result<BufferId> Compiler::read_bytes(ValueId value) {
  if (layout_of(value) == Layout::kNhwc && same_bytes(shape(value))) return read(value, Layout::kNhwc);
  return read(value, Layout::kPlain);
}

Result<BufferId> Compiler::convert(ValueId value, BufferId from, Layout to) {
  OFFRAMP_TRY(Operator op, make_operator([](xnn_operator_t* out) { return xnn_create_transpose_nd_x32(0, out); }));
  const Shape source = shape_in(to == Layout::kNhwc ? Layout::kPlain : Layout::kNhwc, shape(value));
  Sizes perm = {0};
  if (to == Layout::kPlain) perm.push_back(source.size() - 1);
  for (size_t i = to == Layout::kNhwc ? 2 : 1; perm.size() < source.size() && i < source.size(); ++i) perm.push_back(i);
  if (to == Layout::kNhwc) perm.push_back(1);
  const BufferId converted = add_buffer({Buffer::Kind::kComputed, 0, {DType::kF32, shape_in(to, shape(value))}, {}});
  // It is a step of its own within the work on another node.
  const std::string node = std::exchange(current_, graph_.value(value).name), op_before = std::exchange(op_, "Transpose");
  const int64_t macs = std::exchange(macs_, 0);
  add(operator_step(
          std::move(op),
          [source, perm](xnn_operator_t transpose, int64_t batch, size_t*) {
            const Sizes sizes = to_sizes(offramp::bind(source, batch));
            return xnn_reshape_transpose_nd_x32(transpose, sizes.size(), sizes.data(), perm.data(), thread_pool());
          },
          [](xnn_operator_t transpose, const Operands& at) {
            return xnn_setup_transpose_nd_x32(transpose, at.in[0], at.out[0]);
          }),
      {from}, {converted});
  current_ = node;
  op_ = op_before;
  macs_ = macs;
  return converted;
}

BufferId Compiler::add_buffer(Buffer buffer) {
  buffers.push_back(std::move(buffer));
  return BufferId(buffers.size() - 1);
}

BufferId Compiler::make(ValueId value, Layout layout) {
  const Value& made = graph_.value(value);
  return ids_[value].of(layout) =
             add_buffer({Buffer::Kind::kComputed, 0, {made.dtype, shape_in(layout, *made.shape)}, {}});
}

BufferId Compiler::make_temporary(Shape shape) {
  return add_buffer({Buffer::Kind::kComputed, 0, {DType::kF32, std::move(shape)}, {}});
}

BufferId Compiler::keep(Tensor constant) {
  Shape shape;
  for (int64_t dim : constant.dims()) shape.push_back({dim, false});
  const DType dtype = constant.dtype();
  return add_buffer({Buffer::Kind::kConstant, 0, {dtype, std::move(shape)}, std::move(constant)});
}

const Node* Compiler::only_reader(ValueId value) const {
  const auto& readers = readers_[size_t(value.index)];
  return readers.size() == 1 && readers[0] != kOutside ? &graph_.nodes[size_t(readers[0])] : nullptr;
}

void Compiler::absorb(const Node& node) {
  const auto index = size_t(&node - graph_.nodes.data());
  absorbed_[index] = true;
  absorbed_now_.push_back(index);
  op_ += "+" + node.op;
  macs_ += known_macs(graph_, node);
}

Epilogue Compiler::take_epilogue(ValueId made) {
  Epilogue epilogue;
  epilogue.output = made;
  while (const Node* next = only_reader(epilogue.output)) {
    const auto bounds = bounds_of(graph_, *next);
    if (!bounds) break;
    const float low = std::clamp(epilogue.low, bounds->low, bounds->high);
    const float high = std::clamp(epilogue.high, bounds->low, bounds->high);
    if (!(low < high)) break;
    epilogue.low = low;
    epilogue.high = high;
    epilogue.output = next->outputs[0];
    absorb(*next);
  }
  return epilogue;
}

void Compiler::add(std::unique_ptr<Step> step, std::vector<BufferId> reads, std::vector<BufferId> writes,
                   uint32_t may_replace) {
  step->reads = std::move(reads);
  step->writes = std::move(writes);
  step->may_replace = may_replace;
  step->node = current_;
  step->op = op_;
  step->macs = std::exchange(macs_, 0);
  steps.push_back(std::move(step));
}

void Compiler::release_constants_of(const Node& node) {
  for (ValueId id : node.inputs)
    if (id && --constant_uses_[size_t(id.index)] == 0) graph_.erase_constant(id);
}

}  // namespace offramp::xnnpack
