// `offramp_probe augment MODEL INPUTS.f32 LABELS.i32 ROWS BACKEND OPTIONS_JSON OUT.json`: a whole augmentation without a
// JavaScript host, so that native and wasm plans can be compared. The first half of the rows trains, a quarter selects, a quarter tests.
#include "augment_probe.h"

#include <algorithm>

#include "offramp.h"
#include "probe_support.h"

int augment_probe(int argc, char** argv) {
  using namespace offramp;
  if (argc != 9) {
    std::fprintf(stderr, "usage: offramp_probe augment MODEL INPUTS.f32 LABELS.i32 ROWS BACKEND OPTIONS_JSON OUT.json\n");
    return 2;
  }
  const int64_t rows = std::atoll(argv[5]);
  auto graph = load_model(read_file(argv[2]));
  if (!graph) return fail(graph.error());
  const Dims dims = offramp::bind(*graph->value(graph->inputs[0]).shape, rows);

  Tensor inputs(DType::kF32, dims), labels(DType::kI32, {rows});
  for (auto [tensor, path] : {std::pair{&inputs, argv[3]}, std::pair{&labels, argv[4]}}) {
    const std::vector<uint8_t> bytes = read_file(path);
    if (bytes.size() != tensor->bytes()) {
      std::fprintf(stderr, "%s: expected %zu bytes, got %zu\n", path, tensor->bytes(), bytes.size());
      return 2;
    }
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<uint8_t*>(tensor->mutable_raw()));
  }

  auto options = parse_json(argv[7], ErrorCode::kInvalidArgument);
  if (!options) return fail(options.error());
  (*options)["backend"] = argv[6];
  auto augmenter = Augmenter::create(read_file(argv[2]), *options);
  if (!augmenter) return fail(augmenter.error());
  constexpr int64_t kChunk = 50;
  for (int64_t row = 0; row < rows; row += kChunk) {
    const int64_t end = std::min(row + kChunk, rows);
    const auto part = row < rows / 2       ? Augmenter::Part::kTrain
                      : row < rows * 3 / 4 ? Augmenter::Part::kSelect
                                           : Augmenter::Part::kTest;
    const auto status = (*augmenter)->add_rows(part, inputs.rows(row, end), labels.rows(row, end).data<int32_t>());
    if (!status) return fail(status.error());
  }
  for (;;) {
    auto progress = (*augmenter)->step();
    if (!progress) return fail(progress.error());
    if (progress->phase == "finished") break;
  }
  std::ofstream(argv[8]) << (*augmenter)->result().dump(1) << "\n";
  return 0;
}
