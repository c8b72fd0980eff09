// SPDX-License-Identifier: Apache-2.0
// Words of u8 of W tokens at once, where SL_LANES is defined. Each function gives the bits of `words` in
// words.cc, or returns false for inputs that would need more care than speed allows.
#ifndef SPARSELAND_MICRO_WORDS_FAST_H_
#define SPARSELAND_MICRO_WORDS_FAST_H_

#include <float.h>

#include "transpose.h"

SL_INLINE float inverse_of(float scale) { return scale > 0.0f ? 1.0f / scale : 0.0f; }

#if defined(SL_LANES)

#if SL_WIDTH == 16
typedef __m512i vbits;
#define SL_VI(name) _mm512_##name
#else
typedef __m256i vbits;
#define SL_VI(name) _mm256_##name
#endif
typedef int32_t viu __attribute__((vector_size(W * 4), aligned(4), may_alias));

SL_INLINE vbits bits_of(vf v) { return reinterpret_cast<vbits>(v); }
SL_INLINE void store_bits(uint32_t* p, vbits v) {
  *reinterpret_cast<viu*>(p) = reinterpret_cast<vi>(v);
}

// Tokens x [rows][ld]; those behind them are 0.
struct Rows {
  const float* x;
  int64_t ld, rows;
};

// n <= W inputs of token t from input i on; W of them unless PART.
template <bool PART>
SL_INLINE vf inputs(const Rows& s, int64_t t, int64_t i, int64_t n) {
  if (t >= s.rows) return zero();
  const float* p = s.x + t * s.ld + i;
  return PART ? load_part(p, n) : load(p);
}

// The larger absolute values as bits: those of NaN are above those of infinity.
SL_INLINE vi larger_bits(vi largest, vf x) {
  const vbits absolute_bits = bits_of(absolute(x));
  return reinterpret_cast<vi>(SL_VI(max_epi32)(reinterpret_cast<vbits>(largest), absolute_bits));
}

// The scales of W tokens from the bits of their largest absolute values. False when a product with an
// inverse could be beyond the limits: not finite, or a scale that is denormal.
SL_INLINE bool scales_of(vi largest_bits, vf* scale, vf* inverse) {
  *scale = reinterpret_cast<vf>(largest_bits) / 127.0f;
  *inverse = select(*scale > 0.0f, 1.0f / *scale, zero());
  const vi careful = (largest_bits >= 0x7f800000) | ((*scale > 0.0f) & (*scale < FLT_MIN));
#if SL_WIDTH == 16
  return _mm512_test_epi32_mask(reinterpret_cast<vbits>(careful), reinterpret_cast<vbits>(careful)) == 0;
#else
  return _mm256_testz_si256(reinterpret_cast<vbits>(careful), reinterpret_cast<vbits>(careful)) != 0;
#endif
}

// The nearest whole numbers, ties to even. Unless LIMITED they lie within [-127, 127] already; NaN
// gives INT32_MIN.
template <bool LIMITED>
SL_INLINE vbits whole(vf y) {
#if SL_WIDTH == 16
  if (LIMITED) y = _mm512_min_ps(splat(127.0f), _mm512_max_ps(splat(-127.0f), y));
  return _mm512_cvtps_epi32(y);
#else
  if (LIMITED) y = _mm256_min_ps(splat(127.0f), _mm256_max_ps(splat(-127.0f), y));
  return _mm256_cvtps_epi32(y);
#endif
}

// Bytes + 128 of 4 vectors: in lane l those of lane l of each, in order.
template <bool LIMITED>
SL_INLINE vbits bytes_of(const vbits* c) {
  vbits v = SL_VI(packs_epi16)(SL_VI(packs_epi32)(c[0], c[1]), SL_VI(packs_epi32)(c[2], c[3]));
  const vbits bias = SL_VI(set1_epi8)(-128);
  if (LIMITED) {  // -128 was NaN
#if SL_WIDTH == 16
    v = _mm512_maskz_mov_epi8(_mm512_cmpneq_epi8_mask(v, bias), v);
#else
    v = _mm256_andnot_si256(_mm256_cmpeq_epi8(v, bias), v);
#endif
  }
  return reinterpret_cast<vbits>(reinterpret_cast<vi>(v) ^ reinterpret_cast<vi>(bias));
}

template <bool LIMITED, bool PART>
SL_INLINE void u8_rows_chunk(const Rows& s, int64_t tokens, int64_t i, int64_t n,
                             const float* inverse, uint32_t* to) {
  vf quads[SL_LANES];
#pragma GCC unroll 4
  for (int q = 0; q < SL_LANES; ++q) {
    vbits c[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const int t = 4 * q + r;
      c[r] = whole<LIMITED>(inputs<PART>(s, t, i, n) * inverse[t]);
    }
    quads[q] = reinterpret_cast<vf>(bytes_of<LIMITED>(c));  // lane: word of 4 tokens
  }
  swap_lanes(quads);
#pragma GCC unroll 4
  for (int l = 0; l < SL_LANES; ++l) {
    if (!PART || 4 * l < n) store_bits(to + (i / 4 + l) * tokens, bits_of(quads[l]));
  }
}

