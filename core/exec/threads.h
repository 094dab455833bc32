// The threads that a session's kernels may run on: one pool for all sessions of a process or wasm module.
#pragma once
#include <functional>

#include "base/result.h"

namespace offramp {

constexpr int kMaxThreads = 64;

// Sessions created from now on run on so many threads, the caller's among them; 1 (the default) starts none. Results are the
// same bits whatever the count. In wasm the host must have that many workers ready, less one: no thread can start without.
// Errors: kInvalidArgument out of 1 to kMaxThreads; kUnsupported for more than one where the build has no threads.
Status set_thread_count(int count);
int thread_count();

// Calls body(0) to body(count - 1), each once, on those threads, and returns when all are done.
void in_parallel(size_t count, const std::function<void(size_t)>& body);

}  // namespace offramp
