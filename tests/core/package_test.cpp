// Packages: what is written, that it loads as the same, and that the backbone comes back out of it.
#include "core/package_fixture.h"

#include "base/sha256.h"
#include "onnx/onnx.h"

using namespace offramp;
using namespace offramp::test;

namespace {

std::string text_of(const PackageFile& file) { return {file.bytes.begin(), file.bytes.end()}; }

std::string write_error(const Graph& graph, const PackageContents& contents,
                        ErrorCode code = ErrorCode::kInvalidArgument) {
  auto files = write_package(graph, contents);
  REQUIRE(!files.ok());
  CHECK(files.error().code == code);
  return files.error().to_string();
}

std::vector<std::string> names(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> result;
  for (ValueId id : ids) result.push_back(graph.value(id).name);
  return result;
}

void check_same(const Tensor& a, const Tensor& b) {
  REQUIRE(a.dims() == b.dims());
  for (int64_t i = 0; i < a.elements(); ++i) CHECK(a.data<float>()[size_t(i)] == b.data<float>()[size_t(i)]);
}

}  // namespace

TEST_CASE("a package is a manifest and a file per stage, with the same bytes each time") {
  const Graph graph = graph_of(kMapBackbone);
  const auto files = write(graph, map_contents(graph));
  REQUIRE(files.size() == 4);
  CHECK(files[0].name == "manifest.json");
  for (size_t k = 0; k < 3; ++k) CHECK(files[k + 1].name == "stages/" + std::to_string(k) + ".onnx");
  const auto again = write(graph, map_contents(graph));
  for (size_t i = 0; i < files.size(); ++i) CHECK(files[i].bytes == again[i].bytes);
}

TEST_CASE("the manifest says what the package is") {
  const Graph graph = graph_of(kMapBackbone);
  PackageContents contents = map_contents(graph);
  auto steps = Preprocess::parse(Json::array({{{"op", "scale"}, {"by", 0.5}}}));
  contents.preprocess = *steps;
  const auto files = write(graph, contents);
  const auto stage = [&](size_t k, const std::string& macs, const std::string& rest) {
    return R"({"file":"stages/)" + std::to_string(k) + R"(.onnx","sha256":")" + sha256_hex(files[k + 1].bytes) +
           R"(","bytes":)" + std::to_string(files[k + 1].bytes.size()) + R"(,"macs":)" + macs + "," + rest + "}";
  };
  const std::string wanted =
      R"({"offramp_package":1,"producer":{"name":"offramp","version":"0.1.0"},)"
      R"("model":{"input":{"name":"x","dtype":"f32","shape":[2,12,12]},"classes":3,"labels":["cat","dog","fish"]},)"
      R"("preprocess":[{"op":"scale","by":0.5}],"base":{"macs":41496},"stages":[)" +
      stage(0, "10560",
            R"("head":{"kind":"linear_grid","pooling":"grid","hidden":0,"macs":192,"parameters":195},)"
            R"("exit":{"at":"relu1","score":"max_probability","temperature":1.25,"threshold":0.6},)"
            R"("boundary":{"shape":[4,12,12],"bytes":2304})") +
      "," +
      stage(1, "31199",
            R"("head":{"kind":"mlp_gap_gmp","pooling":"gap_gmp","hidden":5,"macs":95,"parameters":103},)"
            R"("exit":{"at":"relu3","score":"margin","temperature":1.25,"threshold":0.7},)"
            R"("boundary":{"shape":[8,6,6],"bytes":1152})") +
      "," + stage(2, "24", R"("head":null,"exit":null,"boundary":null)") +
      R"(],"mapping":[{"target":"local","from":0,"to":3}],"links":[],)"
      R"("evidence":{"rows":{"test":100},"accuracy":0.875}})";
  auto manifest = parse_json(text_of(files[0]), ErrorCode::kInternal);
  REQUIRE(manifest.ok());
  CHECK(manifest->dump() == wanted);
  CHECK(kLowMacs + kLowHeadMacs == 10560);
  CHECK(kMiddleMacs + kHighHeadMacs == 31199);
  CHECK(kLastMacs == 24);
  CHECK(kLowMacs + kMiddleMacs + kLastMacs == 41496);
}

