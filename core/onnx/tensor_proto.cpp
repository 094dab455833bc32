// Tensors come as raw little-endian bytes or as one of protobuf's typed lists; both must hold exactly as many elements
// as the dims say.
#include "onnx/tensor_proto.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "onnx/names.h"
#include "onnx/wire_check.h"

namespace offramp {
namespace {

static_assert(std::endian::native == std::endian::little, "raw tensor data is little-endian");

constexpr int kMaxRank = 32;
constexpr size_t kLateBytes = 4096;

using Proto = onnx::TensorProto;

std::string onnx_type_name(int32_t data_type) {
  // Source: TensorProto.DataType of ONNX 1.18; names past bfloat16 are not in our copy of the schema.
  static constexpr const char* kNames[] = {"undefined",      "float32",  "uint8",        "int8",           "uint16",
                                           "int16",          "int32",    "int64",        "string",         "bool",
                                           "float16",        "float64",  "uint32",       "uint64",         "complex64",
                                           "complex128",     "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
                                           "float8e5m2fnuz", "uint4",    "int4",         "float4e2m1"};
  if (data_type < 0 || size_t(data_type) >= std::size(kNames)) return "type number " + std::to_string(data_type);
  return kNames[data_type];
}

Result<Dims> read_dims(const Proto& proto) {
  if (proto.dims_size() > kMaxRank)
    return limit_exceeded("has " + std::to_string(proto.dims_size()) + " dimensions, at most " +
                          std::to_string(kMaxRank) + " are allowed");
  Dims dims(proto.dims().begin(), proto.dims().end());
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] < 0) return invalid_model("dimension " + std::to_string(i) + " is negative: " + to_string(dims));
  OFFRAMP_TRY([[maybe_unused]] const int64_t count, checked_element_count(dims));
  return dims;
}

Status check_count(const char* what, int64_t seen, const Dims& dims, int64_t expected) {
  if (seen == expected) return {};
  return invalid_model(std::string(what) + " has " + std::to_string(seen) + " elements, shape " + to_string(dims) +
                       " needs " + std::to_string(expected));
}

// One of the typed lists, element by element; integers must fit the tensor's type.
template <class To, class List>
Result<Tensor> from_list(const char* what, const List& list, DType dtype, const Dims& dims) {
  const int64_t count = element_count(dims);
  OFFRAMP_RETURN_IF_ERROR(check_count(what, list.size(), dims, count));
  Tensor tensor(dtype, dims);
  auto* to = reinterpret_cast<To*>(tensor.mutable_raw());
  for (int64_t i = 0; i < count; ++i) {
    const auto value = list.Get(int(i));
    if constexpr (std::numeric_limits<To>::is_integer && !std::is_same_v<To, bool>) {
      if (value < std::numeric_limits<To>::min() || value > std::numeric_limits<To>::max())
        return invalid_model("element " + std::to_string(i) + " is " + std::to_string(value) + ", which is no " +
                             std::string(to_string(dtype)));
    }
    to[i] = To(value);
  }
  return tensor;
}

Result<Tensor> read_typed(const Proto& proto, DType dtype, const Dims& dims) {
  switch (dtype) {
    case DType::kF32: return from_list<float>("float_data", proto.float_data(), dtype, dims);
    case DType::kF64: return from_list<double>("double_data", proto.double_data(), dtype, dims);
    case DType::kI64: return from_list<int64_t>("int64_data", proto.int64_data(), dtype, dims);
    case DType::kI32: return from_list<int32_t>("int32_data", proto.int32_data(), dtype, dims);
    case DType::kI16: return from_list<int16_t>("int32_data", proto.int32_data(), dtype, dims);
    case DType::kI8: return from_list<int8_t>("int32_data", proto.int32_data(), dtype, dims);
    case DType::kF16:  // as bit patterns
    case DType::kU16: return from_list<uint16_t>("int32_data", proto.int32_data(), dtype, dims);
    case DType::kU8: return from_list<uint8_t>("int32_data", proto.int32_data(), dtype, dims);
    case DType::kBool: return from_list<bool>("int32_data", proto.int32_data(), dtype, dims);
  }
  return internal_error("unknown DType");
}

// Without a source, raw_data is the elements themselves.
Result<RawRange> find_raw(const Proto& proto, const ByteSource* source, DType dtype, const Dims& dims) {
  RawRange range = {0, proto.raw_data().size()};
  if (source) {
    OFFRAMP_TRY(range, read_raw_range(proto.raw_data(), *source));
  }
  const size_t expected = size_t(element_count(dims)) * byte_size(dtype);
  if (range.size != expected)
    return invalid_model("raw_data has " + std::to_string(range.size) + " bytes, " + std::string(to_string(dtype)) +
                         " " + to_string(dims) + " needs " + std::to_string(expected));
  return range;
}

bool has_typed_data(const Proto& proto) {
  return proto.float_data_size() > 0 || proto.int32_data_size() > 0 || proto.int64_data_size() > 0 ||
         proto.double_data_size() > 0 || proto.uint64_data_size() > 0;
}

