// SPDX-License-Identifier: Apache-2.0
// f32_layer_norm: y [n] = (x - mean) / sqrt(variance + epsilon) * scale + shift; any n; y may be x. Mean
// first, then the variance of the differences, each summed in double in the order of n modulo W; one
// rounding to fp32 at the end.
// f32_layer_norm_columns: the same for up to W columns of x [n][ld] at once, sums in the order of n
// modulo 2.
#include "vec.h"

namespace {

constexpr int H = W / 2;

typedef float vhu __attribute__((vector_size(W * 2), aligned(4), may_alias));

SL_INLINE vd wide(const float* p) {
  return __builtin_convertvector(static_cast<vh>(*reinterpret_cast<const vhu*>(p)), vd);
}

SL_INLINE void narrow(float* p, vd v) {
  *reinterpret_cast<vhu*>(p) = __builtin_convertvector(v, vh);
}

SL_INLINE double sum(vd v) {
  double s = v[0];
  for (int i = 1; i < H; ++i) s += v[i];
  return s;
}

// W columns, or fewer through a copy.
template <bool FULL>
SL_INLINE void columns_of(int64_t n, int64_t columns, int64_t ld, const float* x,
                          const float* scale, const float* shift, float epsilon, float* y) {
  float copy[W] = {0};
  const auto row = [&](int64_t i) {
    if (FULL) return x + i * ld;
    for (int64_t c = 0; c < columns; ++c) copy[c] = x[i * ld + c];
    return static_cast<const float*>(copy);
  };
  const double size = static_cast<double>(n);
  vd t0 = {0}, t1 = {0}, t2 = {0}, t3 = {0};
  int64_t i = 0;
  for (; i + 2 <= n; i += 2) {
    const float* a = row(i);
    t0 += wide(a);
    t1 += wide(a + H);
    const float* b = row(i + 1);
    t2 += wide(b);
    t3 += wide(b + H);
  }
  if (i < n) {
    const float* a = row(i);
    t0 += wide(a);
    t1 += wide(a + H);
  }
  const vd mean0 = (t0 + t2) / size, mean1 = (t1 + t3) / size;
  t0 = t1 = t2 = t3 = vd{0};
  for (i = 0; i + 2 <= n; i += 2) {
    const float* a = row(i);
    const vd a0 = wide(a) - mean0, a1 = wide(a + H) - mean1;
    t0 += a0 * a0;
    t1 += a1 * a1;
    const float* b = row(i + 1);
    const vd b0 = wide(b) - mean0, b1 = wide(b + H) - mean1;
    t2 += b0 * b0;
    t3 += b1 * b1;
  }
  if (i < n) {
    const float* a = row(i);
    const vd a0 = wide(a) - mean0, a1 = wide(a + H) - mean1;
    t0 += a0 * a0;
    t1 += a1 * a1;
  }
  const vd variance0 = (t0 + t2) / size, variance1 = (t1 + t3) / size;
  vd factor0, factor1;
  for (int c = 0; c < H; ++c) {
    factor0[c] = 1.0 / __builtin_sqrt(variance0[c] + static_cast<double>(epsilon));
    factor1[c] = 1.0 / __builtin_sqrt(variance1[c] + static_cast<double>(epsilon));
  }
  for (i = 0; i < n; ++i) {
    const float* a = row(i);
    const double s = static_cast<double>(scale[i]), t = static_cast<double>(shift[i]);
    const vd y0 = (wide(a) - mean0) * factor0 * s + t, y1 = (wide(a + H) - mean1) * factor1 * s + t;
    if (FULL) {
      narrow(y + i * ld, y0);
      narrow(y + i * ld + H, y1);
    } else {
      float out[W];
      narrow(out, y0);
      narrow(out + H, y1);
      for (int64_t c = 0; c < columns; ++c) y[i * ld + c] = out[c];
    }
  }
}

}  // namespace

void SL_KERNEL(f32_layer_norm)(int64_t n, const float* x, const float* scale, const float* shift,
                               float epsilon, float* y) {
  vd t0 = {0}, t1 = {0};
  int64_t i = 0;
  for (; i + W <= n; i += W) {
    t0 += wide(x + i);
    t1 += wide(x + i + H);
  }
  double mean = sum(t0) + sum(t1);
  for (; i < n; ++i) mean += static_cast<double>(x[i]);
  mean /= static_cast<double>(n);

  t0 = t1 = vd{0};
  for (i = 0; i + W <= n; i += W) {
    const vd d0 = wide(x + i) - mean, d1 = wide(x + i + H) - mean;
    t0 += d0 * d0;
    t1 += d1 * d1;
  }
  double variance = sum(t0) + sum(t1);
  for (; i < n; ++i) {
    variance += (static_cast<double>(x[i]) - mean) * (static_cast<double>(x[i]) - mean);
  }
  variance /= static_cast<double>(n);

  const double factor = 1.0 / __builtin_sqrt(variance + static_cast<double>(epsilon));
  for (i = 0; i + H <= n; i += H) {
    narrow(y + i, (wide(x + i) - mean) * factor * wide(scale + i) + wide(shift + i));
  }
  for (; i < n; ++i) {
    const double d = (static_cast<double>(x[i]) - mean) * factor;
    y[i] = static_cast<float>(d * static_cast<double>(scale[i]) + static_cast<double>(shift[i]));
  }
}

void SL_KERNEL(f32_layer_norm_columns)(int64_t n, int64_t columns, int64_t ld, const float* x,
                                       const float* scale, const float* shift, float epsilon,
                                       float* y) {
  if (columns == W) {
    columns_of<true>(n, columns, ld, x, scale, shift, epsilon, y);
  } else {
    columns_of<false>(n, columns, ld, x, scale, shift, epsilon, y);
  }
}
