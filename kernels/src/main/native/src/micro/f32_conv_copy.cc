// SPDX-License-Identifier: Apache-2.0
// f32_conv_pick: y [n] = every `step`-th of x. f32_conv_gather: panel [k][tokens] from runs of
// neighbouring pixels. f32_conv_scatter: runs of an output plane from a row of sums. None touches
// anything but what it copies. Any sizes.
#include "f32_conv.h"

#include "vec.h"

namespace {

SL_INLINE void copy(int64_t n, const float* x, float* y) {
  int64_t i = 0;
  for (; i + W <= n; i += W) store(y + i, load(x + i));
#if SL_WIDTH == 16 && defined(__AVX512F__)
  if (i < n) {
    const __mmask16 rest = static_cast<__mmask16>((1u << (n - i)) - 1);
    _mm512_mask_storeu_ps(y + i, rest, _mm512_maskz_loadu_ps(rest, x + i));
  }
#else
  for (; i < n; ++i) y[i] = x[i];
#endif
}

}  // namespace

void SL_KERNEL(f32_conv_pick)(int64_t n, int64_t step, const float* x, float* y) {
  if (step == 1) return copy(n, x, y);
  int64_t i = 0;
  if (step == 2) {
    for (; i + W < n; i += W) {  // one float less than two vectors may be there
      const vf a = load(x + 2 * i), b = load(x + 2 * i + W);
#if SL_WIDTH == 16
      store(y + i, __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26,
                                           28, 30));
#elif SL_WIDTH == 8
      store(y + i, __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14));
#else
      store(y + i, __builtin_shufflevector(a, b, 0, 2, 4, 6));
#endif
    }
  }
  for (; i < n; ++i) y[i] = x[i * step];
}

void SL_KERNEL(f32_conv_gather)(int64_t k, const uint32_t* offsets, const float* x, int64_t runs,
                                const SlConvRun* run, int64_t tokens, float* panel) {
  for (int64_t i = 0; i < k; ++i, panel += tokens) {
    const char* from = reinterpret_cast<const char*>(x) + offsets[i];
    float* to = panel;
    for (const SlConvRun* r = run; r < run + runs; ++r) {
      copy(r->count, reinterpret_cast<const float*>(from) + r->at, to);
      to += r->count;
    }
    for (; to < panel + tokens; ++to) *to = 0.0f;
  }
}

void SL_KERNEL(f32_conv_scatter)(int64_t runs, const SlConvRun* run, const float* x, float* y) {
  const int64_t first = run->at;
  int64_t to = 0;
  for (const SlConvRun* r = run; r < run + runs; ++r) {
    copy(r->count, x + (r->at - first), y + to);
    to += r->count;
  }
}
