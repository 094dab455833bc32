// 3x3 convolutions as sixteen matrix products.
#include <algorithm>

#include "exec/xnnpack/compile.h"
#include "exec/xnnpack/kernels.h"
#include "exec/xnnpack/winograd.h"

namespace offramp::xnnpack {
namespace {

constexpr size_t kH = 1, kW = 2;              // axes of a Window
constexpr size_t kMinChannels = 16;           // below, turning pixels into factors costs what the products save
constexpr size_t kMinTiles = 49;              // below, weights outweigh pixels, and sixteen products need 16/9 of them
constexpr size_t kWorkingBytes = 512 * 1024;  // factors and products of the tiles worked on at once, to stay in a cache

class WinogradStep : public Step {
 public:
  // `samples`: in a batch, the leading dimension.
  WinogradStep(const TileGrid& grid, Dim samples, std::vector<Operator> products, Tensor bias, float low, float high)
      : grid_(grid), samples_(samples), products_(std::move(products)), bias_(std::move(bias)),
        zeros_(DType::kF32, {int64_t(grid.channels)}), low_(low), high_(high) {
    const size_t per_tile = kWinogradPoints * (grid.channels + grid.out_channels) * sizeof(float);
    capacity_ = std::clamp<size_t>(kWorkingBytes / per_tile, 16, 256);
  }
  const char* kernel() const override { return "own"; }

  Status prepare(int64_t batch) override {
    tiles_ = size_t(samples_.size * (samples_.per_sample ? batch : 1)) * grid_.tiles();
    chunk_ = std::min(capacity_, tiles_);
    // Sixteen products run beside one another, each on one thread.
    for (const Operator& product : products_)
      OFFRAMP_RETURN_IF_ERROR(check(xnn_reshape_fully_connected_nc_f32(product.get(), chunk_, nullptr), "take a shape"));
    workspace_bytes = (factors() + kWinogradPoints * chunk_ * grid_.out_channels) * sizeof(float) + XNN_EXTRA_BYTES;
    return {};
  }

  Status bind(const Operands& operands) override {
    x_ = operands.input(0);
    y_ = operands.output();
    factors_ = reinterpret_cast<float*>(operands.workspace);
    results_ = factors_ + factors();
    for (size_t p = 0; p < kWinogradPoints; ++p)
      OFFRAMP_RETURN_IF_ERROR(check(
          xnn_setup_fully_connected_nc_f32(products_[p].get(), factors_ + p * chunk_ * grid_.channels,
                                           results_ + p * chunk_ * grid_.out_channels),
          "set up an operator"));
    return {};
  }

  Status run() override {
    std::array<xnn_status, kWinogradPoints> status = {};
    const float *zeros = zeros_.data<float>().data(), *bias = bias_.data<float>().data();
    for (size_t first = 0; first < tiles_; first += chunk_) {
      // The last chunk's products include rows of earlier tiles, which nobody reads.
      const size_t count = std::min(chunk_, tiles_ - first);
      in_parallel(count, 16, [&](size_t begin, size_t end) {
        transform_input(grid_, x_, zeros, first + begin, end - begin, chunk_, factors_ + begin * grid_.channels);
      });
      in_parallel(kWinogradPoints, 1, [&](size_t begin, size_t) {
        status[begin] = xnn_run_operator(products_[begin].get(), nullptr);
      });
      in_parallel(count, 16, [&](size_t begin, size_t end) {
        transform_output(grid_, results_ + begin * grid_.out_channels, bias, first + begin, end - begin, chunk_, low_,
                         high_, y_);
      });
    }
    for (xnn_status each : status)
      if (each != xnn_status_success) return check(each, "run").within("node " + node + " (" + op + ")");
    return {};
  }

 private:
  // Elements, up to a boundary that the products may start at.
  size_t factors() const { return (kWinogradPoints * chunk_ * grid_.channels + 63) / 64 * 64; }

  TileGrid grid_;
  Dim samples_;
  std::vector<Operator> products_;
  Tensor bias_, zeros_;
  float low_, high_;
  size_t capacity_, chunk_ = 0, tiles_ = 0;
  const float* x_ = nullptr;
  float *y_ = nullptr, *factors_ = nullptr, *results_ = nullptr;
};

}  // namespace

bool suits_winograd(const reference::Window& w, size_t groups, size_t in_channels, size_t out_channels) {
  if (groups != 1 || std::min(in_channels, out_channels) < kMinChannels || w.rank != 2) return false;
  for (size_t axis : {kH, kW})
    if (w.kernel[axis] != 3 || w.stride[axis] != 1 || w.dilation[axis] != 1) return false;
  return size_t((w.output[kH] + 1) / 2 * ((w.output[kW] + 1) / 2)) >= kMinTiles;
}

Status add_winograd(Compiler& compiler, const Node& node, const reference::Window& w) {
  const Tensor& weights = *compiler.graph().constant(node.inputs[1]);
  TileGrid grid;
  grid.height = size_t(w.input[kH]);
  grid.width = size_t(w.input[kW]);
  grid.top = size_t(w.pad_begin[kH]);
  grid.left = size_t(w.pad_begin[kW]);
  grid.out_height = size_t(w.output[kH]);
  grid.out_width = size_t(w.output[kW]);
  grid.out_channels = size_t(weights.dims()[0]);
  grid.channels = size_t(weights.dims()[1]);
  const bool biased = node.inputs.size() > 2 && node.inputs[2];
  const Tensor bias =
      biased ? *compiler.graph().constant(node.inputs[2]) : Tensor(DType::kF32, {int64_t(grid.out_channels)});
  std::vector<Operator> products;
  for (const Tensor& matrix : transform_filter(weights)) {
    OFFRAMP_TRY(Operator product, make_operator([&](xnn_operator_t* made) {
                  return xnn_create_fully_connected_nc_f32(
                      grid.channels, grid.out_channels, grid.channels, grid.out_channels, matrix.data<float>().data(),
                      nullptr, -Epilogue::kInfinity, Epilogue::kInfinity, 0, nullptr, compiler.weights().provider(), made);
                }));
    products.push_back(std::move(product));
  }
  OFFRAMP_TRY(const BufferId x, compiler.read(node.inputs[0], Layout::kNhwc));
  const Epilogue epilogue = compiler.take_epilogue(node.outputs[0]);
  const BufferId y = compiler.make(epilogue.output, Layout::kNhwc);
  compiler.add(std::make_unique<WinogradStep>(grid, compiler.shape(node.inputs[0])[0], std::move(products), bias,
                                              epilogue.low, epilogue.high),
               {x}, {y});
  return {};
}

}  // namespace offramp::xnnpack
