// What hosts use that run stages in several places: samples prepared apart, rows in batches, logits judged apart, packages in parts.
#include "core/package_fixture.h"

#include <limits>

#include "runtime/staged_runtime.h"

using namespace offramp;
using namespace offramp::test;

namespace {

constexpr int64_t kRows = 12;

std::unique_ptr<StagedRuntime> runtime_of(std::vector<PackageFile> files, const LoadOptions& options = {}, Backend backend = Backend::kReference) {
  auto package = load_package(sources_of(files), options);
  REQUIRE_MESSAGE(package.ok(), package.error().to_string());
  auto runtime = StagedRuntime::create(std::move(package).value(), {backend});
  REQUIRE_MESSAGE(runtime.ok(), runtime.error().to_string());
  return std::move(runtime).value();
}

std::vector<PackageFile> without(std::vector<PackageFile> files, const std::string& name) {
  const size_t before = files.size();
  std::erase_if(files, [&](const PackageFile& file) { return file.name == name; });
  REQUIRE(files.size() + 1 == before);
  return files;
}

}  // namespace

TEST_CASE("rows in a batch, judged by their logits, leave where each alone leaves") {
  const Graph graph = graph_of(kMapBackbone);
  const std::vector<PackageFile> files = write(graph, map_contents(graph, 0.65f, 0.98f));
  for (Backend backend : {Backend::kReference, Backend::kXnnpack}) {
    const auto alone = runtime_of(files, {}, backend), batched = runtime_of(files, {}, backend);
    std::vector<Exited> wanted;
    Tensor rows(DType::kF32, {kRows, 2, 12, 12});
    for (int64_t row = 0; row < kRows; ++row) {
      const Tensor input = random_input({1, 2, 12, 12}, uint64_t(row));
      auto prepared = batched->prepare(input);
      REQUIRE(prepared.ok());
      std::copy_n(prepared->data<float>().begin(), 288, rows.mutable_data<float>().begin() + row * 288);
      auto answer = alone->run(input);
      REQUIRE(answer.ok());
      wanted.push_back(std::move(answer).value());
    }
    std::vector<int> left(3);
    for (int32_t stage = 0; stage < 3; ++stage) {
      auto outputs = batched->run_rows(stage, rows);
      REQUIRE_MESSAGE(outputs.ok(), outputs.error().to_string());
      REQUIRE(outputs->logits.has_value());
      CHECK(outputs->boundary.has_value() == (stage < 2));
      auto verdicts = batched->judge(stage, *outputs->logits);
      REQUIRE(verdicts.ok());
      REQUIRE(verdicts->size() == size_t(kRows));
      for (size_t row = 0; row < size_t(kRows); ++row) {
        if (wanted[row].exit < stage) continue;
        const Verdict& verdict = (*verdicts)[row];
        CHECK(verdict.stands == (wanted[row].exit == stage));
        if (!verdict.stands) continue;
        CHECK(verdict.answer.probabilities == wanted[row].probabilities);
        CHECK(verdict.answer.score == wanted[row].score);
        CHECK(verdict.answer.predicted_class == wanted[row].predicted_class);
        ++left[size_t(stage)];
      }
      if (outputs->boundary) rows = *outputs->boundary;
    }
    for (int count : left) CHECK(count > 0);
  }
}

TEST_CASE("stage 0 takes what prepare() gives") {
  const Graph graph = graph_of(kMapBackbone);
  const auto runtime = runtime_of(write(graph, map_contents(graph, 0.0f, 0.0f)));
  const Tensor input = random_input({1, 2, 12, 12}, 3);
  auto prepared = runtime->prepare(input);
  REQUIRE(prepared.ok());
  auto stepped = runtime->run_stage(0, *prepared);
  auto begun = runtime->begin(input);
  REQUIRE((stepped.ok() && begun.ok()));
  CHECK(std::get<Exited>(*stepped).probabilities == std::get<Exited>(*begun).probabilities);
}

