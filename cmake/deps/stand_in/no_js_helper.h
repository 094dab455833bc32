// Force-included before XNNPACK's gemm-config.c. That file counts cores with a JavaScript helper and, from more than four
// on, takes its faster "loadsplat" kernels. Under Node and in WASI hosts the helper finds nothing and the slow kernels
// win; as an import it also ties the wasm file to JavaScript. A constant gives the fast kernels and no import.
#pragma once
#include <emscripten.h>
#undef EM_JS
#define EM_JS(type, name, parameters, ...) \
  type name parameters { return 8; }