TEST_CASE("loading gives back what was written") {
  const Graph graph = graph_of(kMapBackbone);
  const PackageContents contents = map_contents(graph);
  const Package package = load(write(graph, contents));
  REQUIRE(package.stages.size() == 3);
  CHECK(package.classes == 3);
  CHECK(package.base_macs == 41496);
  CHECK(package.labels == contents.labels);
  CHECK(package.preprocess.empty());
  CHECK(package.manifest["evidence"] == contents.evidence);
  for (size_t k = 0; k < 2; ++k) {
    CHECK(package.stages[k].at == contents.exits[k].at);
    CHECK(package.stages[k].score == contents.exits[k].score);
    CHECK(package.stages[k].threshold == contents.exits[k].threshold);
    CHECK(package.stages[k].temperature == contents.exits[k].head.temperature);
  }
  const auto& stages = package.stages;
  CHECK(names(stages[0].graph, stages[0].graph.inputs) == std::vector<std::string>{"x"});
  CHECK(names(stages[0].graph, stages[0].graph.outputs) == std::vector<std::string>{"logits", "boundary"});
  CHECK(names(stages[1].graph, stages[1].graph.inputs) == std::vector<std::string>{"boundary"});
  CHECK(names(stages[1].graph, stages[1].graph.outputs) == std::vector<std::string>{"logits", "next_boundary"});
  CHECK(names(stages[2].graph, stages[2].graph.inputs) == std::vector<std::string>{"boundary"});
  CHECK(names(stages[2].graph, stages[2].graph.outputs) == std::vector<std::string>{"logits"});
  CHECK(stages[0].macs == 10560);
  CHECK(stages[1].macs == 31199);
  CHECK(stages[2].macs == 24);
}

TEST_CASE("files may come in any order") {
  const Graph graph = graph_of(kMapBackbone);
  auto files = write(graph, map_contents(graph));
  std::swap(files[0], files[3]);
  std::swap(files[1], files[2]);
  CHECK(load(files).stages.size() == 3);
}

TEST_CASE("joining the stages gives the backbone") {
  for (const char* text : {kMapBackbone, kSignalBackbone}) {
    const Graph graph = graph_of(text);
    PackageContents contents;
    if (text == kMapBackbone) contents = map_contents(graph);
    else contents.exits = {make_exit(graph, "wave", "relu1", {"mlp_grid", Pooling::kGrid, 6}, Score::kEntropy, 0.5f),
                           make_exit(graph, "vector", "relu2", {"linear_gap", Pooling::kGap, 0}, Score::kMargin, 0.5f)};
    auto joined = join_stages(load(write(graph, contents)));
    REQUIRE_MESSAGE(joined.ok(), joined.error().to_string());
    CHECK(joined->nodes.size() == graph.nodes.size());
    CHECK(joined->value(joined->inputs[0]).name == graph.value(graph.inputs[0]).name);
    CHECK(*joined->value(joined->outputs[0]).shape == *graph.value(graph.outputs[0]).shape);
    const Tensor input = random_input(offramp::bind(*graph.value(graph.inputs[0]).shape, 3), 9);
    check_same(evaluate(*joined, {joined->value(joined->outputs[0]).name}, input)[0],
               evaluate(graph, {graph.value(graph.outputs[0]).name}, input)[0]);
    int64_t macs = 0;
    for (const Node& node : joined->nodes) macs += count_macs(*joined, node);
    int64_t expected = 0;
    for (const Node& node : graph.nodes) expected += count_macs(graph, node);
    CHECK(macs == expected);
  }
}

TEST_CASE("a package without exits is the backbone in one stage") {
  const Graph graph = graph_of(kMapBackbone);
  const Package package = load(write(graph, {}));
  REQUIRE(package.stages.size() == 1);
  CHECK(package.stages[0].macs == package.base_macs);
  const Tensor input = random_input({2, 2, 12, 12}, 1);
  auto joined = join_stages(package);
  REQUIRE(joined.ok());
  check_same(evaluate(*joined, {"logits"}, input)[0], evaluate(graph, {"y"}, input)[0]);
}

