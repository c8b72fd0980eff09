// SPDX-License-Identifier: Apache-2.0
// finish: sums [rows][tokens] to outputs in place, tokens a multiple of the vector width. finish_rows: the
// first `own` tokens of them to y [own][ld], residual of the same shape.
// int8: output = scale of the row * scale of the token * (sum - 128 * sum of the weights), one rounding
// for the product of scales and one for the product with the exact integer. Then + bias, activation, +
// residual. Both give the same bits.
#include "functions.h"
#include "transpose.h"

namespace {

SL_INLINE vf scaled(vf sum, vi zero_point, vf scale) {
  return __builtin_convertvector(reinterpret_cast<vi>(sum) - zero_point, vf) * scale;
}

SL_INLINE vi splat_int(int32_t x) {
  float same;
  memcpy(&same, &x, sizeof same);
  return reinterpret_cast<vi>(splat(same));
}

// Tokens [first, first + V vectors) of rows that lie `tokens` apart.
template <int ACT, bool I8, int V>
void finish_as(const SlFinish* f, int64_t rows, int64_t tokens, int64_t first, float* sums) {
  const SlFinish own = *f;  // stores to sums could change *f, as far as the compiler knows
  vf token_scales[V];
  for (int v = 0; v < V; ++v) token_scales[v] = I8 ? load(own.token_scales + first + v * W) : zero();
  for (int64_t i = 0; i < rows; ++i) {
    const vf bias = splat(own.bias == nullptr ? 0.0f : own.bias[i]);
    const vf scale = splat(I8 ? own.scales[i] : 0.0f);
    const vi zero_point = splat_int(I8 ? own.sums[i] * 128 : 0);
    const int64_t at = i * tokens + first;
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      vf y = load(sums + at + v * W);
      if (I8) y = scaled(y, zero_point, token_scales[v] * scale);
      if (own.bias != nullptr) y = y + bias;
      y = activate(ACT, y);
      if (own.residual != nullptr) y = y + load(own.residual + at + v * W);
      store(sums + at + v * W, y);
    }
  }
}

// What comes after the scales: nothing, a bias, or whatever the pointers say.
enum Extra { kNothing, kBias, kAny };

// W outputs from i on, or n < W of them, of 4 tokens from t on, or what `own` leaves; sums [W][tokens].
template <int ACT, bool I8, Extra EXTRA, bool PART>
SL_INLINE void finish_columns(const SlFinish& f, int64_t i, int64_t n, int64_t t, int64_t own,
                              int64_t tokens, const float* sums, float* y, int64_t ld) {
  const auto row_values = [&](const float* p) { return PART ? load_part(p + i, n) : load(p + i); };
  const bool has_bias = EXTRA == kBias || (EXTRA == kAny && f.bias != nullptr);
  const vf bias = has_bias ? row_values(f.bias) : zero();
  const vf scale = I8 ? row_values(f.scales) : zero();
  const vi zero_point =
      I8 ? reinterpret_cast<vi>(row_values(reinterpret_cast<const float*>(f.sums))) << 7 : vi{};
  vf v[4];
  columns4(sums + t, tokens, v);
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    if (PART && t + r >= own) return;
    vf out = v[r];
    if (I8) out = scaled(out, zero_point, f.token_scales[t + r] * scale);
    if (has_bias) out = out + bias;
    out = activate(ACT, out);
    const int64_t at = (t + r) * ld + i;
    if (EXTRA == kAny && f.residual != nullptr) {
      out = out + (PART ? load_part(f.residual + at, n) : load(f.residual + at));
    }
    if (PART) {
      store_part(y + at, out, n);
    } else {
      store(y + at, out);
    }
  }
}

#if defined(SL_LANES)
// W outputs from i on of W tokens from t on: less than half the work of 4 tokens at a time, but too much
// code for an activation that is more than an instruction or two.
template <int ACT, bool I8, Extra EXTRA>
SL_INLINE void finish_tile(const SlFinish& f, int64_t i, int64_t t, int64_t tokens,
                           const float* sums, float* y, int64_t ld) {
  const bool has_bias = EXTRA == kBias || (EXTRA == kAny && f.bias != nullptr);
  const vf bias = has_bias ? load(f.bias + i) : zero();
  const vf scale = I8 ? load(f.scales + i) : zero();
  const vi zero_point =
      I8 ? reinterpret_cast<vi>(load(reinterpret_cast<const float*>(f.sums + i))) << 7 : vi{};
  for_columns(sums + t, tokens, [&](int64_t c, vf out) {
    if (I8) out = scaled(out, zero_point, f.token_scales[t + c] * scale);
    if (has_bias) out = out + bias;
    out = activate(ACT, out);
    const int64_t at = (t + c) * ld + i;
    if (EXTRA == kAny && f.residual != nullptr) out = out + load(f.residual + at);
    store(y + at, out);
  });
}
#endif

