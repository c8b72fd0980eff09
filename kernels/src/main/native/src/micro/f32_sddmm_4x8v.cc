// SPDX-License-Identifier: Apache-2.0
// f32_sddmm_4x8v: dw[i] += sum over 8 vectors of tokens of dy[row] * x[column[i]], at kept weights only. A
// row of dy stays in registers while rows of x pass, four weights at a time.
//
// The caller guarantees: columns and rows inside x and dy, padding tokens 0 in both. Each weight sums
// its vectors in the order of tokens, one fused multiply-add each where there is FMA, then its lanes
// in a fixed tree: |error| <= (8 + log2(lanes) + 1) * 2^-24 * sum|dy*x| for each call, whatever the
// neighbours are.
#include "f32_sddmm.h"

#include "vec.h"

namespace {

constexpr int V = 8;

typedef float v4 __attribute__((vector_size(16)));
typedef float v4u __attribute__((vector_size(16), aligned(4), may_alias));

// Four sums of four vectors.
SL_INLINE v4 lane_sums(vf a, vf b, vf c, vf d) {
#if SL_WIDTH == 16
  const vf ab = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
                __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  const vf cd = __builtin_shufflevector(c, d, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
                __builtin_shufflevector(c, d, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  // ab: a0+a2 b0+b2 a1+a3 b1+b3 of each 4 lanes.
  const vf all =
      __builtin_shufflevector(ab, cd, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
      __builtin_shufflevector(ab, cd, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  const v4 q0 = __builtin_shufflevector(all, all, 0, 1, 2, 3);
  const v4 q1 = __builtin_shufflevector(all, all, 4, 5, 6, 7);
  const v4 q2 = __builtin_shufflevector(all, all, 8, 9, 10, 11);
  const v4 q3 = __builtin_shufflevector(all, all, 12, 13, 14, 15);
  return (q0 + q1) + (q2 + q3);
#elif SL_WIDTH == 8
  const vf ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) +
                __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  const vf cd = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13) +
                __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
  const vf all = __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) +
                 __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
  return __builtin_shufflevector(all, all, 0, 1, 2, 3) +
         __builtin_shufflevector(all, all, 4, 5, 6, 7);
#else
  const vf ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const vf cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
#endif
}

// The sums of R weights; the others of the four are copies of the last.
template <int R>
SL_INLINE v4 four(const vf dy[V], const uint8_t* columns, const float* x) {
  vf sum[4];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) sum[r] = zero();
  const float* in[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) in[r] = x + static_cast<int64_t>(columns[r]) * (V * W);
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sum[r] = fma(dy[v], load(in[r] + v * W), sum[r]);
  }
#pragma GCC unroll 4
  for (int r = R; r < 4; ++r) sum[r] = sum[R - 1];
  return lane_sums(sum[0], sum[1], sum[2], sum[3]);
}

void add(const SlSddmm* s, float* dw) {
  const SlSddmmRow* const end = s->row + s->rows;
  for (const SlSddmmRow* row = s->row; row < end; ++row) {
    const float* from = s->dy + static_cast<int64_t>(row->row) * (V * W);
    vf dy[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) dy[v] = load(from + v * W);
    const float* next = s->dy + static_cast<int64_t>(row[row + 1 < end].row) * (V * W);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) __builtin_prefetch(next + v * W);
    const uint8_t* columns = s->columns + row->first;
    float* to = dw + row->first;
    uint32_t left = row->count;
    for (; left >= 4; left -= 4, columns += 4, to += 4) {
      *reinterpret_cast<v4u*>(to) += four<4>(dy, columns, s->x);
    }
    if (left == 0) continue;
    const v4 sums = left == 3   ? four<3>(dy, columns, s->x)
                    : left == 2 ? four<2>(dy, columns, s->x)
                                : four<1>(dy, columns, s->x);
    for (uint32_t r = 0; r < left; ++r) to[r] += sums[r];
  }
}

}  // namespace

extern const SlSddmmKernels SL_KERNEL(sddmm_kernels);
const SlSddmmKernels SL_KERNEL(sddmm_kernels) = {V * W, add};
