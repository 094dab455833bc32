// SHA-256 of bytes, as lower-case hex.
#pragma once
#include <string>

#include "base/byte_source.h"

namespace offramp {

// Source: FIPS 180-4.
std::string sha256_hex(const ByteSource& bytes);

}  // namespace offramp
