// TensorProto to Tensor, and back. Inside core/onnx only: it shows protobuf's types.
#pragma once
#include <optional>
#include <string>

#include "base/byte_source.h"
#include "base/tensor.h"
#include "onnx.pb.h"

namespace offramp {

// Source: TensorProto.DataType. Errors: kUnsupported naming the type.
Result<DType> dtype_from_onnx(int32_t data_type);
int32_t dtype_to_onnx(DType dtype);

// "tensor conv1.w", the frame that errors about a tensor carry.
std::string tensor_frame(const std::string& name);

// Checks dims, type and data against each other before anything is allocated. `proto`'s data is released on the way, so
// that a model is in memory twice only one tensor at a time. With a source, raw_data says where in it the elements are.
// Errors: kInvalidModel, kLimitExceeded, kUnsupported (external data; string, complex and other types without a DType).
// With `later`, large raw_data is left there: the tensor returned has no elements yet, and `later` is where they begin.
Result<Tensor> read_tensor(onnx::TensorProto& proto, const ByteSource* source = nullptr,
                           std::optional<size_t>* later = nullptr);
// The tensor whose elements begin at `offset`. Precondition: they lie in the source.
Tensor load_elements(DType dtype, Dims dims, const ByteSource& source, size_t offset);

// Writes everything but the name.
void write_tensor(const Tensor& tensor, onnx::TensorProto& proto);

// Index of the first element that is NaN, or with `infinities` also of the first infinite one; -1 if there is none.
int64_t find_not_finite(const Tensor& tensor, bool infinities);

}  // namespace offramp