Status check_external(const Proto& proto) {
  if (proto.data_location() != Proto::EXTERNAL && proto.external_data_size() == 0) return {};
  std::string file;
  for (const auto& entry : proto.external_data())
    if (entry.key() == "location") file = " " + quoted(entry.value());
  return unsupported("external data" + file + " is not read; pass the model as one file");
}

template <class T>
int64_t find_in(std::span<const T> data, bool infinities) {
  for (size_t i = 0; i < data.size(); ++i)
    if (infinities ? !std::isfinite(data[i]) : std::isnan(data[i])) return int64_t(i);
  return -1;
}

}  // namespace

Result<DType> dtype_from_onnx(int32_t data_type) {
  switch (data_type) {
    case Proto::FLOAT: return DType::kF32;
    case Proto::DOUBLE: return DType::kF64;
    case Proto::FLOAT16: return DType::kF16;
    case Proto::INT64: return DType::kI64;
    case Proto::INT32: return DType::kI32;
    case Proto::INT16: return DType::kI16;
    case Proto::INT8: return DType::kI8;
    case Proto::UINT16: return DType::kU16;
    case Proto::UINT8: return DType::kU8;
    case Proto::BOOL: return DType::kBool;
    default: break;
  }
  if (data_type == Proto::UNDEFINED) return invalid_model("states no element type");
  return unsupported("elements of " + onnx_type_name(data_type) + " are not supported; use float32");
}

int32_t dtype_to_onnx(DType dtype) {
  switch (dtype) {
    case DType::kF32: return Proto::FLOAT;
    case DType::kF64: return Proto::DOUBLE;
    case DType::kF16: return Proto::FLOAT16;
    case DType::kI64: return Proto::INT64;
    case DType::kI32: return Proto::INT32;
    case DType::kI16: return Proto::INT16;
    case DType::kI8: return Proto::INT8;
    case DType::kU16: return Proto::UINT16;
    case DType::kU8: return Proto::UINT8;
    case DType::kBool: return Proto::BOOL;
  }
  return Proto::UNDEFINED;
}

std::string tensor_frame(const std::string& name) { return "tensor " + (name.empty() ? "(unnamed)" : printable(name)); }

Tensor load_elements(DType dtype, Dims dims, const ByteSource& source, size_t offset) {
  Tensor tensor(dtype, std::move(dims));
  if (tensor.bytes() == 0) return tensor;
  std::byte* to = tensor.mutable_raw();
  source.read(offset, {reinterpret_cast<uint8_t*>(to), tensor.bytes()});
  // A bool that is neither 0 nor 1 would be undefined behaviour to read.
  if (dtype == DType::kBool)
    for (size_t i = 0; i < tensor.bytes(); ++i) to[i] = std::byte(to[i] != std::byte(0));
  return tensor;
}

Result<Tensor> read_tensor(Proto& proto, const ByteSource* source, std::optional<size_t>* later) {
  OFFRAMP_RETURN_IF_ERROR(check_external(proto));
  if (proto.has_segment()) return unsupported("is stored in segments; pass it whole");
  OFFRAMP_TRY(const DType dtype, dtype_from_onnx(proto.data_type()));
  OFFRAMP_TRY(const Dims dims, read_dims(proto));
  if (proto.has_raw_data() && has_typed_data(proto)) return invalid_model("has both raw_data and a typed list");
  const auto elements = [&]() -> Result<Tensor> {
    if (!proto.has_raw_data()) return read_typed(proto, dtype, dims);
    OFFRAMP_TRY(const RawRange range, find_raw(proto, source, dtype, dims));
    if (later && range.size >= kLateBytes) {
      *later = size_t(range.offset);
      return Tensor::view(dtype, dims, nullptr);
    }
    if (source) return load_elements(dtype, dims, *source, size_t(range.offset));
    const std::string& raw = proto.raw_data();
    return load_elements(dtype, dims, std::span(reinterpret_cast<const uint8_t*>(raw.data()), raw.size()), 0);
  };
  auto tensor = elements();
  onnx::TensorProto().Swap(&proto);
  return tensor;
}

void write_tensor(const Tensor& tensor, Proto& proto) {
  for (int64_t dim : tensor.dims()) proto.add_dims(dim);
  proto.set_data_type(dtype_to_onnx(tensor.dtype()));
  proto.set_raw_data(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes());
}

int64_t find_not_finite(const Tensor& tensor, bool infinities) {
  if (tensor.dtype() == DType::kF32) return find_in(tensor.data<float>(), infinities);
  if (tensor.dtype() == DType::kF64) return find_in(tensor.data<double>(), infinities);
  if (tensor.dtype() != DType::kF16) return -1;
  const auto* halves = reinterpret_cast<const uint16_t*>(tensor.raw());
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    const int magnitude = halves[i] & 0x7fff;
    if (infinities ? magnitude >= 0x7c00 : magnitude > 0x7c00) return i;
  }
  return -1;
}

}  // namespace offramp
