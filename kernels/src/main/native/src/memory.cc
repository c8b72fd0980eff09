// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <atomic>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "sparseland_kernels.h"

namespace sl {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

std::atomic<int64_t> fail_in{0};

struct Scratch {
  void* memory[kSlots] = {};
  size_t bytes[kSlots] = {};
  ~Scratch() {
    for (void* m : memory) release(m);
  }
};

thread_local Scratch own;

}  // namespace

void* allocate(size_t bytes) {
  if (fail_in.load(std::memory_order_relaxed) > 0 && fail_in.fetch_sub(1) == 1) return nullptr;
  if (bytes > SIZE_MAX / 2) return nullptr;
  const size_t rounded = (bytes + 127) / 64 * 64;
  const size_t alignment = rounded >= kHugePage ? kHugePage : 64;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, rounded) != 0) return nullptr;
#if defined(__linux__)
  // Weights read once per token miss the TLB at every page: with huge pages they stream twice as fast.
  if (alignment == kHugePage) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return memory;
}

void release(void* memory) { std::free(memory); }

float* scratch(Slot slot, size_t floats) {
  if (floats > SIZE_MAX / 16) return nullptr;
  const size_t bytes = floats * sizeof(float);
  if (own.bytes[slot] < bytes) {
    release(own.memory[slot]);
    own.bytes[slot] = 0;
    own.memory[slot] = allocate(bytes);
    if (own.memory[slot] == nullptr) return nullptr;
    own.bytes[slot] = bytes;
  }
  return static_cast<float*>(own.memory[slot]);
}

size_t product(size_t a, size_t b, size_t c) {
  size_t ab, abc;
  if (__builtin_mul_overflow(a, b, &ab) || __builtin_mul_overflow(ab, c, &abc) ||
      abc > SIZE_MAX / 16) {
    return SIZE_MAX;
  }
  return abc;
}

}  // namespace sl

void sl_test_fail_allocation(int64_t n) { sl::fail_in.store(n); }
