// SPDX-License-Identifier: Apache-2.0
// f32_affine: y [n] = x * scale + shift, any n, y may be x; one or two roundings.
#include "vec.h"

void SL_KERNEL(f32_affine)(int64_t n, float scale, float shift, const float* x, float* y) {
  const vf a = splat(scale), b = splat(shift);
  int64_t i = 0;
  for (; i + W <= n; i += W) store(y + i, fma(load(x + i), a, b));
  if (i < n) store_part(y + i, fma(load_part(x + i, n - i), a, b), n - i);
}
