// SPDX-License-Identifier: Apache-2.0
// out16_spmm_16xt: sums [tokens][ld] = block rows of 16 outputs * x [k][tokens]; tokens 1, 2, 4, 8 or 16
// (16 below avx512: two times 8). A block is one word of 16 outputs: a line of 64 bytes against one
// broadcast word of x per token. Blocks are summed in order into `SETS` sums in turn, which are added
// pairwise at the end: at most nnz(row) roundings.
#include "../few_level.h"
#include "multiply.h"

namespace {

template <int TYPE, bool FAST, int TOKENS>
SL_INLINE void block(const uint32_t* line, const uint32_t* x, int64_t stride,
                     typename Lanes<V>::i* sum) {
  using I = typename Lanes<V>::i;
  const I w = load_words<V>(line);
  (void)stride;
#pragma GCC unroll 16
  for (int t = 0; t < TOKENS; ++t) {
    sum[t] = multiply<TYPE, FAST, V>(sum[t], I{} + static_cast<int32_t>(x[t]), w);
  }
}

// Lanes [part, part + V) of each block.
template <int TYPE, bool FAST, int TOKENS, int SETS>
SL_INLINE void block_row(int64_t count, const uint16_t* steps, const uint32_t* words,
                         const uint32_t* x, int64_t stride, int32_t* sums, int64_t ld) {
  using I = typename Lanes<V>::i;
  I sum[SETS][TOKENS];
#pragma GCC unroll 16
  for (int i = 0; i < SETS * TOKENS; ++i) sum[i / TOKENS][i % TOKENS] = I{};
  int64_t i = 0;
  for (; i + SETS <= count; i += SETS) {
#pragma GCC unroll 8
    for (int s = 0; s < SETS; ++s) {
      x += steps[i + s] * stride;
      block<TYPE, FAST, TOKENS>(words + (i + s) * 16, x, stride, sum[s]);
    }
  }
#pragma GCC unroll 8
  for (int s = 0; s < SETS - 1; ++s) {
    if (i + s >= count) break;
    x += steps[i + s] * stride;
    block<TYPE, FAST, TOKENS>(words + (i + s) * 16, x, stride, sum[s]);
  }
#pragma GCC unroll 4
  for (int half = SETS / 2; half > 0; half /= 2) {
#pragma GCC unroll 16
    for (int j = 0; j < half * TOKENS; ++j) {
      I& to = sum[j / TOKENS][j % TOKENS];
      to = add<TYPE, V>(to, sum[j / TOKENS + half][j % TOKENS]);
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < TOKENS; ++t) store_words<V>(sums + t * ld, sum[0][t]);
}

template <int TYPE, bool FAST, int TOKENS, int SETS>
void block_rows(const SlOut16* w, const uint32_t* x, int64_t stride, int32_t* sums, int64_t ld) {
  const uint16_t* steps = w->steps;
  const uint32_t* words = w->words;
  for (int64_t b = 0; b < w->block_rows; ++b) {
    for (int part = 0; part < 16; part += V) {
      block_row<TYPE, FAST, TOKENS, SETS>(w->counts[b], steps, words + part, x, stride,
                                          sums + b * 16 + part, ld);
    }
    steps += w->counts[b];
    words += static_cast<int64_t>(w->counts[b]) * 16;
  }
}

template <int TYPE, bool FAST>
void any_tokens(const SlOut16* w, int64_t tokens, const void* words, void* out, int64_t ld) {
  const uint32_t* x = static_cast<const uint32_t*>(words);
  int32_t* sums = static_cast<int32_t*>(out);
  constexpr int kMore = V == 16 ? 2 : 1;
  switch (tokens) {
    case 1: return block_rows<TYPE, FAST, 1, 4 * kMore>(w, x, 1, sums, ld);
    case 2: return block_rows<TYPE, FAST, 2, 2 * kMore>(w, x, 2, sums, ld);
    case 4: return block_rows<TYPE, FAST, 4, kMore>(w, x, 4, sums, ld);
    case 8: return block_rows<TYPE, FAST, 8, 1>(w, x, 8, sums, ld);
    default: break;
  }
#if defined(__AVX512F__)
  block_rows<TYPE, FAST, 16, 1>(w, x, 16, sums, ld);
#else
  block_rows<TYPE, FAST, 8, 1>(w, x, 16, sums, ld);
  block_rows<TYPE, FAST, 8, 1>(w, x + 8, 16, sums + 8 * ld, ld);
#endif
}

}  // namespace

#define SL_OUT16(name, type)                                                                   \
  void SL_KERNEL(name)(const SlOut16* w, int64_t tokens, const void* x, void* sums, int64_t ld) { \
    if (fast_words(type)) return any_tokens<type, true>(w, tokens, x, sums, ld);               \
    any_tokens<type, false>(w, tokens, x, sums, ld);                                           \
  }
SL_OUT16(f32_out16_spmm_16xt, SL_F32)
SL_OUT16(bf16_out16_spmm_16xt, SL_BF16)
SL_OUT16(i8_out16_spmm_16xt, SL_I8)
