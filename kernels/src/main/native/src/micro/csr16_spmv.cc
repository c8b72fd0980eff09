// SPDX-License-Identifier: Apache-2.0
// csr16_spmv: sums [rows rounded up to 16] = rows * x [k words], one token, rows <= SL_CSR16_ROWS.
// avx512, narrow tiles: the 128 words of x of a tile lie in 8 registers and up to 16 words of a row are
// multiplied at once, their x looked up by permutes; each row has 16 sums, added up at the end. Else one
// word at a time into sums in turn. Either way at most nnz(row) + 8 roundings per sum.
// Reads, and ignores, up to 64 bytes behind columns and words.
#include "../few_level.h"
#include "multiply.h"

namespace {

template <int TYPE, class ROW, class COLUMN>
void one_by_one(const SlCsr16* w, int64_t tile_words, const uint32_t* x,
                typename One<TYPE>::sum* sums) {
  const ROW* entry = static_cast<const ROW*>(w->entries);
  const COLUMN* column = static_cast<const COLUMN*>(w->columns);
  const uint32_t* word = w->words;
  for (int64_t r = 0; r < w->rows; ++r) sums[r] = 0;
  for (int64_t tile = 0; tile < w->tiles; ++tile, x += tile_words) {
    for (int32_t e = w->counts[tile]; e > 0; --e, ++entry) {
      typename One<TYPE>::sum sum[8] = {sums[entry->row]};
      int32_t left = entry->count;
      for (; left >= 8; left -= 8, column += 8, word += 8) {
#pragma GCC unroll 8
        for (int j = 0; j < 8; ++j) sum[j] = multiply1<TYPE>(sum[j], x[column[j]], word[j]);
      }
#pragma GCC unroll 7
      for (int j = 0; j < 7; ++j) {
        if (j >= left) break;
        sum[j] = multiply1<TYPE>(sum[j], x[column[j]], word[j]);
      }
      column += left;
      word += left;
      sums[entry->row] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) +
                         ((sum[1] + sum[5]) + (sum[3] + sum[7]));
    }
  }
}

#if defined(__AVX512F__)

// c += x * w in the lanes of `mask`.
template <int TYPE, bool FAST>
SL_INLINE __m512i multiply_some(__m512i c, __m512i x, __m512i w, __mmask16 mask) {
  if constexpr (TYPE == SL_F32) {
    return _mm512_castps_si512(_mm512_mask3_fmadd_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(w),
                                                     _mm512_castsi512_ps(c), mask));
  } else if constexpr (FAST && TYPE == SL_BF16) {
    asm("vdpbf16ps %2, %1, %0%{%3%}" : "+v"(c) : "v"(x), "v"(w), "Yk"(mask));
    return c;
  } else if constexpr (FAST && TYPE == SL_I8) {
    asm("vpdpbusd %2, %1, %0%{%3%}" : "+v"(c) : "v"(x), "v"(w), "Yk"(mask));
    return c;
  } else {
    using I = Lanes<16>::i;
    const I all = multiply<TYPE, false, 16>(reinterpret_cast<I>(c), reinterpret_cast<I>(x),
                                            reinterpret_cast<I>(w));
    return _mm512_mask_mov_epi32(c, mask, reinterpret_cast<__m512i>(all));
  }
}

// x [index], 128 words in 8 registers; bits above the seventh do not matter.
SL_INLINE __m512i look_up(const __m512i* x, __m512i index) {
  const __mmask16 odd32 = _mm512_test_epi32_mask(index, _mm512_set1_epi32(32));
  const __mmask16 odd64 = _mm512_test_epi32_mask(index, _mm512_set1_epi32(64));
  const __m512i a = _mm512_permutex2var_epi32(x[0], index, x[1]);
  const __m512i b = _mm512_permutex2var_epi32(x[2], index, x[3]);
  const __m512i c = _mm512_permutex2var_epi32(x[4], index, x[5]);
  const __m512i d = _mm512_permutex2var_epi32(x[6], index, x[7]);
  const __m512i low = _mm512_mask_blend_epi32(odd32, a, b);
  const __m512i high = _mm512_mask_blend_epi32(odd32, c, d);
  return _mm512_mask_blend_epi32(odd64, low, high);
}

