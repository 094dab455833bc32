// A small seeded generator that gives the same numbers on every host (std distributions do not).
#pragma once
#include <cstdint>
#include <span>
#include <utility>

namespace offramp {

// Source: PCG32 (XSH-RR), O'Neill 2014.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0) : state_(0), increment_(2 * stream + 1) {
    next();
    state_ += seed;
    next();
  }
  uint32_t next() {
    const uint64_t old = state_;
    state_ = old * 6364136223846793005ULL + increment_;
    const auto shifted = uint32_t(((old >> 18) ^ old) >> 27);
    const auto turn = uint32_t(old >> 59);
    return (shifted >> turn) | (shifted << ((32 - turn) & 31));
  }
  // Uniform in [0, bound), without modulo bias. Precondition: bound > 0.
  uint32_t below(uint32_t bound) {
    const uint32_t reject = (0u - bound) % bound;
    for (;;)
      if (const uint32_t x = next(); x >= reject) return x % bound;
  }
  // Uniform in [0, 1), 24 bits.
  float uniform() { return float(next() >> 8) * 0x1p-24f; }
  // Roughly normal (sum of 12 uniforms, variance 1): enough for weight initialisation, and needs no log or cos.
  float normal() {
    float sum = 0;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum - 6.0f;
  }
  // As an Archive has it: see base/archive.h.
  template <class Archive> void archive(Archive& a) {
    a.number("random state", state_);
    a.number("random stream", increment_);
  }
  template <class T> void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(uint32_t(i))]);
  }

 private:
  uint64_t state_;
  uint64_t increment_;
};

}  // namespace offramp
