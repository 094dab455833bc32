// Force-included before XNNPACK's operator-run.c. pthreadpool can flush denormal numbers to zero while it runs; wasm has no
// such mode, and native answers should be those of wasm to the bit.
#pragma once
#include <pthreadpool.h>
#undef PTHREADPOOL_FLAG_DISABLE_DENORMALS
#define PTHREADPOOL_FLAG_DISABLE_DENORMALS 0
