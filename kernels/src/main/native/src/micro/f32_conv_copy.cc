// SPDX-License-Identifier: Apache-2.0
// f32_conv_fill: a padded plane of one phase from a channel's image. f32_conv_gather: panel [k][tokens]
// from runs of neighbouring pixels. f32_conv_scatter: output planes from rows of sums. None touches
// anything but what it copies. Any sizes.
#include "f32_conv.h"

#include "vec.h"

namespace {

#if SL_WIDTH == 16 && defined(__AVX512F__)
#define SL_MASKS 1
SL_INLINE __mmask16 mask(int64_t n) {
  return static_cast<__mmask16>(n >= 16 ? 0xffff : n <= 0 ? 0 : (1 << n) - 1);
}
#endif

SL_INLINE void copy(int64_t n, const float* x, float* y) {
  int64_t i = 0;
  for (; i + W <= n; i += W) store(y + i, load(x + i));
#if defined(SL_MASKS)
  if (i < n) _mm512_mask_storeu_ps(y + i, mask(n - i), _mm512_maskz_loadu_ps(mask(n - i), x + i));
#else
  for (; i < n; ++i) y[i] = x[i];
#endif
}

SL_INLINE void clear(int64_t n, float* y) {
#if defined(SL_MASKS)
  for (int64_t i = 0; i < n; i += 16) _mm512_mask_storeu_ps(y + i, mask(n - i), _mm512_setzero_ps());
#else
  for (int64_t i = 0; i < n; ++i) y[i] = 0.0f;
#endif
}

SL_INLINE vf even(vf a, vf b) {
#if SL_WIDTH == 16
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#elif SL_WIDTH == 8
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
#else
  return __builtin_shufflevector(a, b, 0, 2, 4, 6);
#endif
}

SL_INLINE void every_second(int64_t n, const float* x, float* y) {
  int64_t i = 0;
  for (; i + W < n; i += W) store(y + i, even(load(x + 2 * i), load(x + 2 * i + W)));
#if defined(SL_MASKS)
  const int64_t left = 2 * (n - i) - 1;  // floats from x + 2 i on that may be read
  if (left > 0) {
    const __m512 a = _mm512_maskz_loadu_ps(mask(left), x + 2 * i);
    const __m512 b = _mm512_maskz_loadu_ps(mask(left - 16), left > 16 ? x + 2 * i + 16 : x);
    _mm512_mask_storeu_ps(y + i, mask(n - i), even(a, b));
  }
#else
  for (; i < n; ++i) y[i] = x[2 * i];
#endif
}

}  // namespace

void SL_KERNEL(f32_conv_fill)(const SlConvPlane* p, const float* x, float* to) {
  const int64_t n = p->end - p->begin;
  for (int64_t line = 0; line < p->lines; ++line, to += p->pitch) {
    const int64_t h = (line + p->first_row) * p->stride_h + p->phase_h;
    if (h < 0 || h >= p->height || n == 0) {
      clear(p->pitch, to);
      continue;
    }
    const float* from = x + h * p->width + p->first_column;
    clear(p->begin, to);
    if (p->stride_w == 1) {
      copy(n, from, to + p->begin);
    } else if (p->stride_w == 2) {
      every_second(n, from, to + p->begin);
    } else {
      for (int64_t i = 0; i < n; ++i) to[p->begin + i] = from[i * p->stride_w];
    }
    clear(p->pitch - p->end, to + p->end);
  }
  clear(p->size - p->lines * p->pitch, to);
}

#if defined(SL_MASKS)
// What a vector of a panel takes from one run: lanes `mask` of the floats at `at`.
struct Piece {
  int64_t at;
  __mmask16 mask;
};

