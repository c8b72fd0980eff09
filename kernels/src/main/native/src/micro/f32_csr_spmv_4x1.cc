// SPDX-License-Identifier: Apache-2.0
// f32_csr_spmv_4x1: y [rows] (+)= W [rows][k] * x [k], the single-token twin of f32_csr_spmm_4x32 over the
// same records, with the same sums in the same order: the same bits. x lies as it comes.
#include "../designs/csr_kernels.h"
#include "vec.h"

SL_INLINE float product(uint32_t word, uint32_t offset, const float* x, float sum) {
  float w;
  memcpy(&w, &word, sizeof w);
  return fma1(w, x[offset / 64], sum);
}

void SL_KERNEL(f32_csr_spmv_4x1)(const CsrBlock* block, int first, const float* x, float* y) {
  const int32_t* rows = block->rows;
  const CsrQuad* quads = block->quads;
  for (int64_t g = 0; g < block->group_count; ++g) {
    const int64_t count = block->groups[g].count;
    for (int32_t i = 0; i < block->groups[g].fours; ++i, rows += 4, quads += count) {
      float sum[4];
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) sum[r] = first ? 0.0f : y[rows[r]];
      for (int64_t j = 0; j < count; ++j) {
        const CsrPlace q = csr_place(quads, count, j);
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) sum[r] = product(q.word[r], q.offset[r], x, sum[r]);
      }
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) y[rows[r]] = sum[r];
    }
  }
  const CsrOne* one = block->ones;
  for (int64_t i = 0; i < block->run_count; ++i) {
    float sum = y[block->runs[i].row];
    for (const CsrOne* end = one + block->runs[i].count; one < end; ++one) {
      sum = product(one->word, one->offset, x, sum);
    }
    y[block->runs[i].row] = sum;
  }
}
