// ByteSource: a file's bytes, wherever they are. Readers fetch ranges, so that a host need not hand a copy of the whole.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"

namespace offramp {

class ByteSource {
 public:
  // Copies the bytes from `offset` on; the range lies within the source.
  using Read = std::function<void(size_t offset, std::span<uint8_t> to)>;
  ByteSource(size_t size, Read read) : size_(size), read_(std::move(read)) {}
  // Bytes that somebody else owns, who keeps them alive as long as the source is used.
  ByteSource(std::span<const uint8_t> bytes)
      : ByteSource(bytes.size(), [bytes](size_t offset, std::span<uint8_t> to) {
          if (!to.empty()) std::memcpy(to.data(), bytes.data() + offset, to.size());
        }) {}
  ByteSource(const std::vector<uint8_t>& bytes) : ByteSource(std::span<const uint8_t>(bytes)) {}

  size_t size() const { return size_; }
  void read(size_t offset, std::span<uint8_t> to) const {
    OFFRAMP_CHECK(offset <= size_ && to.size() <= size_ - offset);
    read_(offset, to);
  }

 private:
  size_t size_;
  Read read_;
};

}  // namespace offramp
