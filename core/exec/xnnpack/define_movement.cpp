// Operators that move elements: joining, cutting, padding, reshaping and transposing.
#include <algorithm>
#include <limits>

#include "exec/reference/arguments.h"
#include "exec/reference/cuts.h"
#include "exec/xnnpack/operators.h"

namespace offramp::xnnpack {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

size_t axis_in(Layout layout, size_t axis, size_t rank) {
  return layout == Layout::kNhwc ? nhwc_axis(axis, rank) : axis;
}
size_t rank_in(Layout layout, size_t rank) { return layout == Layout::kNhwc ? 4 : rank; }

std::vector<int64_t> constant_integers(const Graph& graph, const Node& node, size_t input) {
  const Tensor* tensor =
      input < node.inputs.size() && node.inputs[input] ? graph.constant(node.inputs[input]) : nullptr;
  if (!tensor) return {};
  auto list = reference::integers_of(*tensor, "");
  return list.ok() ? *list : std::vector<int64_t>{};
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

// A depthwise convolution with 1x1 weights of one copies each sampled pixel: XNNPACK's slices have no steps.
Status define_subsampling(SegmentBuilder& builder, const Node& node, const std::vector<reference::Cut>& cuts) {
  const Dims dims = builder.dims(node.inputs[0]);
  const int64_t channels = dims[1];
  const uint32_t stride_h = cuts.size() == 4 ? uint32_t(cuts[2].step) : 1, stride_w = uint32_t(cuts.back().step);
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], Layout::kNhwc));
  OFFRAMP_TRY(const uint32_t ones,
              builder.keep(Tensor::of<float>({1, 1, 1, channels}, std::vector<float>(size_t(channels), 1.0f))));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kNhwc));
  return check(xnn_define_depthwise_convolution_2d(builder.subgraph(), 0, 0, 0, 0, 1, 1, stride_h, stride_w, 1, 1, 1,
                                                   size_t(channels), -kInfinity, kInfinity, x, ones,
                                                   XNN_INVALID_VALUE_ID, out, 0),
               "define a subsampling");
}

}  // namespace

bool takes_concat(const Graph& graph, const Node& node) {
  const size_t rank = graph.value(node.outputs[0]).shape->size();
  const auto axis = reference::normal_axis(node.integer("axis", 0), rank);
  return axis.ok() && node.inputs.size() >= 2 && std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
           return id && !graph.is_constant(id) && graph.value(id).shape->size() == rank;
         });
}

Status define_concat(SegmentBuilder& builder, const Node& node) {
  const size_t rank = builder.dims(node.outputs[0]).size();
  OFFRAMP_TRY(const int64_t plain_axis, reference::normal_axis(node.integer("axis", 0), rank));
  Layout layout = Layout::kPlain;
  for (ValueId id : node.inputs)
    if (builder.layout_of(id) == Layout::kNhwc) layout = Layout::kNhwc;
  const size_t axis = axis_in(layout, size_t(plain_axis), rank);
  OFFRAMP_TRY(uint32_t joined, builder.read(node.inputs[0], layout));
  Dims dims = builder.dims(node.inputs[0]);
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    OFFRAMP_TRY(const uint32_t next, builder.read(node.inputs[i], layout));
    dims[size_t(plain_axis)] += builder.dims(node.inputs[i])[size_t(plain_axis)];
    const bool last = i + 1 == node.inputs.size();
    OFFRAMP_TRY(const uint32_t out, last ? builder.make(node.outputs[0], layout)
                                         : builder.make_temporary(layout == Layout::kNhwc ? nhwc_dims(dims) : dims));
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_define_concatenate2(builder.subgraph(), int32_t(axis), joined, next, out, 0), "define a join"));
    joined = out;
  }
  return {};
}

bool takes_slice(const Graph& graph, const Node& node) {
  const auto cuts = read_cuts(graph, node);
  if (!cuts.ok()) return false;
  const Dims dims = offramp::bind(*graph.value(node.inputs[0]).shape, 1);
  if ((*cuts)[0].count != dims[0] || (*cuts)[0].step != 1) return false;
  return is_subsampling(*cuts, dims) ||
         std::all_of(cuts->begin(), cuts->end(), [](const auto& cut) { return cut.step == 1 && cut.count > 0; });
}

