// SPDX-License-Identifier: Apache-2.0
// finish: sums [rows][tokens] to outputs in place, tokens a multiple of the vector width. int8: output =
// scale of the row * scale of the token * (sum - 128 * sum of the weights), one rounding for the product of
// scales and one for the product with the exact integer. Then + bias, activation, + residual.
#include "functions.h"

namespace {

template <int ACT>
void finish_as(const SlFinish* f, int64_t rows, int64_t tokens, float* sums) {
  for (int64_t i = 0; i < rows; ++i) {
    const vf bias = splat(f->bias == nullptr ? 0.0f : f->bias[i]);
    for (int64_t t = 0; t < tokens; t += W) {
      float* at = sums + i * tokens + t;
      vf y = load(at);
      if (f->type == SL_I8) {
        const vi exact = reinterpret_cast<vi>(y) - (f->sums[i] * 128);
        y = __builtin_convertvector(exact, vf) * (load(f->token_scales + t) * f->scales[i]);
      }
      if (f->bias != nullptr) y = y + bias;
      y = activate(ACT, y);
      if (f->residual != nullptr) y = y + load(f->residual + i * tokens + t);
      store(at, y);
    }
  }
}

}  // namespace

void SL_KERNEL(finish)(const SlFinish* f, int64_t rows, int64_t tokens, void* sums) {
  float* y = static_cast<float*>(sums);
  if (f->type != SL_I8 && f->bias == nullptr && f->act == SL_IDENTITY && f->residual == nullptr) {
    return;
  }
  switch (f->act) {
    case SL_RELU: return finish_as<SL_RELU>(f, rows, tokens, y);
    case SL_GELU: return finish_as<SL_GELU>(f, rows, tokens, y);
    case SL_GELU_TANH: return finish_as<SL_GELU_TANH>(f, rows, tokens, y);
    case SL_SILU: return finish_as<SL_SILU>(f, rows, tokens, y);
    case SL_SIGMOID: return finish_as<SL_SIGMOID>(f, rows, tokens, y);
    case SL_TANH: return finish_as<SL_TANH>(f, rows, tokens, y);
    default: return finish_as<SL_IDENTITY>(f, rows, tokens, y);
  }
}
