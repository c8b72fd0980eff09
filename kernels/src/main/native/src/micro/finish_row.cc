// SPDX-License-Identifier: Apache-2.0
// finish_row: sums [rows] of one token to outputs, any count, with the operations and roundings of
// finish, in which tokens lie side by side.
#include "../few_level.h"
#include "functions.h"

namespace {

template <int ACT>
void finish_as(const SlRowFinish* f, int64_t rows, const float* sums, float* y) {
  for (int64_t i = 0; i < rows; i += W) {
    const int64_t left = rows - i;
    const bool whole = left >= W;
    const auto in = [&](const float* p) { return whole ? load(p + i) : load_part(p + i, left); };
    vf v = in(sums);
    if (f->type == SL_I8) {
      const vi weights = reinterpret_cast<vi>(in(reinterpret_cast<const float*>(f->sums)));
      const vi exact = reinterpret_cast<vi>(v) - weights * 128;
      v = __builtin_convertvector(exact, vf) * (f->token_scale * in(f->scales));
    }
    if (f->bias != nullptr) v = v + in(f->bias);
    v = activate(ACT, v);
    if (f->residual != nullptr) v = v + in(f->residual);
    if (whole) {
      store(y + i, v);
    } else {
      store_part(y + i, v, left);
    }
  }
}

}  // namespace

void SL_KERNEL(finish_row)(const SlRowFinish* f, int64_t rows, const void* sums, float* y) {
  const float* x = static_cast<const float*>(sums);
  switch (f->act) {
    case SL_RELU: return finish_as<SL_RELU>(f, rows, x, y);
    case SL_GELU: return finish_as<SL_GELU>(f, rows, x, y);
    case SL_GELU_TANH: return finish_as<SL_GELU_TANH>(f, rows, x, y);
    case SL_SILU: return finish_as<SL_SILU>(f, rows, x, y);
    case SL_SIGMOID: return finish_as<SL_SIGMOID>(f, rows, x, y);
    case SL_TANH: return finish_as<SL_TANH>(f, rows, x, y);
    default: return finish_as<SL_IDENTITY>(f, rows, x, y);
  }
}
