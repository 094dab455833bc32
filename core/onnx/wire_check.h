// A pass over a model's protobuf bytes before protobuf itself sees them.
#pragma once
#include <cstdint>
#include <span>

#include "onnx/onnx.h"

namespace offramp {

// Counts what parsing would allocate: two bytes of file can become an object of two hundred, so a byte cap alone does
// not bound memory.
// Errors: kInvalidModel if the bytes are not the wire form of a ModelProto, kLimitExceeded for nodes, items or nesting.
Status check_wire(std::span<const uint8_t> bytes, const ImportLimits& limits);

}  // namespace offramp
