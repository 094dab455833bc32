// What fuzzing has found stays fixed: tests/fuzz/regressions/TARGET/* are read to a typed error or a run. What fuzzing
// begins with is read to a run, or nothing behind the first check would be fuzzed.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/targets.h"
#include "package_fixture.h"

namespace offramp {
namespace {

using Target = std::string (*)(std::span<const uint8_t>);
using Bytes = std::vector<uint8_t>;

// The files of tests/fuzz/FOLDER in order; none if it does not exist.
std::vector<std::pair<std::string, Bytes>> files_of(const std::string& folder) {
  const std::string path = std::string(OFFRAMP_SOURCE_DIR) + "/tests/fuzz/" + folder;
  std::vector<std::pair<std::string, Bytes>> files;
  if (!std::filesystem::exists(path)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    std::ifstream file(entry.path(), std::ios::binary);
    files.emplace_back(entry.path(), Bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  }
  std::sort(files.begin(), files.end());
  return files;
}

constexpr std::pair<const char*, Target> kTargets[] = {
    {"model", fuzz::read_model}, {"package", fuzz::read_package}, {"samples", fuzz::read_samples}};

}  // namespace

TEST_CASE("fuzzing: what was found stays fixed") {
  size_t count = 0;
  for (const auto& [name, target] : kTargets)
    for (const auto& [path, bytes] : files_of(std::string("regressions/") + name)) {
      CAPTURE(path);
      CHECK(target(bytes) != "internal");
      ++count;
    }
  CHECK(count > 0);
}

TEST_CASE("fuzzing: what it begins with is read to a run") {
  for (const char* name : {"model", "samples"}) {
    const auto files = files_of(std::string("corpus/") + name);
    CHECK(files.size() >= 3);
    for (const auto& [path, bytes] : files) {
      CAPTURE(path);
      CHECK((name == std::string("model") ? fuzz::read_model : fuzz::read_samples)(bytes) == "run");
    }
  }
  const Graph graph = test::graph_of(test::kMapBackbone);
  Bytes package = fuzz::join_files(test::write(graph, test::map_contents(graph)));
  CHECK(fuzz::read_package(package) == "run");
  CHECK(fuzz::read_package(fuzz::join_files(test::write(graph, test::cut_contents(graph)))) == "run");
  package.resize(package.size() / 2);
  CHECK(fuzz::read_package(package) == "invalid_package");
}

}  // namespace offramp
