// SPDX-License-Identifier: Apache-2.0
// Transpose of 4 x 4 floats in registers.
#ifndef SPARSELAND_MICRO_TRANSPOSE_H_
#define SPARSELAND_MICRO_TRANSPOSE_H_

#include "vec.h"

typedef float v4 __attribute__((vector_size(16)));
typedef float v4u __attribute__((vector_size(16), aligned(4), may_alias));

SL_INLINE v4 load4(const float* p) { return *reinterpret_cast<const v4u*>(p); }
SL_INLINE void store4(float* p, v4 v) { *reinterpret_cast<v4u*>(p) = v; }

// y [4][y_ld] = x' from x [4][x_ld].
SL_INLINE void transpose4(const float* x, int64_t x_ld, float* y, int64_t y_ld) {
  const v4 a = load4(x), b = load4(x + x_ld), c = load4(x + 2 * x_ld), d = load4(x + 3 * x_ld);
  const v4 ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const v4 ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const v4 cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const v4 cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store4(y, __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5));
  store4(y + y_ld, __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7));
  store4(y + 2 * y_ld, __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5));
  store4(y + 3 * y_ld, __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7));
}

#endif  // SPARSELAND_MICRO_TRANSPOSE_H_
