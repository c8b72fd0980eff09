// SPDX-License-Identifier: Apache-2.0
// f32_unary: y [n] = f(x), any n, y may be x. Logarithm, expm1 and log1p come from the C library, one
// element at a time; the others as functions.h says.
#include "functions.h"

namespace {

SL_INLINE float each(int op, float p0, float x) {
  switch (op) {
    case SL_LOG: return logf(x);
    case SL_ELU: return x > 0.0f ? x : p0 * expm1f(x);
    case SL_SOFTPLUS: return (x > 0.0f || x != x ? x : 0.0f) + log1pf(expf(-fabsf(x)));
    default: return x;
  }
}

template <int OP>
SL_INLINE vf apply(vf x, vf p0, vf p1) {
  switch (OP) {
    case SL_CLIP: return minimum(maximum(x, p0), p1);
    case SL_SQRT: {
      vf y;
      for (int i = 0; i < W; ++i) y[i] = __builtin_sqrtf(x[i]);
      return y;
    }
    case SL_EXP: return exp_v(x);
    case SL_NEG: return -x;
    case SL_ABS: return absolute(x);
    case SL_SQUARE: return x * x;
    case SL_LEAKY_RELU: return select(x > 0.0f, x, p0 * x);
    case SL_ERF: return erf_v(x);
    case SL_RECIPROCAL: return 1.0f / x;
    case SL_AFFINE: return fma(p0, x, p1);
    default: return activate(OP, x);
  }
}

template <int OP>
void all(float p0, float p1, int64_t n, const float* x, float* y) {
  if (OP == SL_LOG || OP == SL_ELU || OP == SL_SOFTPLUS) {
    for (int64_t i = 0; i < n; ++i) y[i] = each(OP, p0, x[i]);
    return;
  }
  const vf v0 = splat(p0), v1 = splat(p1);
  int64_t i = 0;
  for (; i + W <= n; i += W) store(y + i, apply<OP>(load(x + i), v0, v1));
  if (i < n) store_part(y + i, apply<OP>(load_part(x + i, n - i), v0, v1), n - i);
}

}  // namespace

void SL_KERNEL(f32_unary)(int op, float p0, float p1, int64_t n, const float* x, float* y) {
  switch (op) {
#define SL_CASE(code) \
  case code: return all<code>(p0, p1, n, x, y)
    SL_CASE(SL_IDENTITY);
    SL_CASE(SL_RELU);
    SL_CASE(SL_GELU);
    SL_CASE(SL_GELU_TANH);
    SL_CASE(SL_SILU);
    SL_CASE(SL_SIGMOID);
    SL_CASE(SL_TANH);
    SL_CASE(SL_CLIP);
    SL_CASE(SL_SQRT);
    SL_CASE(SL_EXP);
    SL_CASE(SL_LOG);
    SL_CASE(SL_NEG);
    SL_CASE(SL_ABS);
    SL_CASE(SL_SQUARE);
    SL_CASE(SL_LEAKY_RELU);
    SL_CASE(SL_ELU);
    SL_CASE(SL_SOFTPLUS);
    SL_CASE(SL_ERF);
    SL_CASE(SL_RECIPROCAL);
    SL_CASE(SL_AFFINE);
#undef SL_CASE
    default: return;
  }
}
