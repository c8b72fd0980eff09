// SPDX-License-Identifier: Apache-2.0
// f32_conv_direct: y [rows][columns] = one channel's taps over its image x [height][width], no bias;
// stride 1 or 2, all else any. Masked loads stand for the padding to the left and right, so nothing
// outside x is read. Each output is the sum over kernel rows, in order, of their sums (3x3, stride 1) or
// one sum in the order of the taps: |error| <= taps * 2^-24 * sum|w*x|. AVX-512 only.
#include "f32_conv.h"

#include "vec.h"

#if SL_WIDTH == 16 && defined(__AVX512F__)

namespace {

// Bits i of 16 with 0 <= at + i < size.
SL_INLINE __mmask16 inside(int64_t at, int64_t size) {
  const uint32_t from = at >= 0 ? 0xffffu : at <= -16 ? 0 : (0xffffu << -at) & 0xffffu;
  const int64_t left = size - at;
  const uint32_t to = left >= 16 ? 0xffffu : left <= 0 ? 0 : (1u << left) - 1;
  return static_cast<__mmask16>(from & to);
}

SL_INLINE void put(float* y, vf v, int64_t n) {
  _mm512_mask_storeu_ps(y, static_cast<__mmask16>(n >= 16 ? 0xffff : (1 << n) - 1), v);
}

// Input rows pass once; three output rows are under way. V vectors of columns.
template <int V>
SL_INLINE void three(const SlConvDirect* d, int64_t column, const float* x, float* y) {
  vf w[9], first[V], both[V];  // sums of one and of two kernel rows
  __mmask16 mask[V][3];
#pragma GCC unroll 9
  for (int t = 0; t < 9; ++t) w[t] = splat(d->weights[t]);
#pragma GCC unroll 2
  for (int v = 0; v < V; ++v) {
    first[v] = both[v] = zero();
#pragma GCC unroll 3
    for (int t = 0; t < 3; ++t) mask[v][t] = inside(column + v * W - d->pad_w + t, d->width);
  }
  for (int64_t line = 0; line < d->rows + 2; ++line) {
    const int64_t h = line - d->pad_h;
    const bool padding = h < 0 || h >= d->height;
    const float* in = x + h * d->width + column - d->pad_w;
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) {
      vf x0 = zero(), x1 = zero(), x2 = zero();
      if (!padding) {
        x0 = _mm512_maskz_loadu_ps(mask[v][0], in + v * W);
        x1 = _mm512_maskz_loadu_ps(mask[v][1], in + v * W + 1);
        x2 = _mm512_maskz_loadu_ps(mask[v][2], in + v * W + 2);
      }
      const vf done = both[v] + fma(w[8], x2, fma(w[7], x1, w[6] * x0));
      both[v] = first[v] + fma(w[5], x2, fma(w[4], x1, w[3] * x0));
      first[v] = fma(w[2], x2, fma(w[1], x1, w[0] * x0));
      if (line >= 2) {
        put(y + (line - 2) * d->columns + column + v * W, done, d->columns - column - v * W);
      }
    }
  }
}

template <int STRIDE>
SL_INLINE vf taps(const float* x, int64_t at, int64_t width) {
  const vf a = _mm512_maskz_loadu_ps(inside(at, width), x + at);
  if (STRIDE == 1) return a;
  const vf b = _mm512_maskz_loadu_ps(inside(at + 16, width), x + at + 16);
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

template <int STRIDE>
void any(const SlConvDirect* d, const float* x, float* y) {
  for (int64_t row = 0; row < d->rows; ++row) {
    for (int64_t column = 0; column < d->columns; column += W) {
      vf sum = zero();
      const float* w = d->weights;
      for (int64_t kh = 0; kh < d->kernel_h; ++kh, w += d->kernel_w) {
        const int64_t h = row * STRIDE - d->pad_h + kh * d->dilation_h;
        if (h < 0 || h >= d->height) continue;
        for (int64_t kw = 0; kw < d->kernel_w; ++kw) {
          const int64_t at = column * STRIDE - d->pad_w + kw * d->dilation_w;
          sum = fma(splat(w[kw]), taps<STRIDE>(x + h * d->width, at, d->width), sum);
        }
      }
      put(y + row * d->columns + column, sum, d->columns - column);
    }
  }
}

// 3x3 with stride 2: the masks are the same for all rows.
void three_by_two(const SlConvDirect* d, const float* x, float* y) {
  vf w[9];
#pragma GCC unroll 9
  for (int t = 0; t < 9; ++t) w[t] = splat(d->weights[t]);
  for (int64_t column = 0; column < d->columns; column += W) {
    const int64_t at = column * 2 - d->pad_w;
    const __mmask16 low = inside(at, d->width), high = inside(at + 16, d->width);
    const __mmask16 low2 = inside(at + 2, d->width), high2 = inside(at + 18, d->width);
    for (int64_t row = 0; row < d->rows; ++row) {
      vf sum[3] = {zero(), zero(), zero()};
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        const int64_t h = row * 2 - d->pad_h + t;
        if (h < 0 || h >= d->height) continue;
        const float* in = x + h * d->width + at;
        const vf a = _mm512_maskz_loadu_ps(low, in), b = _mm512_maskz_loadu_ps(high, in + 16);
        const vf c = _mm512_maskz_loadu_ps(low2, in + 2), e = _mm512_maskz_loadu_ps(high2, in + 18);
        const vf x0 = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        const vf x1 = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        const vf x2 = __builtin_shufflevector(c, e, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        sum[t] = fma(w[3 * t + 2], x2, fma(w[3 * t + 1], x1, w[3 * t] * x0));
      }
      put(y + row * d->columns + column, sum[0] + sum[1] + sum[2], d->columns - column);
    }
  }
}

}  // namespace

void SL_KERNEL(f32_conv_direct)(const SlConvDirect* d, const float* x, float* y) {
  const bool square = d->kernel_h == 3 && d->kernel_w == 3 && d->dilation_h == 1 && d->dilation_w == 1;
  if (square && d->stride == 1) {
    int64_t column = 0;
    for (; column + W < d->columns; column += 2 * W) three<2>(d, column, x, y);
    if (column < d->columns) three<1>(d, column, x, y);
  } else if (square) {
    three_by_two(d, x, y);
  } else if (d->stride == 1) {
    any<1>(d, x, y);
  } else {
    any<2>(d, x, y);
  }
}

#endif
