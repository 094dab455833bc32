#include "exec/xnnpack/weights.h"

#include <cstdlib>
#include <cstring>

#include "exec/session.h"

namespace offramp {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kTailBytes = 128;  // kernels read past the end

// Source: FNV-1a, over words of eight bytes since only equality within one process matters.
uint64_t hash_of(const std::byte* data, size_t size) {
  uint64_t hash = 0xcbf29ce484222325u ^ size;
  uint64_t word = 0;
  for (; size >= sizeof(word); data += sizeof(word), size -= sizeof(word)) {
    std::memcpy(&word, data, sizeof(word));
    hash = (hash ^ word) * 0x100000001b3u;
    hash ^= hash >> 29;
  }
  for (; size > 0; ++data, --size) hash = (hash ^ uint64_t(*data)) * 0x100000001b3u;
  return hash;
}

}  // namespace

std::shared_ptr<PackedWeights> make_packed_weights() { return std::make_shared<PackedWeights>(); }

void PackedWeights::Free::operator()(std::byte* memory) const { std::free(memory); }

PackedWeights::PackedWeights() {
  provider_.context = this;
  // Keys are addresses of weights that are released once packed, so an address says nothing about what is there now.
  provider_.look_up = [](void*, const xnn_weights_cache_look_up_key*) { return SIZE_MAX; };
  provider_.reserve_space = [](void* self, size_t size) { return static_cast<PackedWeights*>(self)->reserve(size); };
  provider_.look_up_or_insert = [](void* self, const xnn_weights_cache_look_up_key*, void* packed, size_t size) {
    return static_cast<PackedWeights*>(self)->insert(packed, size);
  };
  provider_.is_finalized = [](void*) { return true; };
  provider_.offset_to_addr = [](void* self, size_t index) -> void* {
    return static_cast<PackedWeights*>(self)->blocks_[index].memory.get();
  };
  provider_.delete_cache = [](void*) { return xnn_status_success; };
}

void* PackedWeights::reserve(size_t size) {
  const size_t padded = (size + kTailBytes + kAlignment - 1) / kAlignment * kAlignment;
  pending_.memory.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, padded)));
  // Padding between rows is compared with the rest, so it must not be chance.
  if (pending_.memory) std::memset(pending_.memory.get(), 0, padded);
  return pending_.memory.get();
}

size_t PackedWeights::insert(const void* packed, size_t size) {
  pending_.size = size;
  pending_.hash = hash_of(static_cast<const std::byte*>(packed), size);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (block.hash != pending_.hash || block.size != size || std::memcmp(block.memory.get(), packed, size) != 0) continue;
    pending_ = {};
    return i;
  }
  bytes_ += size;
  blocks_.push_back(std::move(pending_));
  pending_ = {};
  return blocks_.size() - 1;
}

}  // namespace offramp
