// SPDX-License-Identifier: Apache-2.0
// What the native tests share: failing, guarded memory, random numbers, runs with several threads.
#ifndef SPARSELAND_TESTING_H_
#define SPARSELAND_TESTING_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "sparseland_kernels.h"

namespace sl_test {

constexpr double kU = 1.0 / (1 << 24);
inline int checks = 0;

[[noreturn]] inline void fail(const char* what, int level, int64_t at, double found, double expected) {
  std::printf("FAILED %s at level %s, element %lld: %.9g, expected %.9g\n", what,
              sl_level_name(level), static_cast<long long>(at), found, expected);
  std::exit(1);
}

inline void close(const char* what, int level, int64_t at, float found, double expected, double bound) {
  ++checks;
  if (std::isnan(expected) ? std::isnan(found) : std::fabs(found - expected) <= bound) return;
  fail(what, level, at, static_cast<double>(found), expected);
}

// Memory whose last byte lies before a page without access, and whose first page has one before it.
template <typename T>
class Guarded {
 public:
  explicit Guarded(size_t count) : count_(count) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t inner = (count * sizeof(T) + page - 1) / page * page + page;
    bytes_ = inner + 2 * page;
    base_ = static_cast<char*>(
        mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + page, inner, PROT_READ | PROT_WRITE) != 0) {
      std::abort();
    }
    data_ = reinterpret_cast<T*>(base_ + page + inner - count * sizeof(T));
  }
  ~Guarded() { munmap(base_, bytes_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() const { return data_; }
  T& operator[](size_t i) const { return data_[i]; }
  size_t size() const { return count_; }

 private:
  size_t count_, bytes_;
  char* base_;
  T* data_;
};

using Floats = Guarded<float>;
inline std::mt19937 engine(17);

inline void fill(const Floats& x) {
  std::normal_distribution<float> normal;
  for (size_t i = 0; i < x.size(); ++i) x[i] = normal(engine);
}

inline std::unique_ptr<Floats> random_floats(int64_t count) {
  auto x = std::make_unique<Floats>(static_cast<size_t>(count));
  fill(*x);
  return x;
}

// y with 1 and 3 threads must have equal bits; calls f(y, threads) and returns y.
template <typename F>
std::unique_ptr<Floats> run(const char* what, int level, int64_t size, const F& f) {
  auto one = std::make_unique<Floats>(static_cast<size_t>(size));
  Floats three(static_cast<size_t>(size));
  std::memset(one->data(), 0xff, one->size() * 4);
  std::memset(three.data(), 0xff, three.size() * 4);
  if (f(one->data(), 1) != SL_OK || f(three.data(), 3) != SL_OK) fail(what, level, -1, 0, 0);
  if (std::memcmp(one->data(), three.data(), one->size() * 4) != 0) fail(what, level, -2, 0, 0);
  return one;
}

// Every design: packing, products, bad input.
void test_designs(int level);
// Words of bf16 and u8, and the worked example of int8 blocks.
void test_words(int level);
// The products of a training step.
void test_training(int level);

}  // namespace sl_test

#endif  // SPARSELAND_TESTING_H_
