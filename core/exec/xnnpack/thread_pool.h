// The threads that XNNPACK's operators and our own kernels share.
#pragma once
#include <pthreadpool.h>

namespace offramp::xnnpack {

// Those of the session at work; for sessions created now where none is. Null means the caller's thread alone. Pools are never
// freed: sessions keep pointers to them.
pthreadpool_t thread_pool();

// While it lives, `pool` is that of the session at work: workspaces are sized for a number of threads.
class ThreadPoolScope {
 public:
  explicit ThreadPoolScope(pthreadpool_t pool);
  ~ThreadPoolScope();
  ThreadPoolScope(const ThreadPoolScope&) = delete;
  ThreadPoolScope& operator=(const ThreadPoolScope&) = delete;

 private:
  pthreadpool_t before_;
};

}  // namespace offramp::xnnpack
