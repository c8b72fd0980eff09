// SPDX-License-Identifier: Apache-2.0
// f32_layer_norm: y [n] = (x - mean) / sqrt(variance + epsilon) * scale + shift; any n; y may be x. Mean
// first, then the variance of the differences, each summed in double in the order of n modulo W.
// f32_layer_norm_columns: the same for up to W columns of x [n][ld] at once, sums in the order of n
// modulo 2.
#include "vec.h"

namespace {

typedef double vd __attribute__((vector_size(W * 8)));

SL_INLINE double sum(vd v) {
  double s = v[0];
  for (int i = 1; i < W; ++i) s += v[i];
  return s;
}

SL_INLINE vf load_some(const float* p, int64_t n) { return n == W ? load(p) : load_part(p, n); }

SL_INLINE void store_some(float* p, vf v, int64_t n) {
  if (n == W) {
    store(p, v);
  } else {
    store_part(p, v, n);
  }
}

}  // namespace

void SL_KERNEL(f32_layer_norm)(int64_t n, const float* x, const float* scale, const float* shift,
                               float epsilon, float* y) {
  vd total = {0};
  int64_t i = 0;
  for (; i + W <= n; i += W) total += __builtin_convertvector(load(x + i), vd);
  double mean = sum(total);
  for (; i < n; ++i) mean += static_cast<double>(x[i]);
  mean /= static_cast<double>(n);

  vd squares = {0};
  for (i = 0; i + W <= n; i += W) {
    const vd d = __builtin_convertvector(load(x + i), vd) - mean;
    squares += d * d;
  }
  double variance = sum(squares);
  for (; i < n; ++i) variance += (static_cast<double>(x[i]) - mean) * (static_cast<double>(x[i]) - mean);
  variance /= static_cast<double>(n);

  const double factor = 1.0 / __builtin_sqrt(variance + static_cast<double>(epsilon));
  for (i = 0; i + W <= n; i += W) {
    const vd d = (__builtin_convertvector(load(x + i), vd) - mean) * factor;
    store(y + i, fma(__builtin_convertvector(d, vf), load(scale + i), load(shift + i)));
  }
  for (; i < n; ++i) {
    const float d = static_cast<float>((static_cast<double>(x[i]) - mean) * factor);
    y[i] = fma1(d, scale[i], shift[i]);
  }
}

void SL_KERNEL(f32_layer_norm_columns)(int64_t n, int64_t columns, int64_t ld, const float* x,
                                       const float* scale, const float* shift, float epsilon,
                                       float* y) {
  const double size = static_cast<double>(n);
  vd total[2] = {};
  for (int64_t i = 0; i < n; ++i) {
    total[i % 2] += __builtin_convertvector(load_some(x + i * ld, columns), vd);
  }
  const vd mean = (total[0] + total[1]) / size;
  vd squares[2] = {};
  for (int64_t i = 0; i < n; ++i) {
    const vd d = __builtin_convertvector(load_some(x + i * ld, columns), vd) - mean;
    squares[i % 2] += d * d;
  }
  const vd variance = (squares[0] + squares[1]) / size;
  vd factor;
  for (int c = 0; c < W; ++c) {
    factor[c] = 1.0 / __builtin_sqrt(variance[c] + static_cast<double>(epsilon));
  }
  for (int64_t i = 0; i < n; ++i) {
    const vd d = (__builtin_convertvector(load_some(x + i * ld, columns), vd) - mean) * factor;
    const vf z = __builtin_convertvector(d, vf);
    store_some(y + i * ld, fma(z, splat(scale[i]), splat(shift[i])), columns);
  }
}
