#include "exec_values.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "exec/session.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

template <class T>
void check_close(std::span<const T> got, std::span<const T> want) {
  for (size_t i = 0; i < want.size(); ++i) {
    CAPTURE(i);
    if (std::isnan(want[i])) CHECK(std::isnan(got[i]));
    else if (std::isinf(want[i])) CHECK(got[i] == want[i]);
    else CHECK(double(got[i]) == doctest::Approx(double(want[i])).epsilon(1e-6));
  }
}

void check_equal(const Tensor& got, const Tensor& want) {
  CHECK(to_string(got.dims()) == to_string(want.dims()));
  REQUIRE(got.dtype() == want.dtype());
  REQUIRE(got.elements() == want.elements());
  if (got.dtype() == DType::kF32) return check_close(got.data<float>(), want.data<float>());
  if (got.dtype() == DType::kF64) return check_close(got.data<double>(), want.data<double>());
  for (size_t i = 0; i < want.bytes(); ++i) CHECK(int(got.raw()[i]) == int(want.raw()[i]));
}

}  // namespace

void check_values(std::span<const ValueCase> cases) {
  for (const ValueCase& test : cases) {
    const std::string name = test.name;
    CAPTURE(name);
    auto graph = parse_graph("graph case opset 17\n" + std::string(test.body) + "\n");
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    const Status inferred = infer_shapes(*graph);
    REQUIRE_MESSAGE(inferred.ok(), inferred.error().to_string());
    const Node& node = graph->nodes.front();
    std::vector<const Tensor*> inputs;
    for (ValueId id : node.inputs) inputs.push_back(id ? graph->constant(id) : nullptr);
    const auto outputs = run_reference(node, inputs);
    REQUIRE_MESSAGE(outputs.ok(), outputs.error().to_string());
    REQUIRE(outputs->size() == node.outputs.size());
    for (size_t i = 0; i < outputs->size(); ++i) {
      const std::string want = outputs->size() == 1 ? "want" : "want_" + std::to_string(i);
      check_equal((*outputs)[i], *graph->constant(graph->find_value(want)));
      const Value& stated = graph->value(node.outputs[i]);
      CHECK(to_string(offramp::bind(*stated.shape, 1)) == to_string((*outputs)[i].dims()));
      CHECK(to_string(stated.dtype) == to_string((*outputs)[i].dtype()));
    }
  }
}

}  // namespace offramp
