// Einsum.
#include "graph/einsum.h"

#include "graph/ops/ops.h"

namespace offramp::ops {
namespace {

Outputs infer_einsum(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_same_type(inputs));
  std::vector<size_t> ranks;
  for (const ValueInfo* info : inputs) {
    if (!info) return invalid_model("no input may be absent");
    ranks.push_back(info->shape.size());
  }
  OFFRAMP_TRY(const EinsumEquation equation, parse_einsum(node.text("equation", ""), ranks));
  Shape sizes(size_t(equation.labels), Dim{});
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t axis = 0; axis < ranks[i]; ++axis) {
      Dim& known = sizes[size_t(equation.operands[i][axis])];
      const Dim size = inputs[i]->shape[axis];
      if (known == Dim{}) known = size;
      else if (size != known && size != Dim{})
        return invalid_model("attribute equation: axis " + std::to_string(axis) + " of input " + std::to_string(i) +
                             " has size " + to_string(Shape{size}) + ", elsewhere it is " + to_string(Shape{known}));
    }
  for (int label : equation.summed())
    if (sizes[size_t(label)].per_sample) return unsupported("sums over the batch, so samples are not independent");
  Shape shape;
  for (int label : equation.output) shape.push_back(sizes[size_t(label)]);
  OFFRAMP_RETURN_IF_ERROR(expect_one_batch(shape));
  return one_output(inputs[0]->dtype, std::move(shape));
}

// One product per combination of all labels, as if computed at once.
int64_t einsum_macs(const Node& node, std::span<const Dims> inputs, std::span<const Dims> outputs) {
  std::vector<size_t> ranks;
  for (const Dims& dims : inputs) ranks.push_back(dims.size());
  const auto equation = parse_einsum(node.text("equation", ""), ranks);
  if (!equation || inputs.size() < 2) return 0;
  std::vector<int64_t> sizes(size_t(equation->labels), 1);
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t axis = 0; axis < ranks[i]; ++axis)
      if (inputs[i][axis] != 1) sizes[size_t(equation->operands[i][axis])] = inputs[i][axis];
  double macs = double(element_count(outputs[0]));
  for (int label : equation->summed()) macs *= double(sizes[size_t(label)]);
  return int64_t(std::min(macs, 0x1p62));
}

}  // namespace

void register_einsum(Registry& registry) {
  add_operator(registry, "Einsum", 1, kAnyNumber, infer_einsum);
  registry["Einsum"].macs = einsum_macs;
}

}  // namespace offramp::ops
