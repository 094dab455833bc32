// Conversions between JavaScript values and the core's types. Everything is copied: no view into the wasm heap leaves.
#pragma once
#include <emscripten/val.h>

#include <memory>
#include <string>
#include <vector>

#include "offramp.h"

namespace offramp::js {

using emscripten::val;

// {value: ...} or {error: {code, message, context}}, unwrapped by the TypeScript engine.
val success(val value);
val failure(const Error& error);
inline val reply(const Status& status) { return status.ok() ? success(val::null()) : failure(status.error()); }
// `convert` turns the Result's value into a val.
template <class T, class Convert>
val reply(Result<T> result, Convert convert) {
  return result.ok() ? success(convert(std::move(result).value())) : failure(result.error());
}

// Hands a C++ object to JavaScript, which owns it and calls delete().
template <class T>
val owned(std::unique_ptr<T> object) { return val(std::move(object)); }

val text(const Json& json);
Result<Json> options_from(const std::string& json);

// Reads the array where it is; it must not change meanwhile.
ByteSource source_from(const val& uint8_array);
std::vector<int32_t> ints_from(const val& int32_array);
std::vector<int64_t> whole_numbers(const val& numbers);  // any list of them
std::vector<uint8_t> bytes_from(const val& uint8_array);
val bytes_to(const void* data, size_t bytes);             // Uint8Array
val floats_to(const std::vector<float>& values);          // Float32Array
val ints_to(const std::vector<int32_t>& values);          // Int32Array

// {dtype, dims, data}. Errors: kInvalidArgument for an unknown dtype or a length that does not fit.
Result<Tensor> tensor_from(const val& raw);
val tensor_to(const Tensor& tensor);

val exited_to(const Exited& exited);

std::vector<PackageSource> files_from(const val& files);  // [{name, bytes}]
val files_to(const std::vector<PackageFile>& files);
Result<Backend> backend_from(const std::string& name);
Result<Encoding> encoding_from(const std::string& name);

}  // namespace offramp::js
