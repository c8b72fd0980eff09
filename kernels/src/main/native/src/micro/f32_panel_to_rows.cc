// SPDX-License-Identifier: Apache-2.0
// f32_panel_to_rows: y [rows][ld] from panel [n][tokens], rows <= tokens. Any sizes; in tiles where
// they allow.
#include "transpose.h"

void SL_KERNEL(f32_panel_to_rows)(int64_t rows, int64_t tokens, int64_t n, const float* panel,
                                  float* y, int64_t ld) {
  transpose(n, rows, panel, tokens, y, ld);
}