TEST_CASE("names of the package's own that a model uses too make way") {
  std::string text = kMapBackbone;
  const auto rename = [&](const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  };
  rename("c2", "logits");
  rename("c3", "boundary");
  rename("r2", "next_boundary");
  rename("w1", "head_dense");
  Graph graph = graph_of(text);
  PackageContents contents = map_contents(graph);
  for (const char* input_name : {"x", "logits_x", "boundary_x"}) {
    graph.rename_value(graph.inputs[0], input_name);
    const Package package = load(write(graph, contents));
    const Tensor input = random_input({1, 2, 12, 12}, 1);
    auto joined = join_stages(package);
    REQUIRE(joined.ok());
    check_same(evaluate(*joined, {joined->value(joined->outputs[0]).name}, input)[0], evaluate(graph, {"y"}, input)[0]);
  }
  // An input with a name that the package needs: "logits" cannot stay, "boundary" can.
  Graph other = graph_of(kMapBackbone);
  other.rename_value(other.inputs[0], "logits");
  CHECK(load(write(other, map_contents(other))).manifest["model"]["input"]["name"] == "input");
  Graph third = graph_of(kMapBackbone);
  third.rename_value(third.inputs[0], "boundary");
  const Package package = load(write(third, map_contents(third)));
  CHECK(package.manifest["model"]["input"]["name"] == "boundary");
  CHECK(names(package.stages[0].graph, package.stages[0].graph.outputs) ==
        std::vector<std::string>{"logits", "next_boundary"});
}

TEST_CASE("cuts without exits are stages that only hand on") {
  const Graph graph = graph_of(kMapBackbone);
  const auto files = write(graph, cut_contents(graph));
  const Package package = load(files);
  REQUIRE(package.stages.size() == 6);
  std::string text;
  for (const Stage& stage : package.stages) {
    text += stage.has_exit ? "exit " + stage.at : "no exit";
    text += " " + std::to_string(stage.macs);
    for (const std::string& name : names(stage.graph, stage.graph.outputs)) text += " " + name;
    text += "\n";
  }
  CHECK(text ==
        "no exit 10368 boundary\n"
        "exit relu1 192 logits next_boundary\n"
        "no exit 10368 next_boundary\n"
        "exit relu3 20831 logits next_boundary\n"
        "no exit 0 next_boundary\n"
        "no exit 24 logits\n");
  const Json& stages = package.manifest["stages"];
  CHECK(stages[2]["head"].is_null());
  CHECK(stages[2]["exit"].is_null());
  CHECK(stages[2]["boundary"].dump() == R"({"shape":[8,6,6],"bytes":1152})");
  CHECK(package.manifest["mapping"].dump() ==
        R"([{"target":"device","from":0,"to":1},{"target":"edge","from":1,"to":1},)"
        R"({"target":"fog","from":1,"to":3},{"target":"cloud","from":3,"to":6}])");
  CHECK(package.manifest["links"][2].dump() == R"({"bytes_per_s":1000000.0,"rtt_ns":20000000.0,"energy_nj_per_byte":100.0,"encoding":"u8"})");
  CHECK(package.base_macs == 41496);
  auto joined = join_stages(package);
  REQUIRE_MESSAGE(joined.ok(), joined.error().to_string());
  CHECK(joined->nodes.size() == graph.nodes.size());
  const Tensor input = random_input({3, 2, 12, 12}, 9);
  check_same(evaluate(*joined, {"logits"}, input)[0], evaluate(graph, {"y"}, input)[0]);
}

TEST_CASE("cuts that part nothing, and mappings that do not fit the stages") {
  const Graph graph = graph_of(kMapBackbone);
  const PackageContents good = cut_contents(graph);
  PackageContents contents = good;
  contents.cuts[1].value = graph.find_value("c3");  // inside the residual block
  CHECK(write_error(graph, contents) ==
        "exit 1 (relu3) does not follow on cut 1 (relu2) alone: exits and cuts must each part the backbone, in its order");
  contents = good;
  contents.cuts[1].exits_before = 2;
  CHECK(write_error(graph, contents) ==
        "cut 1 (relu2) does not follow on exit 1 (relu3) alone: exits and cuts must each part the backbone, in its order");
  contents = good;
  contents.cuts[2].exits_before = 3;
  CHECK(write_error(graph, contents) == "cut 2 (flatten) stands behind 3 exits, there are 2");
  contents = good;
  contents.cuts[2].value = contents.exits[1].value;
  CHECK(write_error(graph, contents) ==
        "cut 2 (flatten) does not follow on exit 1 (relu3) alone: exits and cuts must each part the backbone, in its order");
  contents = good;
  contents.mapping[3].to = 5;
  CHECK(write_error(graph, contents) == "writing manifest.json: \"mapping\" ends at stage 5, there are 6");
  contents = good;
  contents.links.pop_back();
  CHECK(write_error(graph, contents) ==
        "writing manifest.json: \"links\" must have one item between each two of 4 targets, got 2");
}

