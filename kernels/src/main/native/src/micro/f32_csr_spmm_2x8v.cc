// SPDX-License-Identifier: Apache-2.0
// f32_csr_spmm_2x8v: y [rows][T] (+)= W [rows][k] * x [k][T], T = 1, 2, 4 or 8 vectors of tokens.
//
// The packer guarantees: offsets stay inside the block of x, row numbers inside y, groups as SlGroup
// says. Several rows with equal counts go together: their sums are independent, which hides the
// latency of the multiply-add. Each output is one sum in column order, one fused multiply-add per kept
// weight (multiply and add where there is no FMA), continued over the blocks through y: |error| <=
// nnz(row) * 2^-24 * sum|w*x|, and the bits depend neither on T nor on how rows are grouped.
#include "vec.h"

namespace {

// The record as one 64-bit load: the weight goes through a general register, which keeps the vector
// load ports for x.
SL_INLINE vf weight(const SlRecord* r, uint32_t* offset) {
  uint64_t both;
  memcpy(&both, r, sizeof both);
  *offset = static_cast<uint32_t>(both >> 32);
  const uint32_t bits = static_cast<uint32_t>(both);
  float value;
  memcpy(&value, &bits, sizeof value);
  return splat(value);
}

// ROWS rows at once. Row r's records: base + (r / STRIDE) * STRIDE * count + r % STRIDE, every
// STRIDE.
template <int V, int ROWS, int STRIDE>
SL_INLINE void rows_at_once(int32_t count, int first, const SlRecord* base, const int32_t* rows,
                            const float* x, float* y) {
  constexpr int T = V * W;
  vf sum[ROWS][V];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    const float* from = y + static_cast<int64_t>(rows[r]) * T;
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[r][v] = first ? zero() : load(from + v * W);
  }
  for (int32_t i = 0; i < count; ++i) {
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      uint32_t offset;
      const vf w = weight(base + static_cast<int64_t>(r / STRIDE) * STRIDE * count + r % STRIDE +
                              static_cast<int64_t>(i) * STRIDE,
                          &offset);
      const float* in = reinterpret_cast<const float*>(reinterpret_cast<const char*>(x) +
                                                       static_cast<size_t>(offset) * V);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[r][v] = fma(w, load(in + v * W), sum[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    float* to = y + static_cast<int64_t>(rows[r]) * T;
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store(to + v * W, sum[r][v]);
  }
}

template <int V>
void spmm(const SlBlock* block, int first, const float* x, float* y) {
  constexpr int PAIRS = V >= 4 ? 1 : 4 / V;  // 8 sums in flight
  const int32_t* rows = block->rows;
  const SlRecord* records = block->records;
  for (int64_t g = 0; g < block->group_count; ++g) {
    const int32_t count = block->groups[g].count;
    int32_t left = block->groups[g].rows;
    for (; left >= 2 * PAIRS; left -= 2 * PAIRS) {
      if constexpr (V == 8 && W < 16) {  // 16 sums do not fit the registers: one row of the pair at a time
        rows_at_once<V, 1, 2>(count, first, records, rows, x, y);
        rows_at_once<V, 1, 2>(count, first, records + 1, rows + 1, x, y);
      } else {
        rows_at_once<V, 2 * PAIRS, 2>(count, first, records, rows, x, y);
      }
      rows += 2 * PAIRS;
      records += static_cast<int64_t>(2 * PAIRS) * count;
    }
    for (; PAIRS > 1 && left >= 2; left -= 2) {
      rows_at_once<V, 2, 2>(count, first, records, rows, x, y);
      rows += 2;
      records += static_cast<int64_t>(2) * count;
    }
    if (left == 1) {
      rows_at_once<V, 1, 1>(count, first, records, rows, x, y);
      rows += 1;
      records += count;
    }
  }
}

}  // namespace

void SL_KERNEL(f32_csr_spmm_2x8v)(const SlBlock* block, int vectors, int first, const float* x,
                                  float* y) {
  switch (vectors) {
    case 8: return spmm<8>(block, first, x, y);
    case 4: return spmm<4>(block, first, x, y);
    case 2: return spmm<2>(block, first, x, y);
    default: return spmm<1>(block, first, x, y);
  }
}
