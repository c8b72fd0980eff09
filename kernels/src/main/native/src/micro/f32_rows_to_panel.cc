// SPDX-License-Identifier: Apache-2.0
// f32_rows_to_panel: panel [k][tokens] from x [rows <= tokens][ld]; tokens without a row are 0. Any
// sizes; in tiles where they allow.
#include "transpose.h"

void SL_KERNEL(f32_rows_to_panel)(int64_t rows, int64_t tokens, int64_t k, const float* x,
                                  int64_t ld, float* panel) {
  transpose(rows, k, x, ld, panel, tokens);
  if (rows == tokens) return;
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t r = rows; r < tokens; ++r) panel[i * tokens + r] = 0.0f;
  }
}

void SL_KERNEL(f32_words_from_rows)(int64_t rows, int64_t tokens, int64_t k, const float* x,
                                    int64_t ld, float, void* words, float*) {
  SL_KERNEL(f32_rows_to_panel)(rows, tokens, k, x, ld, static_cast<float*>(words));
}
