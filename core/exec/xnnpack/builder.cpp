#include "exec/xnnpack/builder.h"

#include <algorithm>

namespace offramp::xnnpack {
namespace {

// dims[0] is 0, "whatever fits", where the batch belongs: reshaping is by fixed dims otherwise.
Sizes open_sizes(const Shape& shape, const Dims& dims) {
  Sizes sizes = to_sizes(dims);
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i].per_sample) sizes[i] = 0;
  return sizes;
}

}  // namespace

Result<SegmentBuilder> SegmentBuilder::create(const Graph& graph, const std::vector<ValueId>& inputs,
                                              const std::vector<ValueId>& outputs,
                                              const std::vector<ValueId>& as_maps) {
  SegmentBuilder builder;
  builder.graph_ = &graph;
  xnn_subgraph_t subgraph = nullptr;
  OFFRAMP_RETURN_IF_ERROR(
      check(xnn_create_subgraph(uint32_t(inputs.size() + outputs.size()), 0, &subgraph), "create a subgraph"));
  builder.subgraph_.reset(subgraph);
  uint32_t next_id = 0;
  for (ValueId value : inputs) {
    const Dims plain = builder.dims(value);
    const bool map =
        has_nhwc_form(plain.size()) && same_bytes(plain) && std::count(as_maps.begin(), as_maps.end(), value) > 0;
    const Layout layout = map ? Layout::kNhwc : Layout::kPlain;
    OFFRAMP_TRY(const uint32_t id,
                builder.define(map ? nhwc_dims(plain) : plain, next_id++, XNN_VALUE_FLAG_EXTERNAL_INPUT));
    builder.inputs.push_back({value, id, layout});
    builder.ids_[value].of(layout) = id;
  }
  for (ValueId value : outputs) builder.outputs.push_back({value, next_id++, Layout::kPlain});
  return builder;
}

Result<uint32_t> SegmentBuilder::define(const Dims& dims, uint32_t external_id, uint32_t flags) {
  const Sizes sizes = to_sizes(dims);
  uint32_t id = XNN_INVALID_VALUE_ID;
  OFFRAMP_RETURN_IF_ERROR(check(xnn_define_tensor_value(subgraph_.get(), xnn_datatype_fp32, sizes.size(), sizes.data(),
                                                        nullptr, external_id, flags, &id),
                                "define a value"));
  return id;
}

External* SegmentBuilder::output(ValueId value) {
  for (External& external : outputs)
    if (external.value == value) return &external;
  return nullptr;
}

Layout SegmentBuilder::layout_of(ValueId value) const {
  const auto found = ids_.find(value);
  return found != ids_.end() && found->second.nhwc != XNN_INVALID_VALUE_ID ? Layout::kNhwc : Layout::kPlain;
}

Result<uint32_t> SegmentBuilder::read(ValueId value, Layout layout) {
  if (const Tensor* constant = graph_->constant(value))
    return keep(layout == Layout::kNhwc ? to_nhwc(*constant) : *constant);
  Ids& ids = ids_[value];
  uint32_t& wanted = ids.of(layout);
  if (wanted == XNN_INVALID_VALUE_ID) {
    const uint32_t other = ids.of(layout == Layout::kPlain ? Layout::kNhwc : Layout::kPlain);
    OFFRAMP_CHECK(other != XNN_INVALID_VALUE_ID);
    OFFRAMP_TRY(wanted, convert(value, other, layout));
  }
  return wanted;
}

Result<uint32_t> SegmentBuilder::read_bytes(ValueId value) {
  if (layout_of(value) == Layout::kNhwc && same_bytes(dims(value))) return read(value, Layout::kNhwc);
  return read(value, Layout::kPlain);
}

