// SegmentBuilder: XNNPACK's subgraph for a run of nodes. It keeps each value in the layout its maker produced and adds
// a transposition only when somebody asks for the other one.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "exec/xnnpack/layout.h"
#include "exec/xnnpack/status.h"
#include "graph/graph.h"

namespace offramp::xnnpack {

struct SubgraphDeleter {
  void operator()(xnn_subgraph_t subgraph) const { xnn_delete_subgraph(subgraph); }
};
using Subgraph = std::unique_ptr<xnn_subgraph, SubgraphDeleter>;

// A value that enters or leaves a segment under an external id.
struct External {
  ValueId value;
  uint32_t id = 0;
  Layout layout = Layout::kPlain;  // kNhwc only where the bytes are the same
};

class SegmentBuilder {
 public:
  // `as_maps`: inputs that spatial operators read, declared NHWC where that costs nothing.
  static Result<SegmentBuilder> create(const Graph& graph, const std::vector<ValueId>& inputs,
                                       const std::vector<ValueId>& outputs, const std::vector<ValueId>& as_maps);

  // The id of a value in the asked-for layout, transposed if need be. Precondition: input of the segment, made, or
  // constant.
  Result<uint32_t> read(ValueId value, Layout layout);
  // The id of a value in any layout whose bytes are those of the plain one.
  Result<uint32_t> read_bytes(ValueId value);
  // The layout in which the value is at hand.
  Layout layout_of(ValueId value) const;
  // The id for a value that the next node makes.
  Result<uint32_t> make(ValueId value, Layout layout);
  // A value of the segment's own, no graph value.
  Result<uint32_t> make_temporary(const Dims& dims);
  // A constant kept alive as long as the segment.
  Result<uint32_t> keep(Tensor tensor);
  // The dims of a value for one sample.
  Dims dims(ValueId value) const { return offramp::bind(*graph_->value(value).shape, 1); }
  const Graph& graph() const { return *graph_; }
  xnn_subgraph_t subgraph() const { return subgraph_.get(); }

  // Transposes what outputs still need it. To be called once, after the last node.
  Status finish();
  Subgraph take_subgraph() { return std::move(subgraph_); }
  std::vector<External> inputs, outputs;
  std::vector<Tensor> constants;  // to outlive the runtime

 private:
  struct Ids {
    uint32_t plain = XNN_INVALID_VALUE_ID, nhwc = XNN_INVALID_VALUE_ID;
    uint32_t& of(Layout layout) { return layout == Layout::kPlain ? plain : nhwc; }
  };
  Result<uint32_t> define(const Dims& dims, uint32_t external_id, uint32_t flags);
  Result<uint32_t> convert(ValueId value, uint32_t from, Layout to);
  External* output(ValueId value);

  const Graph* graph_ = nullptr;
  Subgraph subgraph_;
  std::map<ValueId, Ids> ids_;
};

}  // namespace offramp::xnnpack
