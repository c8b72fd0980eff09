// SPDX-License-Identifier: Apache-2.0
// word_rows_spmm_1x32: sums [rows][tokens] (+)= W [rows][k] * x [k][tokens], one row and 32 or 16 tokens at
// a time, two words side by side, W as word_rows.h says.
//
// The packer guarantees: offsets stay inside x, each row is filled up to an even number of words with words
// of 0 at an offset it has. Each output is two sums over its row, of even and odd words in order, which are
// added at the end of a block. bf16: products are exact, |error| <= nnz(row) * 2^-23 * sum|w*x|;
// vdpbf16ps takes denormals as 0. int8: exact as long as 255 * 128 * k < 2^31.
#include "../designs/word_rows.h"

#include "word_sums.h"

namespace {

#if SL_WIDTH == 16 && defined(__AVX512F__)

// The record through a general register: a broadcast from memory would take half a slot of the load port,
// which x needs. The unsigned operand of vpdpbusd cannot be in memory.
#define SL_WORD(at, w)                                                              \
  "movq " at "(%[b]), %%rax\n\tvpbroadcastd %%eax, %%zmm" w "\n\tshrq $32, %%rax\n\t"
#define SL_OP_BF16(at, w, x, sum) "vdpbf16ps " at ", %%zmm" w ", %[" sum "]\n\t"
#define SL_OP_I8(at, w, x, sum) \
  "vmovups " at ", %%zmm" x "\n\tvpdpbusd %%zmm" w ", %%zmm" x ", %[" sum "]\n\t"

// s += the words of a row, at least one.
#define SL_ROW(type, OP)                                                                         \
  SL_INLINE void row_of(type, const SlWord* b, const SlWord* end, const char* x, vf (&s)[2]) {   \
    vf s2 = zero(), s3 = zero();                                                                 \
    asm volatile(                                                                                \
        ".p2align 5\n1:\n\t" SL_WORD("", "16") OP("(%[x], %%rax, 2)", "16", "17", "s0")          \
            OP("64(%[x], %%rax, 2)", "16", "17", "s1") SL_WORD("8", "18")                        \
                OP("(%[x], %%rax, 2)", "18", "19", "s2") OP("64(%[x], %%rax, 2)", "18", "19", "s3") \
        "addq $16, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n\t"                                      \
        : [b] "+r"(b), [s0] "+v"(s[0]), [s1] "+v"(s[1]), [s2] "+v"(s2), [s3] "+v"(s3)            \
        : [x] "r"(x), [end] "r"(end)                                                             \
        : "rax", "cc", "memory", "xmm16", "xmm17", "xmm18", "xmm19");                            \
    s[0] = type::join(s[0], s2);                                                                 \
    s[1] = type::join(s[1], s3);                                                                 \
  }                                                                                              \
  SL_INLINE void row_of(type, const SlWord* b, const SlWord* end, const char* x, vf (&s)[1]) {   \
    vf s2 = zero();                                                                              \
    asm volatile(                                                                                \
        ".p2align 5\n1:\n\t" SL_WORD("", "16") OP("(%[x], %%rax)", "16", "17", "s0")             \
            SL_WORD("8", "18") OP("(%[x], %%rax)", "18", "19", "s2")                             \
        "addq $16, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n\t"                                      \
        : [b] "+r"(b), [s0] "+v"(s[0]), [s2] "+v"(s2)                                            \
        : [x] "r"(x), [end] "r"(end)                                                             \
        : "rax", "cc", "memory", "xmm16", "xmm17", "xmm18", "xmm19");                            \
    s[0] = type::join(s[0], s2);                                                                 \
  }

struct WordsBf16 {
  SL_INLINE vf join(vf a, vf b) { return a + b; }
};
struct WordsI8 {
  SL_INLINE vf join(vf a, vf b) {
    return reinterpret_cast<vf>(reinterpret_cast<vi>(a) + reinterpret_cast<vi>(b));
  }
};
SL_ROW(WordsBf16, SL_OP_BF16)
SL_ROW(WordsI8, SL_OP_I8)

template <typename T, int V>
SL_INLINE void rows_of(int64_t rows, const int32_t* counts, const SlWord* words, const char* x,
                       bool first, float* sums) {
  for (int64_t r = 0; r < rows; ++r, sums += V * W) {
    const SlWord* end = words + (counts[r] + 1) / 2 * 2;
    if (words == end && !first) continue;
    vf s[V] = {};
    for (int v = 0; !first && v < V; ++v) s[v] = load(sums + v * W);
    if (words != end) row_of(T(), words, end, x, s);
    for (int v = 0; v < V; ++v) store(sums + v * W, s[v]);
    words = end;
  }
}

template <typename T>
void multiply(int64_t rows, const int32_t* counts, const SlWord* words, int64_t tokens, const char* x,
              bool first, float* sums) {
  tokens == SL_PANEL ? rows_of<T, 2>(rows, counts, words, x, first, sums)
                     : rows_of<T, 1>(rows, counts, words, x, first, sums);
}

bool pays(int type) {
  return type == SL_I8     ? __builtin_cpu_supports("avx512vnni")
         : type == SL_BF16 ? __builtin_cpu_supports("avx512bf16")
                           : false;
}

constexpr SlWordRowsKernels kKernels = {pays, {nullptr, multiply<WordsBf16>, multiply<WordsI8>}};

#else

bool pays(int) { return false; }

constexpr SlWordRowsKernels kKernels = {pays, {nullptr, nullptr, nullptr}};

#endif

}  // namespace

extern const SlWordRowsKernels SL_KERNEL(word_rows_kernels);
const SlWordRowsKernels SL_KERNEL(word_rows_kernels) = kKernels;
