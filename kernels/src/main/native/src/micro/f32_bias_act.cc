// SPDX-License-Identifier: Apache-2.0
// f32_bias_act: y = act(x + bias), one bias for all n elements; f32_bias_act_row: one for each, or none.
// Any n; y may be x. One rounding for the sum, then the activation's error (functions.h).
#include "functions.h"

namespace {

template <int ACT>
void one_bias(int64_t n, float bias, const float* x, float* y) {
  const vf b = splat(bias);
  int64_t i = 0;
  for (; i + W <= n; i += W) store(y + i, activate(ACT, load(x + i) + b));
  if (i < n) store_part(y + i, activate(ACT, load_part(x + i, n - i) + b), n - i);
}

template <int ACT>
void own_bias(int64_t n, const float* bias, const float* x, float* y) {
  int64_t i = 0;
  for (; i + W <= n; i += W) {
    const vf v = load(x + i);
    store(y + i, activate(ACT, bias == nullptr ? v : v + load(bias + i)));
  }
  if (i < n) {
    const vf v = load_part(x + i, n - i);
    store_part(y + i, activate(ACT, bias == nullptr ? v : v + load_part(bias + i, n - i)), n - i);
  }
}

}  // namespace

#define SL_FOR_ACT(function, ...)                                      \
  switch (act) {                                                       \
    case SL_RELU: return function<SL_RELU>(__VA_ARGS__);               \
    case SL_GELU: return function<SL_GELU>(__VA_ARGS__);               \
    case SL_GELU_TANH: return function<SL_GELU_TANH>(__VA_ARGS__);     \
    case SL_SILU: return function<SL_SILU>(__VA_ARGS__);               \
    case SL_SIGMOID: return function<SL_SIGMOID>(__VA_ARGS__);         \
    case SL_TANH: return function<SL_TANH>(__VA_ARGS__);               \
    default: return function<SL_IDENTITY>(__VA_ARGS__);                \
  }

void SL_KERNEL(f32_bias_act)(int64_t n, float bias, int act, const float* x, float* y) {
  SL_FOR_ACT(one_bias, n, bias, x, y)
}

void SL_KERNEL(f32_bias_act_row)(int64_t n, const float* bias, int act, const float* x, float* y) {
  SL_FOR_ACT(own_bias, n, bias, x, y)
}
