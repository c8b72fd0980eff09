// SPDX-License-Identifier: Apache-2.0
// f32_panel_to_rows: y [rows][ld] from panel [n][tokens], rows <= tokens. Any sizes; W x W, 4 tokens x W or
// 4 x 4 at a time where they allow.
#include "transpose.h"

void SL_KERNEL(f32_panel_to_rows)(int64_t rows, int64_t tokens, int64_t n, const float* panel,
                                  float* y, int64_t ld) {
  int64_t row = 0;
#if defined(SL_LANES)
  for (; row + W <= rows; row += W) {
    int64_t i = 0;
    for (; i + W <= n; i += W) transpose_w(panel + i * tokens + row, tokens, y + row * ld + i, ld);
    for (; i < n; ++i) {
      for (int64_t r = row; r < row + W; ++r) y[r * ld + i] = panel[i * tokens + r];
    }
  }
#endif
  for (; row + 4 <= rows; row += 4) {
    int64_t i = 0;
    for (; i + W <= n; i += W) {
      vf v[4];
      columns4(panel + i * tokens + row, tokens, v);
      for (int r = 0; r < 4; ++r) store(y + (row + r) * ld + i, v[r]);
    }
    for (; i + 4 <= n; i += 4) transpose4(panel + i * tokens + row, tokens, y + row * ld + i, ld);
    for (; i < n; ++i) {
      for (int64_t r = row; r < row + 4; ++r) y[r * ld + i] = panel[i * tokens + r];
    }
  }
  for (; row < rows; ++row) {
    for (int64_t i = 0; i < n; ++i) y[row * ld + i] = panel[i * tokens + row];
  }
}
