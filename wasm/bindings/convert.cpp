#include "convert.h"

#include <emscripten/em_js.h>

#include <cstring>

#include "tensor_errors.h"

// A tensor crosses into the module in two calls and out of it in one: through emscripten::val each property would be a
// call of its own, which small models feel. Names of element types are in the order of DType. Addresses come signed: beyond
// 2 GB they are negative.
EM_JS(int, read_tensor_header, (emscripten::EM_VAL handle, double* numbers, int max_rank), {
  const tensor = Emval.toValue(handle);
  const rank = tensor.dims.length;
  HEAPF64[numbers >>> 3] = tensor.data.length;
  for (let i = 0; i < rank && i < max_rank; ++i) HEAPF64[(numbers >>> 3) + 1 + i] = tensor.dims[i];
  return (rank << 8) | (['f32', 'f64', 'f16', 'i64', 'i32', 'i16', 'i8', 'u16', 'u8', 'bool'].indexOf(tensor.dtype) & 255);
});
EM_JS(void, read_tensor_data, (emscripten::EM_VAL handle, void* to), { HEAPU8.set(Emval.toValue(handle).data, to >>> 0); });
// Bytes [begin, begin + count) of a typed array. Not by emscripten::val either, whose calls keep their last argument alive: a model, at worst.
EM_JS(void, read_bytes, (emscripten::EM_VAL handle, size_t begin, size_t count, void* to), {
  const from = Emval.toValue(handle);
  HEAPU8.set(new Uint8Array(from.buffer, from.byteOffset + begin, count), to >>> 0);
});
EM_JS(emscripten::EM_VAL, make_tensor, (int dtype, const double* dims, int rank, const void* data, size_t bytes), {
  return Emval.toHandle({
    dtype: ['f32', 'f64', 'f16', 'i64', 'i32', 'i16', 'i8', 'u16', 'u8', 'bool'][dtype],
    dims: Array.from(HEAPF64.subarray(dims >>> 3, (dims >>> 3) + rank)),
    data: HEAPU8.slice(data >>> 0, (data >>> 0) + bytes),
  });
});

namespace offramp::js {
namespace {

template <class T>
val copy_to(const char* constructor, const T* data, size_t count) {
  return val::global(constructor).new_(emscripten::typed_memory_view(count, data));
}

// All elements of an array of that type.
template <class T>
std::vector<T> copy_from(const val& array) {
  std::vector<T> values(array["length"].as<size_t>());
  read_bytes(array.as_handle(), 0, values.size() * sizeof(T), values.data());
  return values;
}

}  // namespace

val success(val value) {
  val result = val::object();
  result.set("value", std::move(value));
  return result;
}

val failure(const Error& error) {
  val context = val::array();
  for (const std::string& frame : error.context) context.call<void>("push", frame);
  val detail = val::object();
  detail.set("code", std::string(to_string(error.code)));
  detail.set("message", error.message);
  detail.set("context", context);
  val result = val::object();
  result.set("error", detail);
  return result;
}

val text(const Json& json) { return val(json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

Result<Json> options_from(const std::string& json) { return parse_json(json, ErrorCode::kInvalidArgument); }

ByteSource source_from(const val& uint8_array) {
  return {uint8_array["length"].as<size_t>(),
          [uint8_array](size_t offset, std::span<uint8_t> to) { read_bytes(uint8_array.as_handle(), offset, to.size(), to.data()); }};
}

std::vector<int32_t> ints_from(const val& int32_array) { return copy_from<int32_t>(int32_array); }

std::vector<int64_t> whole_numbers(const val& list) {
  std::vector<int64_t> numbers;
  for (double number : emscripten::vecFromJSArray<double>(list)) numbers.push_back(int64_t(number));
  return numbers;
}

std::vector<uint8_t> bytes_from(const val& uint8_array) { return copy_from<uint8_t>(uint8_array); }

val bytes_to(const void* data, size_t bytes) { return copy_to("Uint8Array", static_cast<const uint8_t*>(data), bytes); }
val floats_to(const std::vector<float>& values) { return copy_to("Float32Array", values.data(), values.size()); }
val ints_to(const std::vector<int32_t>& values) { return copy_to("Int32Array", values.data(), values.size()); }

Result<Tensor> tensor_from(const val& raw) {
  double numbers[kMaxRank + 1] = {};
  const int header = read_tensor_header(raw.as_handle(), numbers, kMaxRank);
  const int rank = header >> 8, dtype = header & 255;
  if (dtype == 255) return invalid_argument("unknown dtype \"" + raw["dtype"].as<std::string>() + "\"");
  if (rank > kMaxRank) return too_many_dimensions(rank);
  const Dims dims(numbers + 1, numbers + 1 + rank);
  OFFRAMP_TRY(Tensor tensor, Tensor::create(DType(dtype), dims));
  const auto bytes = size_t(numbers[0]);
  if (bytes != tensor.bytes()) return wrong_bytes(tensor, bytes);
  if (bytes > 0) read_tensor_data(raw.as_handle(), tensor.mutable_raw());
  return tensor;
}

val tensor_to(const Tensor& tensor) {
  const std::vector<double> dims(tensor.dims().begin(), tensor.dims().end());
  return val::take_ownership(make_tensor(int(tensor.dtype()), dims.data(), int(dims.size()), tensor.raw(), tensor.bytes()));
}

std::vector<PackageSource> files_from(const val& files) {
  std::vector<PackageSource> list;
  const auto count = files["length"].as<size_t>();
  for (size_t i = 0; i < count; ++i) list.push_back({files[i]["name"].as<std::string>(), source_from(files[i]["bytes"])});
  return list;
}

val files_to(const std::vector<PackageFile>& files) {
  val list = val::array();
  for (const PackageFile& file : files) {
    val entry = val::object();
    entry.set("name", file.name);
    entry.set("bytes", bytes_to(file.bytes.data(), file.bytes.size()));
    list.call<void>("push", entry);
  }
  return list;
}

Result<Encoding> encoding_from(const std::string& name) {
  for (Encoding encoding : {Encoding::kF32, Encoding::kF16, Encoding::kU8})
    if (name == to_string(encoding)) return encoding;
  return invalid_argument("unknown encoding \"" + name + "\": expected \"f32\", \"f16\" or \"u8\"");
}

Result<Backend> backend_from(const std::string& name) {
  if (name == "xnnpack") return Backend::kXnnpack;
  if (name == "reference") return Backend::kReference;
  return invalid_argument("unknown backend \"" + name + "\": expected \"xnnpack\" or \"reference\"");
}

val exited_to(const Exited& exited) {
  val object = val::object();
  object.set("predictedClass", exited.predicted_class);
  object.set("probabilities", floats_to(exited.probabilities));
  object.set("exit", exited.exit);
  object.set("score", exited.score);
  return object;
}

}  // namespace offramp::js
