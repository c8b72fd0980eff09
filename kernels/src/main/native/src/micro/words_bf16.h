// SPDX-License-Identifier: Apache-2.0
// Words of bf16 of W tokens at once, where SL_LANES is defined, with the bits of `words` in words.cc.
#ifndef SPARSELAND_MICRO_WORDS_BF16_H_
#define SPARSELAND_MICRO_WORDS_BF16_H_

#include "words_fast.h"

#if defined(SL_LANES)

// bf16 in the low halves.
SL_INLINE vbits halves_of(vf x) {
  const vi bits = reinterpret_cast<vi>(x);
  const vi top = bits >> 16 & 0xffff;
  const vi rounded = (bits + 0x7fff + (top & 1)) >> 16 & 0xffff;
  const vi nan = x != x;
  return reinterpret_cast<vbits>((nan & (top | 64)) | (~nan & rounded));
}

#if SL_WIDTH == 16
#define SL_BF16 1

// By the instruction, which takes denormals as 0: those are left to halves_of.
SL_INLINE bool converts() { return __builtin_cpu_supports("avx512bf16"); }

SL_INLINE __mmask16 denormals(vf x) { return _mm512_fpclass_ps_mask(x, 0x20); }

// 16 of each.
SL_INLINE vf converted(vf low, vf high) {
  vf halves;
  asm("vcvtne2ps2bf16 %[low], %[high], %[to]" : [to] "=v"(halves) : [low] "v"(low), [high] "v"(high));
  return halves;
}

// 16 inputs of 16 tokens; false, with nothing written, when there are denormals.
SL_INLINE bool bf16_rows_converted(const Rows& s, int64_t tokens, int64_t i, uint32_t* to) {
  vf v[2][4];  // [tokens 0 to 7, 8 to 15][token and the fourth after it]
  __mmask16 careful = 0;
#pragma GCC unroll 2
  for (int h = 0; h < 2; ++h) {
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const vf low = load(s.x + (8 * h + r) * s.ld + i), high = load(s.x + (8 * h + 4 + r) * s.ld + i);
      careful |= denormals(low) | denormals(high);
      v[h][r] = converted(low, high);
    }
    transpose_lanes(v[h]);  // lanes: words j and j + 4 of 4 tokens, then of 4 more
  }
  if (careful != 0) return false;
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    uint32_t* at = to + (i / 2 + j) * tokens;
    store_bits(at, bits_of(_mm512_shuffle_f32x4(v[0][j], v[1][j], 0x88)));
    store_bits(at + 4 * tokens, bits_of(_mm512_shuffle_f32x4(v[0][j], v[1][j], 0xdd)));
  }
  return true;
}

// 2 inputs of 16 tokens, in the same way.
SL_INLINE bool bf16_panel_converted(vf low, vf high, uint32_t* to) {
  if ((denormals(low) | denormals(high)) != 0) return false;
  const __m512i by_token = _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19,
      3, 18, 2, 17, 1, 16, 0);
  store_bits(to, _mm512_permutexvar_epi16(by_token, bits_of(converted(low, high))));
  return true;
}
#endif

template <bool PART>
SL_INLINE void bf16_rows_chunk(const Rows& s, int64_t tokens, int64_t i, int64_t n, uint32_t* to) {
  vf even[SL_LANES], odd[SL_LANES];  // words 2 l and 2 l + 1 of 4 tokens in lane l
#pragma GCC unroll 4
  for (int q = 0; q < SL_LANES; ++q) {
    vbits c[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) c[r] = halves_of(inputs<PART>(s, 4 * q + r, i, n));
    const vf a = reinterpret_cast<vf>(SL_VI(packus_epi32)(c[0], c[1]));
    const vf b = reinterpret_cast<vf>(SL_VI(packus_epi32)(c[2], c[3]));
    even[q] = SL_VI(shuffle_ps)(a, b, 0x88);
    odd[q] = SL_VI(shuffle_ps)(a, b, 0xdd);
  }
  swap_lanes(even);
  swap_lanes(odd);
#pragma GCC unroll 4
  for (int l = 0; l < SL_LANES; ++l) {
    uint32_t* at = to + (i / 2 + 2 * l) * tokens;
    if (!PART || 4 * l < n) store_bits(at, bits_of(even[l]));
    if (!PART || 4 * l + 2 < n) store_bits(at + tokens, bits_of(odd[l]));
  }
}

SL_INLINE void bf16_rows(const Rows& s, int64_t tokens, int64_t k, uint32_t* to) {
  int64_t i = 0;
  if (s.rows >= W) {
    const Rows full{s.x, s.ld, W};
#if defined(SL_BF16)
    for (const bool fast = converts(); i + W <= k; i += W) {
      if (fast && bf16_rows_converted(full, tokens, i, to)) continue;
      bf16_rows_chunk<false>(full, tokens, i, W, to);
    }
#endif
    for (; i + W <= k; i += W) bf16_rows_chunk<false>(full, tokens, i, W, to);
  }
  for (; i + W <= k; i += W) bf16_rows_chunk<false>(s, tokens, i, W, to);
  if (i < k) bf16_rows_chunk<true>(s, tokens, i, k - i, to);
}

SL_INLINE void bf16_panel(int64_t tokens, int64_t k, const float* x, uint32_t* to) {
#if defined(SL_BF16)
  const bool fast = converts();
#endif
  for (int64_t i = 0; i < k; i += 2) {
    const vf low = load(x + i * tokens);
    const vf high = i + 1 < k ? load(x + (i + 1) * tokens) : zero();
    uint32_t* at = to + i / 2 * tokens;
#if defined(SL_BF16)
    if (fast && bf16_panel_converted(low, high, at)) continue;
#endif
    store_bits(at, reinterpret_cast<vbits>(reinterpret_cast<vi>(halves_of(low)) |
                                           reinterpret_cast<vi>(halves_of(high)) << 16));
  }
}

#endif  // SL_LANES
#endif  // SPARSELAND_MICRO_WORDS_BF16_H_
