// SPDX-License-Identifier: Apache-2.0
// Transposes of small tiles in registers: TILE x TILE floats, as many as the vectors of the level hold,
// and 4 x 4.
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

// Index lists of __builtin_shufflevector, the same in each group of 4 lanes.
#if SL_WIDTH == 16 && defined(__AVX512F__)
constexpr int64_t TILE = 16;
#define SL_LANES(a, b, c, d)                                                              \
  a % 4 + a / 4 * 16, b % 4 + b / 4 * 16, c % 4 + c / 4 * 16, d % 4 + d / 4 * 16,         \
      a % 4 + a / 4 * 16 + 4, b % 4 + b / 4 * 16 + 4, c % 4 + c / 4 * 16 + 4,             \
      d % 4 + d / 4 * 16 + 4, a % 4 + a / 4 * 16 + 8, b % 4 + b / 4 * 16 + 8,             \
      c % 4 + c / 4 * 16 + 8, d % 4 + d / 4 * 16 + 8, a % 4 + a / 4 * 16 + 12,            \
      b % 4 + b / 4 * 16 + 12, c % 4 + c / 4 * 16 + 12, d % 4 + d / 4 * 16 + 12
typedef vf tile_v;
#elif SL_WIDTH >= 8 && defined(__AVX2__)
constexpr int64_t TILE = 8;
#define SL_LANES(a, b, c, d)                                                           \
  a % 4 + a / 4 * 8, b % 4 + b / 4 * 8, c % 4 + c / 4 * 8, d % 4 + d / 4 * 8,          \
      a % 4 + a / 4 * 8 + 4, b % 4 + b / 4 * 8 + 4, c % 4 + c / 4 * 8 + 4,             \
      d % 4 + d / 4 * 8 + 4
typedef float tile_v __attribute__((vector_size(32)));
#else
constexpr int64_t TILE = 4;
#endif

// y [TILE][y_ld] = x' from x [TILE][x_ld]: 4 x 4 within groups of lanes, then groups as wholes.
SL_INLINE void transpose_tile(const float* x, int64_t x_ld, float* y, int64_t y_ld) {
#if defined(SL_LANES)
  typedef float tile_u __attribute__((vector_size(TILE * 4), aligned(4), may_alias));
  tile_v r[TILE];  // r[4 * i + j]: columns j, 4 + j, ... of rows 4 * i to 4 * i + 3
#pragma GCC unroll 4
  for (int i = 0; i < TILE; i += 4) {
    const tile_v a = *reinterpret_cast<const tile_u*>(x + i * x_ld);
    const tile_v b = *reinterpret_cast<const tile_u*>(x + (i + 1) * x_ld);
    const tile_v c = *reinterpret_cast<const tile_u*>(x + (i + 2) * x_ld);
    const tile_v d = *reinterpret_cast<const tile_u*>(x + (i + 3) * x_ld);
    const tile_v ab0 = __builtin_shufflevector(a, b, SL_LANES(0, 4, 1, 5));
    const tile_v ab1 = __builtin_shufflevector(a, b, SL_LANES(2, 6, 3, 7));
    const tile_v cd0 = __builtin_shufflevector(c, d, SL_LANES(0, 4, 1, 5));
    const tile_v cd1 = __builtin_shufflevector(c, d, SL_LANES(2, 6, 3, 7));
    r[i] = __builtin_shufflevector(ab0, cd0, SL_LANES(0, 1, 4, 5));
    r[i + 1] = __builtin_shufflevector(ab0, cd0, SL_LANES(2, 3, 6, 7));
    r[i + 2] = __builtin_shufflevector(ab1, cd1, SL_LANES(0, 1, 4, 5));
    r[i + 3] = __builtin_shufflevector(ab1, cd1, SL_LANES(2, 3, 6, 7));
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const auto put = [&](int column, tile_v v) {
      *reinterpret_cast<tile_u*>(y + column * y_ld) = v;
    };
    // Even and odd groups of four columns.
#define SL_EVEN(a, b) \
  __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define SL_ODD(a, b) \
  __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#if SL_WIDTH == 16 && defined(__AVX512F__)
    const tile_v a = SL_EVEN(r[j], r[4 + j]), b = SL_ODD(r[j], r[4 + j]);
    const tile_v c = SL_EVEN(r[8 + j], r[12 + j]), d = SL_ODD(r[8 + j], r[12 + j]);
    put(j, SL_EVEN(a, c));
    put(4 + j, SL_EVEN(b, d));
    put(8 + j, SL_ODD(a, c));
    put(12 + j, SL_ODD(b, d));
#else
    put(j, __builtin_shufflevector(r[j], r[4 + j], 0, 1, 2, 3, 8, 9, 10, 11));
    put(4 + j, __builtin_shufflevector(r[j], r[4 + j], 4, 5, 6, 7, 12, 13, 14, 15));
#endif
  }
#else
  transpose4(x, x_ld, y, y_ld);
#endif
}

// y [columns][y_ld] = x' from x [rows][x_ld], any sizes.
SL_INLINE void transpose(int64_t rows, int64_t columns, const float* x, int64_t x_ld, float* y,
                         int64_t y_ld) {
  int64_t r = 0;
  while (r < rows) {
    int64_t c = 0;
    const int64_t some = rows - r >= TILE ? TILE : rows - r >= 4 ? 4 : 1;
    const float* from = x + r * x_ld;
    float* to = y + r;
    for (; some == TILE && c + TILE <= columns; c += TILE) {
      transpose_tile(from + c, x_ld, to + c * y_ld, y_ld);
    }
    for (; some >= 4 && c + 4 <= columns; c += 4) {
      for (int64_t i = 0; i < some; i += 4) {
        transpose4(from + i * x_ld + c, x_ld, to + c * y_ld + i, y_ld);
      }
    }
    for (; c < columns; ++c) {
      for (int64_t i = 0; i < some; ++i) to[c * y_ld + i] = from[i * x_ld + c];
    }
    r += some;
  }
}

#endif  // SPARSELAND_MICRO_TRANSPOSE_H_
