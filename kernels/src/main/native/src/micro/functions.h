// SPDX-License-Identifier: Apache-2.0
// exp, tanh, erf and what is built on them, W lanes at once. Errors against exact values over all of
// fp32, measured by the native test: at most 3.8 * 2^-24 of the larger of |y| and min(1, |x|). NaN stays
// NaN; results below 2^-126 may be denormal.
#ifndef SPARSELAND_MICRO_FUNCTIONS_H_
#define SPARSELAND_MICRO_FUNCTIONS_H_

#include "vec.h"

// exp(x) = 2^n * exp(r), |r| <= ln(2) / 2; exp(r) by a polynomial (Cephes expf, Moshier).
SL_INLINE vf exp_v(vf x) {
  const vf limited = larger(splat(-105.0f), smaller(splat(90.0f), x));  // NaN stays
  const vf magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to a whole number
  const vf moved = fma(limited, splat(1.44269504088896341f), magic);
  const vf n = moved - magic;
  vf r = fma(n, splat(-0.693359375f), limited);
  r = fma(n, splat(2.12194440e-4f), r);
  vf p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  p = fma(p, r * r, r) + 1.0f;
  // Results may overflow to infinity and be denormal.
#if SL_WIDTH == 16 && defined(__AVX512F__)
  return _mm512_maskz_scalef_ps(0xffff, p, n);
#else
  const vi whole = (reinterpret_cast<vi>(moved) & 0x7fffff) - 0x400000;
  const vi half = whole >> 1;
  const vf f0 = reinterpret_cast<vf>((half + 127) << 23);
  const vf f1 = reinterpret_cast<vf>((whole - half + 127) << 23);
  return p * f0 * f1;
#endif
}

SL_INLINE vf sigmoid_v(vf x) { return 1.0f / (1.0f + exp_v(-x)); }

// Near 0 an odd polynomial (Cephes tanhf), else 1 - 2 / (exp(2|x|) + 1).
SL_INLINE vf tanh_v(vf x) {
  const vf a = absolute(x);
  const vf z = x * x;
  vf p = splat(-5.70498872745e-3f);
  p = fma(p, z, splat(2.06390887954e-2f));
  p = fma(p, z, splat(-5.37397155531e-2f));
  p = fma(p, z, splat(1.33314422036e-1f));
  p = fma(p, z, splat(-3.33332819422e-1f));
  const vf near = fma(p * z, x, x);
  const vf far = 1.0f - 2.0f / (exp_v(a + a) + 1.0f);
  return select(a < 0.625f, near, select(x < 0.0f, -far, far));
}

// |x| < 1: x * T(x^2); else 1 - erfc(|x|), erfc = exp(-x^2) / |x| * P(1 / x^2) (Cephes ndtrf).
SL_INLINE vf erf_v(vf x) {
  const vf a = absolute(x);
  const vf z = x * x;
  vf t = splat(7.853861353153693e-5f);
  t = fma(t, z, splat(-8.010193625184903e-4f));
  t = fma(t, z, splat(5.188327685732524e-3f));
  t = fma(t, z, splat(-2.685381193529856e-2f));
  t = fma(t, z, splat(1.128358514861418e-1f));
  t = fma(t, z, splat(-3.761262582423300e-1f));
  t = fma(t, z, splat(1.128379165726710f));
  const vf limited = minimum(maximum(a, splat(1.0f)), splat(4.0f));  // erf(4) is 1 in fp32
  const vf q = 1.0f / limited;
  const vf s = q * q;
  vf p = splat(2.326819970068386e-2f);
  p = fma(p, s, splat(-1.387039388740657e-1f));
  p = fma(p, s, splat(3.687424674597105e-1f));
  p = fma(p, s, splat(-5.824733027278666e-1f));
  p = fma(p, s, splat(6.210004621745983e-1f));
  p = fma(p, s, splat(-4.944515323274145e-1f));
  p = fma(p, s, splat(3.404879937665872e-1f));
  p = fma(p, s, splat(-2.741127028184656e-1f));
  p = fma(p, s, splat(5.638259427386472e-1f));
  vf u = splat(-1.047766399936249e+1f);
  u = fma(u, s, splat(1.297719955372516e+1f));
  u = fma(u, s, splat(-7.495518717768503f));
  u = fma(u, s, splat(2.921019019210786f));
  u = fma(u, s, splat(-1.015265279202700f));
  u = fma(u, s, splat(4.218463358204948e-1f));
  u = fma(u, s, splat(-2.820767439740514e-1f));
  u = fma(u, s, splat(5.641895067754075e-1f));
  const vf tail = exp_v(-limited * limited) * select(limited < 2.0f, p, u) * q;
  const vf far = 1.0f - tail;
  const vf result = select(a < 1.0f, x * t, select(x < 0.0f, -far, far));
  return select(x != x, x, result);
}

// max(x, 0) - |x| / 2 * erfc(|x| / sqrt(2)), erfc(z) = t * exp(-z^2) * P(t), t = 1 / (1 + 0.39 z): of
// our own fitting, its error below 0.16 * 2^-24 of min(1, |x|).
SL_INLINE vf gelu_v(vf x) {
  const vf a = smaller(splat(13.0f), absolute(x));  // behind it the result is x or above -1e-37
  const vf t = 1.0f / fma(splat(0.275771644662754f), a, splat(1.0f));
  vf p = splat(-0.226271872794f);
  p = fma(p, t, splat(0.881517230887f));
  p = fma(p, t, splat(-0.627084415082f));
  p = fma(p, t, splat(0.642891750364f));
  p = fma(p, t, splat(0.094040731631f));
  p = fma(p, t, splat(0.234906593313f));
  const vf tail = exp_v(-0.5f * a * a);
  return larger(zero(), x) - 0.5f * a * t * (p * tail);
}

SL_INLINE vf gelu_tanh_v(vf x) {
  const vf half = 0.5f * x;
  const vf inner = 0.79788456080286536f * fma(0.044715f * x * x, x, x);
  return select(x < -6.0f, zero(), fma(half, tanh_v(inner), half));
}

SL_INLINE vf silu_v(vf x) { return select(x < -110.0f, zero(), x * sigmoid_v(x)); }

SL_INLINE vf activate(int act, vf x) {
  switch (act) {
    case SL_RELU: return maximum(x, zero());
    case SL_GELU: return gelu_v(x);
    case SL_GELU_TANH: return gelu_tanh_v(x);
    case SL_SILU: return silu_v(x);
    case SL_SIGMOID: return sigmoid_v(x);
    case SL_TANH: return tanh_v(x);
    default: return x;
  }
}

#endif  // SPARSELAND_MICRO_FUNCTIONS_H_