Status define_slice(SegmentBuilder& builder, const Node& node) {
  OFFRAMP_TRY(const auto cuts, read_cuts(builder.graph(), node));
  const Dims dims = builder.dims(node.inputs[0]);
  const bool steps = std::any_of(cuts.begin(), cuts.end(), [](const auto& cut) { return cut.step != 1; });
  if (steps) return define_subsampling(builder, node, cuts);
  const Layout layout = builder.layout_of(node.inputs[0]);
  Sizes offsets(rank_in(layout, dims.size()), 0), sizes(offsets.size(), 0);  // size 0: the whole axis
  for (size_t i = 1; i < cuts.size(); ++i) {
    offsets[axis_in(layout, i, dims.size())] = size_t(cuts[i].start);
    sizes[axis_in(layout, i, dims.size())] = size_t(cuts[i].count);
  }
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], layout));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], layout));
  return check(xnn_define_static_slice(builder.subgraph(), offsets.size(), offsets.data(), sizes.data(), x, out, 0),
               "define a slice");
}

bool takes_pad(const Graph& graph, const Node& node) {
  const std::vector<int64_t> pads = constant_integers(graph, node, 1);
  const size_t rank = graph.value(node.inputs[0]).shape->size();
  if (node.text("mode", "constant") != "constant" || pads.size() != 2 * rank) return false;
  if (std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad < 0; }) || pads[0] + pads[rank] > 0)
    return false;
  if (node.inputs.size() > 3 && node.inputs[3]) return false;
  if (node.inputs.size() < 3 || !node.inputs[2]) return true;
  const Tensor* value = graph.constant(node.inputs[2]);
  return value && value->dtype() == DType::kF32 && value->elements() == 1;
}

Status define_pad(SegmentBuilder& builder, const Node& node) {
  const std::vector<int64_t> pads = constant_integers(builder.graph(), node, 1);
  const size_t rank = pads.size() / 2;
  const Layout layout = builder.layout_of(node.inputs[0]);
  Sizes before(rank_in(layout, rank), 0), after(before.size(), 0);
  for (size_t i = 0; i < rank; ++i) {
    before[axis_in(layout, i, rank)] = size_t(pads[i]);
    after[axis_in(layout, i, rank)] = size_t(pads[i + rank]);
  }
  const Tensor* value = node.inputs.size() > 2 && node.inputs[2] ? builder.graph().constant(node.inputs[2]) : nullptr;
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], layout));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], layout));
  return check(xnn_define_static_constant_pad(builder.subgraph(), before.data(), after.data(),
                                              value ? value->data<float>()[0] : 0.0f, x, out, 0),
               "define a padding");
}

bool takes_reshape(const Graph&, const Node&) { return true; }

Status define_reshape(SegmentBuilder& builder, const Node& node) {
  OFFRAMP_TRY(const uint32_t x, builder.read_bytes(node.inputs[0]));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kPlain));
  const Shape& shape = *builder.graph().value(node.outputs[0]).shape;
  Sizes sizes;
  for (Dim dim : shape) sizes.push_back(dim.per_sample ? 0 : size_t(dim.size));
  return check(xnn_define_static_reshape(builder.subgraph(), sizes.size(), sizes.data(), x, out, 0),
               "define a reshape");
}

bool takes_transpose(const Graph& graph, const Node& node) {
  const size_t rank = graph.value(node.inputs[0]).shape->size();
  const auto perm = reference::normal_axes(node.integers("perm"), rank);
  return perm.ok() && perm->size() == rank;
}

Status define_transpose(SegmentBuilder& builder, const Node& node) {
  const std::vector<int64_t> perm = node.integers("perm");
  // From a map of four axes the two permutations become one.
  const Layout layout = perm.size() == 4 ? builder.layout_of(node.inputs[0]) : Layout::kPlain;
  Sizes axes;
  for (int64_t axis : perm) {
    const auto plain = size_t(axis < 0 ? axis + int64_t(perm.size()) : axis);
    axes.push_back(axis_in(layout, plain, perm.size()));
  }
  OFFRAMP_TRY(const uint32_t x, builder.read(node.inputs[0], layout));
  OFFRAMP_TRY(const uint32_t out, builder.make(node.outputs[0], Layout::kPlain));
  return check(xnn_define_static_transpose(builder.subgraph(), axes.size(), axes.data(), x, out, 0),
               "define a transposition");
}

}  // namespace offramp::xnnpack
