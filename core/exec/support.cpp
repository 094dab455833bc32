// What of a graph cannot run, and why: operators and types without a kernel, and forms that shape inference refuses.
#include <algorithm>
#include <map>

#include "exec/reference/kernels.h"
#include "exec/session.h"
#include "graph/operators.h"

namespace offramp {
namespace {

constexpr size_t kMaxNamed = 16;  // in one error message

// Types are known where shapes are.
std::optional<DType> first_input_type(const Graph& graph, const Node& node) {
  if (node.inputs.empty() || !node.inputs[0]) return std::nullopt;
  if (const Tensor* constant = graph.constant(node.inputs[0])) return constant->dtype();
  const Value& value = graph.value(node.inputs[0]);
  return value.shape ? std::optional(value.dtype) : std::nullopt;
}

std::optional<Error> kernel_refusal(const Graph& graph, const Node& node) {
  auto kernel = reference::find_kernel(node.op, first_input_type(graph, node));
  if (kernel) return std::nullopt;
  return std::move(kernel).error().within(node.frame());
}

Status refuse(const std::vector<std::string>& parts) {
  if (parts.empty()) return {};
  std::string list;
  for (size_t i = 0; i < std::min(parts.size(), kMaxNamed); ++i) list += (i ? "; " : "") + parts[i];
  if (parts.size() > kMaxNamed) list += "; and " + std::to_string(parts.size() - kMaxNamed) + " more";
  return unsupported("cannot run " + list);
}

}  // namespace

std::vector<std::string> unsupported_parts(const Graph& graph) {
  Graph inferred = graph;
  std::vector<Refusal> refusals;
  std::vector<std::string> parts;
  std::map<int32_t, Error> by_node;
  // What breaks ONNX's rules was refused before, when the graph was normalised.
  if (const Status status = infer_known_shapes(inferred, &refusals); !status) return {status.error().to_string()};
  for (Refusal& refusal : refusals) {
    if (refusal.node.index < 0) parts.push_back(refusal.error.to_string());
    else by_node.emplace(refusal.node.index, std::move(refusal.error));
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto refused = by_node.find(int32_t(n));
    if (const auto error = kernel_refusal(inferred, graph.nodes[n])) parts.push_back(error->to_string());
    else if (refused != by_node.end()) parts.push_back(refused->second.to_string());
  }
  return parts;
}

Status check_supported(const Graph& graph) { return refuse(unsupported_parts(graph)); }

Status check_kernels(const Graph& graph) {
  std::vector<std::string> parts;
  for (const Node& node : graph.nodes)
    if (const auto error = kernel_refusal(graph, node)) parts.push_back(error->to_string());
  return refuse(parts);
}

}  // namespace offramp
