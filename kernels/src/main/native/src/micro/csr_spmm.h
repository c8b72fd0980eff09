// SPDX-License-Identifier: Apache-2.0
// The csr product with tokens in panels, for any type; M says how words are multiplied.
//
// Four rows with equal counts go together, 2 vectors of tokens at a time (1 where 16 tokens fill one): 8
// independent sums hide the latency of the multiply-add. Each sum runs in the order of k, continued
// over the blocks through y, so its bits depend neither on the tokens beside it nor on the grouping.
// The packer guarantees that offsets stay inside the block of x and row numbers inside y.
#ifndef SPARSELAND_MICRO_CSR_SPMM_H_
#define SPARSELAND_MICRO_CSR_SPMM_H_

#include "../designs/csr_kernels.h"
#include "vec.h"

// sum[r][v] += word r * x at offset r * scale, for `count` quads.
template <typename M, int V>
SL_INLINE void csr_steps(const CsrQuad* q, int64_t count, const char* x, int64_t scale,
                         vf (&sum)[4][V]) {
  for (int64_t i = 0; i < count; ++i) {
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const auto w = M::weight(q[i].word[r]);
      const float* in = reinterpret_cast<const float*>(x + q[i].offset[r] * scale);
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[r][v] = M::add(w, load(in + v * W), sum[r][v]);
    }
  }
}

#if (SL_WIDTH == 16 && defined(__AVX512F__)) || (SL_WIDTH == 8 && defined(__AVX2__))
// The same for 2 vectors with one instruction, OP(sum, word, offset, displacement): the compiler would
// spill general registers here. One vector load brings four words and one scalar load four offsets,
// so that the load ports, of which x takes nearly all, see little else.
#if SL_WIDTH == 16
#define SL_CSR_NEXT "64"
#else
#define SL_CSR_NEXT "32"
#endif
#define SL_CSR_ROW(OP, r, w, o) OP("%[a" r "0]", w, o, "") OP("%[a" r "1]", w, o, SL_CSR_NEXT)
#define SL_CSR_STEPS(OP, CLOBBERS)                                                              \
  template <int SCALE>                                                                          \
  SL_INLINE void steps(const CsrQuad* q, int64_t count, const char* x, vf (&sum)[4][2]) {       \
    const vi one = splat_i(1), two = splat_i(2), three = splat_i(3);                            \
    vf w0, w1, w2, w3;                                                                          \
    uint64_t o, t;                                                                              \
    asm volatile(                                                                               \
        ".p2align 5\n"                                                                          \
        "1:\n\t"                                                                                \
        "vmovups (%[q]), %x[w3]\n\t"                                                            \
        "movq 16(%[q]), %[o]\n\t"                                                               \
        "addq $24, %[q]\n\t"                                                                    \
        "vbroadcastss %x[w3], %[w0]\n\t"                                                        \
        "movzwl %w[o], %k[t]\n\t" SL_CSR_ROW(OP, "0", "%[w0]", "%[t]")                          \
        "shrq $16, %[o]\n\t"                                                                    \
        "vpermps %[w3], %[one], %[w1]\n\t"                                                      \
        "movzwl %w[o], %k[t]\n\t" SL_CSR_ROW(OP, "1", "%[w1]", "%[t]")                          \
        "shrq $16, %[o]\n\t"                                                                    \
        "vpermps %[w3], %[two], %[w2]\n\t"                                                      \
        "movzwl %w[o], %k[t]\n\t" SL_CSR_ROW(OP, "2", "%[w2]", "%[t]")                          \
        "shrq $16, %[o]\n\t"                                                                    \
        "vpermps %[w3], %[three], %[w3]\n\t" SL_CSR_ROW(OP, "3", "%[w3]", "%[o]")               \
        "cmpq %[q], %[end]\n\t"                                                                 \
        "jne 1b\n\t"                                                                            \
        : [q] "+r"(q), [a00] "+v"(sum[0][0]), [a01] "+v"(sum[0][1]), [a10] "+v"(sum[1][0]),     \
          [a11] "+v"(sum[1][1]), [a20] "+v"(sum[2][0]), [a21] "+v"(sum[2][1]),                  \
          [a30] "+v"(sum[3][0]), [a31] "+v"(sum[3][1]), [w0] "=&v"(w0), [w1] "=&v"(w1),         \
          [w2] "=&v"(w2), [w3] "=&v"(w3), [o] "=&r"(o), [t] "=&r"(t)                            \
        : [end] "r"(q + count), [x] "r"(x), [one] "v"(one), [two] "v"(two), [three] "v"(three), \
          [s] "i"(SCALE)                                                                        \
        : "cc", "memory" CLOBBERS);                                                             \
  }
#endif

// Four rows of one group.
template <typename M, int V, int SCALE>
SL_INLINE void csr_four(const CsrQuad* q, int64_t count, int first, const int32_t* rows,
                        const char* x, float* y) {
  constexpr int64_t T = SCALE * 16;
  for (int64_t t = 0; t < T; t += V * W) {
    vf sum[4][V];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[r][v] = first ? zero() : load(y + rows[r] * T + t + v * W);
    }
    const char* in = x + t * sizeof(float);
    if constexpr (M::kAsm && V == 2) {
      if (count > 0) M::template steps<SCALE>(q, count, in, sum);
    } else {
      csr_steps<M, V>(q, count, in, SCALE, sum);
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) store(y + rows[r] * T + t + v * W, sum[r][v]);
    }
  }
}

template <typename M, int SCALE>
SL_INLINE void csr_block(const CsrBlock* block, int first, const char* x, float* y) {
  constexpr int64_t T = SCALE * 16;
  constexpr int V = T > W ? 2 : 1;
  const int32_t* rows = block->rows;
  const CsrQuad* quads = block->quads;
  for (int64_t g = 0; g < block->group_count; ++g) {
    const int64_t count = block->groups[g].count;
    for (int32_t i = 0; i < block->groups[g].fours; ++i, rows += 4, quads += count) {
      csr_four<M, V, SCALE>(quads, count, first, rows, x, y);
    }
  }
  const CsrOne* one = block->ones;
  for (int64_t i = 0; i < block->run_count; ++i) {
    const CsrRun run = block->runs[i];
    vf sum[T / W];
#pragma GCC unroll 8
    for (int v = 0; v < T / W; ++v) sum[v] = load(y + run.row * T + v * W);
    for (const CsrOne* end = one + run.count; one < end; ++one) {
      const auto w = M::weight(one->word);
      const float* in = reinterpret_cast<const float*>(x + int64_t{one->offset} * SCALE);
#pragma GCC unroll 8
      for (int v = 0; v < T / W; ++v) sum[v] = M::add(w, load(in + v * W), sum[v]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < T / W; ++v) store(y + run.row * T + v * W, sum[v]);
  }
}

template <typename M>
SL_INLINE void csr_spmm(const CsrBlock* block, int64_t tokens, int first, const void* x, void* y) {
  const char* in = static_cast<const char*>(x);
  if (tokens == 32) {
    csr_block<M, 2>(block, first, in, static_cast<float*>(y));
  } else {
    csr_block<M, 1>(block, first, in, static_cast<float*>(y));
  }
}

#endif  // SPARSELAND_MICRO_CSR_SPMM_H_
