// SPDX-License-Identifier: Apache-2.0
// f32_conv_tile: sums [rows][tokens] (+)= W [rows][k] * x, where weight k reads `tokens` floats from
// x + offsets[k]: a tile of neighbouring output pixels of a convolution.
//
// The packer guarantees: entries below 4 k. The caller: tokens at most `most` of the kind; whole
// half vectors can be read behind every offset. Loads need no alignment. Each output is one sum in the
// order of the kept weights, one fused multiply-add each where there is FMA: |error| <= nnz(row) *
// 2^-24 * sum|w*x|, and the bits do not depend on how pixels are cut into tiles. A pruned weight inside
// a block of 4 rows is 0 times x: NaN where x is not finite.
#include "f32_conv.h"

#include "vec.h"

namespace {

#if SL_WIDTH >= 8
#define SL_HALVES 1
#define H (W / 2)
typedef float hf __attribute__((vector_size(W * 2)));
typedef float hfu __attribute__((vector_size(W * 2), aligned(4), may_alias));

SL_INLINE hf low(vf v) {
  union {
    vf all;
    hf half;
  } u = {v};
  return u.half;
}

SL_INLINE hf fma_half(hf a, hf b, hf c) {
#if SL_WIDTH == 16 && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif SL_WIDTH == 8 && defined(__FMA__)
  return _mm_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}
#else
#define SL_HALVES 0
#endif

// Weights are broadcast from a general register, which keeps the vector load ports for x.
#if defined(__x86_64__)
#define SL_IN_REGISTER(value) asm("" : "+r"(value))
#else
#define SL_IN_REGISTER(value)
#endif

SL_INLINE vf splat_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return splat(value);
}

SL_INLINE const float* at(const SlConvTile* t, uint32_t entry) {
  const char* table = reinterpret_cast<const char*>(t->offsets);
  uint32_t offset;
  memcpy(&offset, table + entry, sizeof offset);
  return reinterpret_cast<const float*>(reinterpret_cast<const char*>(t->x) + offset);
}

// R rows of V vectors and HALF of one more.
template <int R, int V, int HALF>
struct Sums {
  vf whole[R][V == 0 ? 1 : V];
#if SL_HALVES
  hf half[R];
#endif

  SL_INLINE void begin(Sums* s, const SlConvTile* t, const float* y) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) s->whole[r][v] = t->first ? zero() : load(y + r * t->ld + v * W);
#if SL_HALVES
      if (HALF) s->half[r] = t->first ? low(zero()) : *reinterpret_cast<const hfu*>(y + r * t->ld + V * W);
#endif
    }
  }

  SL_INLINE void end(const Sums* s, const SlConvTile* t, float* y) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) store(y + r * t->ld + v * W, s->whole[r][v]);
#if SL_HALVES
      if (HALF) *reinterpret_cast<hfu*>(y + r * t->ld + V * W) = s->half[r];
#endif
    }
  }
};

// One weight at a time: the accumulators of a tile hide the latency of the multiply-add.
template <int V, int HALF>
void singles(const SlConvTile* t, const SlConvSingle* kept) {
  for (int64_t row = 0; row < t->rows; ++row) {
    Sums<1, V, HALF> s;
    float* y = t->sums + row * t->ld;
    Sums<1, V, HALF>::begin(&s, t, y);
    const SlConvSingle* end = kept + t->starts[row + 1];
    for (const SlConvSingle* p = kept + t->starts[row]; p < end; ++p) {
      uint64_t both;
      memcpy(&both, p, sizeof both);
      SL_IN_REGISTER(both);
      const vf w = splat_bits(static_cast<uint32_t>(both >> 32));
      const float* x = at(t, static_cast<uint32_t>(both));
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) s.whole[0][v] = fma(w, load(x + v * W), s.whole[0][v]);
#if SL_HALVES
      if (HALF) s.half[0] = fma_half(low(w), *reinterpret_cast<const hfu*>(x + V * W), s.half[0]);
#endif
    }
    Sums<1, V, HALF>::end(&s, t, y);
  }
}

