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

constexpr int kMostRanges = 16;

// Each thread has a range of neighbouring tasks, the same at every call with the same sizes: what a task
// writes is then mostly in the cache of the core that wrote it before. Who is done helps the others.
class Job {
 public:
  Job(Task task, void* context, int64_t tasks, int64_t threads)
      : task_(task), context_(context), ranges_(static_cast<int>(threads < kMostRanges ? threads : kMostRanges)) {
    for (int i = 0; i < ranges_; ++i) {
      range_[i].next.store(tasks * i / ranges_, std::memory_order_relaxed);
      range_[i].end = tasks * (i + 1) / ranges_;
    }
  }

  void work(int thread) {
    for (int i = 0; i < ranges_; ++i) {
      Range& range = range_[(thread + i) % ranges_];
      for (int64_t t = range.next.fetch_add(1); t < range.end; t = range.next.fetch_add(1)) {
        task_(context_, t);
      }
    }
  }

 private:
  struct alignas(64) Range {
    std::atomic<int64_t> next;
    int64_t end;
  };

  const Task task_;
  void* const context_;
  const int ranges_;
  Range range_[kMostRanges];
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
      helpers_ = helpers;
      epoch_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    job->work(0);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      helpers_ = 0;  // who has not begun has nothing left to do
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
        std::thread([this, number = workers_ + 1] { loop(number); }).detach();
      } catch (const std::system_error&) {
        return;  // the system has no thread to give: the callers do the work
      }
      ++workers_;
    }
  }

  // Helper `number`, 1 the first.
  [[noreturn]] void loop(int number) {
    uint64_t seen = 0;
    for (;;) {
      for (int i = 0; i < kSpins && epoch_.load(std::memory_order_acquire) == seen; ++i) pause();
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return epoch_.load(std::memory_order_relaxed) != seen; });
      seen = epoch_.load(std::memory_order_relaxed);
      if (number > helpers_) continue;
      active_.fetch_add(1, std::memory_order_relaxed);
      Job* job = job_;
      lock.unlock();
      job->work(number);
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
  int helpers_ = 0;  // of this job that may still begin
  std::atomic<int> active_{0};  // changes under mutex_
};

// Never destroyed: its threads live as long as the process.
Pool& pool() {
  static Pool* const the = new Pool;
  return *the;
}

}  // namespace

void run(int threads, int64_t tasks, int64_t work, Task task, void* context) {
  if (tasks < 1) return;
  const int64_t helpers = (threads < tasks ? threads : tasks) - 1;
  if (helpers > 0 && work >= kLeastWork) {
    Job job(task, context, tasks, helpers + 1);
    if (pool().run(static_cast<int>(helpers), &job)) return;
  }
  for (int64_t i = 0; i < tasks; ++i) task(context, i);
}

}  // namespace sl
