// Bindings of the augmentation.
#include <emscripten/bind.h>

#include <array>

#include "convert.h"

namespace offramp::js {
namespace {

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

val augmenter_add_features(Augmenter& augmenter, const std::string& part, const val& raw, const val& labels, const val& groups, const val& features, const val& logits) {
  const auto work = [&]() -> Status {
    OFFRAMP_TRY(const Augmenter::Part chosen, part_from(part));
    OFFRAMP_TRY(const Tensor tensor, tensor_from(raw));
    OFFRAMP_TRY(const Tensor extracted, tensor_from(features));
    OFFRAMP_TRY(const Tensor answers, tensor_from(logits));
    return augmenter.add_features(chosen, tensor, ints_from(labels), whole_numbers(groups), extracted, answers);
  };
  return reply(work());
}

val augmenter_prepare(const Augmenter& augmenter, const val& raw) {
  auto rows = tensor_from(raw);
  return rows ? reply(augmenter.prepare(*rows), tensor_to) : failure(rows.error());
}

val record_to(const std::vector<uint8_t>& record) { return bytes_to(record.data(), record.size()); }

val augmenter_feature_model(const Augmenter& augmenter) { return reply(augmenter.feature_model(), record_to); }

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

val augmenter_package(const Augmenter& augmenter, const std::string& host_evidence, bool manifest_only) {
  const auto work = [&]() -> Result<std::vector<PackageFile>> {
    OFFRAMP_TRY(const Json json, options_from(host_evidence));
    OFFRAMP_TRY(std::vector<PackageFile> files, augmenter.package(json));
    if (manifest_only) files.resize(1);
    return files;
  };
  return reply(work(), files_to);
}

}  // namespace

EMSCRIPTEN_BINDINGS(offramp_augmenter) {
  using emscripten::class_;
  using emscripten::function;

  function("createAugmenter", &create_augmenter);
  class_<Augmenter>("Augmenter")
      .function("addRows", &augmenter_add_rows)
      .function("featureModel", &augmenter_feature_model)
      .function("prepare", &augmenter_prepare)
      .function("addFeatures", &augmenter_add_features)
      .function("rowsRecord", &augmenter_rows_record)
      .function("searchRecord", &augmenter_search_record)
      .function("resume", &augmenter_resume)
      .function("step", &augmenter_step)
      .function("accuracies", &augmenter_accuracies)
      .function("replan", &augmenter_replan)
      .function("pick", &augmenter_pick)
      .function("result", &augmenter_result)
      .function("package", &augmenter_package);
}

}  // namespace offramp::js
