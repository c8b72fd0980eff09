// SPDX-License-Identifier: Apache-2.0
// bitmap_spmm_4xt: sums [tokens][ld] = groups of 4 rows * x [tokens][chunks of 64 bytes], tokens 1 to 4.
// Per chunk and row the packed values are expanded to where the mask's bits are and multiplied with the
// chunk of x; 16 sums per row and token (8 or 4 below avx512), added up at the end: at most nnz(row) + 16
// roundings. Reads, and ignores, up to 64 bytes behind the values.
#include "../few_level.h"
#include "multiply.h"

namespace {

constexpr int64_t kAhead = 1024;  // bytes of values that are fetched early from memory
constexpr int kVectors = 16 / V;  // in a chunk

template <int TYPE>
struct Masks {
  typedef uint16_t mask;
};
template <>
struct Masks<SL_BF16> {
  typedef uint32_t mask;
};
template <>
struct Masks<SL_I8> {
  typedef uint64_t mask;
};

template <int TYPE>
SL_INLINE int64_t bytes_of(typename Masks<TYPE>::mask mask) {
  return __builtin_popcountll(mask) * (TYPE == SL_F32 ? 4 : TYPE == SL_BF16 ? 2 : 1);
}

struct Chunk {
  typename Lanes<V>::i part[kVectors];
};

// Portable: value after value.
template <int TYPE>
SL_INLINE Chunk expand_slowly(uint64_t mask, const uint8_t* from) {
  constexpr int kBytes = TYPE == SL_F32 ? 4 : TYPE == SL_BF16 ? 2 : 1;
  Chunk chunk = {};
  char* to = reinterpret_cast<char*>(&chunk);
  for (; mask != 0; mask &= mask - 1, from += kBytes) {
    memcpy(to + __builtin_ctzll(mask) * kBytes, from, kBytes);
  }
  return chunk;
}

#if defined(__AVX2__) && !defined(__AVX512F__)
// For each 8 mask bits, where byte i of the expanded ones comes from; 0x80 gives 0.
struct Sources {
  uint8_t of[256][8];
  constexpr Sources() : of() {
    for (int mask = 0; mask < 256; ++mask) {
      for (int bit = 0, at = 0; bit < 8; ++bit) {
        of[mask][bit] = static_cast<uint8_t>(mask >> bit & 1 ? at++ : 0x80);
      }
    }
  }
};
constexpr Sources kSources;

SL_INLINE __m128i sources(uint64_t mask) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kSources.of[mask & 255]));
}

// 32 bytes: 8 fp32, 16 bf16 or 32 int8.
template <int TYPE>
SL_INLINE __m256i expand32(uint64_t mask, const uint8_t*& from) {
  if constexpr (TYPE == SL_F32) {
    const __m256i index = _mm256_cvtepi8_epi32(sources(mask));
    const __m256i packed = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    from += __builtin_popcountll(mask & 255) * 4;
    return _mm256_andnot_si256(_mm256_srai_epi32(index, 31),
                               _mm256_permutevar8x32_epi32(packed, index));
  }
  __m128i part[4];
  constexpr int kBytes = TYPE == SL_BF16 ? 2 : 1;
  for (int i = 0; i < 4 / kBytes; ++i, mask >>= 8) {
    const __m128i packed = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    __m128i index = sources(mask);
    if constexpr (TYPE == SL_BF16) {  // 2 i and 2 i + 1; 0x80 stays above 0x7f
      const __m128i twice = _mm_or_si128(_mm_add_epi8(index, index),
                                         _mm_and_si128(index, _mm_set1_epi8(-128)));
      index = _mm_unpacklo_epi8(twice, _mm_or_si128(twice, _mm_set1_epi8(1)));
    }
    part[i] = _mm_shuffle_epi8(packed, index);
    from += __builtin_popcountll(mask & 255) * kBytes;
  }
  if constexpr (TYPE == SL_BF16) return _mm256_set_m128i(part[1], part[0]);
  return _mm256_set_m128i(_mm_unpacklo_epi64(part[2], part[3]),
                          _mm_unpacklo_epi64(part[0], part[1]));
}
#endif

