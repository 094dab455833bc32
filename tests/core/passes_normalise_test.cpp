// normalise: all passes together, on graphs in text and on real models.
#include "passes_support.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "onnx/onnx.h"

namespace offramp {
namespace {

using namespace testing;

// None where the data folder is not there.
std::optional<Graph> real_model(const std::string& name) {
  const char* folder = std::getenv("OFFRAMP_DATA");
  if (!folder) return std::nullopt;
  std::ifstream file(std::string(folder) + "/" + name, std::ios::binary);
  const std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(file)), {});
  auto graph = import_onnx(bytes);
  if (!graph) FAIL(name << ": " << graph.error().to_string());
  return std::move(*graph);
}

int64_t count(const Graph& graph, const std::string& op) {
  int64_t total = 0;
  for (const Node& node : graph.nodes) total += node.op == op;
  return total;
}

int64_t macs(const Graph& graph) {
  int64_t total = 0;
  for (const Node& node : graph.nodes) total += count_macs(graph, node);
  return total;
}

}  // namespace

TEST_CASE("normalise: one graph that needs every pass") {
  CHECK(normalised("graph g opset 9\n"
                   "input x f32 [N, 1, 4, 4]\n"
                   "const w f32 [1, 1, 1, 1] = {2.0}\n"
                   "const c f32 [1] = {1.0}\n"
                   "const zero f32 [1] = {0.0}\n"
                   "p = Constant() {value = i64 [2] {-1, 4}}\n"
                   "k = Abs(p)\n"
                   "d = Dropout(x) {ratio = 0.5}\n"
                   "q = Pad(d) {pads = [0, 0, 1, 1, 0, 0, 1, 1]}\n"
                   "a = Conv(q, w) {auto_pad = \"VALID\", name = \"conv1\", strides = [3, 3]}\n"
                   "b = BatchNormalization(a, c, c, zero, c) {epsilon = 0.0}\n"
                   "e = Clip(b) {min = 0.0, max = 6.0}\n"
                   "f = Identity(e)\n"
                   "dead = Neg(f)\n"
                   "s = Shape(f)\n"
                   "y = Flatten(f)\n"
                   "output y\n") ==
        "input x f32 [N, 1, 4, 4]\n"
        "const e.min f32 [] = {0.0}\n"
        "const e.max f32 [] = {6.0}\n"
        "const w_1 f32 [1, 1, 1, 1] = {2.0}\n"
        "const a.bias f32 [1] = {1.0}\n"
        "b = Conv(x, w_1, a.bias) {pads = [1, 1, 1, 1], strides = [3, 3], name = \"conv1\"}\n"
        "e = Clip(b, e.min, e.max)\n"
        "y = Flatten(e)\n"
        "output y\n");
}

TEST_CASE("normalise: a normal form stays as it is") {
  const std::string text = "input x f32 [N, 2]\nconst w f32 [2] = {1.0, 2.0}\na = Add(x, w)\ny = Relu(a)\noutput y\n";
  CHECK(normalised("graph g opset 17\n" + text) == text);
}

TEST_CASE("normalise: unknown operators stay and hide the shapes behind them") {
  Graph graph = parsed("graph g opset 13\ninput x f32 [N, 2]\na = Relu(x)\nb = Magic(a)\ny = Relu(b)\noutput y\n");
  REQUIRE(normalise(graph, run_reference).ok());
  CHECK(graph.value(graph.find_value("a")).shape.has_value());
  CHECK_FALSE(graph.value(graph.find_value("y")).shape.has_value());
  CHECK(unsupported_parts(graph) == std::vector<std::string>{"node b (Magic): operator Magic has no kernel"});
}

TEST_CASE("normalise: errors name the pass and the node") {
  CHECK(normalised("graph g opset 17\ninput x f32 [N, 2]\nconst w f32 [3] = 1\ny = Add(x, w)\noutput y\n") ==
        "invalid_model: pass infer_shapes > node y (Add): shapes [N, 2] and [3] cannot be broadcast together");
}

