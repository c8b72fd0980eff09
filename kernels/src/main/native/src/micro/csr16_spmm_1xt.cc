// SPDX-License-Identifier: Apache-2.0
// csr16_spmm_1xt: sums [rows][tokens] = rows * x [k][tokens], tokens 4 or 8. One word at a time against
// all tokens, into two sums in turn per row and tile: at most nnz(row) + tiles roundings.
#include "../few_level.h"
#include "multiply.h"

namespace {

template <int TYPE, bool FAST, int TOKENS, class ROW, class COLUMN>
void tiles(const SlCsr16* w, int64_t tile_words, const uint32_t* x, int32_t* sums) {
  using I = typename Lanes<TOKENS>::i;
  const ROW* entry = static_cast<const ROW*>(w->entries);
  const COLUMN* column = static_cast<const COLUMN*>(w->columns);
  const uint32_t* word = w->words;
  memset(sums, 0, static_cast<size_t>(w->rows * TOKENS) * sizeof(int32_t));
  for (int64_t tile = 0; tile < w->tiles; ++tile, x += tile_words * TOKENS) {
    for (int32_t e = w->counts[tile]; e > 0; --e, ++entry) {
      int32_t* to = sums + entry->row * TOKENS;
      I even = load_words<TOKENS>(to), odd = {};
      int32_t left = entry->count;
      for (; left >= 4; left -= 4, column += 4, word += 4) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          I& sum = i % 2 == 0 ? even : odd;
          sum = multiply<TYPE, FAST, TOKENS>(sum, load_words<TOKENS>(x + column[i] * TOKENS),
                                             I{} + static_cast<int32_t>(word[i]));
        }
      }
      for (; left > 0; --left, ++column, ++word) {
        even = multiply<TYPE, FAST, TOKENS>(even, load_words<TOKENS>(x + *column * TOKENS),
                                            I{} + static_cast<int32_t>(*word));
      }
      store_words<TOKENS>(to, add<TYPE, TOKENS>(even, odd));
    }
  }
}

template <int TYPE, bool FAST, int TOKENS>
void tiles(const SlCsr16* w, const uint32_t* x, int32_t* sums) {
  if (w->wide) {
    tiles<TYPE, FAST, TOKENS, SlCsr16WideRow, uint16_t>(w, SL_CSR16_WIDE_TILE, x, sums);
  } else {
    tiles<TYPE, FAST, TOKENS, SlCsr16Row, uint8_t>(w, SL_CSR16_TILE, x, sums);
  }
}

template <int TYPE, bool FAST>
void any_tokens(const SlCsr16* w, int64_t tokens, const void* x, void* sums) {
  const uint32_t* in = static_cast<const uint32_t*>(x);
  int32_t* out = static_cast<int32_t*>(sums);
  if (tokens == 4) return tiles<TYPE, FAST, 4>(w, in, out);
  tiles<TYPE, FAST, 8>(w, in, out);
}

}  // namespace

#define SL_CSR16(name, type)                                                          \
  void SL_KERNEL(name)(const SlCsr16* w, int64_t tokens, const void* x, void* sums) { \
    if (fast_words(type)) return any_tokens<type, true>(w, tokens, x, sums);          \
    any_tokens<type, false>(w, tokens, x, sums);                                      \
  }
SL_CSR16(f32_csr16_spmm_1xt, SL_F32)
SL_CSR16(bf16_csr16_spmm_1xt, SL_BF16)
SL_CSR16(i8_csr16_spmm_1xt, SL_I8)
