// SPDX-License-Identifier: Apache-2.0
// Transposes in registers: 4 x 4 floats, and W x W where the instruction set helps (SL_LANES).
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

#if (SL_WIDTH == 16 && defined(__AVX512DQ__)) || (SL_WIDTH == 8 && defined(__AVX2__))
// Lanes are the 16-byte parts of a vector; shuffles inside them are cheaper than across.
#define SL_LANES (SL_WIDTH / 4)

// Lane l is the 4 floats at p + l * step.
SL_INLINE vf gather_lanes(const float* p, int64_t step) {
#if SL_WIDTH == 16
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(p));
  v = _mm512_mask_broadcast_f32x4(v, 0x00f0, _mm_loadu_ps(p + step));
  v = _mm512_mask_broadcast_f32x4(v, 0x0f00, _mm_loadu_ps(p + 2 * step));
  return _mm512_mask_broadcast_f32x4(v, 0xf000, _mm_loadu_ps(p + 3 * step));
#else
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + step), 1);
#endif
}

// In each lane, v[0..3] as rows of a 4 x 4 matrix become its columns.
SL_INLINE void transpose_lanes(vf* v) {
#if SL_WIDTH == 16
  const __m512 ab0 = _mm512_unpacklo_ps(v[0], v[1]), ab1 = _mm512_unpackhi_ps(v[0], v[1]);
  const __m512 cd0 = _mm512_unpacklo_ps(v[2], v[3]), cd1 = _mm512_unpackhi_ps(v[2], v[3]);
  v[0] = _mm512_shuffle_ps(ab0, cd0, 0x44);
  v[1] = _mm512_shuffle_ps(ab0, cd0, 0xee);
  v[2] = _mm512_shuffle_ps(ab1, cd1, 0x44);
  v[3] = _mm512_shuffle_ps(ab1, cd1, 0xee);
#else
  const __m256 ab0 = _mm256_unpacklo_ps(v[0], v[1]), ab1 = _mm256_unpackhi_ps(v[0], v[1]);
  const __m256 cd0 = _mm256_unpacklo_ps(v[2], v[3]), cd1 = _mm256_unpackhi_ps(v[2], v[3]);
  v[0] = _mm256_shuffle_ps(ab0, cd0, 0x44);
  v[1] = _mm256_shuffle_ps(ab0, cd0, 0xee);
  v[2] = _mm256_shuffle_ps(ab1, cd1, 0x44);
  v[3] = _mm256_shuffle_ps(ab1, cd1, 0xee);
#endif
}

// Lane l of result r is lane r of v[l].
SL_INLINE void swap_lanes(vf* v) {
#if SL_WIDTH == 16
  const __m512 a = _mm512_shuffle_f32x4(v[0], v[1], 0x44), b = _mm512_shuffle_f32x4(v[0], v[1], 0xee);
  const __m512 c = _mm512_shuffle_f32x4(v[2], v[3], 0x44), d = _mm512_shuffle_f32x4(v[2], v[3], 0xee);
  v[0] = _mm512_shuffle_f32x4(a, c, 0x88);
  v[1] = _mm512_shuffle_f32x4(a, c, 0xdd);
  v[2] = _mm512_shuffle_f32x4(b, d, 0x88);
  v[3] = _mm512_shuffle_f32x4(b, d, 0xdd);
#else
  const __m256 low = _mm256_permute2f128_ps(v[0], v[1], 0x20);
  v[1] = _mm256_permute2f128_ps(v[0], v[1], 0x31);
  v[0] = low;
#endif
}

// y [W][y_ld] = x' from x [W][x_ld].
SL_INLINE void transpose_w(const float* x, int64_t x_ld, float* y, int64_t y_ld) {
#pragma GCC unroll 4
  for (int p = 0; p < W; p += 4) {
    vf v[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) v[r] = gather_lanes(x + r * x_ld + p, 4 * x_ld);
    transpose_lanes(v);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) store(y + (p + r) * y_ld, v[r]);
  }
}
#endif

// y [columns][y_ld] = x' from x [rows][x_ld].
SL_INLINE void transpose(int64_t rows, int64_t columns, const float* x, int64_t x_ld, float* y,
                         int64_t y_ld) {
  int64_t row = 0;
#if defined(SL_LANES)
  for (; row + W <= rows; row += W) {
    int64_t i = 0;
    for (; i + W <= columns; i += W) transpose_w(x + row * x_ld + i, x_ld, y + i * y_ld + row, y_ld);
    for (; i < columns; ++i) {
      for (int64_t r = row; r < row + W; ++r) y[i * y_ld + r] = x[r * x_ld + i];
    }
  }
#endif
  for (; row + 4 <= rows; row += 4) {
    int64_t i = 0;
    for (; i + 4 <= columns; i += 4) transpose4(x + row * x_ld + i, x_ld, y + i * y_ld + row, y_ld);
    for (; i < columns; ++i) {
      for (int64_t r = row; r < row + 4; ++r) y[i * y_ld + r] = x[r * x_ld + i];
    }
  }
  for (; row < rows; ++row) {
    for (int64_t i = 0; i < columns; ++i) y[i * y_ld + row] = x[row * x_ld + i];
  }
}

#endif  // SPARSELAND_MICRO_TRANSPOSE_H_
