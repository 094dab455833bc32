// Bindings of what measures packages, and of streams.
#include <emscripten/bind.h>

#include "convert.h"

namespace offramp::js {
namespace {

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

EMSCRIPTEN_BINDINGS(offramp_evaluation) {
  using emscripten::class_;
  using emscripten::function;

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
