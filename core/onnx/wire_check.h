// A pass over a model's protobuf bytes before protobuf itself sees them: checks them, and takes the weights out.
#pragma once
#include <cstdint>
#include <string>

#include "base/byte_source.h"
#include "onnx/onnx.h"

namespace offramp {

// Where a tensor's raw_data lies in the file: what stands in its stead in the form that protobuf parses.
struct RawRange {
  uint64_t offset = 0, size = 0;
};
// Errors: kInternal if `raw_data` is not what strip_wire wrote for that source.
Result<RawRange> read_raw_range(const std::string& raw_data, const ByteSource& source);

// The same message with every tensor's raw_data replaced by its RawRange. Counts what parsing would allocate: two bytes
// of file can become an object of two hundred, so a byte cap alone does not bound memory.
// Errors: kInvalidModel if the bytes are not the wire form of a ModelProto, kLimitExceeded for nodes, items or nesting.
Result<std::string> strip_wire(const ByteSource& source, const ImportLimits& limits);

}  // namespace offramp
