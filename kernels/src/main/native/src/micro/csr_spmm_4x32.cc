// SPDX-License-Identifier: Apache-2.0
// csr_spmm_4x32: y [rows][T] (+)= W [rows][k] * x [k][T] in words of fp32, bf16 or int8 (x: uint8), T = 16 or 32
// tokens, any rows, W as csr_kernels.h says.
//
// Four rows with equal counts go together, 2 vectors of tokens at a time (1 where 16 tokens fill one): 8
// independent sums hide the latency of the multiply-add. The packer guarantees that offsets stay
// inside the block of x and row numbers inside y.
// Each output is one sum in the order of k, continued over the blocks through y, so its bits depend
// neither on the tokens beside it nor on the grouping. fp32: one fused multiply-add per kept weight
// (multiply and add where there is no FMA), |error| <= nnz(row) * 2^-24 * sum|w*x|. bf16: products are
// exact, two roundings per word at most; vdpbf16ps takes denormals as 0. int8: exact as long as 255 *
// 128 * k < 2^31. A pruned weight inside a word is 0 times x: NaN where x is not finite.
#include "../designs/csr_kernels.h"

#include "word_sums.h"

namespace {

// In C: s[r][v] += word r * x at offset r * SCALE, quad by quad.
template <typename T, int V, int SCALE>
SL_INLINE void steps_in_c(const CsrQuad* quads, int64_t count, const char* x,
                          typename T::sum (&s)[4][V]) {
  for (int64_t i = 0; i < count; ++i) {
    const CsrPlace q = csr_place(quads, count, i);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const char* from = x + int64_t{q.offset[r]} * SCALE;
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) {
        const vu in = *reinterpret_cast<const vuu*>(from + v * W * 4);
        s[r][v] = T::add(splat_word(q.word[r]), in, s[r][v]);
      }
    }
  }
}

template <typename T>
struct Plain : T {
  static constexpr bool kAsm = false;
};

#if (SL_WIDTH == 16 && defined(__AVX512F__)) || (SL_WIDTH == 8 && defined(__AVX2__))
#define SL_ASM 1
#if SL_WIDTH == 16
#define SL_NEXT "64"
#define SL_HIGH "vextractf32x4"
#else
#define SL_NEXT "32"
#define SL_HIGH "vextractf128"
#endif

// Defines steps() for 2 vectors with one instruction, OP(sum, word, offset, displacement): the compiler
// would spill general registers here. One load brings eight words and one four offsets, so that
// the load ports, of which x takes nearly all, see little else; shuffles are free beside them. The hardware
// does not fetch ahead far enough in a stream that is read between so many other lines.
#define SL_ROW(OP, r, o) OP("%[s" r "0]", "%[w]", o, "") OP("%[s" r "1]", "%[w]", o, SL_NEXT)
#define SL_QUAD(OP, OFFSETS)                                                                     \
  "movq " OFFSETS "(%[q]), %[o]\n\t"                                                             \
  "vbroadcastss %x[all], %[w]\n\t"                                                               \
  "movzwl %w[o], %k[t]\n\t" SL_ROW(OP, "0", "%[t]")                                              \
  "shrq $16, %[o]\n\t"                                                                           \
  "vpermps %[all], %[i1], %[w]\n\t"                                                              \
  "movzwl %w[o], %k[t]\n\t" SL_ROW(OP, "1", "%[t]")                                              \
  "shrq $16, %[o]\n\t"                                                                           \
  "vpermps %[all], %[i2], %[w]\n\t"                                                              \
  "movzwl %w[o], %k[t]\n\t" SL_ROW(OP, "2", "%[t]")                                              \
  "shrq $16, %[o]\n\t"                                                                           \
  "vpermps %[all], %[i3], %[w]\n\t" SL_ROW(OP, "3", "%[o]")
#define SL_STEPS(OP, CLOBBERS)                                                                   \
  template <int SCALE>                                                                           \
  SL_INLINE void steps(const CsrQuad* q, int64_t count, const char* x, sum(&s)[4][2]) {          \
    vf w, all;                                                                                   \
    uint64_t o, t;                                                                               \
    asm volatile(                                                                                \
        "cmpq %[q], %[end]\n\t"                                                                  \
        "je 2f\n\t"                                                                              \
        ".p2align 5\n"                                                                           \
        "1:\n\t"                                                                                 \
        "vmovups (%[q]), %t[all]\n\t"                                                            \
        "prefetcht0 640(%[q])\n\t"                                                               \
        SL_QUAD(OP, "32")                                                                        \
        SL_HIGH " $1, %t[all], %x[all]\n\t"                                                      \
        SL_QUAD(OP, "40")                                                                        \
        "addq $48, %[q]\n\t"                                                                     \
        "cmpq %[q], %[end]\n\t"                                                                  \
        "jne 1b\n"                                                                               \
        "2:\n\t"                                                                                 \
        "testb $1, %b[count]\n\t"                                                                \
        "je 3f\n\t"                                                                              \
        "vmovups (%[q]), %x[all]\n\t"                                                            \
        SL_QUAD(OP, "16")                                                                        \
        "3:\n\t"                                                                                 \
        : [q] "+r"(q), [s00] "+v"(s[0][0]), [s01] "+v"(s[0][1]), [s10] "+v"(s[1][0]),            \
          [s11] "+v"(s[1][1]), [s20] "+v"(s[2][0]), [s21] "+v"(s[2][1]), [s30] "+v"(s[3][0]),    \
          [s31] "+v"(s[3][1]), [w] "=&v"(w), [all] "=&v"(all), [o] "=&r"(o), [t] "=&r"(t)        \
        : [end] "r"(q + (count & ~int64_t{1})), [count] "r"(count), [x] "r"(x),                  \
          [i1] "v"(splat_word(1)), [i2] "v"(splat_word(2)), [i3] "v"(splat_word(3)),             \
          [scale] "i"(SCALE)                                                                     \
        : "cc", "memory" CLOBBERS);                                                              \
  }

