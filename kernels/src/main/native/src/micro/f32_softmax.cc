// SPDX-License-Identifier: Apache-2.0
// f32_softmax: y [n][inner] = exp(x - max) / sum(exp(x - max)) along n, or its logarithm; any sizes; y
// may be x. For inner = 1 the sum runs in W lanes that are added in order at the end, else along n:
// relative error of the sum at most (n / lanes + lanes) * 2^-24 beside that of exp.
#include "functions.h"

namespace {

void row(int64_t n, int log, const float* x, float* y) {
  vf top = splat(-INFINITY);
  int64_t i = 0;
  for (; i + W <= n; i += W) top = maximum(top, load(x + i));
  float lanes[W];
  store(lanes, top);
  float max = lanes[0];
  for (int l = 1; l < W; ++l) max = lanes[l] > max || lanes[l] != lanes[l] ? lanes[l] : max;
  for (int64_t j = i; j < n; ++j) max = x[j] > max || x[j] != x[j] ? x[j] : max;
  const vf m = splat(max);
  vf total = zero();
  for (i = 0; i + W <= n; i += W) {
    const vf d = load(x + i) - m;
    const vf e = exp_v(d);
    total = total + e;
    store(y + i, log ? d : e);
  }
  float s = sum(total);
  if (i < n) {
    const vf d = load_part(x + i, n - i) - m;
    const vf e = exp_v(d);
    store_part(y + i, log ? d : e, n - i);
    for (int64_t j = 0; j < n - i; ++j) s += e[j];
  }
  const vf shift = splat(log ? logf(s) : 0.0f);
  const vf factor = splat(1.0f / s);
  for (i = 0; i + W <= n; i += W) {
    const vf v = load(y + i);
    store(y + i, log ? v - shift : v * factor);
  }
  if (i < n) {
    const vf v = load_part(y + i, n - i);
    store_part(y + i, log ? v - shift : v * factor, n - i);
  }
}

// `width` <= W neighbouring columns.
SL_INLINE void columns(int64_t n, int64_t inner, int64_t width, int log, const float* x, float* y) {
  vf top = splat(-INFINITY);
  for (int64_t j = 0; j < n; ++j) top = maximum(top, load_part(x + j * inner, width));
  vf total = zero();
  for (int64_t j = 0; j < n; ++j) {
    const vf d = load_part(x + j * inner, width) - top;
    const vf e = exp_v(d);
    total = total + e;
    store_part(y + j * inner, log ? d : e, width);
  }
  vf shift = zero();
  if (log) {
    for (int l = 0; l < W; ++l) shift[l] = logf(total[l]);
  }
  for (int64_t j = 0; j < n; ++j) {
    const vf v = load_part(y + j * inner, width);
    store_part(y + j * inner, log ? v - shift : v / total, width);
  }
}

}  // namespace

void SL_KERNEL(f32_softmax)(int64_t n, int64_t inner, int log, const float* x, float* y) {
  if (inner == 1) {
    row(n, log, x, y);
    return;
  }
  for (int64_t i = 0; i < inner; i += W) {
    columns(n, inner, inner - i < W ? inner - i : W, log, x + i, y + i);
  }
}
