// The table from operator to reference kernel, and run_reference.
#include "exec/reference/kernels.h"

#include <map>

#include "exec/reference/arguments.h"
#include "exec/reference/types.h"
#include "exec/session.h"

namespace offramp {
namespace reference {
namespace {

const KernelTable& kernels() {
  static const KernelTable all = [] {
    KernelTable table;
    register_activation(table);
    register_binary(table);
    register_comparison(table);
    register_convolution(table);
    register_convolution_transpose(table);
    register_einsum(table);
    register_global_pooling(table);
    register_joining(table);
    register_masks(table);
    register_matrix(table);
    register_normalization(table);
    register_ordering(table);
    register_picking(table);
    register_pooling(table);
    register_power(table);
    register_rearranging(table);
    register_recurrent_cells(table);
    register_reduction(table);
    register_rescaling(table);
    register_reshaping(table);
    register_resize(table);
    register_scattering(table);
    register_shapes(table);
    register_slicing(table);
    register_softmax(table);
    register_unary(table);
    return table;
  }();
  return all;
}

}  // namespace

void add_kernels(KernelTable& table, std::initializer_list<const char*> operators, Kernel run, TypeSet types) {
  for (const char* op : operators) OFFRAMP_CHECK(table.emplace(op, KernelEntry{run, types}).second);
}

std::string type_refusal(const char* role, DType seen, TypeSet allowed) {
  std::vector<std::string> names;
  for (unsigned i = 0; i <= unsigned(DType::kBool); ++i)
    if (allowed & type_bit(DType(i))) names.emplace_back(to_string(DType(i)));
  std::string list;
  for (size_t i = 0; i < names.size(); ++i)
    list += (i == 0 ? "" : i + 1 < names.size() ? ", " : " and ") + names[i];
  return std::string(role) + " is " + std::string(to_string(seen)) + ", only " + list +
         (names.size() == 1 ? " has a kernel" : " have kernels");
}

Result<const KernelEntry*> find_kernel(const std::string& op, std::optional<DType> first_input) {
  const auto found = kernels().find(op);
  if (found == kernels().end()) return unsupported("operator " + op + " has no kernel");
  const KernelEntry& entry = found->second;
  if (first_input && !(entry.types & type_bit(*first_input)))
    return unsupported(type_refusal("the input", *first_input, entry.types));
  return &entry;
}

}  // namespace reference

Result<std::vector<Tensor>> run_reference(const Node& node, std::span<const Tensor* const> inputs) {
  const auto run = [&]() -> reference::Outputs {
    const bool typed = !inputs.empty() && inputs[0];
    OFFRAMP_TRY(const reference::KernelEntry* kernel,
                reference::find_kernel(node.op, typed ? std::optional(inputs[0]->dtype()) : std::nullopt));
    for (const Tensor* input : inputs)
      if (input && input->dims().size() > reference::kMaxRank)
        return unsupported("an input has " + std::to_string(input->dims().size()) + " dimensions, at most " +
                           std::to_string(reference::kMaxRank) + " are supported");
    OFFRAMP_TRY(std::vector<Tensor> outputs, kernel->run(node, inputs));
    for (size_t i = outputs.size(); i < node.outputs.size(); ++i)
      if (node.outputs[i]) return unsupported("output " + std::to_string(i));
    return outputs;
  };
  return run().within(node.frame());
}

}  // namespace offramp
