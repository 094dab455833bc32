// Runs the passes until none changes anything.
#include "graph/operators.h"
#include "passes/passes.h"

namespace offramp {
namespace {

// Each round shortens the graph or raises a form for good; real models need two or three.
constexpr int kMaxRounds = 16;

struct Pass {
  const char* name;
  std::function<Result<bool>(Graph&)> run;
};

Result<bool> run_pass(const Pass& pass, Graph& graph) {
  const std::string frame = std::string("pass ") + pass.name;
  auto changed = pass.run(graph).within(frame);
  if (!changed) return changed;
  // A graph that was valid before and is not now is the pass's fault, not the model's.
  if (const Status valid = validate(graph); !valid)
    return internal_error("broke the graph: " + valid.error().to_string()).within(frame);
  return changed;
}

}  // namespace

Status normalise(Graph& graph, const Evaluate& evaluate) {
  OFFRAMP_RETURN_IF_ERROR(validate(graph));
  const auto infer = [](Graph& g) -> Result<bool> {
    OFFRAMP_RETURN_IF_ERROR(infer_known_shapes(g));
    return false;
  };
  const Pass passes[] = {
      {"remove_identities", [](Graph& g) { return Result<bool>(remove_identities(g)); }},
      {"upgrade_opset", upgrade_opset},
      {"infer_shapes", infer},
      {"fold_constants", [&evaluate](Graph& g) { return fold_constants(g, evaluate); }},
      {"infer_shapes", infer},
      {"fold_batch_norms", fold_batch_norms},
      {"make_pads_explicit", make_pads_explicit},
      {"lower_einsums", [](Graph& g) { return Result<bool>(lower_einsums(g)); }},
      {"remove_dead_nodes", [](Graph& g) { return Result<bool>(remove_dead_nodes(g)); }},
  };
  bool changed = true;
  for (int round = 0; changed && round < kMaxRounds; ++round) {
    changed = false;
    for (const Pass& pass : passes) {
      OFFRAMP_TRY(const bool pass_changed, run_pass(pass, graph));
      changed |= pass_changed;
    }
  }
  return infer_known_shapes(graph).within("pass infer_shapes");
}

}  // namespace offramp
