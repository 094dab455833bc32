// SHA-256 of bytes, as lower-case hex.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/byte_source.h"

namespace offramp {

// Of bytes that come piece by piece; how they are divided does not matter. Source: FIPS 180-4.
class Sha256 {
 public:
  void update(std::span<const uint8_t> bytes);
  void update(const void* data, size_t bytes) { update({static_cast<const uint8_t*>(data), bytes}); }
  // Of all so far; more may follow.
  std::string hex() const;

 private:
  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> rest_{};  // not yet a whole block
  uint64_t bytes_ = 0;
};

std::string sha256_hex(const ByteSource& bytes);

}  // namespace offramp
