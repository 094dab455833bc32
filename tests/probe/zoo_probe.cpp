// `offramp_probe zoo MODEL ROWS DIMS OUT` runs a model on raw rows of its input's type, on both backends, one row at a
// time and all at once: OUT.reference.1, OUT.reference.all, OUT.xnnpack.1 and OUT.xnnpack.all hold the logits as f32.
#include "zoo_probe.h"

#include <cstring>
#include <string>

#include "exec/session.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "probe_support.h"

namespace {

using namespace offramp;

Result<std::vector<float>> run_all(Session& session, const Tensor& rows, int64_t batch) {
  std::vector<float> logits;
  for (int64_t row = 0; row < rows.dims()[0]; row += batch) {
    const Tensor part = rows.rows(row, std::min(rows.dims()[0], row + batch));
    OFFRAMP_TRY(const std::vector<Tensor> outputs, session.run({&part, 1}));
    const auto values = outputs[0].data<float>();
    logits.insert(logits.end(), values.begin(), values.end());
  }
  return logits;
}

Status run_backends(const Graph& graph, const Tensor& rows, const std::string& out) {
  for (const auto& [name, backend] : {std::pair{"reference", Backend::kReference}, {"xnnpack", Backend::kXnnpack}}) {
    OFFRAMP_TRY(const auto session, Session::create(graph, {backend}));
    for (const auto& [suffix, batch] : {std::pair{".1", int64_t{1}}, {".all", rows.dims()[0]}}) {
      OFFRAMP_TRY(const std::vector<float> logits, run_all(*session, rows, batch));
      std::ofstream file(out + "." + name + suffix, std::ios::binary);
      file.write(reinterpret_cast<const char*>(logits.data()), std::streamsize(logits.size() * sizeof(float)));
    }
  }
  return {};
}

}  // namespace

int zoo_probe(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: offramp_probe zoo MODEL ROWS DIMS OUT\n");
    return 2;
  }
  auto graph = import_onnx(read_file(argv[2]));
  if (!graph) return fail(graph.error());
  if (const Status status = normalise(*graph, run_reference); !status) return fail(status.error());
  auto rows = Tensor::create(graph->value(graph->inputs[0]).dtype, parse_dims(argv[4]));
  if (!rows) return fail(rows.error());
  const std::vector<uint8_t> bytes = read_file(argv[3]);
  if (bytes.size() != rows->bytes()) {
    std::fprintf(stderr, "%s has %zu bytes, expected %zu\n", argv[3], bytes.size(), rows->bytes());
    return 2;
  }
  std::memcpy(rows->mutable_raw(), bytes.data(), bytes.size());
  const Status status = run_backends(*graph, *rows, argv[5]);
  return status ? 0 : fail(status.error());
}
