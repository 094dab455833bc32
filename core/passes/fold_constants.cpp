// Computes what does not depend on the input: nodes that read constants only, and shapes under way that do not depend
// on the batch size. Hostile models may ask for a lot of it, so bytes and work are capped; past a cap a node just
// stays.
#include <algorithm>

#include "graph/operators.h"
#include "graph/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewriting.h"

namespace offramp {
namespace {

constexpr int64_t kMaxFoldedBytes = int64_t{64} << 20;        // per output
constexpr int64_t kMaxTotalFoldedBytes = int64_t{256} << 20;  // per run of the pass
constexpr int64_t kMaxTotalWork = int64_t{1} << 28;           // elements touched and multiply-accumulates

bool is_fixed(const Shape& shape) {
  for (Dim dim : shape)
    if (dim.per_sample || dim.size < 0) return false;
  return true;
}

ValueInfo constant_info(const Tensor& tensor) {
  ValueInfo info;
  info.dtype = tensor.dtype();
  for (int64_t dim : tensor.dims()) info.shape.push_back({dim, false});
  info.constant = &tensor;
  return info;
}

// A shape under way whose elements are all known, as a tensor.
std::optional<Tensor> tensor_of_elements(const ValueInfo& info) {
  if (!info.elements || info.shape.size() > 1 || !is_fixed(info.shape)) return std::nullopt;
  const Dims dims = offramp::bind(info.shape, 1);
  if (element_count(dims) != int64_t(info.elements->size())) return std::nullopt;
  std::vector<int64_t> values;
  for (Dim element : *info.elements) {
    if (element.per_sample) return std::nullopt;
    values.push_back(element.size);
  }
  if (info.dtype == DType::kI64) return Tensor::of<int64_t>(dims, values);
  if (info.dtype == DType::kBool) {
    Tensor flags(DType::kBool, dims);
    std::copy(values.begin(), values.end(), flags.mutable_data<bool>().begin());
    return flags;
  }
  if (info.dtype == DType::kI32) return Tensor::of<int32_t>(dims, std::vector<int32_t>(values.begin(), values.end()));
  return std::nullopt;
}

class Folder {
 public:
  Folder(Graph& graph, const Evaluate& evaluate)
      : graph_(graph), evaluate_(evaluate), known_(graph.value_count()), erase_(graph.nodes.size(), false) {}

  Result<bool> run() {
    const std::vector<int32_t> makers = graph_.producers();
    for (size_t i = 0; i < graph_.value_count(); ++i) {
      const ValueId id{int32_t(i)};
      if (const Tensor* tensor = graph_.constant(id)) set_constant_info(id, *tensor);
      else if (makers[i] < 0 && graph_.value(id).shape) set_input_info(id);
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) OFFRAMP_RETURN_IF_ERROR(visit(n).within(graph_.nodes[n].frame()));
    erase_nodes(graph_, erase_);
    return changed_;
  }

 private:
  void set_input_info(ValueId id) {
    for (Dim dim : *graph_.value(id).shape)
      if (dim.size < 0) return;
    known_[size_t(id.index)] = ValueInfo{graph_.value(id).dtype, *graph_.value(id).shape, nullptr, std::nullopt};
  }

  void set_constant_info(ValueId id, const Tensor& tensor) {
    if (known_.size() <= size_t(id.index)) known_.resize(size_t(id.index) + 1);
    ValueInfo info = constant_info(tensor);
    if (tensor.dims().size() <= 1) info.elements = ops::carried_elements(tensor);
    known_[size_t(id.index)] = std::move(info);
  }

  Status visit(size_t n) {
    Node& node = graph_.nodes[n];
    const OperatorInfo* op = find_operator(node.op);
    if (!op || int64_t(node.inputs.size()) < op->min_inputs || int64_t(node.inputs.size()) > op->max_inputs) return {};
    std::vector<const ValueInfo*> inputs;
    bool all_constant = true;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (!id && int64_t(i) < op->min_inputs) return {};
      if (id && !known_[size_t(id.index)]) return {};
      inputs.push_back(id ? &*known_[size_t(id.index)] : nullptr);
      all_constant &= !id || inputs.back()->constant != nullptr;
    }
    auto inferred = op->infer(node, inputs);
    // Whether the node is wrong or only unknown is for shape inference to say.
    if (!inferred || inferred->size() < node.outputs.size()) return {};
    std::vector<ValueInfo> outputs = std::move(*inferred);
    outputs.resize(node.outputs.size());
    if (all_constant && !inputs.empty()) {
      OFFRAMP_TRY(const bool folded, fold_node(n, *op, inputs, outputs));
      if (folded) return {};
    }
    if (fold_elements(n, outputs)) return {};
    follow_batch(node, inputs, outputs);
    for (size_t i = 0; i < outputs.size(); ++i)
      if (node.outputs[i]) {
        // A shape under way is a vector or one of its elements; order in more dimensions is for kernels.
        if (outputs[i].shape.size() > 1) outputs[i].elements.reset();
        known_[size_t(node.outputs[i].index)] = std::move(outputs[i]);
      }
    return {};
  }

