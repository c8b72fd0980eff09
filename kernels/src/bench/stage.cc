// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "candidate.h"

namespace bench {

struct Stage::State {
  std::mutex mutex;
  std::condition_variable changed;
  const std::function<void()>* work = nullptr;
  std::exception_ptr error;
  bool over = false;
  std::thread thread;

  void loop() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return work != nullptr || over; });
      if (over) return;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        (*work)();
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      error = thrown;
      work = nullptr;
      changed.notify_all();
    }
  }
};

Stage::Stage() : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get()] { state->loop(); });
}

Stage::~Stage() {
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->over = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

void Stage::run(const std::function<void()>& work) {
  std::unique_lock<std::mutex> lock(state_->mutex);
  state_->work = &work;
  state_->changed.notify_all();
  state_->changed.wait(lock, [this] { return state_->work == nullptr; });
  if (state_->error != nullptr) std::rethrow_exception(state_->error);
}

void Candidate::on_stage(const std::function<void()>& work) {
  if (stage == nullptr) {
    work();
  } else {
    stage->run(work);
  }
}

}  // namespace bench
