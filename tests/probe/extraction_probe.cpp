// `offramp_probe extraction MODEL DIMS ROUNDS`: the share of feature extraction that is spent running the network. The
// network with the exit points as outputs and the whole extraction take turns on the same rows, after warm-up.
#include "extraction_probe.h"

#include <algorithm>
#include <chrono>

#include "features/features.h"
#include "offramp.h"
#include "probe_support.h"

namespace {

using namespace offramp;

template <class Work>
double milliseconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int extraction_probe(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: offramp_probe extraction MODEL DIMS ROUNDS\n");
    return 2;
  }
  auto graph = load_model(read_file(argv[2]));
  if (!graph) return fail(graph.error());
  Tensor inputs(DType::kF32, parse_dims(argv[3]));
  for (size_t i = 0; float& value : inputs.mutable_data<float>()) value = float(i++ % 7) * 0.1f;
  const std::vector<int32_t> labels(size_t(inputs.dims()[0]), 0);

  const std::vector<ExitPoint> points = find_exit_points(*graph);
  Graph tapped = *graph;
  for (const ExitPoint& point : points) tapped.outputs.push_back(point.value);
  auto network = Session::create(tapped);
  auto extractor = FeatureExtractor::create(*graph, points, {});
  if (!network) return fail(network.error());
  if (!extractor) return fail(extractor.error());

  std::vector<double> network_ms, extraction_ms;
  const int rounds = std::clamp(std::atoi(argv[4]), 1, 100'000), warm_up = rounds / 4 + 1;
  for (int round = 0; round < rounds + warm_up; ++round) {
    FeatureTable table;
    const double run = milliseconds([&] { OFFRAMP_CHECK((*network)->run({&inputs, 1}).ok()); });
    const double extraction = milliseconds([&] { OFFRAMP_CHECK((*extractor)->extract(inputs, labels, table).ok()); });
    if (round < warm_up) continue;
    network_ms.push_back(run);
    extraction_ms.push_back(extraction);
  }
  std::printf("{\"exit_points\": %zu, \"network_ms\": %.4f, \"extraction_ms\": %.4f, \"share\": %.4f}\n", points.size(),
              median(network_ms), median(extraction_ms), median(network_ms) / median(extraction_ms));
  return 0;
}
