// Stand-in for <cpuinfo.h>: reports a processor with SSE4.1 and nothing newer.
// The native build exists for tests, sanitizers and fuzzing. Its answers should be those of the wasm SIMD kernels to the
// bit, so it must not pick kernels with fused multiply-add, which round once where wasm rounds twice.
#pragma once
#include <stdbool.h>
#include <stdint.h>

static inline bool cpuinfo_initialize(void) { return true; }
static inline bool cpuinfo_has_x86_sse2(void) { return true; }
static inline bool cpuinfo_has_x86_ssse3(void) { return true; }
static inline bool cpuinfo_has_x86_sse4_1(void) { return true; }

#define OFFRAMP_CPU_LACKS(feature) \
  static inline bool cpuinfo_has_x86_##feature(void) { return false; }
OFFRAMP_CPU_LACKS(avx)
OFFRAMP_CPU_LACKS(f16c)
OFFRAMP_CPU_LACKS(fma3)
OFFRAMP_CPU_LACKS(avx2)
OFFRAMP_CPU_LACKS(avx512f)
OFFRAMP_CPU_LACKS(avx512bw)
OFFRAMP_CPU_LACKS(avx512cd)
OFFRAMP_CPU_LACKS(avx512dq)
OFFRAMP_CPU_LACKS(avx512vl)
OFFRAMP_CPU_LACKS(avx512vbmi)
OFFRAMP_CPU_LACKS(avx512vnni)
OFFRAMP_CPU_LACKS(avx512fp16)
OFFRAMP_CPU_LACKS(avxvnni)
OFFRAMP_CPU_LACKS(avx_vnni_int8)
OFFRAMP_CPU_LACKS(amx_int8)
OFFRAMP_CPU_LACKS(gfni)
#undef OFFRAMP_CPU_LACKS

enum cpuinfo_uarch { cpuinfo_uarch_unknown = 0, cpuinfo_uarch_zen, cpuinfo_uarch_dhyana, cpuinfo_uarch_zen4 };
struct cpuinfo_uarch_info { enum cpuinfo_uarch uarch; };
struct cpuinfo_core { enum cpuinfo_uarch uarch; };
static inline const struct cpuinfo_core* cpuinfo_get_core(uint32_t index) {
  static const struct cpuinfo_core core = {cpuinfo_uarch_unknown};
  (void) index;
  return &core;
}
