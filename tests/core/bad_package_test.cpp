// Packages that must not load: damaged, lying or hostile. Each is refused with a typed error that names the place.
#include "core/package_fixture.h"

#include <functional>

#include "base/sha256.h"
#include "onnx/onnx.h"
#include "runtime/staged_runtime.h"

using namespace offramp;
using namespace offramp::test;

namespace {

using Files = std::vector<PackageFile>;

Files good_files() {
  const Graph graph = graph_of(kMapBackbone);
  return write(graph, map_contents(graph));
}

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

Json manifest_of(const Files& files) {
  auto json =
      parse_json({reinterpret_cast<const char*>(files[0].bytes.data()), files[0].bytes.size()}, ErrorCode::kInternal);
  REQUIRE(json.ok());
  return std::move(json).value();
}

void set_manifest(Files& files, const Json& manifest) { files[0].bytes = bytes_of(manifest.dump()); }

// Other bytes for a stage, and a manifest that knows them.
void set_stage(Files& files, size_t k, std::vector<uint8_t> bytes) {
  files[k + 1].bytes = std::move(bytes);
  Json manifest = manifest_of(files);
  manifest["stages"][k]["bytes"] = files[k + 1].bytes.size();
  manifest["stages"][k]["sha256"] = sha256_hex(files[k + 1].bytes);
  set_manifest(files, manifest);
}

void edit_stage(Files& files, size_t k, const std::function<void(Graph&)>& edit) {
  auto graph = import_onnx(files[k + 1].bytes);
  REQUIRE(graph.ok());
  REQUIRE(infer_shapes(*graph).ok());
  edit(*graph);
  auto bytes = export_onnx(*graph);
  REQUIRE_MESSAGE(bytes.ok(), bytes.error().to_string());
  set_stage(files, k, std::move(bytes).value());
}

Error load_error(const Files& files) {
  auto package = load_package(sources_of(files));
  REQUIRE(!package.ok());
  return package.error();
}

void check_refused(const Files& files, const std::string& text, ErrorCode code = ErrorCode::kInvalidPackage) {
  const Error error = load_error(files);
  CHECK(error.to_string() == text);
  CHECK(to_string(error.code) == to_string(code));
}

// A row: what is done to the manifest, and what loading says to it.
struct Lie {
  std::function<void(Json&)> tell;
  const char* text;
};

Json::json_pointer pointer(const std::string& path) { return Json::json_pointer(path); }

// Where the objects of a manifest are, and the frames that errors about them carry.
const std::pair<const char*, const char*> kObjects[] = {
    {"", "manifest.json"},
    {"/producer", "manifest.json > producer"},
    {"/model", "manifest.json > model"},
    {"/model/input", "manifest.json > model > input"},
    {"/preprocess/0", "manifest.json > preprocess step 1 (scale)"},
    {"/base", "manifest.json > base"},
    {"/stages/0", "manifest.json > stages[0]"},
    {"/stages/0/head", "manifest.json > stages[0] > head"},
    {"/stages/1/exit", "manifest.json > stages[1] > exit"},
    {"/stages/1/boundary", "manifest.json > stages[1] > boundary"},
    {"/mapping/0", "manifest.json > mapping[0]"},
    {"/links/0", "manifest.json > links[0]"},
};

// A manifest with something in every list.
Files full_files() {
  const Graph graph = graph_of(kMapBackbone);
  PackageContents contents = map_contents(graph);
  contents.preprocess = *Preprocess::parse(Json::array({{{"op", "scale"}, {"by", 0.5}}}));
  Files files = write(graph, contents);
  Json manifest = manifest_of(files);
  manifest["mapping"] =
      Json::array({{{"target", "device"}, {"from", 0}, {"to", 1}}, {{"target", "fog"}, {"from", 1}, {"to", 3}}});
  manifest["links"] =
      Json::array({{{"bytes_per_s", 1e6}, {"rtt_ns", 2e7}, {"energy_nj_per_byte", 100}, {"encoding", "f16"}}});
  set_manifest(files, manifest);
  return files;
}

}  // namespace

TEST_CASE("a full manifest loads") { CHECK(load(full_files()).stages.size() == 3); }

