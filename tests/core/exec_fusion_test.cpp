// What exporters write as several nodes runs as one, and gives what the nodes give.
#include <doctest/doctest.h>

#include <cmath>

#include "exec/session.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

Graph parse(const std::string& body) {
  auto graph = parse_graph("graph fused opset 17\n" + body + "\n");
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  const Status inferred = infer_shapes(*graph);
  REQUIRE_MESSAGE(inferred.ok(), inferred.error().to_string());
  return *graph;
}

// The operators that XNNPACK's session runs; checks that it gives the reference's values.
std::vector<std::string> steps_of(const std::string& body) {
  CAPTURE(body);
  const Graph graph = parse(body);
  auto fast = Session::create(graph), reference = Session::create(graph, {.backend = Backend::kReference});
  REQUIRE_MESSAGE(fast.ok(), fast.error().to_string());
  REQUIRE(reference.ok());
  Tensor x(DType::kF32, offramp::bind(*graph.value(graph.inputs[0]).shape, 3));
  for (size_t i = 0; float& value : x.mutable_data<float>()) value = 3 * std::sin(float(i++));
  const auto got = (*fast)->run({&x, 1}), want = (*reference)->run({&x, 1});
  REQUIRE_MESSAGE(got.ok(), got.error().to_string());
  REQUIRE(want.ok());
  for (size_t o = 0; o < want->size(); ++o)
    for (size_t i = 0; i < (*want)[o].data<float>().size(); ++i)
      CHECK((*got)[o].data<float>()[i] == doctest::Approx((*want)[o].data<float>()[i]).epsilon(1e-5));
  std::vector<std::string> ops;
  for (const StepProfile& step : (*fast)->profile()) ops.push_back(step.op);
  return ops;
}

using Ops = std::vector<std::string>;

const std::string kErf = R"(input x f32 [N, 5, 8]
const half f32 [] = {0.5}
const one f32 [] = {1.0}
const root f32 [] = {1.4142135}
d = Div(x, root)
e = Erf(d)
a = Add(e, one)
)";

TEST_CASE("gelu in the orders that exporters use") {
  CHECK(steps_of(kErf + "m = Mul(x, a)\ny = Mul(m, half)\noutput y") == Ops{"Gelu"});
  CHECK(steps_of(kErf + "m = Mul(a, half)\ny = Mul(x, m)\noutput y") == Ops{"Gelu"});
  CHECK(steps_of(kErf + "h = Mul(x, half)\ny = Mul(h, a)\noutput y") == Ops{"Gelu"});
}

TEST_CASE("what only resembles gelu is left alone") {
  CHECK(steps_of(kErf + "m = Mul(x, a)\ny = Mul(m, one)\noutput y").size() == 5);
  CHECK(steps_of(kErf + "m = Mul(x, a)\ny = Mul(m, half)\noutput y\noutput m").size() == 5);
}

TEST_CASE("hard swish, from a hard sigmoid and by hand") {
  CHECK(steps_of("input x f32 [N, 9]\ng = HardSigmoid(x) {alpha = 0.16666667, beta = 0.5}\ny = Mul(x, g)\noutput y") ==
        Ops{"HardSwish"});
  CHECK(steps_of("input x f32 [N, 9]\ng = HardSigmoid(x)\ny = Mul(x, g)\noutput y") == Ops{"HardSigmoid", "Mul"});
  CHECK(steps_of(R"(input x f32 [N, 9]
const three f32 [] = {3.0}
const zero f32 [] = {0.0}
const six f32 [] = {6.0}
a = Add(x, three)
c = Clip(a, zero, six)
m = Mul(x, c)
y = Div(m, six)
output y)") == Ops{"HardSwish"});
}

const std::string kCentred = R"(input x f32 [N, 5, 8]
const two f32 [] = {2.0}
const epsilon f32 [] = {0.00001}
const scale f32 [8] = normal(1)
const bias f32 [8] = normal(2)
mean = ReduceMean(x) {axes = [-1]}
d = Sub(x, mean)
s = Pow(d, two)
v = ReduceMean(s) {axes = [-1]}
w = Add(v, epsilon)
r = Sqrt(w)
q = Div(d, r)
)";

TEST_CASE("layer normalisation, with and without a bias") {
  CHECK(steps_of(kCentred + "m = Mul(q, scale)\ny = Add(m, bias)\noutput y") == Ops{"LayerNormalization"});
  CHECK(steps_of(kCentred + "y = Mul(scale, q)\noutput y") == Ops{"LayerNormalization"});
  CHECK(steps_of(kCentred + "output q").size() == 7);
}

TEST_CASE("a product takes over the bias and the bound that follow") {
  CHECK(steps_of(R"(input x f32 [N, 5, 8]
const w f32 [8, 6] = normal(1)
const b f32 [6] = normal(2)
m = MatMul(x, w)
a = Add(b, m)
y = Relu(a)
output y)") == Ops{"MatMul+Add+Relu"});
}

}  // namespace
}  // namespace offramp
