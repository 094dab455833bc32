// One row per kind of bad model: what is refused, by which code, in which words.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/rng.h"
#include "exec/session.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "proto_bytes.h"

namespace offramp {
namespace {

using namespace proto;

// From bytes to one run on zeros, or to the first refusal.
std::optional<Error> refusal(const std::vector<uint8_t>& bytes, const ImportLimits& limits = {}) {
  auto graph = import_onnx(bytes, limits);
  if (!graph) return std::move(graph).error();
  if (Status status = normalise(*graph, run_reference); !status) return std::move(status).error();
  if (Status status = check_supported(*graph); !status) return std::move(status).error();
  auto session = Session::create(*graph, {Backend::kReference});
  if (!session) return std::move(session).error();
  std::vector<Tensor> inputs;
  for (ValueId id : graph->inputs)
    inputs.emplace_back(graph->value(id).dtype, offramp::bind(*graph->value(id).shape, 1));
  auto outputs = (*session)->run(inputs);
  if (!outputs) return std::move(outputs).error();
  return std::nullopt;
}

struct Row {
  std::string what;
  std::vector<uint8_t> bytes;
  ErrorCode code;
  std::string text;
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const std::optional<Error> error = refusal(row.bytes);
    CHECK(error.has_value());
    if (!error) continue;
    CHECK(to_string(error->code) == to_string(row.code));
    CHECK(error->to_string() == row.text);
  }
}

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::vector<uint8_t> random_bytes(size_t count) {
  Rng rng(5);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = uint8_t(rng.next());
  return bytes;
}

std::vector<uint8_t> truncated() {
  std::vector<uint8_t> bytes = model_bytes(add_parts(tensor("w", {2}, {1, 2})));
  bytes.resize(bytes.size() - 40);
  return bytes;
}

std::vector<uint8_t> with_constant(const Message& constant) { return model_bytes(add_parts(constant)); }

std::vector<uint8_t> with_input(const Message& input) {
  GraphParts parts = relu_parts();
  parts.inputs = {input};
  return model_bytes(parts);
}

std::vector<uint8_t> with_nodes(const std::vector<Message>& nodes) {
  GraphParts parts = relu_parts();
  parts.nodes = nodes;
  return model_bytes(parts);
}

// If in If in If ...: each branch holds the next.
Message nested_if(int levels) {
  GraphParts inner = relu_parts();
  inner.nodes = {levels > 0 ? nested_if(levels - 1) : node("Relu", {"x"}, {"y"})};
  const Message attribute = Message().text(1, "then_branch").add(6, graph(inner)).number(20, 5);
  return node("If", {"x"}, {"y"}, "branch", {attribute});
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr auto kInvalid = ErrorCode::kInvalidModel;
constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr auto kLimit = ErrorCode::kLimitExceeded;

}  // namespace

TEST_CASE("bad models: files that are no ONNX") {
  const std::string damaged = "loading model: not an ONNX model, or a damaged one: the bytes at offset ";
  check({
      {"empty file", {}, kInvalid, "loading model: the file is empty"},
      {"text file", bytes_of("class,score\n3,0.5\n"), kInvalid, damaged + "1 are not protobuf"},
      {"random bytes", random_bytes(4096), kInvalid, damaged + "11 are not protobuf"},
      {"truncated", truncated(), kInvalid, damaged + "3 are not protobuf"},
      {"another message", Message().number(1, 3).text(2, "x").vector(), kInvalid,
       "loading model: not an ONNX model: it has no graph"},
      {"a graph without its model", graph(relu_parts()).vector(), kInvalid,
       "loading model: not an ONNX model: it has no graph"},
  });
}

TEST_CASE("bad models: opsets") {
  check({
      {"none", Message().number(1, 8).add(7, graph(relu_parts())).vector(), kInvalid,
       "loading model: does not say which opset of ONNX's operators it uses"},
      {"only another domain's", model(graph(relu_parts()), 3, "com.example").vector(), kUnsupported,
       "loading model: imports none of ONNX's own operators, only com.example"},
      {"too old", model_bytes(relu_parts(), 5), kUnsupported, "loading model: opset 5; opsets 6 to 22 are supported"},
      {"too new", model_bytes(relu_parts(), 23), kUnsupported, "loading model: opset 23; opsets 6 to 22 are supported"},
      {"two", model(graph(relu_parts()), 13).add(8, Message().text(1, "ai.onnx").number(2, 17)).vector(), kInvalid,
       "loading model: imports ONNX's operators twice, opset 13 and 17"},
  });
}

TEST_CASE("bad models: graphs") {
  GraphParts no_outputs = relu_parts(), no_nodes = relu_parts(), twice_in = relu_parts(), twice_out = relu_parts();
  no_outputs.outputs.clear();
  no_nodes.nodes.clear();
  twice_in.inputs.push_back(twice_in.inputs[0]);
  twice_out.outputs.push_back(twice_out.outputs[0]);
  GraphParts missing_output = relu_parts();
  missing_output.outputs = {value_info("z", kFloat, {-1, 2})};
  check({
      {"no outputs", model_bytes(no_outputs), kInvalid, "loading model: the graph has no outputs"},
      {"no nodes", model_bytes(no_nodes), kInvalid, "loading model: the graph has no nodes"},
      {"an input twice", model_bytes(twice_in), kInvalid, "loading model: two graph inputs are named \"x\""},
      {"an output twice", model_bytes(twice_out), kInvalid, "loading model: two graph outputs are named \"y\""},
      {"an output that nothing makes", model_bytes(missing_output), kInvalid,
       "loading model: output \"z\" is made by no node"},
      {"cycle",
       with_nodes({node("Add", {"x", "b"}, {"a"}, "first"), node("Relu", {"a"}, {"b"}, "second"),
                   node("Relu", {"b"}, {"y"}, "third")}),
       kInvalid, "loading model: node second (Relu) is part of a cycle: it needs its own output"},
      {"dangling input", with_nodes({node("Add", {"x", "ghost"}, {"y"}, "sum")}), kInvalid,
       "loading model > node sum (Add): reads \"ghost\", which no node, input or constant makes"},
      {"two makers", with_nodes({node("Relu", {"x"}, {"y"}, "first"), node("Abs", {"x"}, {"y"}, "second")}), kInvalid,
       "loading model > node second (Abs): makes \"y\", which is already made by node first (Relu)"},
      {"a node that makes the input", with_nodes({node("Relu", {"x"}, {"x"})}), kInvalid,
       "loading model > node x (Relu): makes \"x\", which is already a graph input"},
      {"no operator", with_nodes({node("", {"x"}, {"y"}, "n")}), kInvalid,
       "loading model > node n (): states no operator"},
      {"an attribute twice",
       with_nodes({node("Relu", {"x"}, {"y"}, "n", {integer_attribute("a", 1), integer_attribute("a", 2)})}), kInvalid,
       "loading model > node n (Relu): attribute a is given twice"},
      {"an attribute without type",
       with_nodes({node("Relu", {"x"}, {"y"}, "n", {Message().text(1, "a").number(3, 1)})}), kInvalid,
       "loading model > node n (Relu) > attribute a: states no type"},
      {"a name to escape", with_nodes({node("Relu", {"x\n\xff"}, {"y"}, "n")}), kInvalid,
       "loading model > node n (Relu): reads \"x\\x0a\\xff\", which no node, input or constant makes"},
      {"a name to cut", with_nodes({node("Relu", {std::string(5000, 'a')}, {"y"}, "n")}), kInvalid,
       "loading model > node n (Relu): reads \"" + std::string(1024, 'a') +
           "...\", which no node, input or constant makes"},
  });
}

TEST_CASE("bad models: tensors") {
  const int64_t huge = int64_t{1} << 40;
  Message external = tensor_head("w", kFloat, {2});
  external.add(13, Message().text(1, "location").text(2, "../weights.bin")).number(14, 1);
  const Message both = tensor("w", {2}, {1, 2}).text(4, raw<float>({1, 2}));
  check({
      {"negative dimension", with_constant(tensor("w", {-3}, {1})), kInvalid,
       "loading model > tensor w: dimension 0 is negative: [-3]"},
      {"2^40", with_constant(tensor("w", {huge}, {1})), kLimit,
       "loading model > tensor w: shape [1099511627776] has more than 268435456 elements"},
      {"overflowing product", with_constant(tensor("w", {1 << 28, 1 << 28, 1 << 28}, {1})), kLimit,
       "loading model > tensor w: shape [268435456, 268435456, 268435456] has more than 268435456 elements"},
      {"a zero beside 2^40", with_constant(tensor("w", {0, huge}, {})), kLimit,
       "loading model > tensor w: shape [0, 1099511627776] has more than 268435456 elements"},
      {"rank", with_constant(tensor("w", std::vector<int64_t>(40, 1), {1})), kLimit,
       "loading model > tensor w: has 40 dimensions, at most 32 are allowed"},
      {"raw_data too short", with_constant(tensor("w", {2}, {1})), kInvalid,
       "loading model > tensor w: raw_data has 4 bytes, f32 [2] needs 8"},
      {"no data at all", with_constant(tensor_head("w", kFloat, {1 << 28})), kInvalid,
       "loading model > tensor w: float_data has 0 elements, shape [268435456] needs 268435456"},
      {"float_data too long", with_constant(tensor_head("w", kFloat, {2}).text(4, raw<float>({1, 2, 3}))), kInvalid,
       "loading model > tensor w: float_data has 3 elements, shape [2] needs 2"},
      {"both forms of data", with_constant(both), kInvalid,
       "loading model > tensor w: has both raw_data and a typed list"},
      {"a value its type cannot hold", with_constant(tensor_head("w", kUint8, {2}).packed(5, {7, 300})), kInvalid,
       "loading model > tensor w: element 1 is 300, which is no u8"},
      {"external data", with_constant(external), kUnsupported,
       "loading model > tensor w: external data \"../weights.bin\" is not read; pass the model as one file"},
      {"no element type", with_constant(tensor_head("w", 0, {2})), kInvalid,
       "loading model > tensor w: states no element type"},
      {"strings", with_constant(tensor_head("w", kString, {1}).text(6, "a")), kUnsupported,
       "loading model > tensor w: elements of string are not supported; use float32"},
      {"bfloat16", with_constant(tensor_head("w", kBfloat16, {2}).text(9, "abcd")), kUnsupported,
       "loading model > tensor w: elements of bfloat16 are not supported; use float32"},
      {"a type of the future", with_constant(tensor_head("w", 99, {2}).text(9, "abcd")), kUnsupported,
       "loading model > tensor w: elements of type number 99 are not supported; use float32"},
      {"no name", with_constant(tensor("", {2}, {1, 2})), kInvalid, "loading model: a constant has no name"},
      {"segments", with_constant(tensor("w", {2}, {1, 2}).add(3, Message().number(1, 0).number(2, 1))), kUnsupported,
       "loading model > tensor w: is stored in segments; pass it whole"},
      {"a bad tensor as attribute",
       with_nodes({node("Constant", {}, {"y"}, "c", {tensor_attribute("value", tensor("", {2}, {1}))})}), kInvalid,
       "loading model > node c (Constant) > attribute value: raw_data has 4 bytes, f32 [2] needs 8"},
      {"NaN as attribute",
       with_nodes({node("Constant", {}, {"y"}, "c", {tensor_attribute("value", tensor("", {2}, {1, kNan}))})}),
       kInvalid, "loading model > node c (Constant) > attribute value: has a NaN at element 1"},
      {"NaN", with_constant(tensor("w", {2}, {1, kNan})), kInvalid, "loading model: weight w has a NaN at element 1"},
      {"float16 NaN", with_constant(tensor_head("w", kFloat16, {2}).packed(5, {0x3c00, 0x7e01})), kInvalid,
       "loading model: weight w has a NaN at element 1"},
  });

  GraphParts twice = add_parts(tensor("w", {2}, {1, 2})), sparse = add_parts(tensor("w", {2}, {1, 2}));
  GraphParts quantised = sparse, infinite = sparse;
  twice.constants.push_back(twice.constants[0]);
  sparse.sparse = {Message().add(1, tensor("s", {1}, {1}))};
  quantised.annotations = {Message().text(1, "w")};
  infinite.nodes = {node("Gemm", {"x", "w"}, {"y"}, "fc")};
  infinite.constants = {tensor("w", {2, 2}, {1, 2, 3, -kInfinity})};
  check({
      {"two of one name", model_bytes(twice), kInvalid, "loading model: two constants are named \"w\""},
      {"sparse", model_bytes(sparse), kUnsupported, "loading model: tensor s is sparse; use dense tensors"},
      {"quantised", model_bytes(quantised), kUnsupported, "loading model: tensor w is quantised; use a float32 model"},
      {"infinite weight", model_bytes(infinite), kInvalid, "loading model: weight w has an infinity at element 3"},
  });
}

TEST_CASE("bad models: inputs") {
  const int64_t huge = int64_t{1} << 40;
  Message untyped, sequence, shapeless;
  untyped.text(1, "x");
  sequence.text(1, "x").add(2, Message().add(4, Message()));
  shapeless.text(1, "x").add(2, Message().add(1, Message().number(1, kFloat)));
  check({
      {"fixed batch", with_input(value_info("x", kFloat, {3, 2})), kUnsupported,
       "cannot run input x has a fixed batch of 3 in shape [3, 2]; export the model with a batch of 1 or a "
       "symbolic batch"},
      {"open dimension", with_input(value_info("x", kFloat, {-1, -1})), kUnsupported,
       "cannot run input x has no size for dimension 1 of shape [N, ?]; only the batch may be open"},
      {"negative dimension", with_input(value_info("x", kFloat, {-1, -5})), kLimit,
       "loading model > input x: dimension 1 is -5, expected 0 to 268435456"},
      {"2^40", with_input(value_info("x", kFloat, {-1, huge})), kLimit,
       "loading model > input x: dimension 1 is 1099511627776, expected 0 to 268435456"},
      {"overflowing product", with_input(value_info("x", kFloat, {-1, 1 << 20, 1 << 20})), kLimit,
       "loading model > input x: shape [1, 1048576, 1048576] has more than 268435456 elements"},
      {"float16", with_input(value_info("x", kFloat16, {-1, 2})), kUnsupported,
       "cannot run node act (Relu): the input is f16, only f32, f64, i64, i32, i16 and i8 have kernels"},
      {"uint8", with_input(value_info("x", kUint8, {-1, 2})), kUnsupported,
       "cannot run node act (Relu): the input is u8, only f32, f64, i64, i32, i16 and i8 have kernels"},
      {"strings", with_input(value_info("x", kString, {-1, 2})), kUnsupported,
       "loading model > input x: elements of string are not supported; use float32"},
      {"no type", with_input(untyped), kInvalid, "loading model > input x: states no type"},
      {"a sequence", with_input(sequence), kUnsupported, "loading model > input x: is not a tensor"},
      {"no shape", with_input(shapeless), kUnsupported, "loading model > input x: states no shape"},
      {"a scalar", with_input(value_info("x", kFloat, {})), kUnsupported,
       "cannot run input x is a scalar; the leading dimension of every input must be the batch"},
  });
}

TEST_CASE("bad models: operators") {
  Message custom = node("Magic", {"b"}, {"c"}, "m");
  custom.text(7, "com.example");
  check({
      {"all that are unknown, at once",
       with_nodes(
           {node("Foo", {"x"}, {"a"}, "one"), node("Relu", {"a"}, {"b"}), custom, node("Foo", {"c"}, {"y"}, "two")}),
       kUnsupported,
       "cannot run node one (Foo): operator Foo has no kernel; node m (com.example::Magic): operator com.example::Magic "
       "has no kernel; node two (Foo): operator Foo has no kernel"},
      {"subgraphs", with_nodes({nested_if(3)}), kUnsupported, "cannot run node branch (If): operator If has no kernel"},
      {"shapes that do not fit", with_constant(tensor("w", {3}, {1, 2, 3})), kInvalid,
       "pass infer_shapes > node sum (Add): shapes [N, 2] and [3] cannot be broadcast together"},
  });
}

TEST_CASE("bad models: caps") {
  const auto text = [](const std::vector<uint8_t>& bytes, const ImportLimits& limits) {
    const std::optional<Error> error = refusal(bytes, limits);
    return error ? std::string(to_string(error->code)) + ": " + error->to_string() : "accepted";
  };
  ImportLimits small_file, few_nodes;
  small_file.max_bytes = 10;
  few_nodes.max_nodes = 1;
  const std::vector<Message> two = {node("Relu", {"x"}, {"a"}), node("Relu", {"a"}, {"y"})};
  CHECK(text(model_bytes(relu_parts()), small_file) ==
        "limit_exceeded: loading model: the file has " + std::to_string(model_bytes(relu_parts()).size()) +
            " bytes, at most 10 are allowed");
  CHECK(text(with_nodes(two), few_nodes) == "limit_exceeded: loading model: the model has more than 1 nodes");
  CHECK(text(with_nodes({nested_if(17)}), {}) == "limit_exceeded: loading model: subgraphs nest deeper than 16 levels");

  // Types nest without subgraphs.
  Message type;
  for (int i = 0; i < 80; ++i) type = Message().add(4, Message().add(1, type));
  CHECK(text(with_input(Message().text(1, "x").add(2, type)), {}) ==
        "limit_exceeded: loading model: messages nest deeper than 64 levels");

  // Two bytes of file each, two hundred of memory.
  ImportLimits few_items;
  few_items.max_nodes = 10;
  Message crowded = graph(relu_parts());
  for (int i = 0; i < 1000; ++i) crowded.text(5, "");
  CHECK(text(model(crowded).vector(), few_items) ==
        "limit_exceeded: loading model: the model has more than 200 names, attributes and tensors");
}

}  // namespace offramp
