// SPDX-License-Identifier: Apache-2.0
// f32_panel_to_rows: y [rows][ld] = act(panel' + bias) from panel [n][tokens], rows <= tokens, tokens a
// multiple of the vector width; the panel is overwritten. bias [n] or null.
#include "functions.h"
#include "transpose.h"

namespace {

template <int ACT>
void finish(int64_t tokens, int64_t n, float* panel, const float* bias) {
  for (int64_t i = 0; i < n; ++i) {
    const vf b = splat(bias == nullptr ? 0.0f : bias[i]);
    for (int64_t t = 0; t < tokens; t += W) {
      float* at = panel + i * tokens + t;
      store(at, activate(ACT, bias == nullptr ? load(at) : load(at) + b));
    }
  }
}

void apply(int act, int64_t tokens, int64_t n, float* panel, const float* bias) {
  switch (act) {
    case SL_RELU: return finish<SL_RELU>(tokens, n, panel, bias);
    case SL_GELU: return finish<SL_GELU>(tokens, n, panel, bias);
    case SL_GELU_TANH: return finish<SL_GELU_TANH>(tokens, n, panel, bias);
    case SL_SILU: return finish<SL_SILU>(tokens, n, panel, bias);
    case SL_SIGMOID: return finish<SL_SIGMOID>(tokens, n, panel, bias);
    case SL_TANH: return finish<SL_TANH>(tokens, n, panel, bias);
    default: return finish<SL_IDENTITY>(tokens, n, panel, bias);
  }
}

}  // namespace

void SL_KERNEL(f32_panel_to_rows)(int64_t rows, int64_t tokens, int64_t n, float* panel,
                                  const float* bias, int act, float* y, int64_t ld) {
  if (bias != nullptr || act != SL_IDENTITY) apply(act, tokens, n, panel, bias);
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) transpose4(panel + i * tokens + row, tokens, y + row * ld + i, ld);
    for (; i < n; ++i) {
      for (int64_t r = row; r < row + 4; ++r) y[r * ld + i] = panel[i * tokens + r];
    }
  }
  for (; row < rows; ++row) {
    for (int64_t i = 0; i < n; ++i) y[row * ld + i] = panel[i * tokens + row];
  }
}
