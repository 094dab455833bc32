// manifest.json from outside: read strictly, so that what follows can trust it.
#include "package/manifest.h"

#include <algorithm>
#include <cmath>

#include "samples/object_reader.h"

namespace offramp {
namespace {

constexpr ErrorCode kCode = ErrorCode::kInvalidPackage;
constexpr int64_t kMaxCount = int64_t{1} << 53;  // what JavaScript counts exactly
constexpr int64_t kMaxClasses = 1 << 20;
constexpr size_t kMaxPath = 255;
constexpr size_t kMaxName = 4096;
constexpr size_t kMaxLabel = 1024;
constexpr size_t kMaxRank = 8;
constexpr double kMaxGateWeight = 1e9;

std::string at_index(const char* list, size_t i) { return std::string(list) + "[" + std::to_string(i) + "]"; }

// Sizes without the batch.
Dims read_shape(ObjectReader& reader, const char* key) {
  Dims dims;
  for (const Json& item : reader.array(key, 1, kMaxRank - 1)) {
    const auto size = integer_of(item);
    if (!size || *size < 1 || *size > kMaxTensorElements) {
      reader.fail(in_quotes(key) + " must hold integers from 1 to " + std::to_string(kMaxTensorElements) + ", got " +
                  (item.is_number() ? item.dump() : item.type_name()));
      return {};
    }
    dims.push_back(*size);
  }
  if (auto count = checked_element_count(dims); !count) reader.fail(in_quotes(key) + ": " + count.error().message);
  return dims;
}

Status read_version(const Json& json) {
  const auto version = json.is_object() && json.contains("offramp_package") ? integer_of(json["offramp_package"])
                                                                            : std::nullopt;
  if (version && *version > kPackageVersion)
    return invalid_package("the package has version " + std::to_string(*version) + ", this Offramp reads version " +
                           std::to_string(kPackageVersion) + ": use a newer Offramp");
  return {};
}

Status read_producer(const Json& json) {
  ObjectReader reader(json, kCode);
  reader.text("name", 1, kMaxLabel);
  reader.text("version", 1, kMaxLabel);
  return reader.finish();
}

Status read_input(const Json& json, Manifest& manifest) {
  ObjectReader reader(json, kCode);
  manifest.input_name = reader.text("name", 1, kMaxName);
  reader.one_of("dtype", {"f32"});
  manifest.input_shape = read_shape(reader, "shape");
  return reader.finish();
}

Status read_model(const Json& json, Manifest& manifest) {
  ObjectReader reader(json, kCode);
  const Json& input = reader.object("input");
  manifest.classes = int32_t(reader.integer("classes", 2, kMaxClasses));
  for (const Json& label : reader.array("labels", 0, size_t(kMaxClasses))) {
    if (!label.is_string() || count_code_points(label.get_ref<const std::string&>()) > kMaxLabel) {
      reader.fail("\"labels\" must hold strings of at most " + std::to_string(kMaxLabel) + " characters");
      break;
    }
    manifest.labels.push_back(label.get<std::string>());
  }
  const size_t labels = manifest.labels.size();
  if (labels != 0 && labels != size_t(manifest.classes))
    reader.fail("\"labels\" must be empty or name each of " + std::to_string(manifest.classes) + " classes, got " +
                std::to_string(labels));
  OFFRAMP_RETURN_IF_ERROR(reader.finish());
  return read_input(input, manifest).within("input");
}

Status read_base(const Json& json, Manifest& manifest) {
  ObjectReader reader(json, kCode);
  manifest.base_macs = reader.integer("macs", 0, kMaxCount);
  return reader.finish();
}

Status read_head(const Json& json, ManifestStage& stage) {
  ObjectReader reader(json, kCode);
  reader.text("kind", 1, 64);
  reader.one_of("pooling", {to_string(Pooling::kGap), to_string(Pooling::kGapGmp), to_string(Pooling::kGrid)});
  reader.integer("hidden", 0, kMaxCount);
  stage.head_macs = reader.integer("macs", 0, kMaxCount);
  stage.head_parameters = reader.integer("parameters", 0, kMaxCount);
  return reader.finish();
}

void read_gate(ObjectReader& reader, GateWeights& gate) {
  const Json& weights = reader.array("gate", gate.size(), gate.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!weights[i].is_number() || !(std::fabs(weights[i].get<double>()) <= kMaxGateWeight))
      return reader.fail("\"gate\" must hold numbers from -1e9 to 1e9, got " +
                         (weights[i].is_number() ? weights[i].dump() : std::string(weights[i].type_name())));
    gate[i] = weights[i].get<float>();
  }
}

Status read_exit(const Json& json, ManifestStage& stage) {
  ObjectReader reader(json, kCode);
  stage.at = reader.text("at", 1, kMaxName);
  const std::string score = reader.one_of("score", {to_string(Score::kMaxProbability), to_string(Score::kMargin),
                                                    to_string(Score::kEntropy), to_string(Score::kGate)});
  for (Score known : {Score::kMaxProbability, Score::kMargin, Score::kEntropy, Score::kGate})
    if (score == to_string(known)) stage.score = known;
  if (stage.score == Score::kGate) read_gate(reader, stage.gate);
  stage.temperature = reader.f32("temperature", 0.01, 100);
  stage.threshold = reader.f32("threshold", 0, 2);
  return reader.finish();
}

Status read_boundary(const Json& json, ManifestStage& stage) {
  ObjectReader reader(json, kCode);
  stage.boundary = read_shape(reader, "shape");
  const int64_t bytes = reader.integer("bytes", 4, 4 * kMaxTensorElements);
  if (reader.ok() && bytes != 4 * element_count(stage.boundary))
    reader.fail("\"bytes\" is " + std::to_string(bytes) + " but shape " + to_string(stage.boundary) + " has " +
                std::to_string(4 * element_count(stage.boundary)));
  return reader.finish();
}

Result<ManifestStage> read_stage(const Json& json, bool last) {
  ObjectReader reader(json, kCode);
  ManifestStage stage;
  stage.file = reader.text("file", 1, kMaxPath);
  if (reader.ok() && (!is_package_path(stage.file) || stage.file == kManifestName))
    reader.fail("\"file\" must be a relative path of letters, digits, \"_\", \"-\" and \".\", got " +
                in_quotes(stage.file));
  stage.sha256 = reader.text("sha256", 64, 64);
  const bool hex = std::all_of(stage.sha256.begin(), stage.sha256.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (reader.ok() && !hex) reader.fail("\"sha256\" must be 64 lower-case hex digits, got " + in_quotes(stage.sha256));
  stage.bytes = reader.integer("bytes", 1, kMaxCount);
  stage.macs = reader.integer("macs", 0, kMaxCount);
  const Json& head = reader.object_or_null("head");
  const Json& exit = reader.object_or_null("exit");
  const Json& boundary = reader.object_or_null("boundary");
  if (reader.ok() && last && !(head.is_null() && exit.is_null() && boundary.is_null()))
    reader.fail("the last stage must have null for \"head\", \"exit\" and \"boundary\"");
  if (reader.ok() && !last && boundary.is_null()) reader.fail("every stage but the last must have a \"boundary\"");
  if (reader.ok() && head.is_null() != exit.is_null())
    reader.fail("\"head\" and \"exit\" must both be there, or be null where no exit stands");
  OFFRAMP_RETURN_IF_ERROR(reader.finish());
  stage.has_exit = !exit.is_null();
  if (stage.has_exit) {
    OFFRAMP_RETURN_IF_ERROR(read_head(head, stage).within("head"));
    OFFRAMP_RETURN_IF_ERROR(read_exit(exit, stage).within("exit"));
  }
  if (!last) OFFRAMP_RETURN_IF_ERROR(read_boundary(boundary, stage).within("boundary"));
  return stage;
}

Status read_stages(const Json& list, Manifest& manifest) {
  for (size_t i = 0; i < list.size(); ++i) {
    auto stage = read_stage(list[i], i + 1 == list.size()).within(at_index("stages", i));
    if (!stage) return std::move(stage).error();
    for (const ManifestStage& other : manifest.stages)
      if (other.file == stage->file)
        return invalid_package("two stages have the file " + in_quotes(stage->file));
    manifest.stages.push_back(std::move(stage).value());
  }
  return {};
}

// Targets in order, each with a half-open range of stages, that together are all stages.
Status read_mapping(const Json& list, size_t stages) {
  int64_t next = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    ObjectReader reader(list[i], kCode);
    reader.text("target", 1, kMaxLabel);
    const int64_t from = reader.integer("from", 0, kMaxStages), to = reader.integer("to", 0, kMaxStages);
    if (reader.ok() && (from != next || to < from))
      reader.fail("stages " + std::to_string(from) + " to " + std::to_string(to) + " do not follow on stage " +
                  std::to_string(next));
    OFFRAMP_RETURN_IF_ERROR(reader.finish().within(at_index("mapping", i)));
    next = to;
  }
  if (next == int64_t(stages)) return {};
  return invalid_package("\"mapping\" ends at stage " + std::to_string(next) + ", there are " + std::to_string(stages));
}

Status read_links(const Json& list, size_t targets) {
  if (list.size() + 1 != targets)
    return invalid_package("\"links\" must have one item between each two of " + std::to_string(targets) +
                           " targets, got " + std::to_string(list.size()));
  for (size_t i = 0; i < list.size(); ++i) {
    ObjectReader reader(list[i], kCode);
    reader.number("bytes_per_s", 1, double(kMaxCount));
    reader.number("rtt_ns", 0, double(kMaxCount));
    reader.number("energy_nj_per_byte", 0, double(kMaxCount));
    reader.one_of("encoding", {"f32", "f16", "u8"});
    OFFRAMP_RETURN_IF_ERROR(reader.finish().within(at_index("links", i)));
  }
  return {};
}

}  // namespace

