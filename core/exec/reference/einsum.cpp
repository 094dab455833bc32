// Einsum in general: a sum of products over every combination of labels. Most equations become a MatMul before they run.
#include "graph/einsum.h"

#include <algorithm>

#include "exec/reference/arguments.h"
#include "exec/reference/indexing.h"
#include "exec/reference/types.h"

namespace offramp::reference {
namespace {

struct Loops {
  Dims sizes;                 // by label
  std::vector<Dims> strides;  // by operand and label; 0 where the operand lacks the label or repeats itself
};

Result<Loops> read_loops(const EinsumEquation& equation, Inputs inputs) {
  Loops loops;
  loops.sizes.assign(size_t(equation.labels), 1);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Dims& dims = inputs[i]->dims();
    const Dims own = strides_of(dims);
    loops.strides.emplace_back(size_t(equation.labels), 0);
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      const auto label = size_t(equation.operands[i][axis]);
      int64_t& size = loops.sizes[label];
      if (dims[axis] != 1 && size != 1 && size != dims[axis])
        return invalid_model("attribute equation: axis " + std::to_string(axis) + " of input " + std::to_string(i) +
                             " has size " + std::to_string(dims[axis]) + ", elsewhere it is " + std::to_string(size));
      if (dims[axis] != 1) {
        size = dims[axis];
        loops.strides[i][label] += own[axis];
      }
    }
  }
  return loops;
}

// Sizes and strides of some of the labels, in that order.
Dims choose(const Dims& by_label, const std::vector<int>& labels) {
  Dims chosen;
  for (int label : labels) chosen.push_back(by_label[size_t(label)]);
  return chosen;
}

int64_t offset(const Dims& index, const Dims& strides) {
  int64_t at = 0;
  for (size_t i = 0; i < index.size(); ++i) at += index[i] * strides[i];
  return at;
}

template <class T>
Outputs sum_products(const EinsumEquation& equation, const Loops& loops, Inputs inputs) {
  const std::vector<int> summed = equation.summed();
  const Dims outer = choose(loops.sizes, equation.output), inner = choose(loops.sizes, summed);
  double work = double(inputs.size());
  for (int64_t size : loops.sizes) work *= double(size);
  OFFRAMP_RETURN_IF_ERROR(expect_work(work));
  OFFRAMP_TRY(Tensor out, create_output(DTypeOf<T>::value, outer));
  if (work == 0 || out.elements() == 0) return one(std::move(out));
  std::vector<Dims> outer_strides, inner_strides;
  for (const Dims& strides : loops.strides) {
    outer_strides.push_back(choose(strides, equation.output));
    inner_strides.push_back(choose(strides, summed));
  }
  T* to = mutable_elements<T>(out);
  Dims index(outer.size(), 0);
  do {
    std::vector<const T*> bases;
    for (size_t i = 0; i < inputs.size(); ++i) bases.push_back(elements<T>(*inputs[i]) + offset(index, outer_strides[i]));
    Dims term(inner.size(), 0);
    T sum = 0;
    do {
      T product = 1;
      for (size_t i = 0; i < inputs.size(); ++i) product *= bases[i][offset(term, inner_strides[i])];
      sum += product;
    } while (advance(term, inner));
    *to++ = sum;
  } while (advance(index, outer));
  return one(std::move(out));
}

Outputs run_einsum(const Node& node, Inputs inputs) {
  OFFRAMP_RETURN_IF_ERROR(expect_inputs(inputs, std::max<size_t>(1, inputs.size()), inputs.size()));
  std::vector<size_t> ranks;
  for (const Tensor* input : inputs) {
    if (input->dtype() != inputs[0]->dtype()) return invalid_model("inputs must have one type");
    ranks.push_back(input->dims().size());
  }
  OFFRAMP_TRY(const EinsumEquation equation, parse_einsum(node.text("equation", ""), ranks));
  OFFRAMP_TRY(const Loops loops, read_loops(equation, inputs));
  return for_type(Floats{}, inputs[0]->dtype(),
                  [&]<class T>(T) -> Outputs { return sum_products<T>(equation, loops, inputs); });
}

}  // namespace

void register_einsum(KernelTable& table) {
  add_kernels(table, {"Einsum"}, run_einsum, kFloats);
}

}  // namespace offramp::reference
