// offramp_fuzz_seeds FOLDER: writes packages, without and with cuts between targets, as the package target reads them.
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
  for (const auto& [name, contents] : {std::pair{"three_stages", test::map_contents(graph)}, {"six_stages", test::cut_contents(graph)}}) {
    const std::vector<uint8_t> bytes = fuzz::join_files(test::write(graph, contents));
    std::ofstream file(std::string(argv[1]) + "/" + name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    if (!file.good()) return 1;
  }
  return 0;
}
