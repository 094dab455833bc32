// Memory: activations share one planned block, equal weights are kept once, values cross sessions as they stand.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "exec/session.h"
#include "exec/xnnpack/memory_plan.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

using xnnpack::Lifetime;
using xnnpack::MemoryPlan;
using xnnpack::plan_memory;

Graph parse(const std::string& text) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  REQUIRE(infer_shapes(*graph).ok());
  return *graph;
}

size_t most_alive(const std::vector<Lifetime>& lifetimes, size_t steps) {
  size_t most = 0;
  for (size_t s = 0; s < steps; ++s) {
    size_t alive = 0;
    for (const Lifetime& life : lifetimes)
      if (life.first <= s && s <= life.last) alive += life.bytes;
    most = std::max(most, alive);
  }
  return most;
}

TEST_CASE("values that live at the same time never overlap, and the block is not much larger than what lives at once") {
  constexpr size_t kSteps = 40, kGap = 16;
  size_t planned = 0, needed = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed, 7);
    std::vector<Lifetime> lifetimes;
    for (size_t i = 0; i < 60; ++i) {
      const size_t first = rng.below(kSteps), last = std::min<size_t>(kSteps - 1, first + rng.below(6));
      lifetimes.push_back({size_t(4 + rng.below(4000)), first, last});
    }
    const MemoryPlan plan = plan_memory(lifetimes, kGap);
    for (size_t a = 0; a < lifetimes.size(); ++a) {
      CHECK(plan.offsets[a] % xnnpack::kPlanAlignment == 0);
      CHECK(plan.offsets[a] + lifetimes[a].bytes + kGap <= plan.bytes);
      for (size_t b = 0; b < a; ++b) {
        const bool together = lifetimes[a].first <= lifetimes[b].last && lifetimes[b].first <= lifetimes[a].last;
        const bool apart = plan.offsets[a] + lifetimes[a].bytes + kGap <= plan.offsets[b] ||
                           plan.offsets[b] + lifetimes[b].bytes + kGap <= plan.offsets[a];
        CHECK((!together || apart));
      }
    }
    planned += plan.bytes;
    needed += most_alive(lifetimes, kSteps);
  }
  CHECK(double(planned) < 1.25 * double(needed));
}

const std::string kDeep = R"(graph deep opset 17
input x f32 [N, 8, 16, 16]
const w f32 [8, 8, 3, 3] = normal(1) * 0.1
a = Conv(x, w) {pads = [1, 1, 1, 1]}
b = Conv(a, w) {pads = [1, 1, 1, 1]}
c = Conv(b, w) {pads = [1, 1, 1, 1]}
d = Conv(c, w) {pads = [1, 1, 1, 1]}
e = Add(d, c)
g = GlobalAveragePool(e)
y = Flatten(g)
output y
)";

TEST_CASE("a deep network keeps as many maps as live at once") {
  auto session = Session::create(parse(kDeep));
  REQUIRE(session.ok());
  constexpr size_t kMap = 8 * 16 * 16 * sizeof(float);
  for (int64_t batch : {1, 4, 2}) {
    const Tensor x(DType::kF32, {batch, 8, 16, 16});
    REQUIRE((*session)->run({&x, 1}).ok());
    // c, d, and what goes into d: three at most.
    CHECK((*session)->memory().activation_bytes <= size_t(batch) * 3 * kMap + 2048);
  }
}

TEST_CASE("weights are kept once, in a session and between sessions that share them") {
  constexpr size_t kWeights = 8 * 8 * 9 * sizeof(float);
  auto alone = Session::create(parse(kDeep));
  REQUIRE(alone.ok());
  // Four convolutions use one tensor; packing adds a bias of eight.
  CHECK((*alone)->memory().weight_bytes >= kWeights);
  CHECK((*alone)->memory().weight_bytes <= kWeights + 128);
  const auto weights = make_packed_weights();
  auto first = Session::create(parse(kDeep), {.weights = weights});
  auto second = Session::create(parse(kDeep), {.weights = weights});
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK((*second)->memory().weight_bytes == (*alone)->memory().weight_bytes);
  Tensor x(DType::kF32, {1, 8, 16, 16});
  for (size_t i = 0; float& value : x.mutable_data<float>()) value = std::sin(float(i++));
  const auto want = (*alone)->run({&x, 1});
  REQUIRE(want.ok());
  first->reset();  // the other session still has the weights
  const auto got = (*second)->run({&x, 1});
  REQUIRE(got.ok());
  for (size_t i = 0; i < 8; ++i) CHECK((*got)[0].data<float>()[i] == (*want)[0].data<float>()[i]);
}

TEST_CASE("a map goes from session to session in the layout of the kernels") {
  const std::string head = R"(graph head opset 17
input x f32 [N, 3, 6, 5]
const w f32 [4, 3, 3, 3] = normal(1) * 0.3
a = Conv(x, w)
y = Relu(a)
output y
)";
  const std::string tail = R"(graph tail opset 17
input y f32 [N, 4, 4, 3]
const v f32 [2, 4, 3, 3] = normal(2) * 0.3
c = Conv(y, v)
z = Flatten(c)
output z
)";
  auto first = Session::create(parse(head), {.hands_over = true});
  auto second = Session::create(parse(tail), {.takes_over = true});
  auto plain_first = Session::create(parse(head)), plain_second = Session::create(parse(tail));
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  Tensor x(DType::kF32, {2, 3, 6, 5});
  for (size_t i = 0; float& value : x.mutable_data<float>()) value = std::sin(float(i++));
  const std::vector<Activation> inputs = {Activation(x)};
  const auto handed = (*first)->run_activations(inputs);
  REQUIRE(handed.ok());
  CHECK((*handed)[0].layout() == Layout::kNhwc);
  CHECK((*handed)[0].dims() == Dims{2, 4, 4, 3});
  for (const StepProfile& step : (*second)->profile()) CHECK_FALSE((step.op == "Transpose" && step.node == "y"));
  const auto middle = (*plain_first)->run({&x, 1});
  REQUIRE(middle.ok());
  const Tensor plain = (*handed)[0].plain();
  CHECK(std::ranges::equal(plain.data<float>(), (*middle)[0].data<float>()));
  const auto want = (*plain_second)->run(*middle);
  REQUIRE(want.ok());
  // Handed over, or given in the plain layout as by another machine.
  for (const Activation& given : {(*handed)[0], Activation(plain)}) {
    const auto got = (*second)->run_activations({&given, 1});
    REQUIRE(got.ok());
    CHECK(std::ranges::equal((*got)[0].plain().data<float>(), (*want)[0].data<float>()));
  }
}

TEST_CASE("a clock times every step") {
  double now = 0;
  auto session = Session::create(parse(kDeep));
  REQUIRE(session.ok());
  const Tensor x(DType::kF32, {1, 8, 16, 16});
  (*session)->set_clock([&now] { return now += 5; });
  REQUIRE((*session)->run({&x, 1}).ok());
  REQUIRE((*session)->run({&x, 1}).ok());
  for (const StepProfile& step : (*session)->profile()) CHECK(step.total_ns == 10);
  (*session)->set_clock({});
  REQUIRE((*session)->run({&x, 1}).ok());
  for (const StepProfile& step : (*session)->profile()) CHECK(step.total_ns == 0);
}

}  // namespace
}  // namespace offramp
