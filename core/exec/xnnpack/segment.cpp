#include "exec/xnnpack/segment.h"

#include "exec/xnnpack/operators.h"

namespace offramp::xnnpack {
namespace {

// One thread for now; the only place that knows.
constexpr pthreadpool_t kThreadpool = nullptr;

}  // namespace

Result<std::unique_ptr<Step>> Segment::create(const Graph& graph, const std::vector<const Node*>& nodes,
                                              const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs) {
  std::vector<ValueId> as_maps;
  for (const Node* node : nodes)
    if (find_operator(node->op)->reads_map) as_maps.push_back(node->inputs[0]);
  OFFRAMP_TRY(SegmentBuilder builder, SegmentBuilder::create(graph, inputs, outputs, as_maps));
  auto segment = std::make_unique<Segment>();
  for (const Node* node : nodes) {
    OFFRAMP_RETURN_IF_ERROR(find_operator(node->op)->define(builder, *node).within(node->frame()));
    segment->macs += known_macs(graph, *node);
  }
  OFFRAMP_RETURN_IF_ERROR(builder.finish());
  segment->frame_ = "nodes " + nodes.front()->name + " to " + nodes.back()->name;
  segment->graph_ = &graph;
  segment->reads = inputs;
  segment->writes = outputs;
  segment->inputs_ = builder.inputs;
  segment->outputs_ = builder.outputs;
  segment->constants_ = builder.constants;
  const Subgraph subgraph = builder.take_subgraph();
  xnn_runtime_t runtime = nullptr;
  OFFRAMP_RETURN_IF_ERROR(
      check(xnn_create_runtime_v4(subgraph.get(), nullptr, nullptr, kThreadpool, 0, &runtime), "create a runtime")
          .within(segment->frame_));
  segment->runtime_.reset(runtime);
  for (const auto* list : {&segment->inputs_, &segment->outputs_})
    for (const External& external : *list) segment->externals_.push_back({external.id, nullptr});
  return std::unique_ptr<Step>(std::move(segment));
}

Status Segment::reshape(int64_t batch) {
  batch_ = 0;
  for (const External& input : inputs_) {
    const Dims plain = offramp::bind(*graph_->value(input.value).shape, batch);
    const Sizes sizes = to_sizes(input.layout == Layout::kNhwc ? nhwc_dims(plain) : plain);
    OFFRAMP_RETURN_IF_ERROR(check(xnn_reshape_external_value(runtime_.get(), input.id, sizes.size(), sizes.data()),
                                  "take an input's shape"));
  }
  OFFRAMP_RETURN_IF_ERROR(check(xnn_reshape_runtime(runtime_.get()), "reshape a runtime"));
  // XNNPACK writes as much as it thinks fit: make sure that this is what will be allocated.
  for (const External& output : outputs_) {
    const Value& value = graph_->value(output.value);
    size_t rank = 0, sizes[XNN_MAX_TENSOR_DIMS] = {};
    OFFRAMP_RETURN_IF_ERROR(
        check(xnn_get_external_value_shape(runtime_.get(), output.id, &rank, sizes), "tell an output's shape"));
    const Dims plain = offramp::bind(*value.shape, batch);
    if (Sizes(sizes, sizes + rank) != to_sizes(output.layout == Layout::kNhwc ? nhwc_dims(plain) : plain))
      return internal_error("XNNPACK gives \"" + value.name + "\" the shape " +
                            offramp::to_string(Dims(sizes, sizes + rank)) + ", inference " + offramp::to_string(plain));
  }
  batch_ = batch;
  return {};
}

Status Segment::run(Values& values, int64_t batch) {
  if (batch != batch_) OFFRAMP_RETURN_IF_ERROR(reshape(batch).within(frame_));
  size_t next = 0;
  for (const External& input : inputs_) {
    const Tensor& tensor = values.get(input.value);
    const Dims expected = offramp::bind(*graph_->value(input.value).shape, batch);
    if (tensor.dims() != expected || tensor.dtype() != DType::kF32)
      return internal_error("\"" + graph_->value(input.value).name + "\" has shape " +
                            offramp::to_string(tensor.dims()) + ", inference said " + offramp::to_string(expected));
    externals_[next++].data = const_cast<std::byte*>(tensor.raw());  // inputs are only read
  }
  std::vector<Tensor> made;
  for (const External& output : outputs_) {
    OFFRAMP_TRY(Tensor tensor, Tensor::create(DType::kF32, offramp::bind(*graph_->value(output.value).shape, batch)));
    externals_[next++].data = tensor.mutable_raw();
    made.push_back(std::move(tensor));
  }
  OFFRAMP_RETURN_IF_ERROR(
      check(xnn_setup_runtime_v2(runtime_.get(), externals_.size(), externals_.data()), "set up a runtime")
          .within(frame_));
  OFFRAMP_RETURN_IF_ERROR(check(xnn_invoke_runtime(runtime_.get()), "run").within(frame_));
  for (size_t i = 0; i < outputs_.size(); ++i) values.set(outputs_[i].value, std::move(made[i]));
  return {};
}

}  // namespace offramp::xnnpack
