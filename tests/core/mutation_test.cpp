// Damaged models: whatever bytes arrive, the way from import to a session returns, with a graph or with a typed error.
// Runs natively, under sanitizers and as wasm; same mutations everywhere.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "base/rng.h"
#include "fuzz/targets.h"
#include "graph/operators.h"
#include "graph/text.h"
#include "onnx/onnx.h"
#include "proto_bytes.h"
#include "zoo_files.h"

namespace offramp {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr int kMutations = 2000;  // of each model

const char* const kModels[] = {
    // A small convolutional classifier with a residual.
    "graph cnn opset 13\n"
    "input x f32 [N, 2, 6, 6]\n"
    "const w1 f32 [4, 2, 3, 3] = normal(1)\n"
    "const b1 f32 [4] = normal(2)\n"
    "const s f32 [4] = 1\n"
    "const w2 f32 [4, 1, 3, 3] = normal(3)\n"
    "const fc f32 [3, 4] = normal(4)\n"
    "const pads i64 [8] = {0, 0, 1, 1, 0, 0, 1, 1}\n"
    "p = Pad(x, pads) {mode = \"constant\"}\n"
    "a = Conv(p, w1, b1) {strides = [1, 1]}\n"
    "n = BatchNormalization(a, s, b1, b1, s)\n"
    "r = Relu(n)\n"
    "c = Conv(r, w2) {auto_pad = \"SAME_UPPER\", group = 4}\n"
    "m = MaxPool(c) {kernel_shape = [2, 2], pads = [0, 0, 1, 1], strides = [1, 1]}\n"
    "d = Add(m, r)\n"
    "g = GlobalAveragePool(d)\n"
    "f = Flatten(g)\n"
    "y = Gemm(f, fc) {transB = 1}\n"
    "output y\n",
    // Shapes under way, slices, splits, reductions.
    "graph shapes opset 13\n"
    "input x f32 [N, 4, 6]\n"
    "const zero i64 [] = {0}\n"
    "const axis i64 [1] = {0}\n"
    "const two i64 [1] = {2}\n"
    "const last i64 [1] = {-1}\n"
    "const starts i64 [2] = {0, 1}\n"
    "const ends i64 [2] = {4, 6}\n"
    "const axes i64 [2] = {1, 2}\n"
    "const steps i64 [2] = {2, 1}\n"
    "const w f32 [5, 5] = normal(5)\n"
    "const parts i64 [2] = {1, 1}\n"
    "s = Shape(x)\n"
    "n = Gather(s, zero)\n"
    "u = Unsqueeze(n, axis)\n"
    "k = Concat(u, two, last) {axis = 0}\n"
    "t = Slice(x, starts, ends, axes, steps)\n"
    "m = MatMul(t, w)\n"
    "q = Reshape(m, k)\n"
    "h, i = Split(q, parts) {axis = 1}\n"
    "j = Concat(h, i) {axis = 2}\n"
    "v = ReduceMean(j) {axes = [1], keepdims = 0}\n"
    "o = Transpose(v) {perm = [0, 1]}\n"
    "y = Softmax(o) {axis = -1}\n"
    "output y\n",
    // Constants to fold.
    "graph constants opset 17\n"
    "input x f32 [N, 4]\n"
    "const k i64 [2] = {2, 2}\n"
    "const flat i64 [1] = {-1}\n"
    "const low f32 [] = {-1.0}\n"
    "const high f32 [] = {1.0}\n"
    "const begin i64 [] = {0}\n"
    "const end i64 [] = {4}\n"
    "const one i64 [] = {1}\n"
    "z = ConstantOfShape(k) {value = f32 [1] {0.5}}\n"
    "e = Reshape(z, flat)\n"
    "r = Range(begin, end, one)\n"
    "f = Cast(r) {to = 1}\n"
    "a = Add(e, f)\n"
    "b = Equal(r, r)\n"
    "w = Where(b, a, f)\n"
    "c = Clip(x, low, high)\n"
    "i = Identity(c)\n"
    "y = Mul(i, w)\n"
    "output y\n",
};

void damage(Bytes& bytes, Rng& rng) {
  const auto at = [&] { return bytes.empty() ? 0 : size_t(rng.below(uint32_t(bytes.size()))); };
  const auto iterator = [&](size_t index) { return bytes.begin() + int64_t(index); };
  switch (rng.below(7)) {
    case 0:  // flip a bit
      if (!bytes.empty()) bytes[at()] ^= uint8_t(1u << rng.below(8));
      break;
    case 1:  // another byte
      if (!bytes.empty()) bytes[at()] = uint8_t(rng.next());
      break;
    case 2:  // insert
      bytes.insert(iterator(at()), 1 + rng.below(4), uint8_t(rng.next()));
      break;
    case 3: {  // delete
      const size_t from = at(), count = std::min<size_t>(bytes.size() - from, 1 + rng.below(8));
      bytes.erase(iterator(from), iterator(from + count));
      break;
    }
    case 4:  // truncate; rarely, since little is left to read
      if (rng.below(4) == 0) bytes.resize(at());
      break;
    case 5: {  // splice: copy a piece elsewhere
      const size_t from = at(), count = std::min<size_t>(bytes.size() - from, 1 + rng.below(64));
      const Bytes piece(iterator(from), iterator(from + count));
      bytes.insert(iterator(at()), piece.begin(), piece.end());
      break;
    }
    default:  // a varint grows to its largest
      if (!bytes.empty()) {
        const size_t from = at();
        for (size_t i = from; i < std::min(bytes.size(), from + 9); ++i) bytes[i] = 0xff;
      }
  }
}

// One number or word of the text form replaced: this reaches deeper than damaged bytes, which protobuf mostly refuses.
std::string damage_text(const std::string& text, Rng& rng) {
  static const char* const kNumbers[] = {"0",
                                         "-1",
                                         "1",
                                         "2",
                                         "3",
                                         "5",
                                         "8",
                                         "64",
                                         "-7",
                                         "4096",
                                         "268435456",
                                         "2147483648",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "0.0",
                                         "-1.5",
                                         "1e38"};
  static const char* const kTypes[] = {"f32", "f64", "f16", "i64", "i32", "i8", "u8", "bool"};
  const auto is_number = [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::vector<std::pair<size_t, size_t>> words;  // begin, end
  const size_t body = text.find('\n') + 1;
  for (size_t i = body; i < text.size();) {
    size_t end = i;
    while (end < text.size() && (is_number(text[end]) || is_letter(text[end]) || text[end] == '_')) ++end;
    if (end > i) words.push_back({i, end});
    i = std::max(end, i + 1);
  }
  const auto [begin, end] = words[rng.below(uint32_t(words.size()))];
  std::string other;
  const std::string word = text.substr(begin, end - begin);
  const bool type = std::find(std::begin(kTypes), std::end(kTypes), word) != std::end(kTypes);
  if (is_number(word[0])) {
    other = kNumbers[rng.below(uint32_t(std::size(kNumbers)))];
  } else if (type) {
    other = kTypes[rng.below(uint32_t(std::size(kTypes)))];
  } else {
    const auto [from, to] = words[rng.below(uint32_t(words.size()))];
    other = text.substr(from, to - from);
  }
  return text.substr(0, begin) + other + text.substr(end);
}

std::map<std::string, int> mutate(const Bytes& model, uint64_t seed, int times) {
  std::map<std::string, int> outcomes;
  Rng rng(seed);
  for (int i = 0; i < times; ++i) {
    Bytes bytes = model;
    const uint32_t count = 1 + rng.below(3);
    for (uint32_t k = 0; k < count; ++k) damage(bytes, rng);
    ++outcomes[fuzz::read_model(bytes)];
  }
  return outcomes;
}

void check_outcomes(const std::map<std::string, int>& outcomes) {
  std::string summary;
  for (const auto& [name, count] : outcomes) summary += name + " " + std::to_string(count) + ", ";
  CAPTURE(summary);
  CHECK(outcomes.count("internal") == 0);
  CHECK(outcomes.count("invalid_model") == 1);
}

}  // namespace

TEST_CASE("mutations: small models") {
  uint64_t seed = 1;
  for (const char* text : kModels) {
    auto graph = parse_graph(text);
    if (!graph) FAIL(graph.error().to_string());
    REQUIRE(infer_shapes(*graph).ok());
    auto bytes = export_onnx(*graph);
    if (!bytes) FAIL(bytes.error().to_string());
    CHECK(fuzz::read_model(*bytes) == "run");
    check_outcomes(mutate(*bytes, seed++, kMutations));
  }
}

TEST_CASE("mutations: the text form") {
  Rng rng(9);
  for (const char* model : kModels) {
    std::map<std::string, int> outcomes;
    for (int i = 0; i < kMutations; ++i) {
      std::string text = model;
      const uint32_t count = 1 + rng.below(2);
      for (uint32_t k = 0; k < count; ++k) text = damage_text(text, rng);
      ++outcomes[fuzz::use_graph(parse_graph(text))];
    }
    check_outcomes(outcomes);
  }
}

TEST_CASE("mutations: an old opset with attributes for inputs") {
  using namespace proto;
  GraphParts parts = relu_parts();
  parts.nodes = {
      node("Clip", {"x"}, {"a"}, "clip", {Message().text(1, "min").real(2, 0).number(20, 1)}),
      node("Unsqueeze", {"a"}, {"b"}, "u", {integers_attribute("axes", {1})}),
      node("Pad", {"b"}, {"c"}, "p", {integers_attribute("pads", {0, 0, 1, 0, 0, 1})}),
      node("Slice", {"c"}, {"d"}, "s",
           {integers_attribute("starts", {1}), integers_attribute("ends", {3}), integers_attribute("axes", {2})}),
      node("Split", {"d"}, {"e", "f"}, "sp", {integers_attribute("split", {1, 1}), integer_attribute("axis", 2)}),
      node("Squeeze", {"e"}, {"g"}, "sq", {integers_attribute("axes", {1})}),
      node("Softmax", {"g"}, {"h"}, "soft"),
      node("Dropout", {"h"}, {"i"}, "drop"),
      node("ReduceSum", {"i"}, {"y"}, "sum", {integers_attribute("axes", {1})})};
  const Bytes bytes = model_bytes(parts, 9);
  CHECK(fuzz::read_model(bytes) == "run");
  check_outcomes(mutate(bytes, 77, kMutations));
}

TEST_CASE("mutations: real models") {
  const char* folder = std::getenv("OFFRAMP_DATA");
  if (!folder) return;
  uint64_t seed = 100;
  for (const char* name : {"kws/kws_dscnn.onnx", "ecg/ecg_resnet1d_small.onnx"}) {
    std::ifstream file(std::string(folder) + "/" + name, std::ios::binary);
    const Bytes bytes((std::istreambuf_iterator<char>(file)), {});
    REQUIRE(!bytes.empty());
    check_outcomes(mutate(bytes, seed++, kMutations));
  }
}

// Weights fill most of a model's bytes, and to damage them shows little: the small models get more of the work.
TEST_CASE("mutations: the zoo") {
  constexpr int64_t kMutatedBytes = 4'000'000;  // of each model, all mutations together
  uint64_t seed = 200;
  for (const ZooModel& model : read_zoo()) {
    CAPTURE(model.name);
    const int64_t times = std::clamp<int64_t>(kMutatedBytes / int64_t(model.onnx.size()), 5, 200);
    check_outcomes(mutate(model.onnx, seed++, int(times)));
  }
}

}  // namespace offramp
