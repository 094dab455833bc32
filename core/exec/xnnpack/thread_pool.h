// The threads that XNNPACK's operators and our own kernels share.
#pragma once
#include <pthreadpool.h>

namespace offramp::xnnpack {

// One thread for now; the only place that knows.
inline pthreadpool_t thread_pool() { return nullptr; }

}  // namespace offramp::xnnpack
