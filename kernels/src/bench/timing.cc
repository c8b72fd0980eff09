// SPDX-License-Identifier: Apache-2.0
#include "timing.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace bench {
namespace {

constexpr double kLeastSeconds = 200e-6;  // of one timed stretch
constexpr double kLongCall = 2e-3;        // so long that caches and threads warm up within it
// Longer than any pool spins here (main.cc bounds OpenMP's), so that no candidate runs beside the
// waiting threads of the one before it.
constexpr auto kPause = std::chrono::microseconds(150);
constexpr size_t kFlush = size_t{96} << 20;  // bytes per thread, over any last-level cache share

// Each core reads its own part, so that the private caches are emptied too.
void flush_caches(int threads) {
  static std::vector<char> memory(kFlush, 1);
  static std::atomic<int64_t> sink{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < threads; ++t) {
    readers.emplace_back([t, threads] {
      const size_t part = kFlush / threads;
      int64_t sum = 0;
      for (size_t i = t * part; i < (t + 1) * part; i += 64) sum += memory[i];
      sink += sum;
    });
  }
  for (std::thread& reader : readers) reader.join();
}

double stretch(Candidate* candidate, int calls) {
  const double start = now();
  for (int i = 0; i < calls; ++i) candidate->run();
  return (now() - start) / calls;
}

// Seconds of a call after the first.
double once(Candidate* candidate) {
  stretch(candidate, 1);
  return std::min(stretch(candidate, 1), stretch(candidate, 2));
}

}  // namespace

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<Times> in_turns(const std::vector<Candidate*>& candidates,
                            const TimingOptions& options) {
  const size_t count = candidates.size();
  std::vector<Times> times(count);
  std::vector<int> calls(count, 1);
  std::vector<bool> rehearsed(count, false);  // an untimed call before each stretch
  for (size_t i = 0; i < count && !options.cold; ++i) {
    double seconds = 0;
    candidates[i]->on_stage([&] { seconds = once(candidates[i]); });
    calls[i] = std::clamp(static_cast<int>(kLeastSeconds / seconds) + 1, 1, 10000);
    rehearsed[i] = seconds < kLongCall;
  }
  for (int round = 0; round < options.rounds; ++round) {
    for (size_t turn = 0; turn < count; ++turn) {
      const size_t i = (turn + round) % count;  // nobody always runs after the same neighbour
      std::this_thread::sleep_for(kPause);
      if (options.cold) flush_caches(options.threads);
      candidates[i]->on_stage([&] {
        candidates[i]->wake();
        if (rehearsed[i]) candidates[i]->run();
        times[i].push_back(stretch(candidates[i], calls[i]));
      });
    }
  }
  return times;
}

double best(const Times& times) { return *std::min_element(times.begin(), times.end()); }

double median(Times times) {
  std::sort(times.begin(), times.end());
  const size_t half = times.size() / 2;
  return times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
}

Ratio ratio(const Times& slow, const Times& fast) {
  Times quotients;
  for (size_t i = 0; i < slow.size(); ++i) quotients.push_back(slow[i] / fast[i]);
  const double middle = median(quotients);
  std::sort(quotients.begin(), quotients.end());
  const double width = quotients[quotients.size() * 3 / 4] - quotients[quotients.size() / 4];
  return {middle, best(slow) / best(fast), width / middle};
}

}  // namespace bench
