// SPDX-License-Identifier: Apache-2.0
// f32_reduce: y [inner] from x [n][inner], sum, mean or maximum along n; any sizes. For inner = 1 sums
// run in 4 * W lanes that are added in order at the end, else along n: |error| <= n * 2^-24 * sum|x|.
#include "vec.h"

namespace {

SL_INLINE float larger(float a, float b) { return a > b || a != a ? a : b; }

float row_sum(int64_t n, const float* x) {
  vf lane[4] = {zero(), zero(), zero(), zero()};
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
    for (int l = 0; l < 4; ++l) lane[l] = lane[l] + load(x + i + l * W);
  }
  for (; i + W <= n; i += W) lane[0] = lane[0] + load(x + i);
  float s = sum((lane[0] + lane[1]) + (lane[2] + lane[3]));
  for (; i < n; ++i) s += x[i];
  return s;
}

float row_max(int64_t n, const float* x) {
  vf top = splat(-INFINITY);
  int64_t i = 0;
  for (; i + W <= n; i += W) top = maximum(top, load(x + i));
  float m = top[0];
  for (int l = 1; l < W; ++l) m = larger(m, top[l]);
  for (; i < n; ++i) m = larger(m, x[i]);
  return m;
}

SL_INLINE vf column(int op, int64_t n, int64_t inner, int64_t width, const float* x) {
  vf result = op == SL_REDUCE_MAX ? splat(-INFINITY) : zero();
  for (int64_t j = 0; j < n; ++j) {
    const vf v = width == W ? load(x + j * inner) : load_part(x + j * inner, width);
    result = op == SL_REDUCE_MAX ? maximum(result, v) : result + v;
  }
  return op == SL_REDUCE_MEAN ? result / static_cast<float>(n) : result;
}

}  // namespace

void SL_KERNEL(f32_reduce)(int op, int64_t n, int64_t inner, const float* x, float* y) {
  if (inner == 1) {
    const float r = op == SL_REDUCE_MAX ? row_max(n, x) : row_sum(n, x);
    y[0] = op == SL_REDUCE_MEAN ? r / static_cast<float>(n) : r;
    return;
  }
  int64_t i = 0;
  for (; i + W <= inner; i += W) store(y + i, column(op, n, inner, W, x + i));
  if (i < inner) store_part(y + i, column(op, n, inner, inner - i, x + i), inner - i);
}