// WIDTH: bytes that are read.
template <int TYPE, bool FAST, int WIDTH>
SL_INLINE Chunk expand(typename Masks<TYPE>::mask mask, const uint8_t* from) {
#if defined(__AVX512F__)
  __m512i packed;
  if constexpr (WIDTH == 64) {
    packed = _mm512_loadu_si512(from);
  } else if constexpr (WIDTH == 32) {
    packed = _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  } else {
    packed = _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  // Zen 4 waits for the old value of the destination although it is overwritten: 5 cycles instead of
  // 1.3 unless it is a fresh zero.
  __m512i all = _mm512_setzero_si512();
  if constexpr (FAST && TYPE == SL_F32) {
    asm("vpexpandd %1, %0%{%2%}%{z%}" : "+v"(all) : "v"(packed), "Yk"(mask));
    return {{reinterpret_cast<Lanes<16>::i>(all)}};
  }
  if constexpr (FAST && TYPE == SL_BF16) {
    asm("vpexpandw %1, %0%{%2%}%{z%}" : "+v"(all) : "v"(packed), "Yk"(mask));
    return {{reinterpret_cast<Lanes<16>::i>(all)}};
  }
  if constexpr (FAST && TYPE == SL_I8) {
    asm("vpexpandb %1, %0%{%2%}%{z%}" : "+v"(all) : "v"(packed), "Yk"(mask));
    return {{reinterpret_cast<Lanes<16>::i>(all)}};
  }
#elif defined(__AVX2__)
  constexpr int kBits = TYPE == SL_F32 ? 8 : TYPE == SL_BF16 ? 16 : 32;
  const __m256i low = expand32<TYPE>(mask, from), high = expand32<TYPE>(mask >> kBits, from);
  return {{reinterpret_cast<Lanes<8>::i>(low), reinterpret_cast<Lanes<8>::i>(high)}};
#endif
  return expand_slowly<TYPE>(mask, from);
}

template <int TYPE, bool FAST, int TOKENS, int WIDTH>
SL_INLINE const uint8_t* group(int64_t chunks, const typename Masks<TYPE>::mask* mask,
                               const uint8_t* values, const uint32_t* x, int64_t x_ld,
                               int32_t* sums, int64_t ld) {
  using I = typename Lanes<V>::i;
  I sum[TOKENS][4] = {};
  for (int64_t c = 0; c < chunks; ++c, mask += 4, x += 16) {
    __builtin_prefetch(values + kAhead);  // the values of 4 masks seldom fill more than two lines
    __builtin_prefetch(values + kAhead + 64);
    I in[TOKENS][kVectors];
#pragma GCC unroll 4
    for (int t = 0; t < TOKENS; ++t) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) in[t][v] = load_words<V>(x + t * x_ld + v * V);
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const Chunk w = expand<TYPE, FAST, WIDTH>(mask[r], values);
      values += bytes_of<TYPE>(mask[r]);
#pragma GCC unroll 4
      for (int t = 0; t < TOKENS; ++t) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          sum[t][r] = multiply<TYPE, FAST, V>(sum[t][r], in[t][v], w.part[v]);
        }
      }
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < TOKENS; ++t) sum4<TYPE>(sum[t], sums + t * ld);
  return values;
}

template <int TYPE, bool FAST, int TOKENS>
void groups(const SlBitmap* w, const uint32_t* x, int32_t* sums, int64_t ld) {
  const auto* mask = static_cast<const typename Masks<TYPE>::mask*>(w->masks);
  const uint8_t* values = static_cast<const uint8_t*>(w->values);
  const int64_t chunks = w->chunks, x_ld = chunks * 16;
  for (int64_t g = 0; g < w->groups; ++g, mask += chunks * 4, sums += 4) {
    switch (w->widths[g]) {
      case 16:
        values = group<TYPE, FAST, TOKENS, 16>(chunks, mask, values, x, x_ld, sums, ld);
        break;
      case 32:
        values = group<TYPE, FAST, TOKENS, 32>(chunks, mask, values, x, x_ld, sums, ld);
        break;
      default:
        values = group<TYPE, FAST, TOKENS, 64>(chunks, mask, values, x, x_ld, sums, ld);
    }
  }
}

template <int TYPE, bool FAST>
void any_tokens(const SlBitmap* w, int64_t tokens, const void* x, void* sums, int64_t ld) {
  const uint32_t* in = static_cast<const uint32_t*>(x);
  int32_t* out = static_cast<int32_t*>(sums);
  switch (tokens) {
    case 1: return groups<TYPE, FAST, 1>(w, in, out, ld);
    case 2: return groups<TYPE, FAST, 2>(w, in, out, ld);
    case 3: return groups<TYPE, FAST, 3>(w, in, out, ld);
    default: return groups<TYPE, FAST, 4>(w, in, out, ld);
  }
}

SL_INLINE bool fast(int type) {
#if defined(__AVX512F__)
  return type == SL_F32 || (fast_words(type) && __builtin_cpu_supports("avx512vbmi2"));
#else
  (void)type;
  return false;
#endif
}

}  // namespace

#define SL_BITMAP_KERNEL(name, type)                                                            \
  void SL_KERNEL(name)(const SlBitmap* w, int64_t tokens, const void* x, void* sums, int64_t ld) { \
    if (fast(type)) return any_tokens<type, true>(w, tokens, x, sums, ld);                      \
    any_tokens<type, false>(w, tokens, x, sums, ld);                                            \
  }
SL_BITMAP_KERNEL(f32_bitmap_spmm_4xt, SL_F32)
SL_BITMAP_KERNEL(bf16_bitmap_spmm_4xt, SL_BF16)
SL_BITMAP_KERNEL(i8_bitmap_spmm_4xt, SL_I8)
