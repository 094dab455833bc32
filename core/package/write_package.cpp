// A plan as files: stage graphs in ONNX and a manifest that says what they are.
#include "base/sha256.h"
#include "onnx/onnx.h"
#include "package/manifest.h"
#include "package/stage_graphs.h"
#include "samples/object_reader.h"

namespace offramp {
namespace {

constexpr const char* kProducer = "offramp";
constexpr const char* kProducerVersion = "0.1.0";

Json head_json(const Head& head) {
  return {{"kind", head.kind.name},
          {"pooling", std::string(to_string(head.kind.pooling))},
          {"hidden", head.kind.hidden},
          {"macs", head.macs()},
          {"parameters", head.parameters()}};
}

Json exit_json(const PackageExit& exit) {
  Json json = {{"at", exit.at},
               {"score", std::string(to_string(exit.score))},
               {"temperature", shortest_json(exit.head.temperature)},
               {"threshold", shortest_json(exit.threshold)}};
  if (exit.score == Score::kGate)
    for (float weight : exit.gate) json["gate"].push_back(shortest_json(weight));
  return json;
}

Result<Json> stage_json(const Graph& stage, const PackageExit* exit, bool last, const PackageFile& file) {
  OFFRAMP_TRY(const int64_t macs, graph_macs(stage));
  Json json = {{"file", file.name}, {"sha256", sha256_hex(file.bytes)}, {"bytes", file.bytes.size()}, {"macs", macs},
               {"head", nullptr},   {"exit", nullptr},                  {"boundary", nullptr}};
  if (exit) {
    json["head"] = head_json(exit->head);
    json["exit"] = exit_json(*exit);
  }
  if (last) return json;
  OFFRAMP_TRY(const Dims boundary, sample_dims(stage, stage.outputs.back()));
  json["boundary"] = {{"shape", boundary}, {"bytes", 4 * element_count(boundary)}};
  return json;
}

Json mapping_json(const std::vector<PackageTarget>& mapping, size_t stages) {
  if (mapping.empty()) return Json::array({{{"target", "local"}, {"from", 0}, {"to", stages}}});
  Json list = Json::array();
  for (const PackageTarget& part : mapping) list.push_back({{"target", part.target}, {"from", part.from}, {"to", part.to}});
  return list;
}

Json links_json(const std::vector<Link>& links) {
  Json list = Json::array();
  for (const Link& link : links)
    list.push_back({{"bytes_per_s", link.bytes_per_s},
                    {"rtt_ns", link.rtt_ns},
                    {"energy_nj_per_byte", link.energy_nj_per_byte},
                    {"encoding", to_string(link.encoding)}});
  return list;
}

Json list_json(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

Result<Json> model_json(const Graph& backbone, const Graph& first, const PackageContents& contents) {
  OFFRAMP_TRY(const Dims input, sample_dims(first, first.inputs[0]));
  OFFRAMP_TRY(const Dims logits, sample_dims(backbone, backbone.outputs[0]));
  return Json{{"input", {{"name", first.value(first.inputs[0]).name}, {"dtype", "f32"}, {"shape", input}}},
              {"classes", logits[0]},
              {"labels", list_json(contents.labels)}};
}

// The manifest's text, which load_package is sure to take.
Result<std::string> manifest_text(const Json& manifest) {
  // Names from a model need not be UTF-8, and evidence may hold what JSON cannot.
  std::string text = manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (text.size() > kMaxManifestBytes)
    return invalid_argument("the manifest would have " + std::to_string(text.size()) + " bytes, at most " +
                            std::to_string(kMaxManifestBytes) + " are allowed");
  auto parsed = parse_json(text, ErrorCode::kInvalidArgument);
  if (!parsed) return std::move(parsed).error();
  if (auto checked = parse_manifest(*parsed); !checked) {
    Error error = std::move(checked).error();
    error.code = ErrorCode::kInvalidArgument;
    return error;
  }
  return text;
}

}  // namespace

Result<std::vector<PackageFile>> write_package(const Graph& backbone, const PackageContents& contents) {
  OFFRAMP_TRY(const std::vector<StageEnd> ends, stage_ends(backbone, contents));
  OFFRAMP_TRY(const std::vector<Graph> stages, build_stage_graphs(backbone, ends));
  OFFRAMP_TRY(const int64_t base_macs, graph_macs(backbone));
  OFFRAMP_TRY(Json model, model_json(backbone, stages[0], contents));
  std::vector<PackageFile> files(1);
  Json list = Json::array();
  for (size_t k = 0; k < stages.size(); ++k) {
    PackageFile file{"stages/" + std::to_string(k) + ".onnx", {}};
    auto bytes = export_onnx(stages[k]).within("writing " + file.name);
    if (!bytes) return std::move(bytes).error();
    file.bytes = std::move(bytes).value();
    OFFRAMP_TRY(Json stage, stage_json(stages[k], ends[k].exit, k + 1 == stages.size(), file));
    list.push_back(std::move(stage));
    files.push_back(std::move(file));
  }
  Json manifest;
  manifest["offramp_package"] = kPackageVersion;
  manifest["producer"] = {{"name", kProducer}, {"version", kProducerVersion}};
  manifest["model"] = std::move(model);
  manifest["preprocess"] = contents.preprocess.to_json();
  manifest["base"] = {{"macs", base_macs}};
  manifest["stages"] = std::move(list);
  manifest["mapping"] = mapping_json(contents.mapping, stages.size());
  manifest["links"] = links_json(contents.links);
  manifest["evidence"] = contents.evidence.is_null() ? Json::object() : contents.evidence;
  auto text = manifest_text(manifest).within("writing manifest.json");
  if (!text) return std::move(text).error();
  files[0] = {kManifestName, std::vector<uint8_t>(text->begin(), text->end())};
  return files;
}

}  // namespace offramp
