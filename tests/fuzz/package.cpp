#include "analysis/costs.h"
#include "base/sha256.h"
#include "runtime/staged_runtime.h"
#include "targets.h"

namespace offramp::fuzz {
namespace {

constexpr size_t kFiles = 8;
constexpr int64_t kMacs = 10'000'000;

std::vector<PackageFile> split_files(std::span<const uint8_t> bytes) {
  std::vector<PackageFile> files;
  while (bytes.size() >= 4 && files.size() < kFiles) {
    const size_t length = bytes[0] | size_t{bytes[1]} << 8 | size_t{bytes[2]} << 16 | size_t{bytes[3]} << 24;
    bytes = bytes.subspan(4);
    const auto file = bytes.first(std::min(length, bytes.size()));
    const std::string name = files.empty() ? "manifest.json" : "stages/" + std::to_string(files.size() - 1) + ".onnx";
    files.push_back({name, {file.begin(), file.end()}});
    bytes = bytes.subspan(file.size());
  }
  return files;
}

void set_hashes_right(std::vector<PackageFile>& files) {
  if (files.empty()) return;
  auto& manifest = files[0].bytes;
  auto json = parse_json({reinterpret_cast<const char*>(manifest.data()), manifest.size()}, ErrorCode::kInvalidPackage);
  if (!json || !json->is_object() || !json->contains("stages") || !(*json)["stages"].is_array()) return;
  for (size_t i = 0; i < (*json)["stages"].size() && i + 1 < files.size(); ++i) {
    Json& stage = (*json)["stages"][i];
    if (!stage.is_object() || !stage.contains("sha256") || !stage.contains("bytes")) continue;
    stage["sha256"] = sha256_hex(files[i + 1].bytes);
    stage["bytes"] = files[i + 1].bytes.size();
  }
  const std::string text = json->dump(-1, ' ', false, Json::error_handler_t::replace);
  manifest.assign(text.begin(), text.end());
}

}  // namespace

std::vector<uint8_t> join_files(std::span<const PackageFile> files) {
  std::vector<uint8_t> bytes;
  for (const PackageFile& file : files) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(uint8_t(file.bytes.size() >> shift));
    bytes.insert(bytes.end(), file.bytes.begin(), file.bytes.end());
  }
  return bytes;
}

std::string read_package(std::span<const uint8_t> bytes) {
  std::vector<PackageFile> files = split_files(bytes);
  set_hashes_right(files);
  auto package = load_package(sources_of(files));
  if (!package) return std::string(to_string(package.error().code));
  const auto joined = join_stages(*package);
  if (!joined && joined.error().code == ErrorCode::kInternal) return "internal";
  int64_t macs = 0;
  for (const Stage& stage : package->stages) macs = add_costs(macs, stage.macs);
  if (macs > kMacs) return "large";
  const Graph& first = package->stages[0].graph;
  const Tensor sample(DType::kF32, offramp::bind(*first.value(first.inputs[0]).shape, 1));
  auto runtime = StagedRuntime::create(std::move(*package), {});
  if (!runtime) return std::string(to_string(runtime.error().code));
  const auto exited = (*runtime)->run(sample);
  return exited ? "run" : std::string(to_string(exited.error().code));
}

}  // namespace offramp::fuzz