TEST_CASE("a package in parts: what is here runs, what is not is refused by name") {
  const Graph graph = graph_of(kMapBackbone);
  const std::vector<PackageFile> files = write(graph, map_contents(graph, 2.0f, 2.0f));
  const auto device = runtime_of(without(without(files, "stages/1.onnx"), "stages/2.onnx"), {.partial = true});
  const auto fog = runtime_of(without(files, "stages/0.onnx"), {.partial = true});
  const Tensor input = random_input({1, 2, 12, 12}, 1);
  CHECK(device->has_stage(0));
  CHECK(!device->has_stage(1));
  CHECK(!device->has_stage(-1));
  CHECK(!device->has_stage(3));
  auto first = device->begin(input);
  REQUIRE(first.ok());
  const NeedsStage& needs = std::get<NeedsStage>(*first);
  CHECK(error_of(device->run_stage(1, needs.boundary), ErrorCode::kInvalidArgument) == "stage 1 cannot run here: its file was not handed in");
  CHECK(error_of(device->run(input), ErrorCode::kInvalidArgument) == "stage 1 cannot run here: its file was not handed in");
  CHECK(error_of(fog->begin(input), ErrorCode::kInvalidArgument) == "stage 0 cannot run here: its file was not handed in");
  auto second = fog->run_stage(1, needs.boundary);
  REQUIRE(second.ok());
  auto third = fog->run_stage(2, std::get<NeedsStage>(*second).boundary);
  REQUIRE(third.ok());
  auto whole = runtime_of(files)->run(input);
  REQUIRE(whole.ok());
  CHECK(std::get<Exited>(*third).probabilities == whole->probabilities);
  CHECK(device->executed_macs() == 2 * (kLowMacs + kLowHeadMacs));
  // Logits of a stage that ran elsewhere are judged here.
  auto logits = fog->run_rows(1, needs.boundary.plain());
  REQUIRE(logits.ok());
  auto verdicts = device->judge(1, *logits->logits);
  REQUIRE(verdicts.ok());
  CHECK((*verdicts)[0].answer.probabilities == std::get<NeedsStage>(*second).early.probabilities);
}

TEST_CASE("a package in parts is checked like a whole one") {
  const Graph graph = graph_of(kMapBackbone);
  std::vector<PackageFile> files = without(write(graph, map_contents(graph)), "stages/1.onnx");
  CHECK(error_of(load_package(sources_of(files)), ErrorCode::kInvalidPackage) == "file \"stages/1.onnx\" is missing");
  std::vector<PackageFile> manifest_only = without(without(files, "stages/0.onnx"), "stages/2.onnx");
  CHECK(error_of(load_package(sources_of(manifest_only), {.partial = true}), ErrorCode::kInvalidPackage) ==
        "no stage's file is there; at least one is needed");
  files.back().bytes.back() ^= 1;
  CHECK(error_of(load_package(sources_of(files), {.partial = true}), ErrorCode::kInvalidPackage).substr(0, 41) ==
        "stages/2.onnx: manifest.json says sha256 ");
}

TEST_CASE("what batches and judgements refuse") {
  const Graph graph = graph_of(kMapBackbone);
  const auto runtime = runtime_of(write(graph, map_contents(graph, 2.0f, 2.0f)));
  CHECK(error_of(runtime->run_rows(1, Tensor(DType::kF32, {2, 4, 12, 11})), ErrorCode::kInvalidArgument) ==
        "stage 1 takes a boundary tensor f32 [2, 4, 12, 12], got f32 [2, 4, 12, 11]");
  CHECK(error_of(runtime->run_rows(1, Tensor(DType::kF32, {0, 4, 12, 12})), ErrorCode::kInvalidArgument) ==
        "stage 1 takes a boundary tensor f32 [1, 4, 12, 12], got f32 [0, 4, 12, 12]");
  CHECK(error_of(runtime->run_rows(7, Tensor()), ErrorCode::kInvalidArgument) == "stage 7 does not exist: the package has stages 0 to 2");
  Tensor rows(DType::kF32, {3, 4, 12, 12});
  rows.mutable_data<float>()[2 * 576 + 5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_of(runtime->run_rows(1, rows), ErrorCode::kInvalidData) == "row 2 of stage 1's input is not finite");
  CHECK(error_of(runtime->judge(1, Tensor(DType::kF32, {2, 4})), ErrorCode::kInvalidArgument) ==
        "stage 1 is judged by logits f32 [rows, 3], got f32 [2, 4]");
  CHECK(error_of(runtime->judge(3, Tensor(DType::kF32, {2, 3})), ErrorCode::kInvalidArgument) == "stage 3 has no exit");
  Tensor logits(DType::kF32, {2, 3});
  logits.mutable_data<float>()[4] = std::numeric_limits<float>::infinity();
  CHECK(error_of(runtime->judge(2, logits), ErrorCode::kInvalidData) ==
        "row 1 > stage 2 (stages/2.onnx): the logits are not finite for class 1");
  const auto cut = runtime_of(write(graph, cut_contents(graph, 2.0f, 2.0f)));
  CHECK(error_of(cut->judge(0, Tensor(DType::kF32, {1, 3})), ErrorCode::kInvalidArgument) == "stage 0 has no exit");
}
