// SPDX-License-Identifier: Apache-2.0
// The one thread pool. Which thread takes which task of a job is open, so results must not depend on it;
// mostly each thread takes the same range of neighbouring tasks whenever a job of that size runs.
#ifndef SPARSELAND_POOL_H_
#define SPARSELAND_POOL_H_

#include <atomic>
#include <cstdint>

namespace sl {

// Multiply-adds below which a wake-up costs more than it saves.
constexpr int64_t kLeastWork = 100000;

using Task = void (*)(void* context, int64_t index);

// Runs task(context, i) for all i in [0, tasks) on the calling thread and up to threads - 1 others.
// When another caller holds the pool, or `work` (multiply-adds or the like) is too little to pay
// for waking others, the calling thread does all. Tasks must not call run.
void run(int threads, int64_t tasks, int64_t work, Task task, void* context);

// run with a lambda that returns a status; the first bad status wins.
template <typename F>
int parallel(int threads, int64_t tasks, int64_t work, const F& body) {
  struct Context {
    const F* body;
    std::atomic<int> status;
  } context{&body, {0}};
  run(threads, tasks, work,
      [](void* c, int64_t i) {
        Context* own = static_cast<Context*>(c);
        const int status = (*own->body)(i);
        if (status != 0) own->status.store(status, std::memory_order_relaxed);
      },
      &context);
  return context.status.load();
}

}  // namespace sl

#endif  // SPARSELAND_POOL_H_
