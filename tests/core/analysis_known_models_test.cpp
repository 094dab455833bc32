// Trained models whose costs are published: MACs as the design lists them, and exit points at their block ends.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "analysis/costs.h"
#include "analysis/exit_points.h"
#include "graph/operators.h"
#include "onnx/onnx.h"

namespace offramp {
namespace {

struct KnownModel {
  const char* file;
  double million_macs;
  size_t exit_points;
};

// One exit point after the stem, one per block (of a DS-CNN: per depthwise and pointwise layer) but the last, and one
// on the pooled features in front of the last product.
constexpr KnownModel kModels[] = {
    {"cifar10/mlperf_resnet8.onnx", 12.50, 4},
    {"cifar10/resnet20.onnx", 40.55, 10},
    {"cifar10/resnet20_bn.onnx", 40.55, 10},
    {"cifar10/resnet20_torchexport.onnx", 40.55, 10},
    {"cifar10/resnet56.onnx", 125.49, 28},
    {"kws/kws_dscnn.onnx", 2.66, 9},
    {"kws/kws_arm_dscnn_l.onnx", 28.33, 11},
    {"ecg/ecg_resnet1d.onnx", 5.85, 7},
};

TEST_CASE("known models cost what is published") {
  const char* folder = std::getenv("OFFRAMP_DATA");
  if (!folder || !std::ifstream(std::string(folder) + "/README.md")) {
    MESSAGE("not run: OFFRAMP_DATA names no folder with the models");
    return;
  }
  for (const KnownModel& model : kModels) {
    CAPTURE(model.file);
    std::ifstream file(std::string(folder) + "/" + model.file, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    REQUIRE(bytes.size() > 0);
    auto graph = import_onnx(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    CHECK(validate(*graph).ok());
    const Status status = infer_shapes(*graph);
    REQUIRE_MESSAGE(status.ok(), status.error().to_string());
    CHECK(std::round(double(measure_costs(*graph).macs) / 1e4) / 100 == model.million_macs);
    const auto points = find_exit_points(*graph);
    std::string list;
    for (const ExitPoint& p : points) list += "\n" + p.at + " " + to_string(p.shape) + " " + std::to_string(p.macs);
    CAPTURE(list);
    CHECK(points.size() == model.exit_points);
  }
}

}  // namespace
}  // namespace offramp