// V vectors, each put together from P masked loads and stored once.
template <int V, int P>
SL_INLINE void gather(int64_t k, const uint32_t* offsets, const char* x, const Piece pieces[V][16],
                      float* panel) {
  constexpr int64_t ahead = 12;  // rows of x come from anywhere: the next ones are asked for early
  for (int64_t i = 0; i < k; ++i, panel += V * W) {
    const float* next = reinterpret_cast<const float*>(x + offsets[i + ahead < k ? i + ahead : i]);
    const float* from = reinterpret_cast<const float*>(x + offsets[i]);
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) {
      __builtin_prefetch(next + pieces[v][0].at);
      vf all = _mm512_maskz_loadu_ps(pieces[v][0].mask, from + pieces[v][0].at);
#pragma GCC unroll 4
      for (int p = 1; p < P; ++p) {
        all = _mm512_mask_loadu_ps(all, pieces[v][p].mask, from + pieces[v][p].at);
      }
      store(panel + v * W, all);
    }
  }
}

template <int V>
void gather_by(int64_t count, int64_t k, const uint32_t* offsets, const char* x,
               const Piece pieces[V][16], float* panel) {
  switch (count) {
    case 1: return gather<V, 1>(k, offsets, x, pieces, panel);
    case 2: return gather<V, 2>(k, offsets, x, pieces, panel);
    case 3: return gather<V, 3>(k, offsets, x, pieces, panel);
    case 4: return gather<V, 4>(k, offsets, x, pieces, panel);
    default: return gather<V, 16>(k, offsets, x, pieces, panel);
  }
}

void SL_KERNEL(f32_conv_gather)(int64_t k, const uint32_t* offsets, const float* x, int64_t runs,
                                const SlConvRun* run, int64_t tokens, float* panel) {
  Piece pieces[2][16];
  int64_t count = 0;
  for (int64_t v = 0; v < tokens / W; ++v) {
    int64_t to = -v * W, own = 0;  // where the run begins in this vector
    for (int64_t r = 0; r < runs; to += run[r++].count) {
      const __mmask16 lanes = mask(to + run[r].count) & static_cast<__mmask16>(~mask(to));
      if (lanes != 0) pieces[v][own++] = {run[r].at - to, lanes};
    }
    if (own > count) count = own;
    // No lane of these is read; their addresses are.
    for (; own < 16; ++own) pieces[v][own] = {run[0].at, 0};
  }
  const char* base = reinterpret_cast<const char*>(x);
  tokens == W ? gather_by<1>(count, k, offsets, base, pieces, panel)
              : gather_by<2>(count, k, offsets, base, pieces, panel);
}
#else
void SL_KERNEL(f32_conv_gather)(int64_t k, const uint32_t* offsets, const float* x, int64_t runs,
                                const SlConvRun* run, int64_t tokens, float* panel) {
  for (int64_t i = 0; i < k; ++i, panel += tokens) {
    const char* from = reinterpret_cast<const char*>(x) + offsets[i];
    float* to = panel;
    for (const SlConvRun* r = run; r < run + runs; ++r) {
      copy(r->count, reinterpret_cast<const float*>(from) + r->at, to);
      to += r->count;
    }
    clear(panel + tokens - to, to);
  }
}
#endif

void SL_KERNEL(f32_conv_scatter)(int64_t rows, int64_t runs, const SlConvRun* run, const float* x,
                                 int64_t ld_x, float* y, int64_t ld_y) {
  constexpr int64_t ahead = 4;  // output rows lie far apart: their lines are asked for early
  int64_t all = 0;
  for (const SlConvRun* r = run; r < run + runs; ++r) all += r->count;
  for (int64_t row = 0; row < rows; ++row) {
    if (row + ahead < rows) {
      const float* next = y + (row + ahead) * ld_y;
      for (int64_t i = 0; i < all; i += 16) __builtin_prefetch(next + i, 1);
    }
    float* to = y + row * ld_y;
    for (const SlConvRun* r = run; r < run + runs; ++r) {
      copy(r->count, x + row * ld_x + r->at, to);
      to += r->count;
    }
  }
}
