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

// What the assembly needs beyond the level. x then has 32 tokens in the order of arrange.
SL_INLINE bool native() {
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
}

// Byte 4 j + q of the indices selects token j of row q, rows of 16 lying one after the other.
struct Order {
  uint8_t index[64];
};
constexpr Order interleaving() {
  Order o{};
  for (int i = 0; i < 64; ++i) o.index[i] = static_cast<uint8_t>(i % 4 * 16 + i / 4);
  return o;
}
alignas(64) constexpr Order kOrder = interleaving();

#define SL_ZERO(v) "vpxor %%" v ", %%" v ", %%" v "\n\t"
#define SL_ZERO4(a, b, c, d) SL_ZERO(a) SL_ZERO(b) SL_ZERO(c) SL_ZERO(d)
#define SL_OFFSETS                                                                               \
  "movl (%[b]), %%eax\n\tmovl 4(%[b]), %%ecx\n\tmovl 8(%[b]), %%edx\n\tmovl 12(%[b]), %%r8d\n\t"
#define SL_ROW4(at, s0, s1, s2, s3)                                                              \
  "vpbroadcastd " at "(%[b]), %%ymm24\n\t"                                                       \
  "vpdpbusd %%ymm24, %%ymm16, %%" s0 "\n\tvpdpbusd %%ymm24, %%ymm17, %%" s1 "\n\t"               \
  "vpdpbusd %%ymm24, %%ymm18, %%" s2 "\n\tvpdpbusd %%ymm24, %%ymm19, %%" s3 "\n\t"
#define SL_STORE4(at0, at1, at2, at3, s0, s1, s2, s3)                                            \
  "vmovups %%" s0 ", " at0 "(%[s])\n\tvmovups %%" s1 ", " at1 "(%[s])\n\t"                       \
  "vmovups %%" s2 ", " at2 "(%[s])\n\tvmovups %%" s3 ", " at3 "(%[s])\n\t"

// A block row: sums begin at 0, run over the groups and are stored to s [4][32]. Eight unpacks
// interleave the tokens of 4 columns; they run beside the multiply-adds, which permutations across
// the parts of a vector do not (9.9 instead of 8.2 cycles a group). 256 bits: two per cycle.
SL_INLINE void asm_4x32(const SlColumn4* b, const SlColumn4* end, const uint8_t* x, int32_t* s) {
  asm volatile(
      SL_ZERO4("ymm0", "ymm1", "ymm2", "ymm3") SL_ZERO4("ymm4", "ymm5", "ymm6", "ymm7")
      SL_ZERO4("ymm8", "ymm9", "ymm10", "ymm11") SL_ZERO4("ymm12", "ymm13", "ymm14", "ymm15")
      "cmpq %[end], %[b]\n\tje 2f\n\t"
      ".p2align 5\n1:\n\t" SL_OFFSETS
      "vmovdqu64 (%[x], %%rax, 2), %%ymm16\n\tvmovdqu64 (%[x], %%rdx, 2), %%ymm17\n\t"
      "vpunpcklbw (%[x], %%rcx, 2), %%ymm16, %%ymm20\n\t"
      "vpunpckhbw (%[x], %%rcx, 2), %%ymm16, %%ymm21\n\t"
      "vpunpcklbw (%[x], %%r8, 2), %%ymm17, %%ymm22\n\t"
      "vpunpckhbw (%[x], %%r8, 2), %%ymm17, %%ymm23\n\t"
      "vpunpcklwd %%ymm22, %%ymm20, %%ymm16\n\tvpunpckhwd %%ymm22, %%ymm20, %%ymm17\n\t"
      "vpunpcklwd %%ymm23, %%ymm21, %%ymm18\n\tvpunpckhwd %%ymm23, %%ymm21, %%ymm19\n\t"
      SL_ROW4("16", "ymm0", "ymm1", "ymm2", "ymm3") SL_ROW4("20", "ymm4", "ymm5", "ymm6", "ymm7")
      SL_ROW4("24", "ymm8", "ymm9", "ymm10", "ymm11")
      SL_ROW4("28", "ymm12", "ymm13", "ymm14", "ymm15")
      "addq $32, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n2:\n\t"
      SL_STORE4("0", "32", "64", "96", "ymm0", "ymm1", "ymm2", "ymm3")
      SL_STORE4("128", "160", "192", "224", "ymm4", "ymm5", "ymm6", "ymm7")
      SL_STORE4("256", "288", "320", "352", "ymm8", "ymm9", "ymm10", "ymm11")
      SL_STORE4("384", "416", "448", "480", "ymm12", "ymm13", "ymm14", "ymm15")
      : [b] "+r"(b)
      : [x] "r"(x), [end] "r"(end), [s] "r"(s)
      : "rax", "rcx", "rdx", "r8", "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
        "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
        "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24");
}

