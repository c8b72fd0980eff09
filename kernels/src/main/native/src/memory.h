// SPDX-License-Identifier: Apache-2.0
// All memory of the library comes from here, so that tests can make any allocation fail.
#ifndef SPARSELAND_MEMORY_H_
#define SPARSELAND_MEMORY_H_

#include <cstddef>
#include <cstdint>

namespace sl {

// 64-byte aligned, or null.
void* allocate(size_t bytes);
void release(void* memory);

// Grow-only memory of the current thread, freed when it ends; contents do not survive a call.
// kShared, kRowsIn and kRowsOut hold what one call prepares for all its tasks, kTask, kTask2 and kTask3
// what one task needs.
enum Slot { kShared, kRowsIn, kRowsOut, kTask, kTask2, kTask3, kSlots };
float* scratch(Slot slot, size_t floats);

// a * b * c as a size in elements, or SIZE_MAX when it (times 16 bytes) does not fit.
size_t product(size_t a, size_t b, size_t c = 1);

}  // namespace sl

#endif  // SPARSELAND_MEMORY_H_
