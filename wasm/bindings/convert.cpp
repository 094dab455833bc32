#include "convert.h"

#include <cstring>

namespace offramp::js {
namespace {

template <class T>
val copy_to(const char* constructor, const T* data, size_t count) {
  return val::global(constructor).new_(emscripten::typed_memory_view(count, data));
}

template <class T>
void copy_from(const val& array, T* out, size_t count) {
  if (count > 0) val(emscripten::typed_memory_view(count, out)).call<void>("set", array);
}

Result<DType> dtype_from(const std::string& name) {
  for (DType dtype : {DType::kF32, DType::kF64, DType::kI64, DType::kI32, DType::kI16, DType::kI8, DType::kU16, DType::kU8, DType::kBool})
    if (name == to_string(dtype)) return dtype;
  return invalid_argument("unknown dtype \"" + name + "\"");
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

std::vector<uint8_t> bytes_from(const val& typed_array) {
  std::vector<uint8_t> bytes(typed_array["length"].as<size_t>());
  copy_from(typed_array, bytes.data(), bytes.size());
  return bytes;
}

std::vector<int32_t> ints_from(const val& int32_array) {
  std::vector<int32_t> values(int32_array["length"].as<size_t>());
  copy_from(int32_array, values.data(), values.size());
  return values;
}

val bytes_to(const void* data, size_t bytes) { return copy_to("Uint8Array", static_cast<const uint8_t*>(data), bytes); }
val floats_to(const std::vector<float>& values) { return copy_to("Float32Array", values.data(), values.size()); }
val ints_to(const std::vector<int32_t>& values) { return copy_to("Int32Array", values.data(), values.size()); }

Result<Tensor> tensor_from(const val& raw) {
  OFFRAMP_TRY(const DType dtype, dtype_from(raw["dtype"].as<std::string>()));
  Dims dims;
  for (double dim : emscripten::vecFromJSArray<double>(raw["dims"])) dims.push_back(int64_t(dim));
  OFFRAMP_TRY(Tensor tensor, Tensor::create(dtype, std::move(dims)));
  const val data = raw["data"];
  const size_t bytes = data["length"].as<size_t>();
  if (bytes != tensor.bytes())
    return invalid_argument("shape " + to_string(tensor.dims()) + " of " + std::string(to_string(dtype)) + " needs " +
                            std::to_string(tensor.bytes()) + " bytes, got " + std::to_string(bytes));
  copy_from(data, reinterpret_cast<uint8_t*>(tensor.mutable_raw()), bytes);
  return tensor;
}

val tensor_to(const Tensor& tensor) {
  val dims = val::array();
  for (int64_t dim : tensor.dims()) dims.call<void>("push", double(dim));
  val raw = val::object();
  raw.set("dtype", std::string(to_string(tensor.dtype())));
  raw.set("dims", dims);
  raw.set("data", bytes_to(tensor.raw(), tensor.bytes()));
  return raw;
}

std::vector<PackageFile> files_from(const val& files) {
  std::vector<PackageFile> list;
  const auto count = files["length"].as<size_t>();
  for (size_t i = 0; i < count; ++i) list.push_back({files[i]["name"].as<std::string>(), bytes_from(files[i]["bytes"])});
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

Result<Backend> backend_from(const std::string& name) {
  if (name == "xnnpack") return Backend::kXnnpack;
  if (name == "reference") return Backend::kReference;
  return invalid_argument("unknown backend \"" + name + "\": expected \"xnnpack\" or \"reference\"");
}

}  // namespace offramp::js
