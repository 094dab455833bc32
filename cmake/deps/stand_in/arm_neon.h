// Two of XNNPACK's wasm vcvt kernels include <arm_neon.h> where upstream reaches the wasm intrinsics through Emscripten's
// copy of SIMDe, which Debian leaves out. The intrinsics are all they need.
#pragma once
#include <wasm_simd128.h>
