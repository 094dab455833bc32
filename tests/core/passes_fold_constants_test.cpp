// fold_constants: what does not depend on the data, nor on the batch size, is computed; within caps.
#include "passes_support.h"

namespace offramp {
namespace {

using namespace testing;

std::string folded(const std::string& lines, const Evaluate& evaluate = run_reference) {
  Graph graph = inferred("graph g opset 17\n" + lines);
  const auto changed = fold_constants(graph, evaluate);
  return changed ? body(std::move(graph)) : changed.error().to_string();
}

}  // namespace

TEST_CASE("fold_constants: nodes that read constants only") {
  CHECK(folded("input x f32 [N, 2]\n"
               "const a f32 [2] = {1.0, 2.0}\n"
               "const b f32 [1] = {10.0}\n"
               "c = Mul(a, b)\n"
               "d = Add(c, a)\n"
               "y = Add(x, d)\n"
               "output y\n") ==
        "input x f32 [N, 2]\n"
        "const d f32 [2] = {11.0, 22.0}\n"
        "y = Add(x, d)\n"
        "output y\n");
}

TEST_CASE("fold_constants: shapes as far as they do not follow the batch") {
  CHECK(folded("input x f32 [N, 2, 3]\n"
               "const one i64 [] = {1}\n"
               "const two i64 [] = {2}\n"
               "const axis i64 [1] = {0}\n"
               "s = Shape(x)\n"
               "c = Gather(s, one)\n"
               "l = Gather(s, two)\n"
               "m = Mul(c, l)\n"
               "k = Unsqueeze(m, axis)\n"
               "t = ConstantOfShape(k) {value = f32 [1] {2.0}}\n"
               "f = Flatten(x)\n"
               "y = Add(f, t)\n"
               "output y\n") ==
        "input x f32 [N, 2, 3]\n"
        "const t f32 [6] = {2.0, 2.0, 2.0, 2.0, 2.0, 2.0}\n"
        "f = Flatten(x)\n"
        "y = Add(f, t)\n"
        "output y\n");
}

TEST_CASE("fold_constants: a Slice up to as many as there are elements gets a constant end") {
  CHECK(folded("input x f32 [N, 4]\n"
               "const begin i64 [1] = {1}\n"
               "const axis i64 [1] = {1}\n"
               "const one i64 [1] = {-1}\n"
               "k = Size(x)\n"
               "e = Reshape(k, one)\n"
               "y = Slice(x, begin, e, axis)\n"
               "output y\n") ==
        "input x f32 [N, 4]\n"
        "const begin i64 [1] = {1}\n"
        "const axis i64 [1] = {1}\n"
        "const y.ends i64 [1] = {9223372036854775807}\n"
        "y = Slice(x, begin, y.ends, axis)\n"
        "output y\n");
}

TEST_CASE("fold_constants: a Reshape that follows the batch gets a constant shape") {
  CHECK(folded("input x f32 [N, 2, 3]\n"
               "const zero i64 [] = {0}\n"
               "const axis i64 [1] = {0}\n"
               "const rest i64 [1] = {-1}\n"
               "s = Shape(x)\n"
               "n = Gather(s, zero)\n"
               "u = Unsqueeze(n, axis)\n"
               "k = Concat(u, rest) {axis = 0}\n"
               "y = Reshape(x, k)\n"
               "output y\n") ==
        "input x f32 [N, 2, 3]\n"
        "const y.shape i64 [2] = {-1, 6}\n"
        "y = Reshape(x, y.shape)\n"
        "output y\n");
}

TEST_CASE("fold_constants: without a kernel, nodes stay") {
  const std::string lines = "input x f32 [N, 2]\nconst a f32 [2] = {1.0, 2.0}\nb = Neg(a)\ny = Add(x, b)\noutput y\n";
  const Evaluate none = [](const Node&, std::span<const Tensor* const>) -> Result<std::vector<Tensor>> {
    return unsupported("no kernel");
  };
  CHECK(folded(lines, none) == lines);
  CHECK(folded(lines, nullptr) == lines);
  const Evaluate fails = [](const Node&, std::span<const Tensor* const>) -> Result<std::vector<Tensor>> {
    return invalid_model("division by zero");
  };
  CHECK(folded(lines, fails) == "node b (Neg): division by zero");
  const Evaluate wrong = [](const Node&, std::span<const Tensor* const>) -> Result<std::vector<Tensor>> {
    return std::vector<Tensor>{Tensor(DType::kF32, {3})};
  };
  CHECK(folded(lines, wrong) == "node b (Neg): the kernel returned [3], inference says [2]");
}

TEST_CASE("fold_constants: outputs above the cap stay nodes") {
  int runs = 0;
  const Evaluate count = [&runs](const Node& node, std::span<const Tensor* const> inputs) {
    ++runs;
    return run_reference(node, inputs);
  };
  const std::string big =
      "input x f32 [N, 1]\n"
      "const k i64 [2] = {4097, 4096}\n"
      "const v f32 [1] = {1.0}\n"
      "e = Expand(v, k)\n"
      "y = ReduceMax(e) {keepdims = 1}\n"
      "z = Add(x, y)\n"
      "output z\n";
  CHECK(folded(big, count) == big);
  CHECK(runs == 0);
  // A product of constants that would take minutes.
  const std::string slow =
      "input x f32 [N, 1]\n"
      "const a f32 [1024, 1024] = 1\n"
      "b = MatMul(a, a)\n"
      "y = ReduceMax(b) {keepdims = 0}\n"
      "z = Add(x, y)\n"
      "output z\n";
  folded(slow, count);
  CHECK(runs == 0);
}

}  // namespace offramp
