// SPDX-License-Identifier: Apache-2.0
// f32_conv_depth: y [rows][columns] = one channel's taps over its padded plane x, no bias. Any sizes;
// whole vectors of x are read behind the last pixel of every row. Each output is one sum in the order
// of the taps, one fused multiply-add each where there is FMA: |error| <= taps * 2^-24 * sum|w*x|.
#include "f32_conv.h"

#include "vec.h"

namespace {

SL_INLINE void put(float* y, vf v, int64_t n) {
  if (n >= W) return store(y, v);
#if SL_WIDTH == 16 && defined(__AVX512F__)
  _mm512_mask_storeu_ps(y, static_cast<__mmask16>((1 << n) - 1), v);
#else
  store_part(y, v, n);
#endif
}

// Input rows pass once; three output rows are under way.
template <int V>
SL_INLINE void three(const SlConvDepth* d, int64_t column, const float* x, float* y) {
  vf w[9], a[V], b[V];
#pragma GCC unroll 9
  for (int t = 0; t < 9; ++t) w[t] = splat(d->weights[t]);
#pragma GCC unroll 2
  for (int v = 0; v < V; ++v) a[v] = b[v] = zero();
  for (int64_t line = 0; line < d->rows + 2; ++line) {
    const float* in = x + line * d->pitch + column;
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) {
      const vf x0 = load(in + v * W), x1 = load(in + v * W + 1), x2 = load(in + v * W + 2);
      const vf done = fma(w[8], x2, fma(w[7], x1, fma(w[6], x0, a[v])));
      a[v] = fma(w[5], x2, fma(w[4], x1, fma(w[3], x0, b[v])));
      b[v] = fma(w[2], x2, fma(w[1], x1, fma(w[0], x0, zero())));
      const int64_t left = d->columns - column - v * W;
      if (line >= 2) put(y + (line - 2) * d->columns + column + v * W, done, left);
    }
  }
}

// R output rows at once share the weights.
template <int R>
SL_INLINE void any(const SlConvDepth* d, const float* x, float* y) {
  for (int64_t column = 0; column < d->columns; column += W) {
    vf sum[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sum[r] = zero();
    for (int64_t t = 0; t < d->taps; ++t) {
      const vf w = splat(d->weights[t]);
      const float* in =
          reinterpret_cast<const float*>(reinterpret_cast<const char*>(x) + d->offsets[t]) + column;
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sum[r] = fma(w, load(in + r * d->pitch), sum[r]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      put(y + r * d->columns + column, sum[r], d->columns - column);
    }
  }
}

}  // namespace

void SL_KERNEL(f32_conv_depth)(const SlConvDepth* d, const float* x, float* y) {
  if (d->three) {
    int64_t column = 0;
    for (; column + W < d->columns; column += 2 * W) three<2>(d, column, x, y);
    if (column < d->columns) three<1>(d, column, x, y);
    return;
  }
  int64_t row = 0;
  for (; row + 4 <= d->rows; row += 4) any<4>(d, x + row * d->pitch, y + row * d->columns);
  for (; row < d->rows; ++row) any<1>(d, x + row * d->pitch, y + row * d->columns);
}
