// SPDX-License-Identifier: Apache-2.0
// f32_rows_to_panel: panel [k][tokens] from x [rows <= tokens][ld]; tokens without a row are 0. Any
// sizes; W x W or 4 x 4 at a time where they allow.
#include "transpose.h"

void SL_KERNEL(f32_rows_to_panel)(int64_t rows, int64_t tokens, int64_t k, const float* x,
                                  int64_t ld, float* panel) {
  int64_t row = 0;
#if defined(SL_LANES)
  for (; row + W <= rows; row += W) {
    int64_t i = 0;
    for (; i + W <= k; i += W) transpose_w(x + row * ld + i, ld, panel + i * tokens + row, tokens);
    for (; i < k; ++i) {
      for (int64_t r = row; r < row + W; ++r) panel[i * tokens + r] = x[r * ld + i];
    }
  }
#endif
  for (; row + 4 <= rows; row += 4) {
    int64_t i = 0;
    for (; i + 4 <= k; i += 4) transpose4(x + row * ld + i, ld, panel + i * tokens + row, tokens);
    for (; i < k; ++i) {
      for (int64_t r = row; r < row + 4; ++r) panel[i * tokens + r] = x[r * ld + i];
    }
  }
  for (; row < rows; ++row) {
    for (int64_t i = 0; i < k; ++i) panel[i * tokens + row] = x[row * ld + i];
  }
  if (rows == tokens) return;
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t r = rows; r < tokens; ++r) panel[i * tokens + r] = 0.0f;
  }
}

void SL_KERNEL(f32_words_from_rows)(int64_t rows, int64_t tokens, int64_t k, const float* x,
                                    int64_t ld, float, void* words, float*) {
  SL_KERNEL(f32_rows_to_panel)(rows, tokens, k, x, ld, static_cast<float*>(words));
}