#define SL_ROW1(at, sums) "vpdpbusd " at "(%[b])%{1to16%}, %%zmm16, %%" sums "\n\t"

SL_INLINE void asm_4x16(const SlColumn4* b, const SlColumn4* end, const uint8_t* x, int32_t* s) {
  asm volatile(
      "vmovdqa64 (%[order]), %%zmm28\n\t"
      "vpxord %%zmm20, %%zmm20, %%zmm20\n\tvpxord %%zmm21, %%zmm21, %%zmm21\n\t"
      "vpxord %%zmm22, %%zmm22, %%zmm22\n\tvpxord %%zmm23, %%zmm23, %%zmm23\n\t"
      "cmpq %[end], %[b]\n\tje 2f\n\t"
      ".p2align 5\n1:\n\t"
      SL_OFFSETS
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
    tokens == 32 ? asm_4x32(columns, columns + *counts, x, to)
                 : asm_4x16(columns, columns + *counts, x, to);
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
#if defined(SL_ASM)
  if (tokens == 32 && native()) {
    // In each quarter bytes of 4 tokens by row; then for each row its 8 times 4 tokens, in the order in
    // which two unpacks give them back in sequence.
    const __m512i by_row = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m512i rows01 =
        _mm512_setr_epi32(0, 8, 16, 24, 4, 12, 20, 28, 1, 9, 17, 25, 5, 13, 21, 29);
    const __m512i rows23 = _mm512_add_epi32(rows01, _mm512_set1_epi32(2));
    for (int64_t i = 0; i < words; ++i) {
      const __m512i a = _mm512_shuffle_epi8(_mm512_loadu_si512(from + i * 32), by_row);
      const __m512i b = _mm512_shuffle_epi8(_mm512_loadu_si512(from + i * 32 + 16), by_row);
      _mm512_storeu_si512(bytes + i * 128, _mm512_permutex2var_epi32(a, rows01, b));
      _mm512_storeu_si512(bytes + i * 128 + 64, _mm512_permutex2var_epi32(a, rows23, b));
    }
    return;
  }
#endif
  for (int64_t i = 0; i < words; ++i) {
    for (int64_t t = 0; t < tokens; t += W) {
      const vu word = *reinterpret_cast<const vuu*>(from + i * tokens + t);
      for (int q = 0; q < 4; ++q) {
        *reinterpret_cast<bytes_w*>(bytes + (4 * i + q) * tokens + t) =
            __builtin_convertvector(word >> (8 * q) & 0xffu, bytes_w);
      }
    }
  }
}

void SL_KERNEL(i8_column4_spmm_4x32)(int64_t rows, const int32_t* counts, const SlColumn4* columns,
                                     int64_t tokens, const uint8_t* x, void* sums) {
  int32_t* out = static_cast<int32_t*>(sums);
#if defined(SL_ASM)
  if (native()) return panel_asm(rows, counts, columns, tokens, x, out);
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