TEST_CASE("normalise: all that cannot run is listed with its reason") {
  Graph graph = parsed(R"(graph g opset 15
input x f32 [N, 4, 6, 6]
input z f32 [N, ?, 6]
input h f16 [N, 4]
const c f32 [4] = 1
a = Relu(x)
b = Magic(a) {name = "magic"}
d = ReduceMean(a) {axes = [0], name = "over the batch"}
e = BatchNormalization(a, c, c, c, c) {training_mode = 1}
f = Relu(h)
g = Clip(z)
i = Relu(b)
j = Cast(a) {to = 8}
k, l, m, n, o = BatchNormalization(a, c, c, c, c) {name = "statistics"}
p = LRN(a) {size = 3}
output b, d, e, f, g, i, j, l, p
)");
  REQUIRE(normalise(graph, run_reference).ok());
  CHECK(unsupported_parts(graph) ==
        std::vector<std::string>{
            "input z has no size for dimension 1 of shape [N, ?, 6]; only the batch may be open",
            "node magic (Magic): operator Magic has no kernel",
            "node over the batch (ReduceMean): the reduction works along axis 0 of [N, 4, 6, 6], which is the batch: "
            "samples must stay independent",
            "node e (BatchNormalization): training_mode 1: export the model for inference",
            "node f (Relu): the input is f16, only f32, f64, i64, i32, i16 and i8 have kernels",
            "node j (Cast): attribute to: type number 8 is not supported",
            "node statistics (BatchNormalization): its batch statistics are used: export the model for inference"});
  const Status status = check_supported(graph);
  CHECK(status.error().code == ErrorCode::kUnsupported);
  CHECK(status.error().to_string().starts_with(
      "cannot run input z has no size for dimension 1 of shape [N, ?, 6]; only the batch may be open; node magic "));
}

TEST_CASE("normalise: a refusal names the first parts and counts the others") {
  std::string lines;
  for (int i = 0; i < 18; ++i) lines += "y" + std::to_string(i) + " = Magic(x)\n";
  Graph graph = parsed("graph g opset 17\ninput x f32 [N, 2]\n" + lines + "output y0\n");
  CHECK(unsupported_parts(graph).size() == 18);
  const std::string text = check_supported(graph).error().to_string();
  CHECK(text.find("node y15 (Magic): operator Magic has no kernel; and 2 more") != std::string::npos);
}

TEST_CASE("normalise: real models") {
  struct Row {
    const char* file;
    int64_t convs, macs;
  };
  const Row rows[] = {
      {"cifar10/mlperf_resnet8.onnx", 9, 12'501'632}, {"cifar10/resnet20.onnx", 19, 40'551'040},
      {"cifar10/resnet20_bn.onnx", 19, 40'551'040},   {"cifar10/resnet20_torchexport.onnx", 19, 40'551'040},
      {"cifar10/resnet56.onnx", 55, 125'485'696},     {"cifar10/resnet56_convsc.onnx", 57, 125'747'840},
      {"kws/kws_dscnn.onnx", 9, 2'656'768},           {"kws/kws_dscnn_bn.onnx", 9, 2'656'768},
      {"kws/kws_arm_dscnn_l.onnx", 11, 28'327'812},   {"ecg/ecg_resnet1d.onnx", 15, 5'847'360}};
  for (const Row& row : rows) {
    CAPTURE(row.file);
    auto graph = real_model(row.file);
    if (!graph) continue;
    const Status status = normalise(*graph, run_reference);
    CHECK(status.ok());
    CHECK(count(*graph, "Conv") == row.convs);
    CHECK(macs(*graph) == row.macs);
    CHECK(unsupported_parts(*graph).empty());
    for (const char* gone :
         {"BatchNormalization", "Constant", "Identity", "Cast", "ConstantOfShape", "Concat", "Transpose"})
      CHECK(count(*graph, gone) == 0);
  }
}

TEST_CASE("normalise: the model with batch norms computes what it did") {
  auto graph = real_model("kws/kws_dscnn_bn.onnx");
  if (!graph) return;
  REQUIRE(infer_shapes(*graph).ok());
  const std::vector<float> before = computed(*graph);
  REQUIRE(normalise(*graph, run_reference).ok());
  CHECK(largest_difference(before, computed(*graph)) <= 2e-5);
}

}  // namespace offramp
