// offramp_fuzz_seeds FOLDER: writes a package of three stages as the package target reads it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "core/package_fixture.h"
#include "targets.h"

int main(int argc, char** argv) {
  using namespace offramp;
  if (argc != 2) {
    std::fprintf(stderr, "usage: offramp_fuzz_seeds FOLDER\n");
    return 2;
  }
  doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  context.setAssertHandler([](const doctest::AssertData&) { std::abort(); });
  const Graph graph = test::graph_of(test::kMapBackbone);
  const std::vector<uint8_t> bytes = fuzz::join_files(test::write(graph, test::map_contents(graph)));
  std::ofstream file(std::string(argv[1]) + "/three_stages", std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  return file.good() ? 0 : 1;
}
