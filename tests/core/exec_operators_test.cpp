// Every operator case by reference kernels and by XNNPACK, for several batch sizes in one session.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "exec/session.h"
#include "exec_operator_cases.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

Graph parse_case(const OperatorCase& test) {
  auto graph = parse_graph("graph case opset 17\n" + std::string(test.body) + "\n");
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  const Status inferred = infer_shapes(*graph);
  REQUIRE_MESSAGE(inferred.ok(), inferred.error().to_string());
  return *graph;
}

std::vector<Tensor> random_inputs(const Graph& graph, int64_t batch) {
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs) {
    Tensor tensor(DType::kF32, offramp::bind(*graph.value(id).shape, batch));
    Rng rng(uint64_t(batch), uint64_t(inputs.size()));
    for (float& value : tensor.mutable_data<float>()) value = 2 * rng.normal();
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

void check_close(const Tensor& a, const Tensor& b, float tolerance) {
  REQUIRE(a.dims() == b.dims());
  REQUIRE(a.dtype() == b.dtype());
  if (a.dtype() != DType::kF32) {
    CHECK(std::memcmp(a.raw(), b.raw(), a.bytes()) == 0);
    return;
  }
  float worst = 0;
  for (size_t i = 0; i < a.data<float>().size(); ++i) {
    const float x = a.data<float>()[i], y = b.data<float>()[i];
    const float difference = std::fabs(x - y) / std::max(1.0f, std::fabs(x));
    if (!(difference <= worst)) worst = difference;
  }
  CHECK(worst <= tolerance);
}

void check_case(const OperatorCase& test) {
  CAPTURE(std::string(test.name));
  const Graph graph = parse_case(test);
  auto reference = Session::create(graph, {Backend::kReference});
  REQUIRE_MESSAGE(reference.ok(), reference.error().to_string());
  auto xnnpack = Session::create(graph, {Backend::kXnnpack});
  REQUIRE_MESSAGE(xnnpack.ok(), xnnpack.error().to_string());
  for (int64_t batch : {1, 3, 1, 8}) {
    const std::vector<Tensor> inputs = random_inputs(graph, batch);
    const auto expected = (*reference)->run(inputs);
    REQUIRE_MESSAGE(expected.ok(), expected.error().to_string());
    const auto got = (*xnnpack)->run(inputs);
    REQUIRE_MESSAGE(got.ok(), got.error().to_string());
    REQUIRE(expected->size() == got->size());
    for (size_t i = 0; i < got->size(); ++i) {
      CHECK((*expected)[i].dims() == offramp::bind(*graph.value(graph.outputs[i]).shape, batch));
      check_close((*expected)[i], (*got)[i], test.tolerance);
    }
  }
  CHECK((*reference)->executed_macs() == (*xnnpack)->executed_macs());
  bool all = true;
  for (const StepProfile& step : (*xnnpack)->profile()) all &= step.kernel != "reference";
  CHECK(all == test.fast);
}

TEST_CASE("convolutions and pools agree") {
  for (const OperatorCase& test : window_cases()) check_case(test);
}

TEST_CASE("arithmetic agrees") {
  for (const OperatorCase& test : arithmetic_cases()) check_case(test);
}

TEST_CASE("data movement and blocks agree") {
  for (const OperatorCase& test : movement_cases()) check_case(test);
}

}  // namespace
}  // namespace offramp