const uint16_t kFirst[17] = {0,     1,     3,     7,     15,    31,     63,     127,   255,
                             0x1ff, 0x3ff, 0x7ff, 0xfff, 0x1fff, 0x3fff, 0x7fff, 0xffff};

// From memory at once: the way through a general register takes the one port for masks twice as long.
SL_INLINE __mmask16 first(int32_t count) {
  __mmask16 mask;
  asm("kmovw %1, %0" : "=k"(mask) : "m"(kFirst[count]));
  return mask;
}

constexpr int64_t kAhead = 512;  // words, and columns, that are fetched early from memory

template <int TYPE, bool FAST>
void looked_up(const SlCsr16* w, int64_t k, const uint32_t* x, int32_t* sums) {
  __m512i sum[SL_CSR16_ROWS];
  const int64_t rows = (w->rows + 15) / 16 * 16;
  for (int64_t r = 0; r < rows; ++r) sum[r] = _mm512_setzero_si512();
  const SlCsr16Row* entry = static_cast<const SlCsr16Row*>(w->entries);
  const uint8_t* column = static_cast<const uint8_t*>(w->columns);
  const uint32_t* word = w->words;
  for (int64_t tile = 0; tile < w->tiles; ++tile) {
    __m512i in[8];
    for (int i = 0; i < 8; ++i) {
      const int64_t at = tile * SL_CSR16_TILE + i * 16, left = k - at;
      in[i] = left >= 16 ? _mm512_loadu_si512(x + at)
                         : _mm512_maskz_loadu_epi32(kFirst[left > 0 ? left : 0], x + at);
    }
    for (const SlCsr16Row* end = entry + w->counts[tile]; entry < end; ++entry) {
      int32_t count = entry->count;
      __m512i& to = sum[entry->row];
      __m512i own = to;
      __builtin_prefetch(column + kAhead);
      __builtin_prefetch(word + kAhead);
      __builtin_prefetch(word + kAhead + 16);
      for (; count > 16; count -= 16, column += 16, word += 16) {
        const __m512i index = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)column));
        own = multiply_some<TYPE, FAST>(own, look_up(in, index), _mm512_loadu_si512(word), 0xffff);
      }
      const __m512i index = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)column));
      to = multiply_some<TYPE, FAST>(own, look_up(in, index), _mm512_loadu_si512(word),
                                     first(count));
      column += count;
      word += count;
    }
  }
  for (int64_t r = 0; r < rows; r += 16) _mm512_storeu_si512(sums + r, sum16<TYPE>(sum + r));
}

#endif

template <int TYPE>
void any(const SlCsr16* w, int64_t k, const void* x, void* sums) {
  const uint32_t* in = static_cast<const uint32_t*>(x);
#if defined(__AVX512F__)
  int32_t* out = static_cast<int32_t*>(sums);
  const bool wide = w->tile_words > SL_CSR16_TILE;
  if (!wide && fast_words(TYPE)) return looked_up<TYPE, true>(w, k, in, out);
  if (!wide) return looked_up<TYPE, false>(w, k, in, out);
#endif
  (void)k;
  auto* one = static_cast<typename One<TYPE>::sum*>(sums);
  if (w->tile_words > SL_CSR16_TILE) {
    return one_by_one<TYPE, SlCsr16WideRow, uint16_t>(w, w->tile_words, in, one);
  }
  one_by_one<TYPE, SlCsr16Row, uint8_t>(w, SL_CSR16_TILE, in, one);
}

}  // namespace

void SL_KERNEL(f32_csr16_spmv)(const SlCsr16* w, int64_t k, const void* x, void* sums) {
  any<SL_F32>(w, k, x, sums);
}
void SL_KERNEL(bf16_csr16_spmv)(const SlCsr16* w, int64_t k, const void* x, void* sums) {
  any<SL_BF16>(w, k, x, sums);
}
void SL_KERNEL(i8_csr16_spmv)(const SlCsr16* w, int64_t k, const void* x, void* sums) {
  any<SL_I8>(w, k, x, sums);
}
