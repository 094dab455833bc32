// Threads change how long a session takes and not one bit of its answers. Builds without threads say so.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "exec/session.h"
#include "exec/threads.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

// Convolutions of each kind that XNNPACK has kernels for, pools, element-wise operators and matrix products, large enough to be divided.
constexpr const char* kNetwork = R"(graph net opset 17
input x f32 [N, 3, 33, 33]
const stem f32 [24, 3, 3, 3] = normal(1) * 0.3
const depthwise f32 [24, 1, 3, 3] = normal(2) * 0.3
const grouped f32 [48, 12, 1, 1] = normal(3) * 0.3
const fc f32 [37, 48] = normal(4)
a = Conv(x, stem) {pads = [1, 1, 1, 1], strides = [2, 2]}
b = Relu(a)
c = Conv(b, depthwise) {pads = [1, 1, 1, 1], group = 24}
d = Sigmoid(c)
e = Mul(d, b)
f = Conv(e, grouped) {group = 2}
g = MaxPool(f) {kernel_shape = [2, 2], strides = [2, 2]}
h = HardSwish(g)
i = GlobalAveragePool(h)
j = Flatten(i)
k = Gemm(j, fc) {transB = 1}
y = Softmax(k)
output y
output h
)";

std::unique_ptr<Session> make_session() {
  auto graph = parse_graph(kNetwork);
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  REQUIRE(infer_shapes(*graph).ok());
  auto session = Session::create(*graph);
  REQUIRE_MESSAGE(session.ok(), session.error().to_string());
  return std::move(session).value();
}

std::vector<Tensor> answer(Session& session, int64_t rows) {
  Tensor input(DType::kF32, {rows, 3, 33, 33});
  for (size_t i = 0; float& value : input.mutable_data<float>()) value = std::sin(float(i++));
  auto outputs = session.run(std::span(&input, 1));
  REQUIRE_MESSAGE(outputs.ok(), outputs.error().to_string());
  return std::move(outputs).value();
}

bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].dims() != b[i].dims() || std::memcmp(a[i].raw(), b[i].raw(), a[i].bytes()) != 0) return false;
  return true;
}

TEST_CASE("a thread count out of range is refused and changes nothing") {
  for (int count : {0, -1, kMaxThreads + 1}) {
    const Status status = set_thread_count(count);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::kInvalidArgument);
    CHECK(status.error().to_string() == "threads: expected 1 to 64, got " + std::to_string(count));
    CHECK(thread_count() == 1);
  }
}

#ifdef __EMSCRIPTEN__
TEST_CASE("a build without threads refuses more than one") {
  const Status status = set_thread_count(2);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kUnsupported);
  CHECK(status.error().to_string() == "threads: this build has one thread only, 2 were asked for");
  CHECK(thread_count() == 1);
  CHECK(set_thread_count(1).ok());
}
#else
TEST_CASE("any number of threads gives the bits of one") {
  const std::unique_ptr<Session> single = make_session();
  for (int count : {2, 3, 5}) {
    REQUIRE(set_thread_count(count).ok());
    CHECK(thread_count() == count);
    const std::unique_ptr<Session> threaded = make_session();
    // The count is for sessions made later: this one keeps its threads.
    REQUIRE(set_thread_count(1).ok());
    for (int64_t rows : {1, 7, 2}) CHECK(same_bits(answer(*threaded, rows), answer(*single, rows)));
  }
}
#endif

TEST_CASE("a row's answer does not depend on the batch it is in") {
  const std::unique_ptr<Session> session = make_session();
  const std::vector<Tensor> batch = answer(*session, 9);
  Tensor all(DType::kF32, {9, 3, 33, 33});
  for (size_t i = 0; float& value : all.mutable_data<float>()) value = std::sin(float(i++));
  for (int64_t row = 0; row < 9; ++row) {
    Tensor one(DType::kF32, {1, 3, 33, 33});
    std::memcpy(one.mutable_raw(), all.raw() + row * int64_t(one.bytes()), one.bytes());
    auto alone = session->run(std::span(&one, 1));
    REQUIRE(alone.ok());
    for (size_t i = 0; i < batch.size(); ++i) {
      const Tensor& expected = batch[i];
      const auto bytes = (*alone)[i].bytes();
      CHECK(std::memcmp((*alone)[i].raw(), expected.raw() + size_t(row) * bytes, bytes) == 0);
    }
  }
}

}  // namespace
}  // namespace offramp
