// `offramp_probe logits MODEL INPUT.f32 DIMS BACKEND OUT.f32 [BATCH]` runs a model on raw rows, BATCH at a time (0: all
// at once). `offramp_probe bench MODEL DIMS BACKEND RUNS` prints the time of a run on rows of zeros and ones, in
// nanoseconds.
#include "model_probe.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "exec/session.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "probe_support.h"

namespace {

using namespace offramp;

Result<std::unique_ptr<Session>> open_session(const char* model, const char* backend) {
  OFFRAMP_TRY(Graph graph, import_onnx(read_file(model)));
  OFFRAMP_RETURN_IF_ERROR(normalise(graph, run_reference));
  return Session::create(graph, {std::strcmp(backend, "reference") == 0 ? Backend::kReference : Backend::kXnnpack});
}

Result<std::vector<float>> run_rows(Session& session, const Tensor& inputs, int64_t batch) {
  std::vector<float> logits;
  const int64_t rows = inputs.dims()[0];
  for (int64_t row = 0; row < rows; row += batch) {
    const Tensor part = inputs.rows(row, std::min(rows, row + batch));
    OFFRAMP_TRY(const std::vector<Tensor> outputs, session.run({&part, 1}));
    const auto values = outputs[0].data<float>();
    logits.insert(logits.end(), values.begin(), values.end());
  }
  return logits;
}

}  // namespace

int logits_probe(int argc, char** argv) {
  if (argc != 7 && argc != 8) {
    std::fprintf(stderr, "usage: offramp_probe logits MODEL INPUT.f32 DIMS BACKEND OUT.f32 [BATCH]\n");
    return 2;
  }
  const std::vector<uint8_t> bytes = read_file(argv[3]);
  auto inputs = Tensor::create(DType::kF32, parse_dims(argv[4]));
  if (!inputs) return fail(inputs.error());
  if (inputs->dims().empty() || inputs->dims()[0] < 1 || bytes.size() != inputs->bytes()) {
    std::fprintf(stderr, "%s has %zu bytes, shape %s needs %zu\n", argv[3], bytes.size(),
                 to_string(inputs->dims()).c_str(), inputs->bytes());
    return 2;
  }
  std::memcpy(inputs->mutable_raw(), bytes.data(), bytes.size());
  const int64_t asked = argc == 8 ? std::atoll(argv[7]) : 1;
  const auto session = open_session(argv[2], argv[5]);
  if (!session) return fail(session.error());
  const auto logits = run_rows(**session, *inputs, asked > 0 ? asked : inputs->dims()[0]);
  if (!logits) return fail(logits.error());
  std::ofstream out(argv[6], std::ios::binary);
  out.write(reinterpret_cast<const char*>(logits->data()), std::streamsize(logits->size() * sizeof(float)));
  std::printf("{\"rows\": %lld, \"executed_macs\": %lld}\n", static_cast<long long>(inputs->dims()[0]),
              static_cast<long long>((*session)->executed_macs()));
  return out.good() ? 0 : 1;
}

int bench_probe(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: offramp_probe bench MODEL DIMS BACKEND RUNS\n");
    return 2;
  }
  auto inputs = Tensor::create(DType::kF32, parse_dims(argv[3]));
  if (!inputs) return fail(inputs.error());
  for (size_t i = 0; float& value : inputs->mutable_data<float>()) value = float(i++ % 2);
  const auto session = open_session(argv[2], argv[4]);
  if (!session) return fail(session.error());
  const int runs = std::clamp(std::atoi(argv[5]), 1, 1'000'000);
  std::vector<int64_t> ns;
  for (int i = 0; i < runs + runs / 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto outputs = (*session)->run({&*inputs, 1});
    const auto end = std::chrono::steady_clock::now();
    if (!outputs) return fail(outputs.error());
    if (i >= runs / 5) ns.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count());
  }
  std::sort(ns.begin(), ns.end());
  std::printf("{\"median_ns\": %lld, \"p10_ns\": %lld, \"p90_ns\": %lld, \"runs\": %d}\n",
              static_cast<long long>(ns[ns.size() / 2]), static_cast<long long>(ns[ns.size() / 10]),
              static_cast<long long>(ns[ns.size() * 9 / 10]), runs);
  return 0;
}