template <bool LIMITED>
SL_INLINE void u8_rows_chunks(const Rows& s, int64_t tokens, int64_t k, const float* inverse,
                              uint32_t* to) {
  int64_t i = 0;
  if (s.rows >= W) {
    const Rows full{s.x, s.ld, W};  // a constant: no tests
    for (; i + W <= k; i += W) u8_rows_chunk<LIMITED, false>(full, tokens, i, W, inverse, to);
  }
  for (; i + W <= k; i += W) u8_rows_chunk<LIMITED, false>(s, tokens, i, W, inverse, to);
  if (i < k) u8_rows_chunk<LIMITED, true>(s, tokens, i, k - i, inverse, to);
}

SL_INLINE int32_t largest_of_row(const float* x, int64_t k) {
  vi largest[4] = {};
  int64_t i = 0;
  for (; i + 4 * W <= k; i += 4 * W) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) largest[j] = larger_bits(largest[j], load(x + i + j * W));
  }
  for (; i + W <= k; i += W) largest[0] = larger_bits(largest[0], load(x + i));
  if (i < k) largest[0] = larger_bits(largest[0], load_part(x + i, k - i));
  largest[0] = larger_bits(largest[0], reinterpret_cast<vf>(largest[1]));
  largest[2] = larger_bits(largest[2], reinterpret_cast<vf>(largest[3]));
  float lanes[W];
  store(lanes, reinterpret_cast<vf>(larger_bits(largest[0], reinterpret_cast<vf>(largest[2]))));
  int32_t bits[W], result = 0;
  memcpy(bits, lanes, sizeof bits);
  for (int l = 0; l < W; ++l) result = bits[l] > result ? bits[l] : result;
  return result;
}

SL_INLINE bool u8_rows(const Rows& s, int64_t tokens, int64_t k, float scale, uint32_t* to,
                       float* scales) {
  vf own = splat(scale), inverse = splat(inverse_of(scale));
  if (scale <= 0) {
    int32_t largest[W] = {};
    for (int64_t t = 0; t < W && t < s.rows; ++t) largest[t] = largest_of_row(s.x + t * s.ld, k);
    vi bits;
    memcpy(&bits, largest, sizeof bits);
    if (!scales_of(bits, &own, &inverse)) return false;
  }
  store(scales, own);
  float inverses[W];
  store(inverses, inverse);
  scale > 0 ? u8_rows_chunks<true>(s, tokens, k, inverses, to)
            : u8_rows_chunks<false>(s, tokens, k, inverses, to);
  return true;
}

// 4 inputs, or fewer at the end, of W tokens.
template <bool LIMITED>
SL_INLINE void u8_panel_word(int64_t tokens, int64_t n, const float* x, vf inverse, uint32_t* to) {
  vbits c[4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    c[j] = whole<LIMITED>((j < n ? load(x + j * tokens) : zero()) * inverse);
  }
  const vbits v = bytes_of<LIMITED>(c);
  const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
#if SL_WIDTH == 16
  store_bits(to, _mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(order)));
#else
  store_bits(to, _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(order)));
#endif
}

template <bool LIMITED>
SL_INLINE void u8_panel_words(int64_t tokens, int64_t k, const float* x, vf inverse, uint32_t* to) {
  int64_t i = 0;
  for (; i + 4 <= k; i += 4) {
    u8_panel_word<LIMITED>(tokens, 4, x + i * tokens, inverse, to + i / 4 * tokens);
  }
  if (i < k) u8_panel_word<LIMITED>(tokens, k - i, x + i * tokens, inverse, to + i / 4 * tokens);
}

SL_INLINE bool u8_panel(int64_t tokens, int64_t k, const float* x, float scale, uint32_t* to,
                        float* scales) {
  vf own = splat(scale), inverse = splat(inverse_of(scale));
  if (scale <= 0) {
    vi even = {}, odd = {};
    int64_t i = 0;
    for (; i + 2 <= k; i += 2) {
      even = larger_bits(even, load(x + i * tokens));
      odd = larger_bits(odd, load(x + (i + 1) * tokens));
    }
    if (i < k) even = larger_bits(even, load(x + i * tokens));
    if (!scales_of(larger_bits(even, reinterpret_cast<vf>(odd)), &own, &inverse)) return false;
  }
  store(scales, own);
  scale > 0 ? u8_panel_words<true>(tokens, k, x, inverse, to)
            : u8_panel_words<false>(tokens, k, x, inverse, to);
  return true;
}

#endif  // SL_LANES
#endif  // SPARSELAND_MICRO_WORDS_FAST_H_
