// SPDX-License-Identifier: Apache-2.0
// Vectors of SL_WIDTH floats: 16 (avx512), 8 (avx2), 4 (scalar: plain C on GCC's vector types). A
// level wider than the compiled instruction set is legal and slow; that is how the avx512 sources
// are tested on a machine without it.
//
// Each micro-kernel is compiled once per level, so everything here has internal linkage: a shared
// inline function could be taken from the wrong level by the linker. C headers only, for the same
// reason.
#ifndef SPARSELAND_MICRO_VEC_H_
#define SPARSELAND_MICRO_VEC_H_

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC bug 105593: "undefined" operands
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#include "../level.h"
#include "sparseland_kernels.h"

#define SL_JOIN2(a, b) a##__##b
#define SL_JOIN(a, b) SL_JOIN2(a, b)
#define SL_KERNEL(name) SL_JOIN(name, SL_LEVEL)
#define SL_INLINE static inline __attribute__((always_inline, unused))

#define W SL_WIDTH

typedef float vf __attribute__((vector_size(W * 4)));
typedef int32_t vi __attribute__((vector_size(W * 4)));
typedef float vh __attribute__((vector_size(W * 2)));   // half a vector, and as doubles
typedef double vd __attribute__((vector_size(W * 4)));
typedef float vfu __attribute__((vector_size(W * 4), aligned(4), may_alias));

SL_INLINE vf load(const float* p) { return *reinterpret_cast<const vfu*>(p); }
SL_INLINE void store(float* p, vf v) { *reinterpret_cast<vfu*>(p) = v; }

// The first n < W floats; the others are 0 and are not read.
SL_INLINE vf load_part(const float* p, int64_t n) {
  float t[W] = {0};
  for (int64_t i = 0; i < n; ++i) t[i] = p[i];
  return load(t);
}
SL_INLINE void store_part(float* p, vf v, int64_t n) {
  float t[W];
  store(t, v);
  for (int64_t i = 0; i < n; ++i) p[i] = t[i];
}

SL_INLINE vf splat(float x) {
#if SL_WIDTH == 16
  return vf{x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
#elif SL_WIDTH == 8
  return vf{x, x, x, x, x, x, x, x};
#else
  return vf{x, x, x, x};
#endif
}

SL_INLINE vf zero() { return splat(0.0f); }

// a * b + c: one rounding where the instruction set has FMA, else two. Never left to the compiler
// (-ffp-contract=off), so that each level gives one defined result.
SL_INLINE vf fma(vf a, vf b, vf c) {
#if SL_WIDTH == 16 && defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif SL_WIDTH == 8 && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif SL_WIDTH == 16 && defined(__FMA__)
  union {
    vf all;
    __m256 half[2];
  } x = {a}, y = {b}, z = {c};
  z.half[0] = _mm256_fmadd_ps(x.half[0], y.half[0], z.half[0]);
  z.half[1] = _mm256_fmadd_ps(x.half[1], y.half[1], z.half[1]);
  return z.all;
#else
  return a * b + c;
#endif
}

SL_INLINE float fma1(float a, float b, float c) {
#if defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

SL_INLINE vf select(vi mask, vf yes, vf no) {
  return reinterpret_cast<vf>((mask & reinterpret_cast<vi>(yes)) |
                              (~mask & reinterpret_cast<vi>(no)));
}

// The larger and the smaller one as the instructions have it: b when either is NaN. (maskz, since GCC
// 12 warns of its own header otherwise.)
SL_INLINE vf larger(vf a, vf b) {
#if SL_WIDTH == 16 && defined(__AVX512F__)
  return _mm512_maskz_max_ps(0xffff, a, b);
#elif SL_WIDTH == 8 && defined(__AVX__)
  return _mm256_max_ps(a, b);
#else
  return select(a > b, a, b);
#endif
}
SL_INLINE vf smaller(vf a, vf b) {
#if SL_WIDTH == 16 && defined(__AVX512F__)
  return _mm512_maskz_min_ps(0xffff, a, b);
#elif SL_WIDTH == 8 && defined(__AVX__)
  return _mm256_min_ps(a, b);
#else
  return select(a < b, a, b);
#endif
}

// The larger one; NaN when either is NaN.
SL_INLINE vf maximum(vf a, vf b) { return select((a > b) | (a != a), a, b); }
SL_INLINE vf minimum(vf a, vf b) { return select((a < b) | (a != a), a, b); }

SL_INLINE vf absolute(vf a) {
  return reinterpret_cast<vf>(reinterpret_cast<vi>(a) & 0x7fffffff);
}

// Lanes in order, so that the result is defined.
SL_INLINE float sum(vf v) {
  float t[W];
  store(t, v);
  float s = t[0];
  for (int i = 1; i < W; ++i) s += t[i];
  return s;
}

#endif  // SPARSELAND_MICRO_VEC_H_
