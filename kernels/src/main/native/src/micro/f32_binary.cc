// SPDX-License-Identifier: Apache-2.0
// f32_binary: y [n] = a op b with steps 0 (one value for all) or 1; any n; y may be a or b where their
// step is 1. One rounding each; pow comes from the C library.
#include "vec.h"

namespace {

template <int OP>
SL_INLINE vf apply(vf a, vf b) {
  switch (OP) {
    case SL_ADD: return a + b;
    case SL_SUB: return a - b;
    case SL_MUL: return a * b;
    case SL_DIV: return a / b;
    case SL_MAX: return maximum(a, b);
    default: return minimum(a, b);
  }
}

template <int OP>
void all(int64_t n, int64_t step_a, int64_t step_b, const float* a, const float* b, float* y) {
  const vf a0 = splat(a[0]), b0 = splat(b[0]);
  int64_t i = 0;
  if (step_a != 0 && step_b != 0) {
    for (; i + W <= n; i += W) store(y + i, apply<OP>(load(a + i), load(b + i)));
  } else if (step_a != 0) {
    for (; i + W <= n; i += W) store(y + i, apply<OP>(load(a + i), b0));
  } else if (step_b != 0) {
    for (; i + W <= n; i += W) store(y + i, apply<OP>(a0, load(b + i)));
  } else {
    for (; i + W <= n; i += W) store(y + i, apply<OP>(a0, b0));
  }
  if (i < n) {
    const int64_t left = n - i;
    const vf va = step_a != 0 ? load_part(a + i, left) : a0;
    const vf vb = step_b != 0 ? load_part(b + i, left) : b0;
    store_part(y + i, apply<OP>(va, vb), left);
  }
}

}  // namespace

void SL_KERNEL(f32_binary)(int op, int64_t n, int64_t step_a, int64_t step_b, const float* a,
                           const float* b, float* y) {
  switch (op) {
    case SL_ADD: return all<SL_ADD>(n, step_a, step_b, a, b, y);
    case SL_SUB: return all<SL_SUB>(n, step_a, step_b, a, b, y);
    case SL_MUL: return all<SL_MUL>(n, step_a, step_b, a, b, y);
    case SL_DIV: return all<SL_DIV>(n, step_a, step_b, a, b, y);
    case SL_MAX: return all<SL_MAX>(n, step_a, step_b, a, b, y);
    case SL_MIN: return all<SL_MIN>(n, step_a, step_b, a, b, y);
    default:
      for (int64_t i = 0; i < n; ++i) y[i] = powf(a[i * step_a], b[i * step_b]);
  }
}
