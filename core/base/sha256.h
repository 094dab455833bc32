// SHA-256 of a byte range, as lower-case hex.
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace offramp {

// Source: FIPS 180-4.
std::string sha256_hex(std::span<const uint8_t> bytes);

}  // namespace offramp
