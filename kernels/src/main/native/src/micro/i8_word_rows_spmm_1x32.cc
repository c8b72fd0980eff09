// SPDX-License-Identifier: Apache-2.0
// i8_word_rows_spmm_1x32: sums [rows][tokens] (+)= W [rows][k] * x [k][tokens], one row and 32 or 16 tokens at
// a time, two words side by side, W as word_rows.h says, x unsigned bytes against signed ones.
//
// The packer guarantees: offsets stay inside x, each row is filled up to an even number of words with words
// of 0 at an offset it has. Each output is two sums over its row, of even and odd words, which are added at
// the end of a block: exact as long as 255 * 128 * k < 2^31.
#include "../designs/word_rows.h"

#include "word_sums.h"

namespace {

#if SL_WIDTH == 16 && defined(__AVX512F__)

// The record through a general register: a broadcast from memory would take half a slot of the load port,
// which x needs. The unsigned operand of vpdpbusd comes first and cannot be in memory.
#define SL_WORD(at, w) \
  "movq " at "(%[b]), %%rax\n\tvpbroadcastd %%eax, %%" w "\n\tshrq $32, %%rax\n\t"
#define SL_ADD(x, w, sum) \
  "vmovups " x ", %%zmm17\n\tvpdpbusd %%" w ", %%zmm17, %[" sum "]\n\t"

// s += the words of a row, at least one.
SL_INLINE void add_row(const SlWord* b, const SlWord* end, const char* x, vi (&s)[2]) {
  vi s2 = {}, s3 = {};
  asm volatile(
      ".p2align 5\n1:\n\t"
      SL_WORD("", "zmm16") SL_ADD("(%[x], %%rax, 2)", "zmm16", "s0")
      SL_ADD("64(%[x], %%rax, 2)", "zmm16", "s1")
      SL_WORD("8", "zmm18") SL_ADD("(%[x], %%rax, 2)", "zmm18", "s2")
      SL_ADD("64(%[x], %%rax, 2)", "zmm18", "s3")
      "addq $16, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n\t"
      : [b] "+r"(b), [s0] "+v"(s[0]), [s1] "+v"(s[1]), [s2] "+v"(s2), [s3] "+v"(s3)
      : [x] "r"(x), [end] "r"(end)
      : "rax", "cc", "memory", "xmm16", "xmm17", "xmm18");
  s[0] = s[0] + s2;
  s[1] = s[1] + s3;
}

SL_INLINE void add_row(const SlWord* b, const SlWord* end, const char* x, vi (&s)[1]) {
  vi s1 = {};
  asm volatile(
      ".p2align 5\n1:\n\t"
      SL_WORD("", "zmm16") SL_ADD("(%[x], %%rax)", "zmm16", "s0")
      SL_WORD("8", "zmm18") SL_ADD("(%[x], %%rax)", "zmm18", "s1")
      "addq $16, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n\t"
      : [b] "+r"(b), [s0] "+v"(s[0]), [s1] "+v"(s1)
      : [x] "r"(x), [end] "r"(end)
      : "rax", "cc", "memory", "xmm16", "xmm17", "xmm18");
  s[0] = s[0] + s1;
}

template <int V>
SL_INLINE void add_rows(int64_t rows, const int32_t* counts, const SlWord* words, const char* x, bool first,
                        float* sums) {
  for (int64_t r = 0; r < rows; ++r, sums += V * W) {
    const SlWord* end = words + (counts[r] + 1) / 2 * 2;
    if (words == end && !first) continue;
    vi s[V] = {};
    for (int v = 0; !first && v < V; ++v) s[v] = reinterpret_cast<vi>(load(sums + v * W));
    if (words != end) add_row(words, end, x, s);
    for (int v = 0; v < V; ++v) store(sums + v * W, reinterpret_cast<vf>(s[v]));
    words = end;
  }
}

bool pays() { return __builtin_cpu_supports("avx512vnni"); }

void multiply(int64_t rows, const int32_t* counts, const SlWord* words, int64_t tokens, const char* x,
              bool first, float* sums) {
  tokens == SL_PANEL ? add_rows<2>(rows, counts, words, x, first, sums)
                     : add_rows<1>(rows, counts, words, x, first, sums);
}

constexpr SlWordRowsKernels kKernels = {pays, multiply};

#else

bool pays() { return false; }

constexpr SlWordRowsKernels kKernels = {pays, nullptr};

#endif

}  // namespace

extern const SlWordRowsKernels SL_KERNEL(word_rows_kernels);
const SlWordRowsKernels SL_KERNEL(word_rows_kernels) = kKernels;
