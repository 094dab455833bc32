// Bindings of packages that run, stage by stage.
#include <emscripten/bind.h>

#include "convert.h"

namespace offramp::js {
namespace {

val stage_result_to(const StageResult& result) {
  val object = val::object();
  if (const auto* exited = std::get_if<Exited>(&result)) {
    object.set("exited", exited_to(*exited));
  } else {
    const NeedsStage& needs = std::get<NeedsStage>(result);
    val stage = val::object();
    stage.set("stage", needs.stage);
    stage.set("boundary", tensor_to(needs.boundary.plain()));
    if (!needs.early.probabilities.empty()) stage.set("early", exited_to(needs.early));
    object.set("needsStage", stage);
  }
  return object;
}

val create_runtime(const val& files, const std::string& backend, bool partial) {
  const auto work = [&]() -> Result<std::unique_ptr<StagedRuntime>> {
    OFFRAMP_TRY(const Backend chosen, backend_from(backend));
    OFFRAMP_TRY(Package package, load_package(files_from(files), {.partial = partial}));
    return StagedRuntime::create(std::move(package), {.backend = chosen});
  };
  return reply(work(), owned<StagedRuntime>);
}

val runtime_begin(StagedRuntime& runtime, const val& raw) {
  auto sample = tensor_from(raw);
  return sample ? reply(runtime.begin(*sample), stage_result_to) : failure(sample.error());
}

val runtime_run_stage(StagedRuntime& runtime, int stage, const val& boundary) {
  auto tensor = tensor_from(boundary);
  return tensor ? reply(runtime.run_stage(stage, *tensor), stage_result_to) : failure(tensor.error());
}

val runtime_run(StagedRuntime& runtime, const val& raw) {
  auto sample = tensor_from(raw);
  return sample ? reply(runtime.run(*sample), exited_to) : failure(sample.error());
}

val runtime_prepare(const StagedRuntime& runtime, const val& raw) {
  auto sample = tensor_from(raw);
  return sample ? reply(runtime.prepare(*sample), tensor_to) : failure(sample.error());
}

val runtime_run_rows(StagedRuntime& runtime, int stage, const val& raw) {
  auto rows = tensor_from(raw);
  if (!rows) return failure(rows.error());
  return reply(runtime.run_rows(stage, *rows), [](const StageOutputs& outputs) {
    val object = val::object();
    if (outputs.logits) object.set("logits", tensor_to(*outputs.logits));
    if (outputs.boundary) object.set("boundary", tensor_to(*outputs.boundary));
    return object;
  });
}

val runtime_judge(const StagedRuntime& runtime, int stage, const val& raw) {
  auto logits = tensor_from(raw);
  if (!logits) return failure(logits.error());
  return reply(runtime.judge(stage, *logits), [](const std::vector<Verdict>& verdicts) {
    val list = val::array();
    for (const Verdict& verdict : verdicts) {
      val object = exited_to(verdict.answer);
      object.set("stands", verdict.stands);
      list.call<void>("push", object);
    }
    return list;
  });
}

bool runtime_has_stage(const StagedRuntime& runtime, int stage) { return runtime.has_stage(stage); }
val runtime_manifest(const StagedRuntime& runtime) { return success(text(runtime.package().manifest)); }
int runtime_stage_count(const StagedRuntime& runtime) { return int(runtime.package().stages.size()); }
double runtime_executed_macs(const StagedRuntime& runtime) { return double(runtime.executed_macs()); }

}  // namespace

EMSCRIPTEN_BINDINGS(offramp_runtime) {
  using emscripten::class_;
  using emscripten::function;

  function("createRuntime", &create_runtime);
  class_<StagedRuntime>("Runtime")
      .function("begin", &runtime_begin)
      .function("runStage", &runtime_run_stage)
      .function("run", &runtime_run)
      .function("hasStage", &runtime_has_stage)
      .function("prepare", &runtime_prepare)
      .function("runRows", &runtime_run_rows)
      .function("judge", &runtime_judge)
      .function("manifest", &runtime_manifest)
      .function("stageCount", &runtime_stage_count)
      .function("executedMacs", &runtime_executed_macs);
}

}  // namespace offramp::js
