// SPDX-License-Identifier: Apache-2.0
// i8_column4_spmm_4x32: sums [rows][tokens] = W [rows][k] * x [k][tokens], 4 rows and up to 32 tokens at a
// time, W in groups of 4 columns (column4.h), x unsigned bytes; i8_column4_arrange makes such x from
// words. Tokens 16 or 32, any rows.
//
// The packer guarantees: offsets stay inside x; columns that fill up a group and rows beyond the last
// have weights of 0. Exact, in any order, as long as 255 * 128 * k < 2^31.
#include "../designs/column4.h"

#include "word_sums.h"

namespace {

typedef uint8_t bytes_w __attribute__((vector_size(W), aligned(1), may_alias));

// Bytes at p, r0 .. r3 bytes apart from there, as words.
SL_INLINE vu interleaved(const uint8_t* p, const uint32_t* offsets, size_t panels) {
  vu word = {};
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    const bytes_w row = *reinterpret_cast<const bytes_w*>(p + offsets[q] * panels);
    word |= __builtin_convertvector(row, vu) << (8 * q);
  }
  return word;
}

template <int V>
SL_INLINE void tile(int32_t count, const SlColumn4* column, int64_t tokens, const uint8_t* x,
                    int64_t rows, int32_t* sums) {
  vi s[4][V];
  for (int r = 0; r < 4; ++r) {
    for (int v = 0; v < V; ++v) s[r][v] = I8::start();
  }
  for (const SlColumn4* end = column + count; column < end; ++column) {
    vu in[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      in[v] = interleaved(x + v * W, column->offsets, static_cast<size_t>(tokens) / 16);
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      uint32_t word;
      memcpy(&word, column->weights[r], sizeof word);
      const vu w = splat_word(word);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) s[r][v] = I8::add(w, in[v], s[r][v]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < V; ++v) {
      *reinterpret_cast<vuu*>(sums + r * tokens + v * W) = reinterpret_cast<vu>(s[r][v]);
    }
  }
}

#if SL_WIDTH == 16 && defined(__AVX512F__)
#define SL_ASM 1

// Byte 4 j + q of the indices selects token j of row q, rows lying one after the other.
struct Order {
  uint8_t low[64], high[64], narrow[64];
};
constexpr Order order_of_tokens() {
  Order o{};
  for (int i = 0; i < 64; ++i) {
    o.low[i] = static_cast<uint8_t>(i % 4 * 32 + i / 4);
    o.high[i] = static_cast<uint8_t>(i % 4 * 32 + 16 + i / 4);
    o.narrow[i] = static_cast<uint8_t>(i % 4 * 16 + i / 4);
  }
  return o;
}
alignas(64) constexpr Order kOrder = order_of_tokens();

#define SL_ZERO(v) "vpxord %%" v ", %%" v ", %%" v "\n\t"
#define SL_ROW1(at, sums) "vpdpbusd " at "(%[b])%{1to16%}, %%zmm16, %%" sums "\n\t"
#define SL_ROW2(at, sums0, sums1)                                                    \
  "vpbroadcastd " at "(%[b]), %%zmm18\n\tvpdpbusd %%zmm18, %%zmm16, %%" sums0 "\n\t" \
  "vpdpbusd %%zmm18, %%zmm17, %%" sums1 "\n\t"

// A block row: sums begin at 0, run over the groups and are stored to s [4][32]. Two byte permutations
// interleave the tokens of 4 columns; they run beside the multiply-adds.
SL_INLINE void vbmi_4x32(const SlColumn4* b, const SlColumn4* end, const uint8_t* x, int32_t* s) {
  asm volatile(
      "vmovdqa64 (%[order]), %%zmm28\n\tvmovdqa64 64(%[order]), %%zmm29\n\t"
      SL_ZERO("zmm20") SL_ZERO("zmm21") SL_ZERO("zmm22") SL_ZERO("zmm23") SL_ZERO("zmm24")
      SL_ZERO("zmm25") SL_ZERO("zmm26") SL_ZERO("zmm27")
      "cmpq %[end], %[b]\n\tje 2f\n\t"
      ".p2align 5\n1:\n\t"
      "movl (%[b]), %%eax\n\tmovl 4(%[b]), %%ecx\n\tmovl 8(%[b]), %%edx\n\tmovl 12(%[b]), %%r8d\n\t"
      "vmovdqu64 (%[x], %%rax, 2), %%ymm16\n\t"
      "vinserti64x4 $1, (%[x], %%rcx, 2), %%zmm16, %%zmm16\n\t"
      "vmovdqu64 (%[x], %%rdx, 2), %%ymm18\n\t"
      "vinserti64x4 $1, (%[x], %%r8, 2), %%zmm18, %%zmm19\n\t"
      "vmovdqa64 %%zmm16, %%zmm17\n\t"
      "vpermt2b %%zmm19, %%zmm28, %%zmm16\n\tvpermt2b %%zmm19, %%zmm29, %%zmm17\n\t"
      SL_ROW2("16", "zmm20", "zmm21") SL_ROW2("20", "zmm22", "zmm23")
      SL_ROW2("24", "zmm24", "zmm25") SL_ROW2("28", "zmm26", "zmm27")
      "addq $32, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n2:\n\t"
      "vmovups %%zmm20, (%[s])\n\tvmovups %%zmm21, 64(%[s])\n\t"
      "vmovups %%zmm22, 128(%[s])\n\tvmovups %%zmm23, 192(%[s])\n\t"
      "vmovups %%zmm24, 256(%[s])\n\tvmovups %%zmm25, 320(%[s])\n\t"
      "vmovups %%zmm26, 384(%[s])\n\tvmovups %%zmm27, 448(%[s])\n\t"
      : [b] "+r"(b)
      : [x] "r"(x), [end] "r"(end), [s] "r"(s), [order] "r"(&kOrder)
      : "rax", "rcx", "rdx", "r8", "cc", "memory", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20",
        "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29");
}

