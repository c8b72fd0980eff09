// SPDX-License-Identifier: Apache-2.0
// Multiply-add of words: in each 32-bit lane c += x * w, for fp32 one fused multiply-add, for bf16 two
// products into fp32, for int8 four products of u8 x and s8 w into int32, exact. Kind is what the level
// has: KIND::kFast needs VNNI or BF16 (asked at run time, `fast_words`); the plain kind needs nothing.
#ifndef SPARSELAND_MICRO_MULTIPLY_H_
#define SPARSELAND_MICRO_MULTIPLY_H_

// GCC 12 takes the undefined vectors inside its own AVX-512 intrinsics for mistakes of ours.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "vec.h"

namespace {

// Lanes used at once: 8 where the avx512 sources are compiled for AVX2.
#if SL_WIDTH == 16 && !defined(__AVX512F__)
constexpr int V = 8;
#else
constexpr int V = W;
#endif

// Lanes as int32 vectors of N lanes, whatever the type of words.
template <int N>
struct Lanes {
  typedef int32_t i __attribute__((vector_size(N * 4)));
  typedef uint32_t u __attribute__((vector_size(N * 4)));
  typedef float f __attribute__((vector_size(N * 4)));
  typedef int32_t load_i __attribute__((vector_size(N * 4), aligned(4), may_alias));
};

template <int N>
SL_INLINE typename Lanes<N>::i load_words(const void* p) {
  return *static_cast<const typename Lanes<N>::load_i*>(p);
}
template <int N>
SL_INLINE void store_words(void* p, typename Lanes<N>::i v) {
  *static_cast<typename Lanes<N>::load_i*>(p) = v;
}

template <int N>
SL_INLINE typename Lanes<N>::f fma_lanes(typename Lanes<N>::f a, typename Lanes<N>::f b,
                                         typename Lanes<N>::f c) {
#if defined(__AVX512F__)
  if constexpr (N == 16) return _mm512_fmadd_ps(a, b, c);
#endif
#if defined(__FMA__)
  if constexpr (N == 8) return _mm256_fmadd_ps(a, b, c);
  if constexpr (N == 4) return _mm_fmadd_ps(a, b, c);
#endif
  return a * b + c;
}

template <int TYPE, bool FAST, int N>
SL_INLINE typename Lanes<N>::i multiply(typename Lanes<N>::i c, typename Lanes<N>::i x,
                                        typename Lanes<N>::i w) {
  using F = typename Lanes<N>::f;
  using I = typename Lanes<N>::i;
  if constexpr (TYPE == SL_F32) {
    return reinterpret_cast<I>(fma_lanes<N>(reinterpret_cast<F>(x), reinterpret_cast<F>(w),
                                            reinterpret_cast<F>(c)));
  }
#if defined(__AVX512VL__)
  if constexpr (FAST && TYPE == SL_BF16) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(c) : "v"(x), "v"(w));
    return c;
  }
  if constexpr (FAST && TYPE == SL_I8) {
    asm("vpdpbusd %2, %1, %0" : "+v"(c) : "v"(x), "v"(w));
    return c;
  }
#endif
  if constexpr (TYPE == SL_BF16) {
    const I high = I{} + static_cast<int32_t>(0xffff0000);
    const F low = fma_lanes<N>(reinterpret_cast<F>(x << 16), reinterpret_cast<F>(w << 16),
                               reinterpret_cast<F>(c));
    return reinterpret_cast<I>(
        fma_lanes<N>(reinterpret_cast<F>(x & high), reinterpret_cast<F>(w & high), low));
  }
  // u8 * s8 by 16-bit halves: the products of vpmaddubsw would saturate.
#if defined(__AVX512BW__)
  if constexpr (N == 16 && TYPE == SL_I8) {
    const __m512i in = reinterpret_cast<__m512i>(x), by = reinterpret_cast<__m512i>(w);
    const __m512i even = _mm512_madd_epi16(_mm512_and_si512(in, _mm512_set1_epi16(255)),
                                           _mm512_srai_epi16(_mm512_slli_epi16(by, 8), 8));
    const __m512i odd =
        _mm512_madd_epi16(_mm512_srli_epi16(in, 8), _mm512_srai_epi16(by, 8));
    return c + reinterpret_cast<I>(even) + reinterpret_cast<I>(odd);
  }
#endif
#if defined(__AVX2__)
  if constexpr (N == 8 && TYPE == SL_I8) {
    const __m256i in = reinterpret_cast<__m256i>(x), by = reinterpret_cast<__m256i>(w);
    const __m256i even = _mm256_madd_epi16(_mm256_and_si256(in, _mm256_set1_epi16(255)),
                                           _mm256_srai_epi16(_mm256_slli_epi16(by, 8), 8));
    const __m256i odd =
        _mm256_madd_epi16(_mm256_srli_epi16(in, 8), _mm256_srai_epi16(by, 8));
    return c + reinterpret_cast<I>(even) + reinterpret_cast<I>(odd);
  }
