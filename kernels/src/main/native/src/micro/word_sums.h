// SPDX-License-Identifier: Apache-2.0
// Sums of products of words, by type: F32, Bf16, I8.
#ifndef SPARSELAND_MICRO_WORD_SUMS_H_
#define SPARSELAND_MICRO_WORD_SUMS_H_

#include "vec.h"

typedef uint32_t vu __attribute__((vector_size(W * 4)));
typedef uint32_t vuu __attribute__((vector_size(W * 4), aligned(4), may_alias));

SL_INLINE vu splat_word(uint32_t word) {
  float same;
  memcpy(&same, &word, sizeof same);
  return reinterpret_cast<vu>(splat(same));
}

// Sums of one type: begin at 0, take one word of weights and its inputs.
struct F32 {
  typedef vf sum;
  SL_INLINE vf start() { return zero(); }
  SL_INLINE vf add(vu w, vu x, vf s) {
    return fma(reinterpret_cast<vf>(w), reinterpret_cast<vf>(x), s);
  }
};

struct Bf16 {
  typedef vf sum;
  SL_INLINE vf start() { return zero(); }
  SL_INLINE vf add(vu w, vu x, vf s) {
    const vf low = fma(reinterpret_cast<vf>(w << 16), reinterpret_cast<vf>(x << 16), s);
    return fma(reinterpret_cast<vf>(w & 0xffff0000u), reinterpret_cast<vf>(x & 0xffff0000u), low);
  }
};

struct I8 {
  typedef vi sum;
  SL_INLINE vi start() { return reinterpret_cast<vi>(zero()); }
  SL_INLINE vi add(vu w, vu x, vi s) {
#if (SL_WIDTH == 16 && defined(__AVX512BW__)) || (SL_WIDTH == 8 && defined(__AVX2__))
    // 16-bit products, exact: bytes 0 and 2, then 1 and 3.
    const vu even = x & 0x00ff00ffu, odd = x >> 8 & 0x00ff00ffu;
#if SL_WIDTH == 16
    const __m512i v = reinterpret_cast<__m512i>(w);
    s += reinterpret_cast<vi>(_mm512_madd_epi16(
        _mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8), reinterpret_cast<__m512i>(even)));
    return s + reinterpret_cast<vi>(_mm512_madd_epi16(_mm512_srai_epi16(v, 8),
                                                      reinterpret_cast<__m512i>(odd)));
#else
    const __m256i v = reinterpret_cast<__m256i>(w);
    s += reinterpret_cast<vi>(_mm256_madd_epi16(
        _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8), reinterpret_cast<__m256i>(even)));
    return s + reinterpret_cast<vi>(_mm256_madd_epi16(_mm256_srai_epi16(v, 8),
                                                      reinterpret_cast<__m256i>(odd)));
#endif
#else
    const vi signed_w = reinterpret_cast<vi>(w);
    for (int shift = 0; shift < 32; shift += 8) {
      s += (signed_w << (24 - shift) >> 24) * reinterpret_cast<vi>(x >> shift & 0xffu);
    }
    return s;
#endif
  }
};

#endif  // SPARSELAND_MICRO_WORD_SUMS_H_
