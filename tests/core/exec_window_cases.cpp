#include "exec_operator_cases.h"

namespace offramp {

// Tolerances: sums of up to a few hundred products in another order.
const std::vector<OperatorCase>& window_cases() {
  static const std::vector<OperatorCase> cases = {
      {"conv 3x3 with padding", R"(input x f32 [N, 3, 9, 7]
const w f32 [5, 3, 3, 3] = normal(1) * 0.3
const b f32 [5] = normal(2)
y = Conv(x, w, b) {pads = [1, 1, 1, 1]}
output y)", 1e-5f, true},
      {"conv with a different pad on every side", R"(input x f32 [N, 2, 6, 7]
const w f32 [4, 2, 3, 3] = normal(1) * 0.3
y = Conv(x, w) {pads = [0, 1, 2, 0]}
output y)", 1e-5f, true},
      {"conv with strides that leave a rest", R"(input x f32 [N, 3, 8, 9]
const w f32 [4, 3, 3, 3] = normal(1) * 0.3
const b f32 [4] = normal(2)
y = Conv(x, w, b) {strides = [2, 3], pads = [1, 1, 1, 1]}
output y)", 1e-5f, true},
      {"dilated conv", R"(input x f32 [N, 2, 9, 9]
const w f32 [3, 2, 3, 2] = normal(1) * 0.3
y = Conv(x, w) {dilations = [2, 3], pads = [2, 0, 1, 3]}
output y)", 1e-5f, true},
      {"grouped conv", R"(input x f32 [N, 6, 5, 5]
const w f32 [9, 2, 3, 3] = normal(1) * 0.3
const b f32 [9] = normal(2)
y = Conv(x, w, b) {group = 3, pads = [1, 1, 1, 1]}
output y)", 1e-5f, true},
      {"depthwise conv", R"(input x f32 [N, 7, 6, 6]
const w f32 [7, 1, 3, 3] = normal(1) * 0.3
const b f32 [7] = normal(2)
y = Conv(x, w, b) {group = 7, pads = [1, 1, 1, 1], strides = [2, 2]}
output y)", 1e-5f, true},
      {"depthwise conv with two outputs a channel", R"(input x f32 [N, 3, 6, 5]
const w f32 [6, 1, 3, 3] = normal(1) * 0.3
const b f32 [6] = normal(2)
y = Conv(x, w, b) {group = 3}
output y)", 1e-5f, true},
      {"depthwise conv with a large window", R"(input x f32 [N, 4, 9, 8]
const w f32 [4, 1, 7, 7] = normal(1) * 0.3
y = Conv(x, w) {group = 4, pads = [3, 3, 3, 3]}
output y)", 1e-5f, true},
      {"3x3 conv of many channels, odd sizes", R"(input x f32 [N, 32, 15, 17]
const w f32 [40, 32, 3, 3] = normal(1) * 0.1
const b f32 [40] = normal(2)
c = Conv(x, w, b) {pads = [1, 1, 1, 1]}
y = Relu(c)
output y)", 2e-5f, true},
      {"3x3 conv of many channels, no padding", R"(input x f32 [N, 33, 18, 16]
const w f32 [32, 33, 3, 3] = normal(1) * 0.1
y = Conv(x, w)
output y)", 2e-5f, true},
      {"3x3 conv of many channels, a different pad on every side", R"(input x f32 [N, 36, 13, 14]
const w f32 [34, 36, 3, 3] = normal(1) * 0.1
const b f32 [34] = normal(2)
y = Conv(x, w, b) {pads = [2, 0, 1, 2]}
output y)", 2e-5f, true},
      {"depthwise conv with a larger window than XNNPACK has", R"(input x f32 [N, 40, 10, 9]
const w f32 [40, 1, 7, 7] = normal(1) * 0.1
const b f32 [40] = normal(2)
c = Conv(x, w, b) {group = 40, pads = [3, 3, 3, 3]}
y = Relu(c)
output y)", 2e-5f, true},
      {"1-D depthwise conv with a larger window, strides and dilation", R"(input x f32 [N, 5, 90]
const w f32 [5, 1, 31] = normal(1) * 0.1
y = Conv(x, w) {group = 5, pads = [15, 14], strides = [2], dilations = [2]}
output y)", 2e-5f, true},
      {"transposed conv with strides, pads, groups and a bound", R"(input x f32 [N, 6, 5, 4]
const w f32 [6, 4, 3, 3] = normal(1) * 0.2
const b f32 [8] = normal(2)
c = ConvTranspose(x, w, b) {group = 2, strides = [2, 3], pads = [1, 0, 1, 2]}
y = Relu(c)
output y)", 1e-5f, true},
      {"transposed conv with output padding and dilation", R"(input x f32 [N, 3, 5, 6]
const w f32 [3, 5, 3, 2] = normal(1) * 0.2
y = ConvTranspose(x, w) {strides = [2, 2], dilations = [2, 1], output_padding = [1, 1]}
output y)", 1e-5f, true},
      {"1-D transposed conv to a stated shape", R"(input x f32 [N, 3, 9]
const w f32 [3, 4, 5] = normal(1) * 0.2
y = ConvTranspose(x, w) {strides = [2], output_shape = [18]}
output y)", 1e-5f, true},
      {"pixels to channels and back", R"(input x f32 [N, 3, 4, 6]
a = SpaceToDepth(x) {blocksize = 2}
b = Relu(a)
y = DepthToSpace(b) {blocksize = 2}
output a
output y)", 0, true},
      {"1x1 conv", R"(input x f32 [N, 6, 4, 4]
const w f32 [3, 6, 1, 1] = normal(1) * 0.3
y = Conv(x, w) {strides = [2, 2]}
output y)", 1e-5f, true},
      {"one input channel", R"(input x f32 [N, 1, 19, 10]
const w f32 [8, 1, 10, 4] = normal(1) * 0.3
const b f32 [8] = normal(2)
y = Conv(x, w, b) {strides = [2, 2], pads = [4, 1, 5, 1]}
output y)", 1e-5f, true},
      {"1-D conv", R"(input x f32 [N, 3, 20]
const w f32 [4, 3, 5] = normal(1) * 0.3
const b f32 [4] = normal(2)
y = Conv(x, w, b) {pads = [2, 2]}
output y)", 1e-5f, true},
      {"1-D conv with stride and dilation", R"(input x f32 [N, 3, 21]
const w f32 [4, 3, 3] = normal(1) * 0.3
y = Conv(x, w) {strides = [2], dilations = [4], pads = [3, 1]}
output y)", 1e-5f, true},
      {"1-D depthwise conv", R"(input x f32 [N, 5, 16]
const w f32 [5, 1, 3] = normal(1) * 0.3
const b f32 [5] = normal(2)
y = Conv(x, w, b) {group = 5, pads = [1, 1]}
output y)", 1e-5f, true},
      {"3-D conv", R"(input x f32 [N, 2, 4, 5, 6]
const w f32 [3, 2, 2, 3, 3] = normal(1) * 0.3
y = Conv(x, w) {pads = [0, 1, 1, 1, 1, 1]}
output y)", 1e-5f, false},
      {"conv padded to the same size, the rest at the end", R"(input x f32 [N, 2, 7, 8]
const w f32 [3, 2, 2, 4] = normal(1) * 0.3
y = Conv(x, w) {auto_pad = "SAME_UPPER", strides = [1, 3]}
output y)", 1e-5f, true},
      {"conv padded to the same size, the rest at the beginning", R"(input x f32 [N, 2, 7, 8]
const w f32 [3, 2, 2, 4] = normal(1) * 0.3
y = Conv(x, w) {auto_pad = "SAME_LOWER", strides = [2, 1]}
output y)", 1e-5f, true},
      {"conv and relu", R"(input x f32 [N, 2, 5, 5]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
c = Conv(x, w)
y = Relu(c)
output y)", 1e-5f, true},
      {"conv whose value leaves both before and after the relu", R"(input x f32 [N, 2, 5, 5]
const w f32 [3, 2, 3, 3] = normal(1) * 0.3
c = Conv(x, w)
y = Relu(c)
output c
output y)", 1e-5f, true},
      {"average pool", R"(input x f32 [N, 3, 6, 7]
y = AveragePool(x) {kernel_shape = [2, 3], strides = [2, 2]}
output y)", 1e-6f, true},
      {"average pool that leaves padding out", R"(input x f32 [N, 3, 6, 6]
y = AveragePool(x) {kernel_shape = [3, 3], strides = [2, 1], pads = [1, 0, 1, 2]}
output y)", 1e-6f, true},
      {"average pool that counts padding", R"(input x f32 [N, 3, 6, 6]
y = AveragePool(x) {kernel_shape = [3, 3], strides = [2, 1], pads = [1, 0, 1, 2], count_include_pad = 1}
output y)", 1e-6f, true},
      {"average pool rounded up", R"(input x f32 [N, 3, 6, 7]
y = AveragePool(x) {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1}
output y)", 1e-6f, true},
      {"average pool rounded up that counts padding", R"(input x f32 [N, 3, 6, 7]
y = AveragePool(x) {kernel_shape = [3, 3], strides = [3, 3], pads = [1, 1, 1, 1], ceil_mode = 1, count_include_pad = 1}
output y)", 1e-6f, true},
      {"1-D average pool", R"(input x f32 [N, 4, 13]
y = AveragePool(x) {kernel_shape = [4], strides = [3], pads = [1, 1]}
output y)", 1e-6f, true},
      {"max pool", R"(input x f32 [N, 3, 9, 8]
y = MaxPool(x) {kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]}
output y)", 0, true},
      {"max pool rounded up", R"(input x f32 [N, 3, 6, 8]
y = MaxPool(x) {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1}
output y)", 0, true},
      {"dilated max pool", R"(input x f32 [N, 3, 9, 8]
y = MaxPool(x) {kernel_shape = [2, 3], dilations = [3, 2], pads = [2, 0, 0, 1]}
output y)", 0, true},
      {"1-D max pool", R"(input x f32 [N, 4, 13]
y = MaxPool(x) {kernel_shape = [3], strides = [2], pads = [0, 1]}
output y)", 0, true},
      {"max pool that skips rows", R"(input x f32 [N, 3, 9, 9]
y = MaxPool(x) {kernel_shape = [2, 2], strides = [3, 3]}
output y)", 0, false},
      {"global average pool", R"(input x f32 [N, 6, 5, 7]
y = GlobalAveragePool(x)
output y)", 1e-6f, true},
      {"global average pool of signals", R"(input x f32 [N, 6, 33]
y = GlobalAveragePool(x)
output y)", 1e-6f, true},
      {"global max pool", R"(input x f32 [N, 6, 5, 7]
y = GlobalMaxPool(x)
output y)", 0, true},
      {"global max pool of signals", R"(input x f32 [N, 6, 17]
y = GlobalMaxPool(x)
output y)", 0, true},
  };
  return cases;
}

}  // namespace offramp
