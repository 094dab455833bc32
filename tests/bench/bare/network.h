// A model as the layers that a mobile inference library has: maps in NHWC, activations inside the layers before them, every
// dimension fixed for one sample. The bare runner and the TensorFlow.js translation are both made from it.
#pragma once
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "base/json.h"
#include "graph/graph.h"

namespace offramp::bench {

enum class Kind {
  kConv,           // weights [out, h, w, in]
  kDepthwise,      // weights [1, h, w, out]
  kMaxPool,
  kAveragePool,    // padding is not counted
  kMean,           // over height and width
  kDense,          // weights [out, in], along the last axis
  kAdd,
  kMultiply,
  kClamp,
  kSubsample,      // every stride-th row and column
  kPad,            // zeros: `numbers` has as many in front of and behind each axis
  kReshape,        // `numbers` is the shape
  kTranspose,      // `numbers` is the permutation
  kSlice,          // `numbers` has offsets, then sizes
  kConcat,         // along axis numbers[0]
  kMatMul,
  kSoftmax,        // along the last axis
  kLayerNorm,      // along the last axis; weights and bias are scale and shift, numbers[0] is 1e9 times epsilon
  kGelu,
};
const char* to_string(Kind kind);

struct Layer {
  Kind kind;
  std::vector<int> inputs;  // of Network::dims
  int output = 0;
  std::array<int64_t, 2> kernel = {1, 1}, stride = {1, 1}, dilation = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};  // top, left, bottom, right
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
  std::vector<int64_t> numbers;
  Tensor weights, bias;  // no elements: none
};

struct Network {
  std::vector<Dims> dims;  // of every operand
  std::vector<Tensor> constants;  // by operand; no elements: computed
  std::vector<Layer> layers;
  int input = 0, output = 0;
};

// Errors: kUnsupported naming the first node that has no layer.
Result<Network> lower(const Graph& graph);

// The layers with offsets into `weights`, where all weights and constants follow each other.
Json to_json(const Network& network, std::vector<float>& weights);

}  // namespace offramp::bench
