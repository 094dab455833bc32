#include "exec/xnnpack/thread_pool.h"

#include <array>
#include <string>

#include "exec/threads.h"

namespace offramp {
namespace {

// By thread count, made when first asked for. Idle threads sleep.
std::array<pthreadpool_t, kMaxThreads + 1> pools{};
int chosen = 1;
pthreadpool_t current = nullptr;

}  // namespace

Status set_thread_count(int count) {
  if (count < 1 || count > kMaxThreads)
    return invalid_argument("threads: expected 1 to " + std::to_string(kMaxThreads) + ", got " + std::to_string(count));
  if (count > 1 && !pools[size_t(count)]) {
    pthreadpool_t pool = pthreadpool_create(size_t(count));
    if (!pool) return unsupported("threads: this build has one thread only, " + std::to_string(count) + " were asked for");
    pools[size_t(count)] = pool;
  }
  chosen = count;
  current = pools[size_t(count)];
  return {};
}

int thread_count() { return chosen; }

void in_parallel(size_t count, const std::function<void(size_t)>& body) {
  if (count == 0) return;
  pthreadpool_parallelize_1d(
      current, [](void* context, size_t index) { (*static_cast<const std::function<void(size_t)>*>(context))(index); },
      const_cast<std::function<void(size_t)>*>(&body), count, /*flags=*/0);
}

namespace xnnpack {

pthreadpool_t thread_pool() { return current; }

ThreadPoolScope::ThreadPoolScope(pthreadpool_t pool) : before_(current) { current = pool; }
ThreadPoolScope::~ThreadPoolScope() { current = before_; }

}  // namespace xnnpack
}  // namespace offramp
