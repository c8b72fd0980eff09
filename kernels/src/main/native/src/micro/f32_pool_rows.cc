// SPDX-License-Identifier: Apache-2.0
// f32_pool_rows: row [n] = maximum or sum of `count` >= 1 rows of x, ld apart, from top to bottom; any
// sizes.
#include "vec.h"

void SL_KERNEL(f32_pool_rows)(int max, int64_t n, int64_t count, const float* x, int64_t ld,
                              float* row) {
  for (int64_t i = 0; i < n; i += W) {
    const int64_t width = n - i < W ? n - i : W;
    if (width == W) {
      vf v = load(x + i);
      for (int64_t j = 1; j < count; ++j) {
        const vf next = load(x + j * ld + i);
        v = max ? maximum(v, next) : v + next;
      }
      store(row + i, v);
    } else {
      vf v = load_part(x + i, width);
      for (int64_t j = 1; j < count; ++j) {
        const vf next = load_part(x + j * ld + i, width);
        v = max ? maximum(v, next) : v + next;
      }
      store_part(row + i, v, width);
    }
  }
}
