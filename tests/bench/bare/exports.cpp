// The runner for JavaScript: one model per module instance, plain C functions.
#include <emscripten/emscripten.h>
#include <pthreadpool.h>

#include <cstring>

#include "offramp.h"
#include "runner.h"

namespace {

using namespace offramp;

bench::Network network;
std::unique_ptr<bench::Runner> runner;
std::string text;
std::vector<float> weights;

const char* answer(std::string value) {
  text = std::move(value);
  return text.c_str();
}

}  // namespace

extern "C" {

// Both return an error's text, or an empty one.
EMSCRIPTEN_KEEPALIVE const char* bare_load(const uint8_t* onnx, size_t size) {
  const auto graph = load_model(std::span(onnx, size));
  if (!graph) return answer(graph.error().to_string());
  auto lowered = bench::lower(*graph);
  if (!lowered) return answer(lowered.error().to_string());
  network = std::move(lowered).value();
  return answer("");
}
EMSCRIPTEN_KEEPALIVE const char* bare_build(int threads) {
  auto made = bench::Runner::create(std::move(network), threads > 1 ? pthreadpool_create(size_t(threads)) : nullptr);
  if (!made) return answer(made.error().to_string());
  runner = std::move(made).value();
  return answer("");
}

// The layers as JSON, for other runtimes; weights() afterwards.
EMSCRIPTEN_KEEPALIVE const char* bare_layers() {
  weights.clear();
  return answer(bench::to_json(network, weights).dump());
}
EMSCRIPTEN_KEEPALIVE const float* bare_weights() { return weights.data(); }
EMSCRIPTEN_KEEPALIVE size_t bare_weight_count() { return weights.size(); }

EMSCRIPTEN_KEEPALIVE float* bare_input() { return runner->input().data(); }
EMSCRIPTEN_KEEPALIVE const float* bare_output() { return runner->output().data(); }
EMSCRIPTEN_KEEPALIVE size_t bare_output_count() { return runner->output().size(); }
EMSCRIPTEN_KEEPALIVE int bare_invoke() { return runner->invoke(); }
}
