// Bindings of models: inspection and plain sessions.
#include <emscripten/bind.h>
#include <emscripten/emscripten.h>

#include "convert.h"

namespace offramp::js {
namespace {

val inspect(const val& onnx) { return reply(inspect_model(source_from(onnx)), text); }

val create_session(const val& onnx, const std::string& backend) {
  const auto work = [&]() -> Result<std::unique_ptr<Session>> {
    OFFRAMP_TRY(const Backend chosen, backend_from(backend));
    OFFRAMP_TRY(Graph graph, load_model(source_from(onnx)));
    return Session::create(std::move(graph), {.backend = chosen});
  };
  return reply(work(), owned<Session>);
}

val session_run(Session& session, const val& inputs) {
  const auto work = [&]() -> Result<std::vector<Tensor>> {
    std::vector<Tensor> tensors;
    const auto count = inputs["length"].as<size_t>();
    for (size_t i = 0; i < count; ++i) {
      OFFRAMP_TRY(Tensor tensor, tensor_from(inputs[i]));
      tensors.push_back(std::move(tensor));
    }
    return session.run(tensors);
  };
  return reply(work(), [](const std::vector<Tensor>& outputs) {
    val list = val::array();
    for (const Tensor& output : outputs) list.call<void>("push", tensor_to(output));
    return list;
  });
}

double session_executed_macs(const Session& session) { return double(session.executed_macs()); }

void session_set_profiling(Session& session, bool on) {
  session.set_clock(on ? [] { return emscripten_get_now() * 1e6; } : Session::Clock());
}

val session_profile(const Session& session) {
  Json steps = Json::array();
  for (const StepProfile& step : session.profile())
    steps.push_back({{"node", step.node}, {"op", step.op}, {"kernel", step.kernel}, {"macs", step.macs}, {"total_ns", step.total_ns}});
  return success(text(steps));
}

val session_memory(const Session& session) {
  const SessionMemory memory = session.memory();
  return success(text({{"weight_bytes", memory.weight_bytes}, {"activation_bytes", memory.activation_bytes}}));
}

}  // namespace

EMSCRIPTEN_BINDINGS(offramp_session) {
  using emscripten::class_;
  using emscripten::function;

  function("inspectModel", &inspect);
  function("createSession", &create_session);
  class_<Session>("Session")
      .function("run", &session_run)
      .function("executedMacs", &session_executed_macs)
      .function("setProfiling", &session_set_profiling)
      .function("profile", &session_profile)
      .function("memory", &session_memory);
}

}  // namespace offramp::js