// A load of x serves 4 rows.
template <int V, int HALF>
void quads(const SlConvTile* t, const SlConvQuad* kept) {
  for (int64_t row = 0; row < t->rows; ++row) {
    Sums<4, V, HALF> s;
    float* y = t->sums + row * 4 * t->ld;
    Sums<4, V, HALF>::begin(&s, t, y);
    const SlConvQuad* end = kept + t->starts[row + 1];
    for (const SlConvQuad* p = kept + t->starts[row]; p < end; ++p) {
      const float* x = at(t, p->entry);
      vf in[V == 0 ? 1 : V];
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) in[v] = load(x + v * W);
#if SL_HALVES
      hf in_half{};
      if (HALF) in_half = *reinterpret_cast<const hfu*>(x + V * W);
#endif
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) {
        uint32_t bits;
        memcpy(&bits, &p->values[r], sizeof bits);
        SL_IN_REGISTER(bits);
        const vf w = splat_bits(bits);
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) s.whole[r][v] = fma(w, in[v], s.whole[r][v]);
#if SL_HALVES
        if (HALF) s.half[r] = fma_half(low(w), in_half, s.half[r]);
#endif
      }
    }
    Sums<4, V, HALF>::end(&s, t, y);
  }
}

// The kernel for a number of tokens, in half vectors where there are any.
#if SL_HALVES
#define SL_PICK(function, v)                        \
  case 2 * v - 1: return function<v - 1, 1>(t, kept); \
  case 2 * v: return function<v, 0>(t, kept)
SL_INLINE int64_t units(int64_t tokens) { return (tokens + H - 1) / H; }
#else
#define SL_PICK(function, v) \
  case v: return function<v, 0>(t, kept)
SL_INLINE int64_t units(int64_t tokens) { return (tokens + W - 1) / W; }
#endif

constexpr int kMostSingle = 7, kMostQuad = SL_WIDTH == 16 ? 5 : 2;

void single(const SlConvTile* t, const SlConvSingle* kept) {
  switch (units(t->tokens)) {
    SL_PICK(singles, 1);
    SL_PICK(singles, 2);
    SL_PICK(singles, 3);
    SL_PICK(singles, 4);
    SL_PICK(singles, 5);
    SL_PICK(singles, 6);
    SL_PICK(singles, 7);
    default: return;
  }
}

void quad(const SlConvTile* t, const SlConvQuad* kept) {
  switch (units(t->tokens)) {
    SL_PICK(quads, 1);
    SL_PICK(quads, 2);
#if SL_WIDTH == 16
    SL_PICK(quads, 3);
    SL_PICK(quads, 4);
    SL_PICK(quads, 5);
#endif
    default: return;
  }
}

}  // namespace

void SL_KERNEL(f32_conv_fill)(const SlConvPlane*, const float*, float*);
void SL_KERNEL(f32_conv_gather)(int64_t, const uint32_t*, const float*, int64_t, const SlConvRun*,
                                int64_t, float*);
void SL_KERNEL(f32_conv_scatter)(int64_t, int64_t, const SlConvRun*, const float*, int64_t, float*,
                                 int64_t);
void SL_KERNEL(f32_conv_depth)(const SlConvDepth*, const float*, float*);
#if SL_WIDTH == 16 && defined(__AVX512F__)
void SL_KERNEL(f32_conv_direct)(const SlConvDirect*, const float*, float*);
#define SL_DIRECT SL_KERNEL(f32_conv_direct)
#else
#define SL_DIRECT nullptr
#endif

extern const SlConvKernels SL_KERNEL(conv_kernels);
const SlConvKernels SL_KERNEL(conv_kernels) = {
    kMostSingle * W,
    kMostQuad * W,
    single,
    quad,
    SL_KERNEL(f32_conv_fill),
    SL_KERNEL(f32_conv_gather),
    SL_KERNEL(f32_conv_scatter),
    SL_KERNEL(f32_conv_depth),
    SL_DIRECT,
};
