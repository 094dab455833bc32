// Loops over channels, four at a time: GCC vector extensions, since 128-bit lanes are what SSE and wasm SIMD share. Element by
// element, so that lanes change no result.
#pragma once
#include <cstdint>
#include <cstring>

namespace offramp {

typedef float Lanes __attribute__((vector_size(16)));
inline Lanes load_lanes(const float* p) {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store_lanes(float* p, Lanes v) { std::memcpy(p, &v, sizeof v); }

// Calls wide(i) for every four elements and narrow(i) for each of the rest.
template <class Wide, class Narrow>
inline void for_lanes(int64_t count, const Wide& wide, const Narrow& narrow) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) wide(i);
  for (; i < count; ++i) narrow(i);
}

// y += x
inline void add_lanes(float* y, const float* x, int64_t count) {
  for_lanes(count, [&](int64_t i) { store_lanes(y + i, load_lanes(y + i) + load_lanes(x + i)); }, [&](int64_t i) { y[i] += x[i]; });
}
// y += a * b
inline void add_product(float* y, const float* a, const float* b, int64_t count) {
  for_lanes(
      count, [&](int64_t i) { store_lanes(y + i, load_lanes(y + i) + load_lanes(a + i) * load_lanes(b + i)); }, [&](int64_t i) { y[i] += a[i] * b[i]; });
}

}  // namespace offramp
