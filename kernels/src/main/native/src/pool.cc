// SPDX-License-Identifier: Apache-2.0
#include "pool.h"

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sl {
namespace {

constexpr int kSpins = 2000;  // about 30 us: a chain of layers keeps its helpers awake

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

struct Job {
  Task task;
  void* context;
  int64_t tasks;
  std::atomic<int64_t> next{0};

  void work() {
    for (int64_t i = next.fetch_add(1); i < tasks; i = next.fetch_add(1)) task(context, i);
  }
};

class Pool {
 public:
  // False when another caller holds the pool.
  bool run(int helpers, Job* job) {
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn.owns_lock()) return false;
    grow(helpers);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = job;
      wanted_ = helpers;
      epoch_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    job->work();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      wanted_ = 0;  // who has not begun has nothing left to do
    }
    // A sleep here would cost more than most helpers still need.
    const auto done = [this] { return active_.load(std::memory_order_acquire) == 0; };
    for (int i = 0; i < kSpins && !done(); ++i) pause();
    if (done()) return true;
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, done);
    return true;
  }

 private:
  void grow(int helpers) {
    while (workers_ < helpers) {
      try {
        std::thread([this] { loop(); }).detach();
      } catch (const std::system_error&) {
        return;  // the system has no thread to give: the callers do the work
      }
      ++workers_;
    }
  }

  [[noreturn]] void loop() {
    uint64_t seen = 0;
    for (;;) {
      for (int i = 0; i < kSpins && epoch_.load(std::memory_order_acquire) == seen; ++i) pause();
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return epoch_.load(std::memory_order_relaxed) != seen; });
      seen = epoch_.load(std::memory_order_relaxed);
      if (wanted_ == 0) continue;
      --wanted_;
      active_.fetch_add(1, std::memory_order_relaxed);
      Job* job = job_;
      lock.unlock();
      job->work();
      lock.lock();
      if (active_.fetch_sub(1, std::memory_order_release) == 1) done_.notify_one();
    }
  }

  std::mutex turn_;
  int workers_ = 0;  // guarded by turn_
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::atomic<uint64_t> epoch_{0};
  Job* job_ = nullptr;
  int wanted_ = 0;
  std::atomic<int> active_{0};  // changes under mutex_
};

// Never destroyed: its threads live as long as the process.
Pool& pool() {
  static Pool* const the = new Pool;
  return *the;
}

}  // namespace

void run(int threads, int64_t tasks, int64_t work, Task task, void* context) {
  Job job{task, context, tasks, {0}};
  const int64_t helpers = (threads < tasks ? threads : tasks) - 1;
  if (helpers > 0 && work >= kLeastWork && pool().run(static_cast<int>(helpers), &job)) return;
  job.work();
}

}  // namespace sl
