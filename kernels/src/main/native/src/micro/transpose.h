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
  const __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)),
                                          _mm_loadu_ps(p + step), 1);
#if SL_WIDTH == 16
  const __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p + 2 * step)),
                                           _mm_loadu_ps(p + 3 * step), 1);
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
#else
  return low;
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

// put(c, column c) for the W columns of x [W][ld]. Reads each line of x once: rows that lie a multiple of
// 4 KiB apart would throw each other out of the cache.
template <typename F>
SL_INLINE void for_columns(const float* x, int64_t ld, const F& put) {
  vf v[4][SL_LANES];
#pragma GCC unroll 4
  for (int q = 0; q < SL_LANES; ++q) {
    vf part[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) part[r] = load(x + (4 * q + r) * ld);
    transpose_lanes(part);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) v[r][q] = part[r];
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    swap_lanes(v[r]);
#pragma GCC unroll 4
    for (int l = 0; l < SL_LANES; ++l) put(4 * l + r, v[r][l]);
  }
}

// y [W][y_ld] = x' from x [W][x_ld].
SL_INLINE void transpose_w(const float* x, int64_t x_ld, float* y, int64_t y_ld) {
  for_columns(x, x_ld, [y, y_ld](int64_t c, vf column) { store(y + c * y_ld, column); });
}
#endif

// v[r] is column r of x [W][ld], r < 4.
SL_INLINE void columns4(const float* x, int64_t ld, vf* v) {
#if defined(SL_LANES)
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) v[r] = gather_lanes(x + r * ld, 4 * ld);
  transpose_lanes(v);
#else
  for (int r = 0; r < 4; ++r) {
    float column[W];
    for (int i = 0; i < W; ++i) column[i] = x[i * ld + r];
    v[r] = load(column);
  }
#endif
}

#endif  // SPARSELAND_MICRO_TRANSPOSE_H_
