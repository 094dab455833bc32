// The Embind module: every binding converts, the core decides. The TypeScript side is wasm/engine/src/raw_module.ts.
#include <emscripten/bind.h>
#include <emscripten/emscripten.h>
#include <malloc.h>

#include <array>

#include "convert.h"

namespace offramp::js {
namespace {

val text(const Json& json) { return val(json.dump(-1, ' ', false, Json::error_handler_t::replace)); }
// Hands a C++ object to JavaScript, which owns it and calls delete().
template <class T>
val owned(std::unique_ptr<T> object) { return val(std::move(object)); }

Result<Json> options_from(const std::string& json) { return parse_json(json, ErrorCode::kInvalidArgument); }

val exited_to(const Exited& exited) {
  val object = val::object();
  object.set("predictedClass", exited.predicted_class);
  object.set("probabilities", floats_to(exited.probabilities));
  object.set("exit", exited.exit);
  object.set("score", exited.score);
  return object;
}

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

// --- The module itself

val set_threads(int count) { return reply(set_thread_count(count)); }
// Allocated and not freed, whatever the heap's size.
double allocated_bytes() { return double(size_t(mallinfo().uordblks)); }

// --- Models

val inspect(const val& onnx) { return reply(inspect_model(source_from(onnx)), text); }

std::vector<int64_t> whole_numbers(const val& list) {
  std::vector<int64_t> numbers;
  for (double number : emscripten::vecFromJSArray<double>(list)) numbers.push_back(int64_t(number));
  return numbers;
}

val split(const val& labels, const val& groups, const std::string& shares_json, double seed) {
  const auto work = [&]() -> Result<Split> {
    OFFRAMP_TRY(const Json json, options_from(shares_json));
    SplitShares shares;
    OFFRAMP_TRY(shares.train, json_number(json, "train", ErrorCode::kInvalidArgument));
    OFFRAMP_TRY(shares.select, json_number(json, "select", ErrorCode::kInvalidArgument));
    OFFRAMP_TRY(shares.certify, json_number(json, "certify", ErrorCode::kInvalidArgument));
    OFFRAMP_TRY(shares.test, json_number(json, "test", ErrorCode::kInvalidArgument));
    return split_rows(ints_from(labels), whole_numbers(groups), shares, uint64_t(seed));
  };
  return reply(work(), [](const Split& parts) {
    val object = val::object();
    object.set("train", ints_to(parts.train));
    object.set("select", ints_to(parts.select));
    object.set("certify", ints_to(parts.certify));
    object.set("test", ints_to(parts.test));
    return object;
  });
}

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

// --- Augmentation

val create_augmenter(const val& onnx, const std::string& options) {
  const auto work = [&]() -> Result<std::unique_ptr<Augmenter>> {
    OFFRAMP_TRY(const Json json, options_from(options));
    return Augmenter::create(source_from(onnx), json);
  };
  return reply(work(), owned<Augmenter>);
}

Result<Augmenter::Part> part_from(const std::string& name) {
  constexpr std::array kNames = {"train", "select", "test", "certify"};
  for (size_t part = 0; part < kNames.size(); ++part)
    if (name == kNames[part]) return Augmenter::Part(part);
  return invalid_argument("unknown part \"" + name + "\": expected train, select, test or certify");
}

val augmenter_add_rows(Augmenter& augmenter, const std::string& part, const val& raw, const val& labels, const val& groups, const val& record) {
  const auto work = [&]() -> Status {
    OFFRAMP_TRY(const Augmenter::Part chosen, part_from(part));
    OFFRAMP_TRY(const Tensor tensor, tensor_from(raw));
    return augmenter.add_rows(chosen, tensor, ints_from(labels), whole_numbers(groups), bytes_from(record));
  };
  return reply(work());
}

val record_to(const std::vector<uint8_t>& record) { return bytes_to(record.data(), record.size()); }

val augmenter_rows_record(Augmenter& augmenter, const std::string& part, double begin, double end) {
  const auto work = [&]() -> Result<std::vector<uint8_t>> {
    OFFRAMP_TRY(const Augmenter::Part chosen, part_from(part));
    return augmenter.rows_record(chosen, int64_t(begin), int64_t(end));
  };
  return reply(work(), record_to);
}

val augmenter_search_record(Augmenter& augmenter) { return reply(augmenter.search_record(), record_to); }

val progress_to(const Augmenter::Progress& progress) {
  val object = val::object();
  object.set("phase", progress.phase);
  object.set("done", double(progress.done));
  object.set("total", double(progress.total));
  return object;
}

val augmenter_resume(Augmenter& augmenter, const val& record) { return reply(augmenter.resume(bytes_from(record)), progress_to); }
val augmenter_step(Augmenter& augmenter) { return reply(augmenter.step(), progress_to); }
val augmenter_accuracies(Augmenter& augmenter) { return floats_to(augmenter.accuracies()); }

val augmenter_replan(Augmenter& augmenter, const std::string& options) {
  const auto work = [&]() -> Status {
    OFFRAMP_TRY(const Json json, options_from(options));
    return augmenter.replan(json);
  };
  return reply(work());
}

val augmenter_pick(Augmenter& augmenter, double plan) { return reply(augmenter.pick(int64_t(plan))); }

val augmenter_result(const Augmenter& augmenter) { return success(text(augmenter.result())); }

val augmenter_package(const Augmenter& augmenter, const std::string& host_evidence) {
  const auto work = [&]() -> Result<std::vector<PackageFile>> {
    OFFRAMP_TRY(const Json json, options_from(host_evidence));
    return augmenter.package(json);
  };
  return reply(work(), files_to);
}

// --- Packages

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

val encode_boundary(const val& raw, const std::string& encoding) {
  const auto work = [&]() -> Result<std::vector<uint8_t>> {
    OFFRAMP_TRY(const Encoding chosen, encoding_from(encoding));
    OFFRAMP_TRY(const Tensor tensor, tensor_from(raw));
    if (tensor.dtype() != DType::kF32) return invalid_argument("a boundary tensor is f32");
    return encode(tensor.data<float>(), chosen);
  };
  return reply(work(), [](const std::vector<uint8_t>& bytes) { return bytes_to(bytes.data(), bytes.size()); });
}

// `raw` is the bytes as a tensor u8.
val decode_boundary(const val& raw, const std::string& encoding, const val& dims) {
  const auto work = [&]() -> Result<Tensor> {
    OFFRAMP_TRY(const Encoding chosen, encoding_from(encoding));
    OFFRAMP_TRY(const Tensor bytes, tensor_from(raw));
    OFFRAMP_TRY(Tensor tensor, Tensor::create(DType::kF32, whole_numbers(dims)));
    OFFRAMP_RETURN_IF_ERROR(decode(bytes.data<uint8_t>(), chosen, tensor.mutable_data<float>()));
    return tensor;
  };
  return reply(work(), tensor_to);
}

bool runtime_has_stage(const StagedRuntime& runtime, int stage) { return runtime.has_stage(stage); }
val runtime_manifest(const StagedRuntime& runtime) { return success(text(runtime.package().manifest)); }
int runtime_stage_count(const StagedRuntime& runtime) { return int(runtime.package().stages.size()); }
double runtime_executed_macs(const StagedRuntime& runtime) { return double(runtime.executed_macs()); }

// --- Evaluation

val create_evaluator_from_package(const val& files, const std::string& backend) {
  auto chosen = backend_from(backend);
  return chosen ? reply(Evaluator::from_package(files_from(files), *chosen), owned<Evaluator>) : failure(chosen.error());
}

val create_evaluator_from_model(const val& onnx, const std::string& preprocess, const std::string& backend) {
  const auto work = [&]() -> Result<std::unique_ptr<Evaluator>> {
    OFFRAMP_TRY(const Backend chosen, backend_from(backend));
    OFFRAMP_TRY(const Json steps, options_from(preprocess));
    return Evaluator::from_model(source_from(onnx), steps, chosen);
  };
  return reply(work(), owned<Evaluator>);
}

val evaluator_set_rows(Evaluator& evaluator, const val& raw, const val& labels) {
  auto tensor = tensor_from(raw);
  return tensor ? reply(evaluator.set_rows(*tensor, ints_from(labels))) : failure(tensor.error());
}

val evaluator_run_base(Evaluator& evaluator, int row) { return reply(evaluator.run_base(row)); }
val evaluator_run_staged(Evaluator& evaluator, int row) { return reply(evaluator.run_staged(row)); }
val evaluator_result(const Evaluator& evaluator) { return success(text(evaluator.result())); }
val evaluator_answers(const Evaluator& evaluator) { return success(text(evaluator.answers())); }

// --- Streams

val create_stream_session(const val& files, const std::string& rule, double threshold, const std::string& backend) {
  const auto work = [&]() -> Result<std::unique_ptr<StreamSession>> {
    OFFRAMP_TRY(const Backend chosen, backend_from(backend));
    OFFRAMP_TRY(Package package, load_package(files_from(files)));
    return StreamSession::create(std::move(package), rule, threshold, chosen);
  };
  return reply(work(), owned<StreamSession>);
}

val stream_session_run(StreamSession& session, const val& raw) {
  auto sample = tensor_from(raw);
  if (!sample) return failure(sample.error());
  return reply(session.run(*sample), [](const StreamSession::Answer& answer) {
    val object = exited_to(answer.answer);
    object.set("reused", answer.reused);
    return object;
  });
}

void stream_session_forget(StreamSession& session) { session.forget(); }
double stream_session_executed_macs(const StreamSession& session) { return double(session.executed_macs()); }

val create_stream_evaluator(const val& files, const std::string& backend) {
  auto chosen = backend_from(backend);
  return chosen ? reply(StreamEvaluator::create(files_from(files), *chosen), owned<StreamEvaluator>) : failure(chosen.error());
}

val stream_evaluator_add_rows(StreamEvaluator& evaluator, const std::string& part, const val& raw, const val& labels, const val& starts) {
  const auto chosen = part == "select" ? StreamEvaluator::Part::kSelect : StreamEvaluator::Part::kTest;
  auto tensor = tensor_from(raw);
  return tensor ? reply(evaluator.add_rows(chosen, *tensor, ints_from(labels), ints_from(starts))) : failure(tensor.error());
}

val stream_evaluator_result(const StreamEvaluator& evaluator, const std::string& rule, double max_harm) {
  return reply(evaluator.result(rule, max_harm), text);
}

}  // namespace

EMSCRIPTEN_BINDINGS(offramp) {
  using emscripten::class_;
  using emscripten::function;

  function("setThreads", &set_threads);
  function("threads", &thread_count);
  function("allocatedBytes", &allocated_bytes);

  function("inspectModel", &inspect);
  function("splitRows", &split);
  function("createSession", &create_session);
  class_<Session>("Session")
      .function("run", &session_run)
      .function("executedMacs", &session_executed_macs)
      .function("setProfiling", &session_set_profiling)
      .function("profile", &session_profile)
      .function("memory", &session_memory);

  function("createAugmenter", &create_augmenter);
  class_<Augmenter>("Augmenter")
      .function("addRows", &augmenter_add_rows)
      .function("rowsRecord", &augmenter_rows_record)
      .function("searchRecord", &augmenter_search_record)
      .function("resume", &augmenter_resume)
      .function("step", &augmenter_step)
      .function("accuracies", &augmenter_accuracies)
      .function("replan", &augmenter_replan)
      .function("pick", &augmenter_pick)
      .function("result", &augmenter_result)
      .function("package", &augmenter_package);

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

  function("encodeBoundary", &encode_boundary);
  function("decodeBoundary", &decode_boundary);

  function("createStreamSession", &create_stream_session);
  class_<StreamSession>("StreamSession")
      .function("run", &stream_session_run)
      .function("forget", &stream_session_forget)
      .function("executedMacs", &stream_session_executed_macs);
  function("createStreamEvaluator", &create_stream_evaluator);
  class_<StreamEvaluator>("StreamEvaluator").function("addRows", &stream_evaluator_add_rows).function("result", &stream_evaluator_result);

  function("createEvaluatorFromPackage", &create_evaluator_from_package);
  function("createEvaluatorFromModel", &create_evaluator_from_model);
  class_<Evaluator>("Evaluator")
      .function("staged", &Evaluator::staged)
      .function("setRows", &evaluator_set_rows)
      .function("runBase", &evaluator_run_base)
      .function("runStaged", &evaluator_run_staged)
      .function("result", &evaluator_result)
      .function("answers", &evaluator_answers);
}

}  // namespace offramp::js