Result<uint32_t> SegmentBuilder::convert(ValueId value, uint32_t from, Layout to) {
  const Dims plain = dims(value);
  const bool to_nhwc = to == Layout::kNhwc;
  // An output that was made as NHWC gets its external id here, whether another node or finish() asks first.
  External* external = to_nhwc ? nullptr : output(value);
  const uint32_t external_id = external ? external->id : XNN_INVALID_VALUE_ID;
  OFFRAMP_TRY(const uint32_t id,
              define(to_nhwc ? nhwc_dims(plain) : plain, external_id, external ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT : 0));
  const Shape& shape = *graph_->value(value).shape;
  if (same_bytes(plain)) {
    Shape target = shape;
    if (to_nhwc) {
      target.clear();
      for (int64_t dim : nhwc_dims(plain)) target.push_back({dim, false});
      target[0] = shape[0];
    }
    const Sizes sizes = open_sizes(target, to_nhwc ? nhwc_dims(plain) : plain);
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_define_static_reshape(subgraph_.get(), sizes.size(), sizes.data(), from, id, 0), "define a reshape"));
    return id;
  }
  uint32_t source = from;
  if (plain.size() == 4) {
    const Sizes perm = to_nhwc ? Sizes{0, 2, 3, 1} : Sizes{0, 3, 1, 2};
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_define_static_transpose(subgraph_.get(), 4, perm.data(), source, id, 0), "define a transposition"));
    return id;
  }
  // A signal: transpose [N, C, L] and [N, L, C]; the height of 1 goes in or out by a reshape.
  const Sizes perm = {0, 2, 1}, map_sizes = {0, 1, size_t(plain[2]), size_t(plain[1])},
              row_sizes = {0, size_t(plain[2]), size_t(plain[1])};
  OFFRAMP_TRY(const uint32_t rows, make_temporary({plain[0], plain[2], plain[1]}));
  if (to_nhwc) {
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_define_static_transpose(subgraph_.get(), 3, perm.data(), source, rows, 0), "define a transposition"));
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_define_static_reshape(subgraph_.get(), 4, map_sizes.data(), rows, id, 0), "define a reshape"));
  } else {
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_define_static_reshape(subgraph_.get(), 3, row_sizes.data(), source, rows, 0), "define a reshape"));
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_define_static_transpose(subgraph_.get(), 3, perm.data(), rows, id, 0), "define a transposition"));
  }
  return id;
}

Result<uint32_t> SegmentBuilder::make(ValueId value, Layout layout) {
  const Dims plain = dims(value);
  External* external = output(value);
  // A map leaves the segment as it is only if its bytes are those of the plain form; else finish() transposes it.
  if (external && layout == Layout::kNhwc && !same_bytes(plain)) external = nullptr;
  if (external) external->layout = layout;
  OFFRAMP_TRY(const uint32_t id,
              define(layout == Layout::kNhwc ? nhwc_dims(plain) : plain, external ? external->id : XNN_INVALID_VALUE_ID,
                     external ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT : 0));
  ids_[value].of(layout) = id;
  return id;
}

Result<uint32_t> SegmentBuilder::make_temporary(const Dims& dims) { return define(dims, XNN_INVALID_VALUE_ID, 0); }

Result<uint32_t> SegmentBuilder::keep(Tensor tensor) {
  constants.push_back(std::move(tensor));
  const Tensor& kept = constants.back();
  const Sizes sizes = to_sizes(kept.dims());
  uint32_t id = XNN_INVALID_VALUE_ID;
  OFFRAMP_RETURN_IF_ERROR(check(xnn_define_tensor_value(subgraph_.get(), xnn_datatype_fp32, sizes.size(), sizes.data(),
                                                        kept.raw(), XNN_INVALID_VALUE_ID, 0, &id),
                                "define a constant"));
  return id;
}

Status SegmentBuilder::finish() {
  for (const External& external : outputs) {
    if (external.layout == Layout::kNhwc) continue;
    OFFRAMP_TRY([[maybe_unused]] const uint32_t id, read(external.value, Layout::kPlain));
  }
  return {};
}

}  // namespace offramp::xnnpack
