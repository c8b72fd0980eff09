// SPDX-License-Identifier: Apache-2.0
// f32_dense_conv_4x2v: y [rows][2 vectors of pixels] = w * x [k][2 vectors], where w is one packed
// panel [k][2 vectors of outputs] whose first `rows` outputs are wanted (rows <= 2 vectors). y has
// room for rows rounded up to 4. Each output is one sum in the order of k: |error| <= k * 2^-24 *
// sum|w*x|.
#include "vec.h"

void SL_KERNEL(f32_dense_conv_4x2v)(int64_t rows, int64_t k, const float* w, const float* x,
                                    float* y) {
  for (int64_t row = 0; row < rows; row += 4) {
    vf sum[4][2];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) sum[r][0] = sum[r][1] = zero();
    for (int64_t i = 0; i < k; ++i) {
      const vf x0 = load(x + i * 2 * W), x1 = load(x + i * 2 * W + W);
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) {
        const vf wi = splat(w[i * 2 * W + row + r]);
        sum[r][0] = fma(wi, x0, sum[r][0]);
        sum[r][1] = fma(wi, x1, sum[r][1]);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      store(y + (row + r) * 2 * W, sum[r][0]);
      store(y + (row + r) * 2 * W + W, sum[r][1]);
    }
  }
}