TEST_CASE("what does not make a package") {
  const Graph graph = graph_of(kMapBackbone);
  const PackageContents good = map_contents(graph);
  PackageContents contents = good;
  std::swap(contents.exits[0], contents.exits[1]);
  CHECK(write_error(graph, contents) ==
        "exit 1 (relu1) does not follow on exit 0 (relu3) alone: exits and cuts must each part the backbone, in its order");
  contents = good;
  contents.exits[1] = contents.exits[0];
  CHECK(write_error(graph, contents) ==
        "exit 1 (relu1) does not follow on exit 0 (relu1) alone: exits and cuts must each part the backbone, in its order");
  contents = good;
  contents.exits[0].value = graph.inputs[0];
  CHECK(
      write_error(graph, contents) ==
      "exit 0 (relu1) does not follow on the backbone's input alone: exits and cuts must each part the backbone, in its order");
  contents = good;
  contents.exits[1].value = graph.find_value("c3");  // inside the residual block
  contents.exits[1].at = "conv3";
  CHECK(write_error(graph, contents) == "the backbone's output does not follow on exit 1 (conv3) alone: exits and cuts "
                                        "must each part the backbone, in its order");
  contents = good;
  contents.exits[0].value = ValueId{999};
  CHECK(write_error(graph, contents) == "exit 0 (relu1) is not in the backbone");
  contents = good;
  contents.exits[0].head.inputs = 63;
  CHECK(write_error(graph, contents) == "exit 0 (relu1): the head takes 63 features, shape [4, 12, 12] gives 64");
  contents = good;
  contents.exits[0].head.classes = 4;
  CHECK(write_error(graph, contents) == "exit 0 (relu1): the head knows 4 classes, the backbone 3");
  contents = good;
  contents.exits[1].head.w2.pop_back();
  CHECK(write_error(graph, contents) ==
        "exit 1 (relu3): the head's weights do not have the sizes that its kind asks for");
  contents = good;
  contents.exits[1].head.b1[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(write_error(graph, contents) == "exit 1 (relu3): the head has weights that are not finite");
  contents = good;
  contents.exits[1].threshold = 2.5f;
  CHECK(write_error(graph, contents) ==
        "writing manifest.json > stages[1] > exit: \"threshold\" must be a number from 0.0 to 2.0, got 2.5");
  contents = good;
  contents.exits[0].threshold = std::numeric_limits<float>::quiet_NaN();
  CHECK(write_error(graph, contents) ==
        "writing manifest.json > stages[0] > exit: \"threshold\" must be a number from 0.0 to 2.0, got null");
  contents = good;
  contents.labels.pop_back();
  CHECK(write_error(graph, contents) ==
        "writing manifest.json > model: \"labels\" must be empty or name each of 3 classes, got 2");
  contents = good;
  contents.evidence = 7;
  CHECK(write_error(graph, contents) == "writing manifest.json: \"evidence\" must be an object, got 7");
  contents = good;
  contents.evidence = {{"note", std::string(17 << 20, 'x')}};
  CHECK(write_error(graph, contents).find("at most 16777216 are allowed") != std::string::npos);
}

TEST_CASE("names that are no UTF-8 do not break the manifest") {
  const Graph graph = graph_of(kMapBackbone);
  PackageContents contents = map_contents(graph);
  contents.exits[0].at = "conv\xff\xfe";
  CHECK(load(write(graph, contents)).stages[0].at == "conv\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("a backbone that cannot be cut is refused") {
  const Graph graph = graph_of(R"(graph odd opset 17
input x f32 [N, 4]
input y f32 [N, 4]
z = Add(x, y)
output z
)");
  CHECK(write_error(graph, {}, ErrorCode::kUnsupported) ==
        "a package needs a model with one input and one output, got 2 and 1");
  const Graph maps = graph_of(R"(graph odd opset 17
input x f32 [N, 4, 3, 3]
z = Relu(x)
output z
)");
  CHECK(write_error(maps, {}, ErrorCode::kUnsupported) ==
        "a package needs a model with an output [N, classes], got [N, 4, 3, 3]");
}
