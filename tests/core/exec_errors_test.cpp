// Nodes that break ONNX's rules or ask too much: typed errors that say what was seen, never a crash.
#include <doctest/doctest.h>

#include "exec/session.h"
#include "graph/operators.h"
#include "graph/text.h"

namespace offramp {
namespace {

struct ErrorCase {
  const char* body;  // one node over constants
  ErrorCode code;
  const char* message;
};

const std::vector<ErrorCase>& error_cases() {
  constexpr auto kModel = ErrorCode::kInvalidModel;
  constexpr auto kForm = ErrorCode::kUnsupported;
  constexpr auto kLimit = ErrorCode::kLimitExceeded;
  static const std::vector<ErrorCase> cases = {
      {"y = Attention(x)", kForm, "node y (Attention): operator Attention has no kernel"},
      {"y = Conv(x)", kModel, "node y (Conv): input 1 is missing; 2 are required"},
      {"y = Relu(_)", kModel, "node y (Relu): input 0 is missing; 1 are required"},
      {"y = Relu(x, x)", kModel, "node y (Relu): expected at most 1 inputs, got 2"},
      {"y = Sigmoid(i)", kForm, "node y (Sigmoid): the input is i64, only f32 and f64 have kernels"},
      {"const w f32 [1, 3, 3, 3] = 1.0\ny = Conv(x, w)", kModel,
       "node y (Conv): weights [1, 3, 3, 3] do not fit an input [1, 2, 3, 4] with group = 1"},
      {"const w f32 [1, 2, 3, 3] = 1.0\ny = Conv(x, w) {group = 0}", kModel,
       "node y (Conv): weights [1, 2, 3, 3] do not fit an input [1, 2, 3, 4] with group = 0"},
      {"const w f32 [1, 2, 3] = 1.0\ny = Conv(x, w)", kModel,
       "node y (Conv): expected input and weights [.., .., spatial...] of equal rank, got [1, 2, 3, 4] and [1, 2, 3]"},
      {"const w f32 [1, 2, 1, 1] = 1.0\nconst b f32 [2] = 1.0\ny = Conv(x, w, b)", kModel,
       "node y (Conv): expected a bias of shape [1], got [2]"},
      {"const w f32 [1, 2, 3, 3] = 1.0\ny = Conv(x, w) {strides = [1]}", kModel,
       "node y (Conv): attribute strides: expected 2 values, got 1"},
      {"const w f32 [1, 2, 3, 3] = 1.0\ny = Conv(x, w) {strides = [0, 1]}", kModel,
       "node y (Conv): attribute strides: 0 is outside [1, 16777216]"},
      {"const w f32 [1, 2, 3, 3] = 1.0\ny = Conv(x, w) {pads = [0, 0, -1, 0]}", kModel,
       "node y (Conv): attribute pads: -1 is outside [0, 16777216]"},
      {"const w f32 [1, 2, 3, 5] = 1.0\ny = Conv(x, w)", kModel,
       "node y (Conv): a window of 5 does not fit an input of 4 padded by 0 and 0"},
      {"const w f32 [1, 2, 1, 1] = 1.0\ny = Conv(x, w) {pads = [16777216, 16777216, 16777216, 16777216]}", kLimit,
       "node y (Conv): shape [1, 1, 33554435, 33554436] has more than 268435456 elements"},
      {"const w f32 [1, 2, 3, 3] = 1.0\ny = Conv(x, w) {auto_pad = \"SAME\"}", kModel,
       "node y (Conv): attribute auto_pad: \"SAME\" is not NOTSET, VALID, SAME_UPPER or SAME_LOWER"},
      {"y = MaxPool(x)", kModel, "node y (MaxPool): attribute kernel_shape is missing"},
      {"y = MaxPool(x) {kernel_shape = [2, 2], pads = [2, 0, 0, 0]}", kModel,
       "node y (MaxPool): pads 2 and 0 leave windows without input; they must be smaller than the window"},
      {"y, z = AveragePool(x) {kernel_shape = [2, 2]}", kForm, "node y (AveragePool): output 1"},
      {"y = LpPool(x) {kernel_shape = [2, 2], p = 0}", kModel,
       "node y (LpPool): attribute p: expected at least 1, got 0"},
      {"y = GlobalMaxPool(i)", kForm, "node y (GlobalMaxPool): the input is i64, only f32 and f64 have kernels"},
      {"const e f32 [1, 2, 0] = {}\ny = GlobalMaxPool(e)", kModel,
       "node y (GlobalMaxPool): cannot pool over no elements: shape [1, 2, 0]"},
      {"y = Gemm(x, x)", kModel, "node y (Gemm): expected two matrices, got [1, 2, 3, 4] and [1, 2, 3, 4]"},
      {"y = MatMul(x, x)", kModel, "node y (MatMul): matrices [1, 2, 3, 4] and [1, 2, 3, 4] do not fit"},
      {"y = Add(x, i)", kModel, "node y (Add): inputs must have one type, got f32 and i64"},
      {"const v f32 [3] = 1.0\ny = Add(x, v)", kModel, "node y (Add): shapes [1, 2, 3, 4] and [3] do not broadcast"},
      {"const v i64 [2] = {1, 0}\ny = Div(i, v)", kModel, "node y (Div): integer division by zero"},
      {"const v i64 [2] = {1, 0}\ny = Mod(i, v)", kModel, "node y (Mod): integer division by zero"},
      {"y = Mod(x, x)", kModel, "node y (Mod): attribute fmod must be 1 for floating-point inputs"},
      {"const v u8 [1] = {1}\ny = BitShift(v, v)", kModel,
       "node y (BitShift): attribute direction: expected LEFT or RIGHT, got \"\""},
      {"y = BitShift(i, i) {direction = \"LEFT\"}", kForm,
       "node y (BitShift): the input is i64, only u16 and u8 have kernels"},
      {"y = And(x, x)", kForm, "node y (And): the input is f32, only bool has a kernel"},
      {"const v f16 [1] = 1.0\ny = Pow(x, v)", kForm,
       "node y (Pow): the exponent is f16, only f32, f64, i64, i32, i16, i8, u16 and u8 have kernels"},
      {"const v f32 [2, 1, 1, 1, 1] = 1.0\ny = PRelu(x, v)", kModel,
       "node y (PRelu): a slope of shape [2, 1, 1, 1, 1] does not broadcast to the input [1, 2, 3, 4]"},
      {"y = Gelu(x) {approximate = \"erf\"}", kModel,
       "node y (Gelu): attribute approximate: expected none or tanh, got \"erf\""},
      {"y = Clip(x, i)", kModel, "node y (Clip): min and max must be scalars of the input's type"},
      {"y = Softmax(x) {axis = 4}", kModel, "node y (Softmax): axis 4 is outside [-4, 3]"},
      {"y = Concat(x, i) {axis = 0}", kModel, "node y (Concat): cannot join f32 [1, 2, 3, 4] and i64 [2] along axis 0"},
      {"y, z = Split(x) {axis = 2}", kModel, "node y (Split): cannot split 3 into 2 outputs of sizes []"},
      {"const s i64 [2] = {4, -1}\ny, z = Split(x, s) {axis = 2}", kModel,
       "node y (Split): cannot split 3 into [4, -1]"},
      {"const at i64 [1] = {4}\ny = Gather(i, at)", kModel, "node y (Gather): index 4 is outside [-2, 1]"},
      {"const s i64 [1] = {0}\ny = Slice(x, s, s, s, s)", kModel, "node y (Slice): a step of 0"},
      {"const s i64 [2] = {0, 0}\ny = Slice(x, s, s, s)", kModel, "node y (Slice): axis 0 appears twice"},
      {"const p i64 [8] = {0, 0, 0, 0, 9223372036854775807, 0, 0, 0}\ny = Pad(x, p)", kLimit,
       "node y (Pad): a pad of 9223372036854775807"},
      {"const p i64 [8] = {0, 0, 3, 0, 0, 0, 0, 0}\ny = Pad(x, p) {mode = \"reflect\"}", kModel,
       "node y (Pad): a reflected pad of 3 needs more than 3 elements along axis 2"},
      {"const p i64 [8] = {0, -3, 0, 0, 0, 0, 0, 0}\ny = Pad(x, p)", kModel,
       "node y (Pad): pads crop more than axis 1 has"},
      {"const s i64 [2] = {-1, 5}\ny = Reshape(x, s)", kModel,
       "node y (Reshape): cannot reshape [1, 2, 3, 4] to [-1, 5]"},
      {"const s i64 [2] = {4611686018427387904, 4}\ny = Reshape(x, s)", kModel,
       "node y (Reshape): cannot reshape [1, 2, 3, 4] to [4611686018427387904, 4]"},
      {"const s i64 [3] = {100000, 100000, 4}\ny = ConstantOfShape(s)", kLimit,
       "node y (ConstantOfShape): shape [100000, 100000, 4] has more than 268435456 elements"},
      {"const s i64 [1] = {-1}\ny = ConstantOfShape(s)", kLimit,
       "node y (ConstantOfShape): negative dimension in shape [-1]"},
      {"const s i64 [17] = 1\ny = ConstantOfShape(s)", kForm,
       "node y (ConstantOfShape): the output has 17 dimensions, at most 16 are supported"},
      {"const a i64 [1] = {1}\ny = Squeeze(x, a)", kModel, "node y (Squeeze): axis 1 of [1, 2, 3, 4] is not 1"},
      {"y = Transpose(x) {perm = [0, 1]}", kModel, "node y (Transpose): attribute perm: expected 4 values, got 2"},
      {"const s i64 [1] = {3}\ny = Expand(x, s)", kModel,
       "node y (Expand): shapes [1, 2, 3, 4] and [3] do not broadcast"},
      {"y = Cast(x) {to = 8}", kForm, "node y (Cast): attribute to: element type 8 has no kernel"},
      {"const a i64 [] = {0}\nconst b i64 [] = {9223372036854775807}\nconst d i64 [] = {1}\ny = Range(a, b, d)", kLimit,
       "node y (Range): the range has more than 268435456 elements"},
      {"const a f32 [] = {0.0}\ny = Range(a, a, a)", kModel, "node y (Range): a delta of 0 or NaN"},
      {"y = ArgMax(x) {axis = -5}", kModel, "node y (ArgMax): axis -5 is outside [-4, 3]"},
      {"const s f32 [3] = 1.0\ny = LayerNormalization(x, s)", kForm,
       "node y (LayerNormalization): a scale of shape [3]; only that of the normalised axes, [4], has a kernel"},
      {"const s f32 [0] = {}\nconst e f32 [2, 0] = {}\ny = LayerNormalization(e, s)", kModel,
       "node y (LayerNormalization): cannot normalise no elements: shape [2, 0]"},
      {"const s f32 [3] = 1.0\ny = GroupNormalization(x, s, s) {num_groups = 3}", kModel,
       "node y (GroupNormalization): attribute num_groups: 3 does not divide 2 channels"},
      {"const s f32 [3] = 1.0\ny = InstanceNormalization(x, s, s)", kModel,
       "node y (InstanceNormalization): expected input 1 of shape [2], got [3]"},
      {"y = LRN(x)", kModel, "node y (LRN): attribute size: expected at least 1, got 0"},
      {"y = LpNormalization(x) {p = 3}", kModel, "node y (LpNormalization): attribute p: expected 1 or 2, got 3"},
      {"const e f32 [2, 0] = {}\ny = ReduceMean(e) {axes = [1]}", kModel, "node y (ReduceMean): ReduceMean of no elements"},
      {"const e f32 [2, 0] = {}\ny = ArgMin(e) {axis = 1}", kModel, "node y (ArgMin): ArgMin over no elements"},
      {"const k i64 [1] = {5}\ny, z = TopK(x, k)", kModel, "node y (TopK): k = 5 is outside [0, 4]"},
      {"y, z = TopK(x)", kModel, "node y (TopK): k = -1 is outside [0, 4]"},
      {"y = EyeLike(x)", kModel, "node y (EyeLike): expected a matrix, got shape [1, 2, 3, 4]"},
      {"y = Trilu(i)", kModel, "node y (Trilu): expected matrices, got shape [2]"},
      {"y = OneHot(i, i, i)", kModel, "node y (OneHot): depth must be one number, got shape [2]"},
      {"const d i64 [] = {9223372036854775807}\ny = OneHot(i, d, i)", kLimit,
       "node y (OneHot): shape [2, 9223372036854775807] has more than 268435456 elements"},
      {"const t bool [] = {1}\ny = Dropout(x, _, t)", kForm,
       "node y (Dropout): training_mode: export the model for inference"},
      {"const w f32 [2, 1, 2, 2] = 1.0\ny = ConvTranspose(x, w) {pads = [9, 0, 9, 0]}", kModel,
       "node y (ConvTranspose): spatial axis 0 of the output would have size -14"},
      {"const w f32 [2, 1, 2, 2] = 1.0\ny = ConvTranspose(x, w) {output_shape = [268435456, 4]}", kModel,
       "node y (ConvTranspose): attribute output_shape: 268435456 is outside [1, 16777216]"},
      {"const w f32 [3, 1, 2, 2] = 1.0\ny = ConvTranspose(x, w)", kModel,
       "node y (ConvTranspose): weights [3, 1, 2, 2] do not fit an input [1, 2, 3, 4] with group = 1"},
      {"y, h, c = LSTM(x, x, x)", kModel,
       "node y (LSTM): expected an input and a recurrent weight of 3 dimensions, got [1, 2, 3, 4] and [1, 2, 3, 4]"},
      {"const s f32 [5, 2, 3] = 1.0\nconst w f32 [1, 8, 3] = 1.0\nconst r f32 [1, 8, 2] = 1.0\n"
       "const l i32 [2] = {5, 6}\ny, h, c = LSTM(s, w, r, _, l)", kModel,
       "node y (LSTM): sequence_lens: 6 is outside [0, 5]"},
      {"const s f32 [5, 2, 3] = 1.0\nconst w f32 [1, 8, 3] = 1.0\nconst r f32 [1, 8, 2] = 1.0\n"
       "y, h, c = LSTM(s, w, r) {input_forget = 1}", kForm, "node y (LSTM): attribute input_forget 1"},
      {"const s f32 [5, 2, 3] = 1.0\nconst w f32 [1, 6, 3] = 1.0\nconst r f32 [1, 6, 2] = 1.0\n"
       "y, h = GRU(s, w, r) {activations = [\"Sigmoid\", \"Affine\"]}", kForm,
       "node y (GRU): activation Affine; Sigmoid, Tanh, Relu and HardSigmoid have kernels"},
      {"const s f32 [5, 2, 3] = 1.0\nconst w f32 [1, 2, 3] = 1.0\nconst r f32 [1, 2, 2] = 1.0\n"
       "y, h = RNN(s, w, r) {activations = [\"Tanh\", \"Tanh\"]}", kModel,
       "node y (RNN): attribute activations: expected 1 names, got 2"},
      {"y = Einsum(x, i) {equation = \"abcd,d\"}", kModel, "node y (Einsum): inputs must have one type"},
      {"const v f32 [7] = 1.0\ny = Einsum(x, v) {equation = \"abcd,d\"}", kModel,
       "node y (Einsum): attribute equation: axis 0 of input 1 has size 7, elsewhere it is 4"},
      {"const s i64 [4] = {1, 2, 0, 1}\ny = Resize(x, _, _, s)", kModel,
       "node y (Resize): size 0 of axis 2 is out of range"},
      {"const s f32 [4] = 1e30\ny = Resize(x, _, s)", kModel,
       "node y (Resize): scale 1000000015047466219876688855040.000000 of axis 0 is out of range"},
      {"const s i64 [4] = {1, 2, 5, 5}\ny = Resize(x, _, _, s) {coordinate_transformation_mode = \"middle\"}", kModel,
       "node y (Resize): attribute coordinate_transformation_mode: \"middle\" is not known"},
      {"y = Tile(x, i)", kModel, "node y (Tile): repeats: expected 4 values, got 2"},
      {"const r i64 [4] = {100000, 100000, 1, 1}\ny = Tile(x, r)", kLimit,
       "node y (Tile): shape [100000, 1, 100000, 2, 3, 4] has more than 268435456 elements"},
      {"y = SpaceToDepth(x) {blocksize = 2}", kModel,
       "node y (SpaceToDepth): positions of [1, 2, 3, 4] are no multiple of a block of 2 by 2"},
      {"const a i64 [1, 1, 1, 1] = {2}\ny = GatherElements(x, a) {axis = 1}", kModel,
       "node y (GatherElements): index 2 is outside [-2, 1]"},
      {"const a i64 [1, 5] = 0\ny = GatherND(x, a)", kModel,
       "node y (GatherND): indices [1, 5] do not name axes of data [1, 2, 3, 4]"},
      {"const a i64 [1, 2] = {0, -3}\ny = GatherND(x, a)", kModel, "node y (GatherND): index -3 is outside [-2, 1]"},
      {"const a i64 [1, 1] = 0\ny = ScatterND(x, a, i)", kModel,
       "node y (ScatterND): updates must have shape [1, 2, 3, 4], got [2]"},
      {"const a i64 [2] = {0, 1}\ny = ScatterElements(i, a, i) {reduction = \"mean\"}", kModel,
       "node y (ScatterElements): attribute reduction: \"mean\" is not none, add, mul, max or min"},
      {"y = CumSum(x, i)", kModel, "node y (CumSum): expected one axis, got 2"},
      {"y = ReduceMax(x) {axes = [0, -4]}", kModel, "node y (ReduceMax): axis -4 appears twice"},
  };
  return cases;
}

TEST_CASE("bad nodes are refused by name") {
  for (const ErrorCase& test : error_cases()) {
    const std::string text = "graph bad opset 17\nconst x f32 [1, 2, 3, 4] = 1.0\nconst i i64 [2] = 1\n" +
                             std::string(test.body) + "\noutput y\n";
    const auto graph = parse_graph(text);
    REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
    std::vector<const Tensor*> inputs;
    for (ValueId id : graph->nodes[0].inputs) inputs.push_back(id ? graph->constant(id) : nullptr);
    const auto outputs = run_reference(graph->nodes[0], inputs);
    CAPTURE(text);
    REQUIRE_FALSE(outputs.ok());
    CHECK(outputs.error().to_string() == test.message);
    CHECK(outputs.error().code == test.code);
  }
}

TEST_CASE("work that would not end is refused") {
  const auto graph = parse_graph(R"(graph bad opset 17
const x f32 [1, 1, 1, 100000] = 1.0
const w f32 [200, 1, 1, 50000] = 1.0
y = Conv(x, w)
output y
)");
  REQUIRE_MESSAGE(graph.ok(), graph.error().to_string());
  const Tensor* inputs[] = {graph->constant(graph->find_value("x")), graph->constant(graph->find_value("w"))};
  const auto outputs = run_reference(graph->nodes[0], inputs);
  REQUIRE_FALSE(outputs.ok());
  CHECK(outputs.error().to_string() == "node y (Conv): one run of this node would take more than 2^38 steps");
}

}  // namespace
}  // namespace offramp
