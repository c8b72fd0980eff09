// SPDX-License-Identifier: Apache-2.0
// f32_dense_gemm_rx2v: c [panels][rows][2 vectors] (+)= x [k][rows] * w [panels][stride_k][2 vectors],
// rows 1 to 6 (12 with 32 registers). Weights are packed in panels of 2 vectors of outputs, padded
// with 0; x is packed so that the rows lie side by side. Each output is one sum in the order of k, one
// fused multiply-add per term, continued through c: |error| <= k * 2^-24 * sum|w*x|.
#include "vec.h"

namespace {

template <int ROWS, int PANELS>
SL_INLINE void tile(int64_t k, int64_t stride_k, int first, const float* x, const float* w,
                    float* c) {
  vf sum[PANELS][ROWS][2];
#pragma GCC unroll 12
  for (int p = 0; p < PANELS; ++p) {
#pragma GCC unroll 12
    for (int r = 0; r < ROWS; ++r) {
      const float* from = c + (p * ROWS + r) * 2 * W;
      sum[p][r][0] = first ? zero() : load(from);
      sum[p][r][1] = first ? zero() : load(from + W);
    }
  }
  for (int64_t i = 0; i < k; ++i) {
#pragma GCC unroll 12
    for (int p = 0; p < PANELS; ++p) {
      const float* in = w + p * stride_k * 2 * W + i * 2 * W;
      const vf w0 = load(in), w1 = load(in + W);
#pragma GCC unroll 12
      for (int r = 0; r < ROWS; ++r) {
        const vf xi = splat(x[i * ROWS + r]);
        sum[p][r][0] = fma(xi, w0, sum[p][r][0]);
        sum[p][r][1] = fma(xi, w1, sum[p][r][1]);
      }
    }
  }
#pragma GCC unroll 12
  for (int p = 0; p < PANELS; ++p) {
#pragma GCC unroll 12
    for (int r = 0; r < ROWS; ++r) {
      float* to = c + (p * ROWS + r) * 2 * W;
      store(to, sum[p][r][0]);
      store(to + W, sum[p][r][1]);
    }
  }
}

// Few rows take several panels at once, so that at least 8 sums are in flight.
template <int ROWS>
void panels_of(int64_t panels, int64_t k, int64_t stride_k, int first, const float* x,
               const float* w, float* c) {
  constexpr int AT_ONCE = ROWS == 1 ? 4 : ROWS <= 3 ? 2 : 1;
  const int64_t c_step = ROWS * 2 * W, w_step = stride_k * 2 * W;
  for (; panels >= AT_ONCE; panels -= AT_ONCE, w += AT_ONCE * w_step, c += AT_ONCE * c_step) {
    tile<ROWS, AT_ONCE>(k, stride_k, first, x, w, c);
  }
  for (; AT_ONCE > 1 && panels > 0; --panels, w += w_step, c += c_step) {
    tile<ROWS, 1>(k, stride_k, first, x, w, c);
  }
}

}  // namespace

void SL_KERNEL(f32_dense_gemm_rx2v)(int64_t rows, int64_t panels, int64_t k, int64_t stride_k,
                                    int first, const float* x, const float* w, float* c) {
  switch (rows) {
#define SL_CASE(n) \
  case n: return panels_of<n>(panels, k, stride_k, first, x, w, c)
    SL_CASE(1);
    SL_CASE(2);
    SL_CASE(3);
    SL_CASE(4);
    SL_CASE(5);
    SL_CASE(6);
#if SL_WIDTH == 16
    SL_CASE(7);
    SL_CASE(8);
    SL_CASE(9);
    SL_CASE(10);
    SL_CASE(11);
    SL_CASE(12);
#endif
    default: return;
#undef SL_CASE
  }
}
