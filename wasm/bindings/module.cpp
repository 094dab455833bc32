// Bindings of the module itself and of what needs no object. Every binding converts, the core decides; the TypeScript side is
// wasm/engine/src/raw_module.ts.
#include <emscripten/bind.h>
#include <malloc.h>

#include "convert.h"

namespace offramp::js {
namespace {

val set_threads(int count) { return reply(set_thread_count(count)); }
// Allocated and not freed, whatever the heap's size.
double allocated_bytes() { return double(size_t(mallinfo().uordblks)); }

val split(const val& labels, const val& groups, const std::string& shares_json, double seed) {
  const auto work = [&]() -> Result<Split> {
    OFFRAMP_TRY(const Json json, options_from(shares_json));
    SplitShares shares;
    OFFRAMP_TRY(shares.train, json_number(json, "train", ErrorCode::kInvalidArgument));
    OFFRAMP_TRY(shares.select, json_number(json, "select", ErrorCode::kInvalidArgument));
    OFFRAMP_TRY(shares.certify, json_number(json, "certify", ErrorCode::kInvalidArgument));
    OFFRAMP_TRY(shares.test, json_number(json, "test", ErrorCode::kInvalidArgument));
    return split_rows(ints_from(labels), whole_numbers(groups), shares, uint64_t(seed));
  };
  return reply(work(), [](const Split& parts) {
    val object = val::object();
    object.set("train", ints_to(parts.train));
    object.set("select", ints_to(parts.select));
    object.set("certify", ints_to(parts.certify));
    object.set("test", ints_to(parts.test));
    return object;
  });
}

val encode_boundary(const val& raw, const std::string& encoding) {
  const auto work = [&]() -> Result<std::vector<uint8_t>> {
    OFFRAMP_TRY(const Encoding chosen, encoding_from(encoding));
    OFFRAMP_TRY(const Tensor tensor, tensor_from(raw));
    if (tensor.dtype() != DType::kF32) return invalid_argument("a boundary tensor is f32");
    return encode(tensor.data<float>(), chosen);
  };
  return reply(work(), [](const std::vector<uint8_t>& bytes) { return bytes_to(bytes.data(), bytes.size()); });
}

// `raw` is the bytes as a tensor u8.
val decode_boundary(const val& raw, const std::string& encoding, const val& dims) {
  const auto work = [&]() -> Result<Tensor> {
    OFFRAMP_TRY(const Encoding chosen, encoding_from(encoding));
    OFFRAMP_TRY(const Tensor bytes, tensor_from(raw));
    OFFRAMP_TRY(Tensor tensor, Tensor::create(DType::kF32, whole_numbers(dims)));
    OFFRAMP_RETURN_IF_ERROR(decode(bytes.data<uint8_t>(), chosen, tensor.mutable_data<float>()));
    return tensor;
  };
  return reply(work(), tensor_to);
}

}  // namespace

EMSCRIPTEN_BINDINGS(offramp_module) {
  using emscripten::function;

  function("setThreads", &set_threads);
  function("threads", &thread_count);
  function("allocatedBytes", &allocated_bytes);
  function("splitRows", &split);
  function("encodeBoundary", &encode_boundary);
  function("decodeBoundary", &decode_boundary);
}

}  // namespace offramp::js