bool is_package_path(std::string_view name) {
  if (name.empty() || name.size() > kMaxPath) return false;
  bool start = true;
  for (char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (start ? !plain : !(plain || c == '.' || c == '/')) return false;
    start = c == '/';
  }
  return !start;
}

Result<Manifest> parse_manifest(const Json& json) {
  OFFRAMP_RETURN_IF_ERROR(read_version(json));
  ObjectReader reader(json, kCode);
  Manifest manifest;
  reader.integer("offramp_package", kPackageVersion, kPackageVersion);
  const Json& producer = reader.object("producer");
  const Json& model = reader.object("model");
  const Json& preprocess = reader.array("preprocess", 0, 64);
  const Json& base = reader.object("base");
  const Json& stages = reader.array("stages", 1, kMaxStages);
  const Json& mapping = reader.array("mapping", 1, kMaxStages);
  const Json& links = reader.array("links", 0, kMaxStages - 1);
  reader.object("evidence");
  OFFRAMP_RETURN_IF_ERROR(reader.finish());
  OFFRAMP_RETURN_IF_ERROR(read_producer(producer).within("producer"));
  OFFRAMP_RETURN_IF_ERROR(read_model(model, manifest).within("model"));
  auto steps = Preprocess::parse(preprocess);
  if (!steps) {
    Error error = std::move(steps).error();
    error.code = kCode;
    return error;
  }
  manifest.preprocess = std::move(steps).value();
  OFFRAMP_RETURN_IF_ERROR(read_base(base, manifest).within("base"));
  OFFRAMP_RETURN_IF_ERROR(read_stages(stages, manifest));
  OFFRAMP_RETURN_IF_ERROR(read_mapping(mapping, manifest.stages.size()));
  OFFRAMP_RETURN_IF_ERROR(read_links(links, mapping.size()));
  return manifest;
}

}  // namespace offramp