  bool fold_elements(size_t n, const std::vector<ValueInfo>& outputs) {
    std::vector<Tensor> tensors;
    for (const ValueInfo& output : outputs) {
      auto tensor = tensor_of_elements(output);
      if (!tensor) return false;
      tensors.push_back(std::move(*tensor));
    }
    replace(n, std::move(tensors));
    return true;
  }

  // Books what computing a node takes, unless that is above the caps.
  bool within_caps(const Node& node, const OperatorInfo& op, const std::vector<const ValueInfo*>& inputs,
                   const std::vector<ValueInfo>& outputs) {
    int64_t bytes = 0, work = 0;
    std::vector<Dims> in_dims, out_dims;
    for (const ValueInfo* input : inputs) {
      in_dims.push_back(input ? offramp::bind(input->shape, 1) : Dims());
      if (input) work += element_count(in_dims.back());
    }
    int64_t window = 1;
    for (int64_t size : node.integers("kernel_shape"))
      if (size > kMaxTotalWork || (window *= std::max<int64_t>(size, 1)) > kMaxTotalWork) return false;
    for (const ValueInfo& output : outputs) {
      if (!is_fixed(output.shape)) return false;
      out_dims.push_back(offramp::bind(output.shape, 1));
      const auto count = checked_element_count(out_dims.back());
      if (!count || *count * int64_t(byte_size(output.dtype)) > kMaxFoldedBytes) return false;
      bytes += *count * int64_t(byte_size(output.dtype));
      work += *count * window;
    }
    if (op.macs) work += op.macs(node, in_dims, out_dims);
    if (bytes > kMaxTotalFoldedBytes - folded_bytes_ || work > kMaxTotalWork - work_) return false;
    folded_bytes_ += bytes;
    work_ += work;
    return true;
  }

  Result<bool> fold_node(size_t n, const OperatorInfo& op, const std::vector<const ValueInfo*>& inputs,
                         const std::vector<ValueInfo>& outputs) {
    const Node& node = graph_.nodes[n];
    if (!evaluate_ || node.op == "Dropout" || !within_caps(node, op, inputs, outputs)) return false;
    std::vector<const Tensor*> tensors;
    for (const ValueInfo* input : inputs) tensors.push_back(input ? input->constant : nullptr);
    auto results = evaluate_(node, tensors);
    if (!results) {
      if (results.error().code == ErrorCode::kUnsupported) return false;
      return std::move(results).error();
    }
    if (results->size() < node.outputs.size()) return internal_error("the kernel returned too few outputs");
    for (size_t i = 0; i < outputs.size(); ++i)
      if ((*results)[i].dims() != offramp::bind(outputs[i].shape, 1) || (*results)[i].dtype() != outputs[i].dtype)
        return internal_error("the kernel returned " + to_string((*results)[i].dims()) + ", inference says " +
                              to_string(outputs[i].shape));
    replace(n, std::move(*results));
    return true;
  }

  // What is computed from the batch size only to say "all of it" needs no computing.
  void follow_batch(Node& node, const std::vector<const ValueInfo*>& inputs, const std::vector<ValueInfo>& outputs) {
    if (node.op == "Reshape" && inputs.size() == 2 && !inputs[1]->constant) follow_reshape(node, outputs[0].shape);
    if (node.op == "Slice" && inputs.size() > 2 && inputs[2]->elements && !inputs[2]->constant)
      follow_slice(node, *inputs[2]->elements);
  }

  // Reshape([N, 3, 4], computed [N, 12]): the one dimension that follows the batch is -1.
  void follow_reshape(Node& node, const Shape& shape) {
    std::vector<int64_t> sizes;
    int open = 0;
    for (Dim dim : shape) {
      if (dim.size == 0) return;
      open += dim.per_sample;
      sizes.push_back(dim.per_sample ? -1 : dim.size);
    }
    if (open <= 1) set_integers(node, 1, ".shape", sizes);
  }

  // An end that inference accepts although it depends on the batch is the axis's own.
  void follow_slice(Node& node, const std::vector<Dim>& ends) {
    std::vector<int64_t> sizes;
    for (Dim end : ends) sizes.push_back(end.per_sample ? INT64_MAX : end.size);
    set_integers(node, 2, ".ends", sizes);
  }

  void set_integers(Node& node, size_t input, const char* suffix, const std::vector<int64_t>& values) {
    node.inputs[input] = add_integers(graph_, output_name(graph_, node) + suffix, values);
    set_constant_info(node.inputs[input], *graph_.constant(node.inputs[input]));
    changed_ = true;
  }

  void replace(size_t n, std::vector<Tensor> tensors) {
    const Node& node = graph_.nodes[n];
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (!node.outputs[i]) continue;
      graph_.set_constant(node.outputs[i], std::move(tensors[i]));
      set_constant_info(node.outputs[i], *graph_.constant(node.outputs[i]));
    }
    erase_[n] = changed_ = true;
  }

  Graph& graph_;
  const Evaluate& evaluate_;
  std::vector<std::optional<ValueInfo>> known_;  // by value index
  std::vector<bool> erase_;
  int64_t folded_bytes_ = 0, work_ = 0;
  bool changed_ = false;
};

}  // namespace

Result<bool> fold_constants(Graph& graph, const Evaluate& evaluate) { return Folder(graph, evaluate).run(); }

}  // namespace offramp