struct F32Asm : F32 {
  static constexpr bool kAsm = true;
#define SL_OP_F32(s, w, o, d) "vfmadd231ps " d "(%[x]," o ",%c[scale]), " w ", " s "\n\t"
  SL_STEPS(SL_OP_F32, )
};

#if SL_WIDTH == 16
struct Bf16Asm : Bf16 {
  static constexpr bool kAsm = true;
  SL_INLINE vf add(vu w, vu x, vf s) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(s) : "v"(w), "v"(x));
    return s;
  }
#define SL_OP_BF16(s, w, o, d) "vdpbf16ps " d "(%[x]," o ",%c[scale]), " w ", " s "\n\t"
  SL_STEPS(SL_OP_BF16, )
};

struct I8Asm : I8 {
  static constexpr bool kAsm = true;
  SL_INLINE vi add(vu w, vu x, vi s) {
    asm("vpdpbusd %1, %2, %0" : "+v"(s) : "v"(w), "v"(x));
    return s;
  }
// The unsigned operand comes first and cannot be in memory.
#define SL_OP_I8(s, w, o, d)                            \
  "vmovups " d "(%[x]," o ",%c[scale]), %%zmm31\n\t"   \
  "vpdpbusd " w ", %%zmm31, " s "\n\t"
#define SL_CLOBBERS_I8 , "xmm31"
  SL_STEPS(SL_OP_I8, SL_CLOBBERS_I8)
};
#endif
#endif

// The sums of a row: T tokens from t on, V vectors.
template <typename T, int V>
SL_INLINE void load_sums(int first, const float* y, typename T::sum* s) {
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
    const vf before = first ? zero() : load(y + v * W);
    memcpy(&s[v], &before, sizeof before);
  }
}

template <typename T, int V>
SL_INLINE void store_sums(const typename T::sum* s, float* y) {
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) store(y + v * W, reinterpret_cast<vf>(s[v]));
}

template <typename T, int SCALE>
void multiply(const CsrBlock* block, int first, const char* x, float* y) {
  constexpr int64_t TOKENS = SCALE * 16;
  constexpr int V = TOKENS > W ? 2 : 1;
  const int32_t* rows = block->rows;
  const CsrQuad* quad = block->quads;
  for (int64_t g = 0; g < block->group_count; ++g) {
    const int64_t count = block->groups[g].count;
    for (int32_t i = 0; i < block->groups[g].fours; ++i, rows += 4, quad += count) {
      for (int64_t t = 0; t < TOKENS; t += V * W) {
        typename T::sum s[4][V];
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) load_sums<T, V>(first, y + rows[r] * TOKENS + t, s[r]);
        if constexpr (T::kAsm && V == 2) {
          T::template steps<SCALE>(quad, count, x + t * 4, s);
        } else {
          steps_in_c<T, V, SCALE>(quad, count, x + t * 4, s);
        }
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) store_sums<T, V>(s[r], y + rows[r] * TOKENS + t);
      }
    }
  }
  const CsrOne* one = block->ones;
  for (int64_t i = 0; i < block->run_count; ++i) {
    constexpr int ALL = TOKENS / W;
    float* to = y + block->runs[i].row * TOKENS;
    typename T::sum s[ALL];
    load_sums<T, ALL>(0, to, s);
    for (const CsrOne* end = one + block->runs[i].count; one < end; ++one) {
      const char* from = x + int64_t{one->offset} * SCALE;
#pragma GCC unroll 8
      for (int v = 0; v < ALL; ++v) {
        s[v] = T::add(splat_word(one->word), *reinterpret_cast<const vuu*>(from + v * W * 4), s[v]);
      }
    }
    store_sums<T, ALL>(s, to);
  }
}

template <typename T>
void multiply(const CsrBlock* block, int64_t tokens, int first, const void* x, void* y) {
  const char* in = static_cast<const char*>(x);
  float* out = static_cast<float*>(y);
  tokens == 32 ? multiply<T, 2>(block, first, in, out) : multiply<T, 1>(block, first, in, out);
}

void f32(const CsrBlock* block, int64_t tokens, int first, const void* x, void* y) {
#if defined(SL_ASM)
  multiply<F32Asm>(block, tokens, first, x, y);
#else
  multiply<Plain<F32>>(block, tokens, first, x, y);
#endif
}

void bf16(const CsrBlock* block, int64_t tokens, int first, const void* x, void* y) {
#if defined(SL_ASM) && SL_WIDTH == 16
  if (__builtin_cpu_supports("avx512bf16")) {
    return multiply<Bf16Asm>(block, tokens, first, x, y);
  }
#endif
  multiply<Plain<Bf16>>(block, tokens, first, x, y);
}

void i8(const CsrBlock* block, int64_t tokens, int first, const void* x, void* y) {
#if defined(SL_ASM) && SL_WIDTH == 16
  if (__builtin_cpu_supports("avx512vnni")) {
    return multiply<I8Asm>(block, tokens, first, x, y);
  }
#endif
  multiply<Plain<I8>>(block, tokens, first, x, y);
}

}  // namespace

void SL_KERNEL(f32_csr_spmv_4x1)(const CsrBlock*, int, const float*, float*);

extern const CsrKernels SL_KERNEL(csr_kernels);
const CsrKernels SL_KERNEL(csr_kernels) = {{f32, bf16, i8}, SL_KERNEL(f32_csr_spmv_4x1)};