TEST_CASE("manifests that are none") {
  Files files = good_files();
  check_refused({}, "manifest.json is missing: this is no .offramp package");
  check_refused({files[1]}, "manifest.json is missing: this is no .offramp package");
  const std::pair<std::string, const char*> rows[] = {
      {"", "manifest.json: not valid JSON"},
      {"{", "manifest.json: not valid JSON"},
      {"\xff\xfe{}", "manifest.json: not valid JSON"},
      {"{\"offramp_package\": 1e999}", "manifest.json: not valid JSON"},
      {std::string(100'000, '['), "manifest.json: JSON nests deeper than 64 levels"},
      {"[]", "manifest.json: expected an object, got array"},
      {"null", "manifest.json: expected an object, got null"},
      {"{}", "manifest.json: \"offramp_package\" is missing"},
      {"{\"offramp_package\": 2}",
       "manifest.json: the package has version 2, this Offramp reads version 1: use a newer Offramp"},
      {"{\"offramp_package\": 0}", "manifest.json: \"offramp_package\" must be an integer from 1 to 1, got 0"},
      {"{\"offramp_package\": \"1\"}", "manifest.json: \"offramp_package\" must be an integer from 1 to 1, got \"1\""},
  };
  for (const auto& [text, wanted] : rows) {
    files[0].bytes = bytes_of(text);
    check_refused(files, wanted);
  }
  files[0].bytes.assign((size_t{16} << 20) + 1, ' ');
  check_refused(files, "manifest.json has 16777217 bytes, at most 16777216 are allowed", ErrorCode::kLimitExceeded);
}

TEST_CASE("every key of the manifest is needed, and no other is known") {
  for (const auto& [path, frame] : kObjects) {
    const Json whole = manifest_of(full_files());
    const Json& object = whole.at(pointer(path));
    std::vector<std::string> keys;
    for (const auto& item : object.items()) keys.push_back(item.key());
    REQUIRE(!keys.empty());
    for (const std::string& key : keys) {
      if (key == "op") continue;  // names the step itself
      Files files = full_files();
      Json manifest = whole;
      manifest.at(pointer(path)).erase(key);
      set_manifest(files, manifest);
      check_refused(files, std::string(frame) + ": \"" + key + "\" is missing");
    }
    Files files = full_files();
    Json manifest = whole;
    manifest.at(pointer(path))["surprise"] = 1;
    set_manifest(files, manifest);
    std::sort(keys.begin(), keys.end());
    std::string list;
    for (const std::string& key : keys) list += (list.empty() ? "" : ", ") + key;
    check_refused(files, std::string(frame) + ": unknown key \"surprise\"; known are " + list);
  }
}

TEST_CASE("lies in the manifest") {
  const Lie lies[] = {
      {[](Json& m) { m["producer"]["name"] = ""; },
       "manifest.json > producer: \"name\" must have 1 to 1024 characters, got 0"},
      {[](Json& m) { m["model"]["classes"] = 1; },
       "manifest.json > model: \"classes\" must be an integer from 2 to 1048576, got 1"},
      {[](Json& m) { m["model"]["classes"] = 4; },
       "manifest.json > model: \"labels\" must be empty or name each of 4 classes, got 3"},
      {[](Json& m) { m["model"]["classes"] = 4, m["model"]["labels"].push_back("bird"); },
       "stages/0.onnx: manifest.json says that \"logits\" has shape [4] per sample, the stage has [3]"},
      {[](Json& m) { m["model"]["labels"][1] = 7; },
       "manifest.json > model: \"labels\" must hold strings of at most 1024 characters"},
      {[](Json& m) { m["model"]["input"]["dtype"] = "f64"; },
       "manifest.json > model > input: \"dtype\" must be \"f32\", got \"f64\""},
      {[](Json& m) { m["model"]["input"]["name"] = "image"; },
       "stages/0.onnx: expected input \"image\" and output \"logits\", \"boundary\", got input \"x\" and output "
       "\"logits\", \"boundary\""},
      {[](Json& m) { m["model"]["input"]["shape"] = {2, 12, 13}; },
       "stages/0.onnx: manifest.json says that \"x\" has shape [2, 12, 13] per sample, the stage has [2, 12, 12]"},
      {[](Json& m) { m["model"]["input"]["shape"] = {2, 0}; },
       "manifest.json > model > input: \"shape\" must hold integers from 1 to 268435456, got 0"},
      {[](Json& m) { m["model"]["input"]["shape"] = {200000000, 200000000, 200000000}; },
       "manifest.json > model > input: \"shape\": shape [200000000, 200000000, 200000000] has more than 268435456 "
       "elements"},
      {[](Json& m) { m["preprocess"] = {{{"op", "mfcc"}}}; },
       "manifest.json > preprocess step 1: \"op\" must be one of \"scale\", \"normalize\", \"standardize\", "
       "\"transpose\", "
       "\"reshape\", got \"mfcc\""},
      {[](Json& m) { m["base"]["macs"] = 41495; },
       "manifest.json says 41495 MACs of the base model, its stages have 41496"},
      {[](Json& m) { m["base"]["macs"] = -1; },
       "manifest.json > base: \"macs\" must be an integer from 0 to 9007199254740992, got -1"},
      {[](Json& m) { m["stages"] = Json::array(); }, "manifest.json: \"stages\" must have 1 to 64 items, got 0"},
      {[](Json& m) { m["stages"] = Json(std::vector<Json>(65, m["stages"][0])); },
       "manifest.json: \"stages\" must have 1 to 64 items, got 65"},
      {[](Json& m) { m["stages"][1]["file"] = "stages/0.onnx"; },
       "manifest.json: two stages have the file \"stages/0.onnx\""},
      {[](Json& m) { m["stages"][1]["file"] = "../1.onnx"; },
       "manifest.json > stages[1]: \"file\" must be a relative path of letters, digits, \"_\", \"-\" and \".\", got "
       "\"../1.onnx\""},
      {[](Json& m) { m["stages"][1]["file"] = "/etc/passwd"; },
       "manifest.json > stages[1]: \"file\" must be a relative path of letters, digits, \"_\", \"-\" and \".\", got "
       "\"/etc/passwd\""},
      {[](Json& m) { m["stages"][1]["file"] = "manifest.json"; },
       "manifest.json > stages[1]: \"file\" must be a relative path of letters, digits, \"_\", \"-\" and \".\", got "
       "\"manifest.json\""},
      {[](Json& m) { m["stages"][1]["file"] = "stages/one.onnx"; }, "file \"stages/1.onnx\" is not in manifest.json"},
      {[](Json& m) { m["stages"][0]["sha256"] = std::string(64, 'A'); },
       "manifest.json > stages[0]: \"sha256\" must be 64 lower-case hex digits, got "
       "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""},
      {[](Json& m) { m["stages"][0]["sha256"] = "abc"; },
       "manifest.json > stages[0]: \"sha256\" must have 64 to 64 characters, got 3"},
      {[](Json& m) { m["stages"][0]["macs"] = 10559; },
       "stages/0.onnx: manifest.json says 10559 MACs, the stage has 10560"},
      {[](Json& m) { m["stages"][2]["macs"] = 0; }, "stages/2.onnx: manifest.json says 0 MACs, the stage has 24"},
      {[](Json& m) { m["stages"][0]["macs"] = 0.5; },
       "manifest.json > stages[0]: \"macs\" must be an integer from 0 to 9007199254740992, got 0.5"},
      {[](Json& m) { m["stages"][0]["head"]["macs"] = 191; },
       "stages/0.onnx: manifest.json says 191 MACs of the head, the stage has 192"},
      {[](Json& m) { m["stages"][1]["head"]["parameters"] = 104; },
       "stages/1.onnx: manifest.json says 104 parameters of the head, the stage has 103"},
      {[](Json& m) { m["stages"][1]["head"]["pooling"] = "max"; },
       "manifest.json > stages[1] > head: \"pooling\" must be one of \"gap\", \"gap_gmp\", \"grid\", got \"max\""},
      {[](Json& m) { m["stages"][1]["head"] = nullptr; },
       "manifest.json > stages[1]: \"head\" and \"exit\" must both be there, or be null where no exit stands"},
      {[](Json& m) { m["stages"][1]["boundary"] = nullptr; },
       "manifest.json > stages[1]: every stage but the last must have a \"boundary\""},
      {[](Json& m) { m["stages"][1]["head"] = m["stages"][1]["exit"] = nullptr; },
       "stages/1.onnx: expected input \"boundary\" and output \"next_boundary\", got input \"boundary\" and output "
       "\"logits\", \"next_boundary\""},
      {[](Json& m) { m["stages"][1]["exit"] = Json::array(); },
       "manifest.json > stages[1]: \"exit\" must be an object or null, got array"},
      {[](Json& m) { m["stages"][2]["exit"] = m["stages"][1]["exit"]; },
       "manifest.json > stages[2]: the last stage must have null for \"head\", \"exit\" and \"boundary\""},
      {[](Json& m) { m["stages"][0]["exit"]["score"] = "confidence"; },
       "manifest.json > stages[0] > exit: \"score\" must be one of \"max_probability\", \"margin\", \"entropy\", "
       "\"gate\", got \"confidence\""},
      {[](Json& m) { m["stages"][0]["exit"]["score"] = "gate"; },
       "manifest.json > stages[0] > exit: \"gate\" is missing"},
      {[](Json& m) { m["stages"][0]["exit"]["gate"] = {0, 1, 2, 3}; },
       "manifest.json > stages[0] > exit: unknown key \"gate\"; known are at, score, temperature, "
       "threshold"},
      {[](Json& m) { m["stages"][0]["exit"].update({{"score", "gate"}, {"gate", {0, 1, 2}}}); },
       "manifest.json > stages[0] > exit: \"gate\" must have 4 to 4 items, got 3"},
      {[](Json& m) { m["stages"][0]["exit"].update({{"score", "gate"}, {"gate", {0, 1, 2, 2e9}}}); },
       "manifest.json > stages[0] > exit: \"gate\" must hold numbers from -1e9 to 1e9, got 2000000000.0"},
      {[](Json& m) { m["stages"][0]["exit"].update({{"score", "gate"}, {"gate", {0, 1, "2", 0}}}); },
       "manifest.json > stages[0] > exit: \"gate\" must hold numbers from -1e9 to 1e9, got string"},
      {[](Json& m) { m["stages"][0]["exit"]["threshold"] = -0.1; },
       "manifest.json > stages[0] > exit: \"threshold\" must be a number from 0.0 to 2.0, got -0.1"},
      {[](Json& m) { m["stages"][0]["exit"]["threshold"] = 2.01; },
       "manifest.json > stages[0] > exit: \"threshold\" must be a number from 0.0 to 2.0, got 2.01"},
      {[](Json& m) { m["stages"][0]["exit"]["threshold"] = nullptr; },
       "manifest.json > stages[0] > exit: \"threshold\" must be a number from 0.0 to 2.0, got null"},
      {[](Json& m) { m["stages"][0]["exit"]["temperature"] = 0; },
       "manifest.json > stages[0] > exit: \"temperature\" must be a number from 0.01 to 100.0, got 0"},
      {[](Json& m) { m["stages"][0]["exit"]["at"] = ""; },
       "manifest.json > stages[0] > exit: \"at\" must have 1 to 4096 characters, got 0"},
      {[](Json& m) { m["stages"][0]["boundary"]["bytes"] = 2300; },
       "manifest.json > stages[0] > boundary: \"bytes\" is 2300 but shape [4, 12, 12] has 2304"},
      {[](Json& m) { m["stages"][0]["boundary"] = {{"shape", {4, 12, 6, 2}}, {"bytes", 2304}}; },
       "stages/0.onnx: manifest.json says that \"boundary\" has shape [4, 12, 6, 2] per sample, the stage has [4, 12, "
       "12]"},
      {[](Json& m) { m["stages"][0]["boundary"]["shape"] = Json::array(); },
       "manifest.json > stages[0] > boundary: \"shape\" must have 1 to 7 items, got 0"},
      {[](Json& m) { m["mapping"][0]["to"] = 2; }, "manifest.json: \"mapping\" ends at stage 2, there are 3"},
      {[](Json& m) { m["mapping"][0]["from"] = 1; },
       "manifest.json > mapping[0]: stages 1 to 3 do not follow on stage 0"},
      {[](Json& m) {
         m["links"] = {{{"bytes_per_s", 1}, {"rtt_ns", 1}, {"energy_nj_per_byte", 1}, {"encoding", "u8"}}};
       },
       "manifest.json: \"links\" must have one item between each two of 1 targets, got 1"},
      {[](Json& m) { m["evidence"] = Json::array(); }, "manifest.json: \"evidence\" must be an object, got array"},
  };
  for (const Lie& lie : lies) {
    Files files = good_files();
    Json manifest = manifest_of(files);
    lie.tell(manifest);
    set_manifest(files, manifest);
    check_refused(files, lie.text);
  }
}

TEST_CASE("files that are not those of the manifest") {
  const Files good = good_files();
  const std::string rule = " is not allowed: it must be a relative path of letters, digits, \"_\", \"-\" and \".\"";
  Files files = good;
  files.push_back({"notes.txt", {1}});
  check_refused(files, "file \"notes.txt\" is not in manifest.json");
  files = good;
  files.push_back(good[2]);
  check_refused(files, "file \"stages/1.onnx\" is there twice");
  files = good;
  files.push_back(good[0]);
  check_refused(files, "file \"manifest.json\" is there twice");
  for (const char* name : {"../x", "/x", "a/../b", "a//b", "a\\b", "", ".hidden", "a/", "C:x", "na\xc3\xafve"}) {
    files = good;
    files.push_back({name, {1}});
    check_refused(files, "file name \"" + std::string(name) + "\"" + rule);
  }
  files = good;
  files.push_back({std::string(256, 'a'), {1}});
  check_refused(files, "file name \"" + std::string(200, 'a') + "...\" (256 bytes)" + rule);
  for (size_t k = 0; k < 3; ++k) {
    files = good;
    files.erase(files.begin() + int64_t(k) + 1);
    check_refused(files, "file \"stages/" + std::to_string(k) + ".onnx\" is missing");
  }
}

TEST_CASE("stages that are not what was packed") {
  const Files good = good_files();
  Files files = good;
  files[1].bytes[files[1].bytes.size() / 2] ^= 0x40;
  check_refused(files, "stages/0.onnx: manifest.json says sha256 " + sha256_hex(good[1].bytes) + ", the file has " +
                           sha256_hex(files[1].bytes));
  files = good;
  files[3].bytes.pop_back();
  check_refused(files, "stages/2.onnx: manifest.json says " + std::to_string(good[3].bytes.size()) +
                           " bytes, the file has " + std::to_string(good[3].bytes.size() - 1));
  files = good;
  files[2].bytes.clear();
  check_refused(files,
                "stages/1.onnx: manifest.json says " + std::to_string(good[2].bytes.size()) + " bytes, the file has 0");
  files = good;
  std::swap(files[1].bytes, files[2].bytes);
  check_refused(files, "stages/0.onnx: manifest.json says " + std::to_string(good[1].bytes.size()) +
                           " bytes, the file has " + std::to_string(good[2].bytes.size()));
  // The same with a manifest that was changed along.
  files = good;
  set_stage(files, 0, good[2].bytes);
  set_stage(files, 1, good[1].bytes);
  check_refused(files,
                "stages/0.onnx: expected input \"x\" and output \"logits\", \"boundary\", got input \"boundary\" and "
                "output \"logits\", \"next_boundary\"");
  files = good;
  set_stage(files, 2, bytes_of("this is no protobuf"));
  CHECK(load_error(files).context[0] == "stages/2.onnx");  // and the rest is import_onnx's own
  CHECK(load_error(files).code == ErrorCode::kInvalidModel);
}

TEST_CASE("stages that do not fit together, though each is a model") {
  Files files = good_files();
  edit_stage(files, 1, [](Graph& graph) { graph.rename_value(graph.outputs[0], "answer"); });
  check_refused(files, "stages/1.onnx: expected input \"boundary\" and output \"logits\", \"next_boundary\", got input "
                       "\"boundary\" and output \"answer\", \"next_boundary\"");
  files = good_files();
  edit_stage(files, 1, [](Graph& graph) { graph.outputs.pop_back(); });
  check_refused(files, "stages/1.onnx: expected input \"boundary\" and output \"logits\", \"next_boundary\", got input "
                       "\"boundary\" and output \"logits\"");
  // Logits that need a value from before the boundary.
  files = good_files();
  edit_stage(files, 1, [](Graph& graph) {
    const ValueId sum = graph.add_node(
        "ReduceSum",
        {graph.inputs[0], graph.add_constant("axes", Tensor::of<int64_t>({3}, std::vector<int64_t>{1, 2, 3}))}, "sum",
        {{"keepdims", int64_t{0}}});
    const ValueId column = graph.add_node(
        "Unsqueeze", {sum, graph.add_constant("one", Tensor::of<int64_t>({1}, std::vector<int64_t>{1}))}, "column");
    const ValueId old = graph.outputs[0];
    graph.rename_value(old, "early");
    const ValueId mixed = graph.add_node("Add", {old, column}, "logits");
    graph.outputs[0] = mixed;
    REQUIRE(infer_shapes(graph).ok());
  });
  check_refused(files, "stages/1.onnx: \"logits\" must depend on \"next_boundary\" alone");
}

TEST_CASE("a stage that hands on has a boundary and nothing else") {
  const Graph graph = graph_of(kMapBackbone);
  const Files good = write(graph, cut_contents(graph));
  Files files = good;
  edit_stage(files, 2, [](Graph& stage) { stage.rename_value(stage.outputs[0], "logits"); });
  check_refused(files, "stages/2.onnx: expected input \"boundary\" and output \"next_boundary\", got input \"boundary\" and "
                       "output \"logits\"");
  files = good;
  Json manifest = manifest_of(files);
  manifest["stages"][2]["boundary"] = {{"shape", {288}}, {"bytes", 1152}};
  set_manifest(files, manifest);
  check_refused(files, "stages/2.onnx: manifest.json says that \"next_boundary\" has shape [288] per sample, the stage has [8, 6, 6]");
  files = good;
  manifest = manifest_of(files);
  manifest["stages"][2]["exit"] = manifest["stages"][1]["exit"];
  set_manifest(files, manifest);
  check_refused(files, "manifest.json > stages[2]: \"head\" and \"exit\" must both be there, or be null where no exit stands");
}

TEST_CASE("2,000 damaged manifests: refused with a typed error or read, never a crash") {
  const Files good = full_files();
  const std::string text(good[0].bytes.begin(), good[0].bytes.end());
  const std::string alphabet = "{}[]\",:0123456789-+.eEtruefalsn\\\xff\x00 ";
  Rng rng(1);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string changed = text;
    for (uint32_t edits = 1 + rng.below(3); edits > 0; --edits) {
      const size_t at = rng.below(uint32_t(changed.size()));
      const size_t length = std::min(changed.size() - at, size_t(1 + rng.below(30)));
      switch (rng.below(4)) {
        case 0: changed[at] = alphabet[rng.below(uint32_t(alphabet.size()))]; break;
        case 1: changed.erase(at, length); break;
        case 2: changed.insert(at, changed.substr(rng.below(uint32_t(changed.size())), length)); break;
        case 3: changed[at] = char(changed[at] ^ char(1u << rng.below(8))); break;
      }
    }
    Files files = good;
    files[0].bytes = bytes_of(changed);
    auto package = load_package(sources_of(files));
    if (package.ok()) continue;
    ++refused;
    const ErrorCode code = package.error().code;
    CHECK((code == ErrorCode::kInvalidPackage || code == ErrorCode::kLimitExceeded));
  }
  CHECK(refused > 1800);
}

TEST_CASE("2,000 damaged stages: always refused") {
  const Files good = good_files();
  Rng rng(2);
  for (int i = 0; i < 2000; ++i) {
    Files files = good;
    auto& bytes = files[1 + rng.below(3)].bytes;
    for (uint32_t edits = 1 + rng.below(3); edits > 0; --edits) {
      const size_t at = rng.below(uint32_t(bytes.size()));
      bytes[at] = uint8_t(bytes[at] + 1 + rng.below(80));  // three edits of one byte never come back to it
    }
    CHECK(load_error(files).code == ErrorCode::kInvalidPackage);
  }
}

TEST_CASE("500 damaged stages whose manifest was changed along: refused or run, never a crash") {
  const Graph graph = graph_of(kMapBackbone);
  const Files good = write(graph, cut_contents(graph));
  const Tensor input = random_input({1, 2, 12, 12}, 1);
  Rng rng(3);
  for (int i = 0; i < 500; ++i) {
    Files files = good;
    const size_t k = rng.below(6);
    auto bytes = files[k + 1].bytes;
    // Weights are most of a file and make no difference: damage structure, at both ends.
    for (uint32_t edits = 1 + rng.below(3); edits > 0; --edits) {
      const size_t near = rng.below(uint32_t(std::min<size_t>(bytes.size(), 300)));
      bytes[rng.below(2) ? near : bytes.size() - 1 - near] = uint8_t(rng.next());
    }
    set_stage(files, k, std::move(bytes));
    auto package = load_package(sources_of(files));
    if (!package.ok()) continue;
    auto runtime = StagedRuntime::create(std::move(package).value(), {Backend::kReference});
    if (runtime.ok()) (void)(*runtime)->run(input);
  }
}