#endif
  using U = typename Lanes<N>::u;
  const U in = reinterpret_cast<U>(x);
  for (int b = 0; b < 4; ++b) {
    c += reinterpret_cast<I>(in >> (8 * b) & 255) * ((w << (24 - 8 * b)) >> 24);
  }
  return c;
}

template <int TYPE, int N>
SL_INLINE typename Lanes<N>::i add(typename Lanes<N>::i a, typename Lanes<N>::i b) {
  using F = typename Lanes<N>::f;
  using I = typename Lanes<N>::i;
  if constexpr (TYPE == SL_I8) return a + b;
  return reinterpret_cast<I>(reinterpret_cast<F>(a) + reinterpret_cast<F>(b));
}

// The same for one word.
template <int TYPE>
SL_INLINE int32_t multiply1(int32_t c, uint32_t x, uint32_t w) {
  float sum, a, b;
  if constexpr (TYPE == SL_I8) {
    for (int i = 0; i < 4; ++i) {
      c += static_cast<int32_t>(x >> (8 * i) & 255) * static_cast<int8_t>(w >> (8 * i) & 255);
    }
    return c;
  } else if constexpr (TYPE == SL_BF16) {
    memcpy(&sum, &c, 4);
    const uint32_t xs[2] = {x << 16, x & 0xffff0000}, ws[2] = {w << 16, w & 0xffff0000};
    for (int i = 0; i < 2; ++i) {
      memcpy(&a, &xs[i], 4);
      memcpy(&b, &ws[i], 4);
      sum = fma1(a, b, sum);
    }
  } else {
    memcpy(&sum, &c, 4);
    memcpy(&a, &x, 4);
    memcpy(&b, &w, 4);
    sum = fma1(a, b, sum);
  }
  memcpy(&c, &sum, 4);
  return c;
}

template <int TYPE>
SL_INLINE int32_t add1(int32_t a, int32_t b) {
  if constexpr (TYPE == SL_I8) return a + b;
  float x, y;
  memcpy(&x, &a, 4);
  memcpy(&y, &b, 4);
  x += y;
  memcpy(&a, &x, 4);
  return a;
}

// Whether the fast kind of a type runs here.
SL_INLINE bool fast_words(int type) {
#if defined(__AVX512VL__)
  if (type == SL_I8) return __builtin_cpu_supports("avx512vnni");
  if (type == SL_BF16) return __builtin_cpu_supports("avx512bf16");
#endif
  (void)type;
  return false;
}

#if defined(__AVX512F__)
template <int TYPE>
SL_INLINE __m512i plus(__m512i a, __m512i b) {
  using I = Lanes<16>::i;
  return reinterpret_cast<__m512i>(
      add<TYPE, 16>(reinterpret_cast<I>(a), reinterpret_cast<I>(b)));
}
#endif

// Sums of the lanes of 4 vectors, in order.
template <int TYPE>
SL_INLINE void sum4(const Lanes<V>::i* a, int32_t* sums) {
#if defined(__AVX512F__)
  const __m512i* v = reinterpret_cast<const __m512i*>(a);
  const __m512i low =
      plus<TYPE>(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
  const __m512i high =
      plus<TYPE>(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
  __m512i all = plus<TYPE>(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
  all = plus<TYPE>(all, _mm512_shuffle_i32x4(all, all, 0x4e));
  all = plus<TYPE>(all, _mm512_shuffle_i32x4(all, all, 0xb1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums), _mm512_castsi512_si128(all));
#else
  for (int r = 0; r < 4; ++r) {
    sums[r] = a[r][0];
    for (int i = 1; i < V; ++i) sums[r] = add1<TYPE>(sums[r], a[r][i]);
  }
#endif
}

#if defined(__AVX512F__)
// Sums of the 16 lanes of 16 vectors, in order.
template <int TYPE>
SL_INLINE __m512i sum16(const __m512i* a) {
  __m512i pairs[8], fours[4];
  for (int i = 0; i < 8; ++i) {
    pairs[i] = plus<TYPE>(_mm512_unpacklo_epi32(a[2 * i], a[2 * i + 1]),
                    _mm512_unpackhi_epi32(a[2 * i], a[2 * i + 1]));
  }
  for (int i = 0; i < 4; ++i) {
    fours[i] = plus<TYPE>(_mm512_unpacklo_epi64(pairs[2 * i], pairs[2 * i + 1]),
                    _mm512_unpackhi_epi64(pairs[2 * i], pairs[2 * i + 1]));
  }
  const __m512i low = plus<TYPE>(_mm512_shuffle_i32x4(fours[0], fours[1], 0x88),
                           _mm512_shuffle_i32x4(fours[0], fours[1], 0xdd));
  const __m512i high = plus<TYPE>(_mm512_shuffle_i32x4(fours[2], fours[3], 0x88),
                            _mm512_shuffle_i32x4(fours[2], fours[3], 0xdd));
  return plus<TYPE>(_mm512_shuffle_i32x4(low, high, 0x88), _mm512_shuffle_i32x4(low, high, 0xdd));
}
#endif

}  // namespace

#endif  // SPARSELAND_MICRO_MULTIPLY_H_
