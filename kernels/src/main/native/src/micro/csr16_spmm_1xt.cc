// SPDX-License-Identifier: Apache-2.0
// csr16_spmm_1xt: sums [rows][tokens] = rows * x [k][tokens], tokens 4 or 8. One word at a time against all
// tokens, into four sums in turn per row and tile, so that the latency of the multiply-add does not
// show: at most nnz(row) + 2 * tiles roundings. Reads, and ignores, up to 64 bytes behind words.
#include "../few_level.h"
#include "multiply.h"

namespace {

// Word J of four in all lanes. Loading them together leaves the load ports to x.
template <int TOKENS>
struct Four {
#if defined(__AVX__)
  typename Lanes<TOKENS>::f all;
  __attribute__((always_inline)) explicit Four(const uint32_t* p) {
    const float* from = reinterpret_cast<const float*>(p);
    if constexpr (TOKENS == 4) all = _mm_loadu_ps(from);
    if constexpr (TOKENS == 8) all = _mm256_broadcast_ps(reinterpret_cast<const __m128*>(from));
  }
  template <int J>
  __attribute__((always_inline)) typename Lanes<TOKENS>::i word() const {
    if constexpr (TOKENS == 4) {
      return reinterpret_cast<Lanes<4>::i>(_mm_permute_ps(all, J * 0x55));
    } else {
      return reinterpret_cast<Lanes<8>::i>(_mm256_permute_ps(all, J * 0x55));
    }
  }
#else
  const uint32_t* from;
  __attribute__((always_inline)) explicit Four(const uint32_t* p) : from(p) {}
  template <int J>
  __attribute__((always_inline)) typename Lanes<TOKENS>::i word() const {
    return typename Lanes<TOKENS>::i{} + static_cast<int32_t>(from[J]);
  }
#endif
};

constexpr int64_t kAhead = 256;  // words, and columns, that are fetched early from memory

template <int TYPE, bool FAST, int TOKENS, class ROW, class COLUMN>
void tiles(const SlCsr16* w, int64_t tile_words, const uint32_t* x, int32_t* sums) {
  using I = typename Lanes<TOKENS>::i;
  const ROW* entry = static_cast<const ROW*>(w->entries);
  const COLUMN* column = static_cast<const COLUMN*>(w->columns);
  const uint32_t* word = w->words;
  constexpr int32_t kColumnBytes = sizeof(COLUMN);
  memset(sums, 0, static_cast<size_t>(w->rows * TOKENS) * sizeof(int32_t));
  for (int64_t tile = 0; tile < w->tiles; ++tile, x += tile_words * TOKENS) {
    const auto in = [x](COLUMN c) {
      return load_words<TOKENS>(x + static_cast<uint64_t>(c) * TOKENS);
    };
    for (int32_t e = w->counts[tile]; e > 0; --e, ++entry) {
      int32_t* to = sums + entry->row * TOKENS;
      I sum0 = load_words<TOKENS>(to), sum1 = {}, sum2 = {}, sum3 = {};
      int32_t left = entry->count;
      for (int32_t c = 0; c < left; c += 64 / kColumnBytes) __builtin_prefetch(column + kAhead + c);
      for (int32_t c = 0; c < left; c += 16) __builtin_prefetch(word + kAhead + c);
      for (; left >= 4; left -= 4, column += 4, word += 4) {
        const Four<TOKENS> four(word);
        sum0 = multiply<TYPE, FAST, TOKENS>(sum0, in(column[0]), four.template word<0>());
        sum1 = multiply<TYPE, FAST, TOKENS>(sum1, in(column[1]), four.template word<1>());
        sum2 = multiply<TYPE, FAST, TOKENS>(sum2, in(column[2]), four.template word<2>());
        sum3 = multiply<TYPE, FAST, TOKENS>(sum3, in(column[3]), four.template word<3>());
      }
      if (left > 0) {
        const Four<TOKENS> four(word);
        sum0 = multiply<TYPE, FAST, TOKENS>(sum0, in(column[0]), four.template word<0>());
        if (left > 1) {
          sum1 = multiply<TYPE, FAST, TOKENS>(sum1, in(column[1]), four.template word<1>());
        }
        if (left > 2) {
          sum2 = multiply<TYPE, FAST, TOKENS>(sum2, in(column[2]), four.template word<2>());
        }
        column += left;
        word += left;
      }
      store_words<TOKENS>(to, add<TYPE, TOKENS>(add<TYPE, TOKENS>(sum0, sum1),
                                                add<TYPE, TOKENS>(sum2, sum3)));
    }
  }
}

template <int TYPE, bool FAST, int TOKENS>
void tiles(const SlCsr16* w, const uint32_t* x, int32_t* sums) {
  if (w->tile_words > SL_CSR16_TILE) {
    tiles<TYPE, FAST, TOKENS, SlCsr16WideRow, uint16_t>(w, w->tile_words, x, sums);
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
