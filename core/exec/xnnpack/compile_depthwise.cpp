// Depthwise convolutions with large windows: XNNPACK's kernels have up to 25 taps and would take one channel at a time
// beyond.
#include <algorithm>

#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/elementwise_loop.h"
#include "exec/xnnpack/kernels.h"

namespace offramp::xnnpack {
namespace {

constexpr size_t kH = 1, kW = 2;        // axes of a Window
constexpr int64_t kMaxKernelTaps = 25;  // of XNNPACK's largest depthwise kernel
constexpr size_t kBlock = 32;           // channels whose sums stay in registers

// One output pixel of up to kBlock channels; `taps` point to pixels, or are null outside of the input.
void sum_taps(const float* const* taps, const float* weights, size_t count, size_t channels, const float* bias,
              size_t block, float low, float high, float* y) {
  float sums[kBlock];
  for (size_t c = 0; c < block; ++c) sums[c] = bias[c];
  for (size_t tap = 0; tap < count; ++tap, weights += channels) {
    const float* x = taps[tap];
    if (!x) continue;
    OFFRAMP_ELEMENTWISE
    for (size_t c = 0; c < block; ++c) sums[c] += x[c] * weights[c];
  }
  for (size_t c = 0; c < block; ++c) y[c] = sums[c] < low ? low : sums[c] > high ? high : sums[c];
}

}  // namespace

bool suits_large_depthwise(const reference::Window& w, size_t groups, size_t in_channels, size_t out_channels) {
  return groups > 1 && groups == in_channels && in_channels == out_channels && w.kernel[kH] * w.kernel[kW] > kMaxKernelTaps;
}

Status add_large_depthwise(Compiler& compiler, const Node& node, const reference::Window& w) {
  const Tensor& weights = *compiler.graph().constant(node.inputs[1]);
  const auto channels = size_t(weights.dims()[0]);
  const bool biased = node.inputs.size() > 2 && node.inputs[2];
  // [C, 1, ...] to [taps, C]
  const auto taps = int64_t(w.kernel[kH] * w.kernel[kW]);
  const Tensor by_tap = to_nhwc(weights.reshaped({1, int64_t(channels), taps, 1}));
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], Layout::kNhwc));
  const BufferId filter = compiler.keep(by_tap);
  const BufferId bias =
      compiler.keep(biased ? *compiler.graph().constant(node.inputs[2]) : Tensor(DType::kF32, {int64_t(channels)}));
  const Epilogue epilogue = compiler.take_epilogue(node.outputs[0]);
  const BufferId y = compiler.make(epilogue.output, Layout::kNhwc);
  compiler.add(
      kernel_step([w, channels, taps, shape = compiler.shape(node.inputs[0]), low = epilogue.low, high = epilogue.high](
                      int64_t batch, const Operands& at) {
        const Dims dims = nhwc_dims(offramp::bind(shape, batch));
        const auto rows = size_t(dims[0] * w.output[kH]);
        in_parallel(rows, 1, [&](size_t begin, size_t end) {
          std::vector<const float*> pixels(static_cast<size_t>(taps));
          for (size_t row = begin; row < end; ++row)
            for (int64_t column = 0; column < w.output[kW]; ++column) {
              const auto sample = int64_t(row) / w.output[kH], top = int64_t(row) % w.output[kH] * w.stride[kH] - w.pad_begin[kH];
              for (int64_t tap = 0; tap < taps; ++tap) {
                const int64_t h = top + tap / w.kernel[kW] * w.dilation[kH];
                const int64_t v = column * w.stride[kW] - w.pad_begin[kW] + tap % w.kernel[kW] * w.dilation[kW];
                const bool inside = h >= 0 && h < w.input[kH] && v >= 0 && v < w.input[kW];
                pixels[size_t(tap)] =
                    inside ? at.input(0) + size_t((sample * w.input[kH] + h) * w.input[kW] + v) * channels : nullptr;
              }
              float* out = at.output() + (row * size_t(w.output[kW]) + size_t(column)) * channels;
              for (size_t c = 0; c < channels; c += kBlock) {
                sum_taps(pixels.data(), at.input(1) + c, size_t(taps), channels, at.input(2) + c,
                         std::min(kBlock, channels - c), low, high, out + c);
                for (const float*& pixel : pixels) pixel = pixel ? pixel + kBlock : nullptr;
              }
            }
        });
      }),
      {x, filter, bias}, {y});
  return {};
}

}  // namespace offramp::xnnpack
