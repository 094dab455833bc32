#include <algorithm>
#include <string_view>

#include "analysis/costs.h"
#include "analysis/exit_points.h"
#include "exec/session.h"
#include "graph/operators.h"
#include "graph/text.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "targets.h"

namespace offramp::fuzz {
namespace {

// The most that one run may take.
constexpr int64_t kMacs = 10'000'000, kElements = 1'000'000;

std::string code_of(const Error& error) { return std::string(to_string(error.code)); }

// Window positions times window size, which the costs do not count for pools.
int64_t pooling_work(const Graph& graph, const Node& node) {
  int64_t work = element_count(offramp::bind(*graph.value(node.outputs[0]).shape, 1));
  for (int64_t size : node.integers("kernel_shape"))
    if (__builtin_mul_overflow(work, size, &work)) return INT64_MAX;
  return work;
}

bool is_large(const Graph& graph) {
  int64_t elements = 0;
  for (const Node& node : graph.nodes)
    if (pooling_work(graph, node) > kMacs) return true;
  for (size_t i = 0; i < graph.value_count(); ++i)
    if (const auto& shape = graph.value(ValueId{int32_t(i)}).shape)
      elements = add_costs(elements, element_count(offramp::bind(*shape, 1)));
  return measure_costs(graph).macs > kMacs || elements > kElements;
}

std::string run_on(const Graph& graph, Backend backend) {
  auto session = Session::create(graph, {backend});
  if (!session) return code_of(session.error());
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs)
    inputs.emplace_back(graph.value(id).dtype, offramp::bind(*graph.value(id).shape, 1));
  auto outputs = (*session)->run(inputs);
  return outputs ? "run" : code_of(outputs.error());
}

}  // namespace

std::string use_graph(Result<Graph> graph) {
  if (!graph) return code_of(graph.error());
  if (const Status status = normalise(*graph, run_reference); !status) return code_of(status.error());
  if (!unsupported_parts(*graph).empty()) return "unsupported";
  find_exit_points(*graph);
  peak_activation_bytes(*graph);
  if (is_large(*graph)) return "large";
  const std::string reference = run_on(*graph, Backend::kReference);
  const std::string xnnpack = run_on(*graph, Backend::kXnnpack);
  return xnnpack == "internal" ? xnnpack : reference;
}

std::string read_model(std::span<const uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return use_graph(text.starts_with("graph ") ? parse_graph(std::string(text)) : import_onnx(bytes));
}

}  // namespace offramp::fuzz