SL_INLINE void vbmi_4x16(const SlColumn4* b, const SlColumn4* end, const uint8_t* x, int32_t* s) {
  asm volatile(
      "vmovdqa64 128(%[order]), %%zmm28\n\t"
      SL_ZERO("zmm20") SL_ZERO("zmm21") SL_ZERO("zmm22") SL_ZERO("zmm23")
      "cmpq %[end], %[b]\n\tje 2f\n\t"
      ".p2align 5\n1:\n\t"
      "movl (%[b]), %%eax\n\tmovl 4(%[b]), %%ecx\n\tmovl 8(%[b]), %%edx\n\tmovl 12(%[b]), %%r8d\n\t"
      "vmovdqu64 (%[x], %%rax), %%xmm16\n\t"
      "vinserti32x4 $1, (%[x], %%rcx), %%ymm16, %%ymm16\n\t"
      "vmovdqu64 (%[x], %%rdx), %%xmm17\n\t"
      "vinserti32x4 $1, (%[x], %%r8), %%ymm17, %%ymm17\n\t"
      "vinserti64x4 $1, %%ymm17, %%zmm16, %%zmm16\n\t"
      "vpermb %%zmm16, %%zmm28, %%zmm16\n\t"
      SL_ROW1("16", "zmm20") SL_ROW1("20", "zmm21") SL_ROW1("24", "zmm22") SL_ROW1("28", "zmm23")
      "addq $32, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n2:\n\t"
      "vmovups %%zmm20, (%[s])\n\tvmovups %%zmm21, 64(%[s])\n\t"
      "vmovups %%zmm22, 128(%[s])\n\tvmovups %%zmm23, 192(%[s])\n\t"
      : [b] "+r"(b)
      : [x] "r"(x), [end] "r"(end), [s] "r"(s), [order] "r"(&kOrder)
      : "rax", "rcx", "rdx", "r8", "cc", "memory", "xmm16", "xmm17", "xmm20", "xmm21", "xmm22",
        "xmm23", "xmm28");
}

void panel_asm(int64_t rows, const int32_t* counts, const SlColumn4* columns, int64_t tokens,
               const uint8_t* x, int32_t* sums) {
  const auto block_row = [&](int32_t* to) {
    tokens == 32 ? vbmi_4x32(columns, columns + *counts, x, to)
                 : vbmi_4x16(columns, columns + *counts, x, to);
    columns += *counts++;
  };
  for (; rows >= 4; rows -= 4) {
    block_row(sums);
    sums += 4 * tokens;
  }
  if (rows > 0) {
    int32_t last[4 * SL_PANEL];
    block_row(last);
    memcpy(sums, last, static_cast<size_t>(rows * tokens) * sizeof(int32_t));
  }
}
#endif

}  // namespace

void SL_KERNEL(i8_column4_arrange)(int64_t words, int64_t tokens, const void* x, uint8_t* bytes) {
  const uint32_t* from = static_cast<const uint32_t*>(x);
  for (int64_t i = 0; i < words; ++i) {
    int64_t t = 0;
#if SL_WIDTH == 16 && defined(__AVX512BW__)
    for (; t + 32 <= tokens; t += 32) {
      // In each lane bytes of 4 tokens by row, then the rows of all lanes.
      const __m512i by_row = _mm512_broadcast_i32x4(
          _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
      const __m512i a = _mm512_shuffle_epi8(_mm512_loadu_si512(from + t), by_row);
      const __m512i b = _mm512_shuffle_epi8(_mm512_loadu_si512(from + t + 16), by_row);
      const __m512i rows01 =
          _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
      const __m512i rows23 = _mm512_add_epi32(rows01, _mm512_set1_epi32(2));
      _mm512_storeu_si512(bytes, _mm512_permutex2var_epi32(a, rows01, b));
      _mm512_storeu_si512(bytes + 64, _mm512_permutex2var_epi32(a, rows23, b));
    }
#endif
    for (; t < tokens; t += W) {
      const vu word = *reinterpret_cast<const vuu*>(from + t);
      for (int q = 0; q < 4; ++q) {
        *reinterpret_cast<bytes_w*>(bytes + q * tokens + t) =
            __builtin_convertvector(word >> (8 * q) & 0xffu, bytes_w);
      }
    }
    from += tokens;
    bytes += 4 * tokens;
  }
}

void SL_KERNEL(i8_column4_spmm_4x32)(int64_t rows, const int32_t* counts, const SlColumn4* columns,
                                     int64_t tokens, const uint8_t* x, void* sums) {
  int32_t* out = static_cast<int32_t*>(sums);
#if defined(SL_ASM)
  if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi")) {
    return panel_asm(rows, counts, columns, tokens, x, out);
  }
#endif
  constexpr int V = W == 16 ? 1 : 2;
  for (int64_t row = 0; row < rows; row += 4) {
    for (int64_t t = 0; t < tokens; t += V * W) {
      tile<V>(*counts, columns, tokens, x + t, rows - row < 4 ? rows - row : 4,
              out + row * tokens + t);
    }
    columns += *counts++;
  }
}

extern const SlColumn4Kernels SL_KERNEL(column4_kernels);
const SlColumn4Kernels SL_KERNEL(column4_kernels) = {SL_KERNEL(i8_column4_arrange),
                                                     SL_KERNEL(i8_column4_spmm_4x32)};
