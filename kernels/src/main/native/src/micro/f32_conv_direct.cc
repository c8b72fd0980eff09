// SPDX-License-Identifier: Apache-2.0
// f32_conv_direct: y [rows][columns] = one channel's taps over its image x [height][width], no bias;
// stride 1 or 2, all else any. Masked loads stand for the padding to the left and right, so nothing
// outside x is read. Each output is the sum over kernel rows, in order, of their sums (3x3) or
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

// What the three taps of a kernel row read of one input row, for 16 outputs.
struct Taps {
  vf x[3];
};

SL_INLINE vf row_sum(const vf* w, const Taps& t) {
  return fma(w[2], t.x[2], fma(w[1], t.x[1], w[0] * t.x[0]));
}

// 3x3 with stride 2: a row of taps serves the output rows above and below it.
void three_by_two(const SlConvDirect* d, const float* x, float* y) {
  vf w[9];
#pragma GCC unroll 9
  for (int t = 0; t < 9; ++t) w[t] = splat(d->weights[t]);
  for (int64_t column = 0; column < d->columns; column += W) {
    const int64_t at = column * 2 - d->pad_w;
    const __mmask16 low = inside(at, d->width), high = inside(at + 16, d->width);
    const __mmask16 last = inside(at + 32, d->width) & 1;
    const auto row = [&](int64_t h) {
      if (h < 0 || h >= d->height) return Taps{{zero(), zero(), zero()}};
      const float* in = x + h * d->width + at;
      const vf a = _mm512_maskz_loadu_ps(low, in), b = _mm512_maskz_loadu_ps(high, in + 16);
      const vf c = _mm512_maskz_loadu_ps(last, in + 32);
      const vf even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
      const vf odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
      const vf next = __builtin_shufflevector(even, c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
      return Taps{{even, odd, next}};
    };
    Taps top = row(-d->pad_h);
    for (int64_t r = 0; r < d->rows; ++r) {
      const int64_t h = r * 2 - d->pad_h;
      const Taps middle = row(h + 1), bottom = row(h + 2);
      const vf sum = row_sum(w, top) + row_sum(w + 3, middle) + row_sum(w + 6, bottom);
      put(y + r * d->columns + column, sum, d->columns - column);
      top = bottom;
    }
  }
}

// Columns of outputs that two rows of 16 inputs give for both rows.
template <int STRIDE>
constexpr int64_t kNarrow = STRIDE == 1 ? 8 : 7;

// 3x3, at most kNarrow columns: two output rows in a vector, since one would fill half of it.
template <int STRIDE>
void narrow(const SlConvDirect* d, const float* x, float* y) {
  vf w[9];
#pragma GCC unroll 9
  for (int t = 0; t < 9; ++t) w[t] = splat(d->weights[t]);
  const __mmask16 mask = inside(-d->pad_w, d->width);
  __m512i index[3];  // lane: row 0's columns, then row 1's
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i columns = _mm512_set1_epi32(static_cast<int>(d->columns));
  const __mmask16 second = _mm512_cmpge_epi32_mask(lane, columns);
  const __m512i column = _mm512_mask_sub_epi32(lane, second, lane, columns);
  const __m512i input = STRIDE == 1 ? column : _mm512_add_epi32(column, column);
  const __m512i first = _mm512_mask_add_epi32(input, second, input, _mm512_set1_epi32(16));
#pragma GCC unroll 3
  for (int t = 0; t < 3; ++t) index[t] = _mm512_add_epi32(first, _mm512_set1_epi32(t));
  const auto row = [&](int64_t h) -> vf {
    if (h < 0 || h >= d->height) return zero();
    return _mm512_maskz_loadu_ps(mask, x + h * d->width - d->pad_w);
  };
  const auto both = [&](vf a, vf b) {
    return Taps{{_mm512_permutex2var_ps(a, index[0], b), _mm512_permutex2var_ps(a, index[1], b),
                 _mm512_permutex2var_ps(a, index[2], b)}};
  };
  const auto store_rows = [&](int64_t r, vf sum) {
    put(y + r * d->columns, sum, d->rows - r >= 2 ? 2 * d->columns : d->columns);
  };
  int64_t h = -d->pad_h;
  if (STRIDE == 1) {
    vf last = row(h + 1);
    Taps top = both(row(h), last);
    for (int64_t r = 0; r < d->rows; r += 2, h += 2) {
      const vf a = row(h + 2), b = row(h + 3);
      const Taps middle = both(last, a), bottom = both(a, b);
      store_rows(r, row_sum(w, top) + row_sum(w + 3, middle) + row_sum(w + 6, bottom));
      top = bottom;
      last = b;
    }
    return;
  }
  vf top = row(h);
  for (int64_t r = 0; r < d->rows; r += 2, h += 4) {
    const vf a = row(h + 2), b = row(h + 4);
    store_rows(r, row_sum(w, both(top, a)) + row_sum(w + 3, both(row(h + 1), row(h + 3))) +
                      row_sum(w + 6, both(a, b)));
    top = b;
  }
}

}  // namespace

void SL_KERNEL(f32_conv_direct)(const SlConvDirect* d, const float* x, float* y) {
  const bool square = d->kernel_h == 3 && d->kernel_w == 3 && d->dilation_h == 1 && d->dilation_w == 1;
  if (square && d->stride == 1 && d->columns <= kNarrow<1>) {
    narrow<1>(d, x, y);
  } else if (square && d->stride == 2 && d->columns <= kNarrow<2>) {
    narrow<2>(d, x, y);
  } else if (square && d->stride == 1) {
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
