// PackedWeights: weights in the order in which XNNPACK's kernels read them, each kept once however many operators use it.
#pragma once
#include <xnnpack.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace offramp {

// Equal weights are found by what is in them: sessions of one package are built from files and share no tensors.
class PackedWeights {
 public:
  PackedWeights();
  PackedWeights(const PackedWeights&) = delete;
  PackedWeights& operator=(const PackedWeights&) = delete;

  // For XNNPACK's operators, which keep pointers into this object.
  xnn_weights_cache_t provider() { return &provider_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  struct Block {
    std::unique_ptr<std::byte, Free> memory;
    size_t size = 0;
    uint64_t hash = 0;
  };
  void* reserve(size_t size);
  size_t insert(const void* packed, size_t size);

  xnn_weights_cache_provider provider_ = {};
  std::vector<Block> blocks_;
  Block pending_;  // being packed
  size_t bytes_ = 0;
};

}  // namespace offramp
