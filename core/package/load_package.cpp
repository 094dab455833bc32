// A package from outside: the manifest, then every file's bytes, then every stage, then how stages fit together.
#include <set>

#include "base/sha256.h"
#include "graph/operators.h"
#include "onnx/onnx.h"
#include "package/manifest.h"
#include "package/stage_graphs.h"
#include "samples/object_reader.h"

namespace offramp {
namespace {

const PackageSource* find_file(std::span<const PackageSource> files, const std::string& name) {
  for (const PackageSource& file : files)
    if (file.name == name) return &file;
  return nullptr;
}

Status check_names(std::span<const PackageSource> files) {
  std::set<std::string_view> names;
  for (const PackageSource& file : files) {
    if (!is_package_path(file.name))
      return invalid_package("file name " + in_quotes(file.name) +
                             " is not allowed: it must be a relative path of letters, digits, \"_\", \"-\" and \".\"");
    if (!names.insert(file.name).second)
      return invalid_package("file " + in_quotes(file.name) + " is there twice");
  }
  return {};
}

Result<Json> read_manifest(std::span<const PackageSource> files) {
  const PackageSource* file = find_file(files, kManifestName);
  if (!file) return invalid_package("manifest.json is missing: this is no .offramp package");
  if (file->bytes.size() > kMaxManifestBytes)
    return limit_exceeded("manifest.json has " + std::to_string(file->bytes.size()) + " bytes, at most " +
                          std::to_string(kMaxManifestBytes) + " are allowed");
  std::string text(file->bytes.size(), '\0');
  file->bytes.read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return parse_json(text, ErrorCode::kInvalidPackage).within(kManifestName);
}

// The files are those of the manifest, byte for byte; of a partial package some of them.
Status check_files(std::span<const PackageSource> files, const Manifest& manifest, bool partial) {
  std::set<std::string_view> listed = {kManifestName};
  for (const ManifestStage& stage : manifest.stages) listed.insert(stage.file);
  for (const PackageSource& file : files)
    if (!listed.count(file.name)) return invalid_package("file " + in_quotes(file.name) + " is not in manifest.json");
  if (partial && files.size() < 2) return invalid_package("no stage's file is there; at least one is needed");
  for (const ManifestStage& stage : manifest.stages) {
    const PackageSource* file = find_file(files, stage.file);
    if (!file && partial) continue;
    if (!file) return invalid_package("file " + in_quotes(stage.file) + " is missing");
    if (int64_t(file->bytes.size()) != stage.bytes)
      return invalid_package("manifest.json says " + std::to_string(stage.bytes) + " bytes, the file has " +
                             std::to_string(file->bytes.size()))
          .within(stage.file);
    if (const std::string sha256 = sha256_hex(file->bytes); sha256 != stage.sha256)
      return invalid_package("manifest.json says sha256 " + stage.sha256 + ", the file has " + sha256)
          .within(stage.file);
  }
  return {};
}

std::string value_text(const Graph& graph, const std::vector<ValueId>& ids) {
  std::string text;
  for (ValueId id : ids) text += (text.empty() ? "" : ", ") + in_quotes(graph.value(id).name);
  return text;
}

Status check_dims(const Graph& graph, ValueId id, const Dims& wanted) {
  OFFRAMP_TRY(const Dims dims, sample_dims(graph, id));
  if (dims == wanted) return {};
  return invalid_package("manifest.json says that " + in_quotes(graph.value(id).name) + " has shape " +
                         to_string(wanted) + " per sample, the stage has " + to_string(dims));
}

Status check_cost(const char* what, int64_t claimed, int64_t real) {
  if (claimed == real) return {};
  return invalid_package(std::string("manifest.json says ") + std::to_string(claimed) + " " + what +
                         ", the stage has " + std::to_string(real));
}

// What the stage takes and gives.
Status check_interface(const Graph& graph, const Manifest& manifest, size_t k) {
  const ManifestStage& stage = manifest.stages[k];
  const bool last = k + 1 == manifest.stages.size();
  const std::string input = k == 0 ? manifest.input_name : "boundary";
  std::vector<std::string> outputs;
  if (last || stage.has_exit) outputs.push_back(kLogits);
  if (!last) outputs.push_back(boundary_output_name(input));
  bool names_fit = graph.inputs.size() == 1 && graph.value(graph.inputs[0]).name == input &&
                   graph.outputs.size() == outputs.size();
  std::string expected;
  for (size_t i = 0; i < outputs.size(); ++i) {
    names_fit = names_fit && graph.value(graph.outputs[i]).name == outputs[i];
    expected += (i > 0 ? ", " : "") + in_quotes(outputs[i]);
  }
  if (!names_fit)
    return invalid_package("expected input " + in_quotes(input) + " and output " + expected + ", got input " +
                           value_text(graph, graph.inputs) + " and output " + value_text(graph, graph.outputs));
  OFFRAMP_RETURN_IF_ERROR(
      check_dims(graph, graph.inputs[0], k == 0 ? manifest.input_shape : manifest.stages[k - 1].boundary));
  if (last || stage.has_exit) OFFRAMP_RETURN_IF_ERROR(check_dims(graph, graph.outputs[0], {manifest.classes}));
  return last ? Status() : check_dims(graph, graph.outputs.back(), stage.boundary);
}

// Costs as counted anew. `backbone_macs` grows by what the stage costs without its head.
Status check_costs(const Graph& graph, const ManifestStage& stage, int64_t& backbone_macs) {
  OFFRAMP_TRY(const int64_t macs, graph_macs(graph));
  OFFRAMP_RETURN_IF_ERROR(check_cost("MACs", stage.macs, macs));
  if (!stage.has_exit) {
    backbone_macs += macs;
    return {};
  }
  OFFRAMP_TRY(const StageParts parts, split_stage(graph));
  OFFRAMP_TRY(const int64_t head_macs, graph_macs(parts.head));
  int64_t parameters = 0;
  for (const auto& [id, tensor] : parts.head.constants()) parameters += tensor.elements();
  OFFRAMP_RETURN_IF_ERROR(check_cost("MACs of the head", stage.head_macs, head_macs));
  OFFRAMP_RETURN_IF_ERROR(check_cost("parameters of the head", stage.head_parameters, parameters));
  backbone_macs += macs - head_macs;
  return {};
}

// Without a file the stage has no graph.
Result<Stage> load_stage(const PackageSource* file, const Manifest& manifest, size_t k, int64_t& backbone_macs) {
  const ManifestStage& from = manifest.stages[k];
  Stage stage;
  stage.present = file != nullptr;
  if (file) {
    OFFRAMP_TRY(stage.graph, import_onnx(file->bytes));
    OFFRAMP_RETURN_IF_ERROR(infer_shapes(stage.graph));
    OFFRAMP_RETURN_IF_ERROR(check_interface(stage.graph, manifest, k));
    OFFRAMP_RETURN_IF_ERROR(check_costs(stage.graph, from, backbone_macs));
  }
  stage.input = k == 0 ? manifest.input_shape : manifest.stages[k - 1].boundary;
  stage.macs = from.macs;
  stage.has_exit = from.has_exit;
  stage.score = from.score;
  stage.temperature = from.temperature;
  stage.threshold = from.threshold;
  stage.gate = from.gate;
  stage.at = from.at;
  stage.file = from.file;
  return stage;
}

}  // namespace

std::vector<PackageSource> sources_of(std::span<const PackageFile> files) {
  std::vector<PackageSource> sources;
  for (const PackageFile& file : files) sources.push_back({file.name, file.bytes});
  return sources;
}

Result<Package> load_package(std::span<const PackageSource> files, const LoadOptions& options) {
  OFFRAMP_RETURN_IF_ERROR(check_names(files));
  Package package;
  OFFRAMP_TRY(package.manifest, read_manifest(files));
  auto read = parse_manifest(package.manifest).within(kManifestName);
  if (!read) return std::move(read).error();
  Manifest manifest = std::move(read).value();
  OFFRAMP_RETURN_IF_ERROR(check_files(files, manifest, options.partial));
  int64_t backbone_macs = 0;
  bool complete = true;
  for (size_t k = 0; k < manifest.stages.size(); ++k) {
    const PackageSource* file = find_file(files, manifest.stages[k].file);
    auto stage = load_stage(file, manifest, k, backbone_macs).within(manifest.stages[k].file);
    if (!stage) return std::move(stage).error();
    complete = complete && file;
    package.stages.push_back(std::move(stage).value());
  }
  if (complete && manifest.base_macs != backbone_macs)
    return invalid_package("manifest.json says " + std::to_string(manifest.base_macs) +
                           " MACs of the base model, its stages have " + std::to_string(backbone_macs));
  package.labels = std::move(manifest.labels);
  package.preprocess = std::move(manifest.preprocess);
  package.classes = manifest.classes;
  package.base_macs = manifest.base_macs;
  return package;
}

}  // namespace offramp
