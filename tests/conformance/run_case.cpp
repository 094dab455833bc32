#include "conformance/run_case.h"

#include <unistd.h>

#include "conformance/compare.h"
#include "exec/session.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "probe/probe_support.h"

namespace offramp {
namespace {

// Which inputs are handed over with the model. Shapes must be known before a model runs; these tests pass them as inputs.
enum class Known { kNothing, kIntegerLists, kEverything };

bool exists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

Result<std::vector<Tensor>> read_tensors(const std::string& prefix) {
  std::vector<Tensor> tensors;
  for (;;) {
    const std::string path = prefix + std::to_string(tensors.size()) + ".pb";
    if (!exists(path)) return tensors;
    OFFRAMP_TRY(Tensor tensor, import_tensor(read_file(path.c_str())));
    tensors.push_back(std::move(tensor));
  }
}

bool is_known(const Tensor& input, Known known) {
  const bool integers = input.dtype() == DType::kI64 || input.dtype() == DType::kI32;
  return known == Known::kEverything || (known == Known::kIntegerLists && integers && input.dims().size() <= 1);
}

// The graph for inputs of exactly these shapes. What is known already moves from `inputs` into the graph.
Result<Graph> specialise(Graph graph, std::vector<Tensor>& inputs, Known known) {
  if (graph.inputs.size() != inputs.size())
    return invalid_data("the model has " + std::to_string(graph.inputs.size()) + " inputs, the test " +
                        std::to_string(inputs.size()));
  graph.batched = false;
  std::vector<ValueId> open_ids;
  std::vector<Tensor> open;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueId id = graph.inputs[i];
    if (graph.value(id).dtype != inputs[i].dtype()) return invalid_data("the test's inputs have other types");
    if (is_known(inputs[i], known)) {
      graph.set_constant(id, inputs[i]);
      continue;
    }
    Shape shape;
    for (int64_t size : inputs[i].dims()) shape.push_back({size, false});
    graph.value(id).shape = shape;
    open_ids.push_back(id);
    open.push_back(inputs[i]);
  }
  graph.inputs = open_ids;
  inputs = open;
  OFFRAMP_RETURN_IF_ERROR(normalise(graph, run_reference));
  return graph;
}

// What is wrong with the outputs; empty if nothing is.
Result<std::string> run_data_set(const Graph& graph, const std::string& folder, Known known) {
  OFFRAMP_TRY(std::vector<Tensor> inputs, read_tensors(folder + "/input_"));
  OFFRAMP_TRY(const Graph normal, specialise(graph, inputs, known));
  OFFRAMP_RETURN_IF_ERROR(check_supported(normal));
  for (const Backend backend : {Backend::kReference, Backend::kXnnpack}) {
    OFFRAMP_TRY(const auto session, Session::create(normal, {backend}));
    OFFRAMP_TRY(const std::vector<Tensor> outputs, session->run(inputs));
    OFFRAMP_TRY(const std::vector<Tensor> expected, read_tensors(folder + "/output_"));
    if (outputs.size() != expected.size()) return std::string("another number of outputs is expected");
    for (size_t i = 0; i < outputs.size(); ++i)
      if (const std::string text = difference(outputs[i], expected[i]); !text.empty())
        return std::string(backend == Backend::kReference ? "reference" : "xnnpack") + ": output " +
               std::to_string(i) + " " + text;
  }
  return std::string();
}

Result<std::string> run_data_sets(const Graph& graph, const std::string& folder, Known known) {
  for (int i = 0;; ++i) {
    const std::string data_set = folder + "/test_data_set_" + std::to_string(i);
    if (!exists(data_set)) return i > 0 ? std::string() : std::string("there is no data");
    OFFRAMP_TRY(const std::string wrong, run_data_set(graph, data_set, known));
    if (!wrong.empty()) return wrong;
  }
}

// The message with "node y (Sign)" as "Sign".
std::string reason_of(const Error& error) {
  std::string text = error.message;
  for (size_t at; (at = text.find("node ")) != std::string::npos;) {
    const size_t open = text.find('(', at), close = text.find(')', at);
    if (open == std::string::npos || close == std::string::npos || close < open) break;
    text = text.substr(0, at) + text.substr(open + 1, close - open - 1) + text.substr(close + 1);
  }
  return text;
}

CaseResult verdict_of(const Error& error) {
  if (error.code == ErrorCode::kUnsupported) return {"unsupported: " + reason_of(error), {}};
  return {"fail", error.to_string()};
}

}  // namespace

CaseResult run_case(const std::string& folder) {
  const auto graph = import_onnx(read_file((folder + "/model.onnx").c_str()));
  if (!graph) return verdict_of(graph.error());
  Error last;
  for (const Known known : {Known::kNothing, Known::kIntegerLists, Known::kEverything}) {
    const auto wrong = run_data_sets(*graph, folder, known);
    if (wrong && !wrong->empty()) return {"fail", *wrong};
    if (wrong && known == Known::kNothing) return {"pass", {}};
    if (wrong) return {known == Known::kIntegerLists ? "pass with known shapes" : "pass with known inputs", {}};
    if (wrong.error().code != ErrorCode::kUnsupported) return verdict_of(wrong.error());
    last = wrong.error();
  }
  return verdict_of(last);
}

}  // namespace offramp
