// SPDX-License-Identifier: Apache-2.0
// f32_csr_spmv_8x1: y [rows] (+)= W [rows][k] * x [k], the single-token twin of f32_csr_spmm_2x8v over
// the same records, with the same sums in the same order: the same bits. Eight rows at once hide the
// latency of the multiply-add; x lies as it comes, without gathers.
#include "vec.h"

namespace {

constexpr uint32_t kShift = W == 16 ? 4 : W == 8 ? 3 : 2;  // offset in vectors to offset in floats

template <int ROWS, int STRIDE>
SL_INLINE void rows_at_once(int32_t count, int first, const SlRecord* base, const int32_t* rows,
                            const float* x, float* y) {
  float sum[ROWS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) sum[r] = first ? 0.0f : y[rows[r]];
  for (int32_t i = 0; i < count; ++i) {
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      const SlRecord* p = base + static_cast<int64_t>(r / STRIDE) * STRIDE * count + r % STRIDE +
                          static_cast<int64_t>(i) * STRIDE;
      float in;
      memcpy(&in, reinterpret_cast<const char*>(x) + (p->offset >> kShift), sizeof in);
      sum[r] = fma1(p->value, in, sum[r]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) y[rows[r]] = sum[r];
}

}  // namespace

void SL_KERNEL(f32_csr_spmv_8x1)(const SlBlock* block, int first, const float* x, float* y) {
  const int32_t* rows = block->rows;
  const SlRecord* records = block->records;
  for (int64_t g = 0; g < block->group_count; ++g) {
    const int32_t count = block->groups[g].count;
    int32_t left = block->groups[g].rows;
    for (; left >= 8; left -= 8, rows += 8, records += static_cast<int64_t>(8) * count) {
      rows_at_once<8, 2>(count, first, records, rows, x, y);
    }
    for (; left >= 2; left -= 2, rows += 2, records += static_cast<int64_t>(2) * count) {
      rows_at_once<2, 2>(count, first, records, rows, x, y);
    }
    if (left == 1) {
      rows_at_once<1, 1>(count, first, records, rows, x, y);
      rows += 1;
      records += count;
    }
  }
}