// Token by token, so that each row of y is written in sequence.
template <int ACT, bool I8, Extra EXTRA>
void finish_rows_as(const SlFinish* f, int64_t rows, int64_t tokens, const float* sums, int64_t own,
                    float* y, int64_t ld) {
  const SlFinish copy = *f;
  const int64_t whole = rows / W * W;
  int64_t t = 0;
#if defined(SL_LANES)
  if constexpr (ACT == SL_IDENTITY || ACT == SL_RELU) {
    for (; t + W <= own; t += W) {
      for (int64_t i = 0; i < whole; i += W) {
        finish_tile<ACT, I8, EXTRA>(copy, i, t, tokens, sums + i * tokens, y, ld);
      }
    }
  }
#endif
  for (; t + 4 <= own; t += 4) {
    for (int64_t i = 0; i < whole; i += W) {
      finish_columns<ACT, I8, EXTRA, false>(copy, i, W, t, own, tokens, sums + i * tokens, y, ld);
    }
  }
  const auto rest = [&](int64_t i, int64_t n, int64_t first) {
    float part[W * SL_PANEL] = {};
    memcpy(part, sums + i * tokens, static_cast<size_t>(n * tokens) * sizeof(float));
    for (int64_t j = first; j < own; j += 4) {
      finish_columns<ACT, I8, EXTRA, true>(copy, i, n, j, own, tokens, part, y, ld);
    }
  };
  for (int64_t i = 0; t < own && i < whole; i += W) rest(i, W, t);
  if (whole < rows) rest(whole, rows - whole, 0);
}

template <int ACT, bool I8>
void finish_panel(const SlFinish* f, int64_t rows, int64_t tokens, float* sums) {
  int64_t first = 0;
  for (; first + SL_PANEL <= tokens; first += SL_PANEL) {
    finish_as<ACT, I8, SL_PANEL / W>(f, rows, tokens, first, sums);
  }
  for (; first < tokens; first += W) finish_as<ACT, I8, 1>(f, rows, tokens, first, sums);
}

template <int ACT>
void finish_any(const SlFinish* f, int64_t rows, int64_t tokens, float* sums) {
  f->type == SL_I8 ? finish_panel<ACT, true>(f, rows, tokens, sums)
                   : finish_panel<ACT, false>(f, rows, tokens, sums);
}

template <int ACT, bool I8>
void finish_rows_any(const SlFinish* f, int64_t rows, int64_t tokens, const float* sums,
                     int64_t own, float* y, int64_t ld) {
  if (f->residual != nullptr || f->bias == nullptr) {
    if (ACT == SL_IDENTITY && f->residual == nullptr) {
      return finish_rows_as<ACT, I8, kNothing>(f, rows, tokens, sums, own, y, ld);
    }
    return finish_rows_as<ACT, I8, kAny>(f, rows, tokens, sums, own, y, ld);
  }
  return finish_rows_as<ACT, I8, kBias>(f, rows, tokens, sums, own, y, ld);
}

template <int ACT>
void finish_rows_any(const SlFinish* f, int64_t rows, int64_t tokens, const float* sums,
                     int64_t own, float* y, int64_t ld) {
  f->type == SL_I8 ? finish_rows_any<ACT, true>(f, rows, tokens, sums, own, y, ld)
                   : finish_rows_any<ACT, false>(f, rows, tokens, sums, own, y, ld);
}

}  // namespace

void SL_KERNEL(finish)(const SlFinish* f, int64_t rows, int64_t tokens, void* sums) {
  float* s = static_cast<float*>(sums);
  if (f->type != SL_I8 && f->bias == nullptr && f->act == SL_IDENTITY && f->residual == nullptr) {
    return;
  }
  switch (f->act) {
    case SL_RELU: return finish_any<SL_RELU>(f, rows, tokens, s);
    case SL_GELU: return finish_any<SL_GELU>(f, rows, tokens, s);
    case SL_GELU_TANH: return finish_any<SL_GELU_TANH>(f, rows, tokens, s);
    case SL_SILU: return finish_any<SL_SILU>(f, rows, tokens, s);
    case SL_SIGMOID: return finish_any<SL_SIGMOID>(f, rows, tokens, s);
    case SL_TANH: return finish_any<SL_TANH>(f, rows, tokens, s);
    default: return finish_any<SL_IDENTITY>(f, rows, tokens, s);
  }
}

void SL_KERNEL(finish_rows)(const SlFinish* f, int64_t rows, int64_t tokens, const void* sums,
                            int64_t own, float* y, int64_t ld) {
  const float* s = static_cast<const float*>(sums);
  switch (f->act) {
    case SL_RELU: return finish_rows_any<SL_RELU>(f, rows, tokens, s, own, y, ld);
    case SL_GELU: return finish_rows_any<SL_GELU>(f, rows, tokens, s, own, y, ld);
    case SL_GELU_TANH: return finish_rows_any<SL_GELU_TANH>(f, rows, tokens, s, own, y, ld);
    case SL_SILU: return finish_rows_any<SL_SILU>(f, rows, tokens, s, own, y, ld);
    case SL_SIGMOID: return finish_rows_any<SL_SIGMOID>(f, rows, tokens, s, own, y, ld);
    case SL_TANH: return finish_rows_any<SL_TANH>(f, rows, tokens, s, own, y, ld);
    default: return finish_rows_any<SL_IDENTITY>(f, rows, tokens, s, own, y, ld);
  }
}
