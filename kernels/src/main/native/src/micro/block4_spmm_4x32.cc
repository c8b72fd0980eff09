// SPDX-License-Identifier: Apache-2.0
// block4_spmm_4x32: sums [rows][tokens] = W [rows][k] * x [k][tokens], 4 rows and up to 32 tokens at
// a time, W in blocks of 4 rows x 1 word (block4.h), tokens 16 or 32, any rows.
//
// The packer guarantees: offsets stay inside x; rows beyond the last have words of 0. x holds fp32,
// pairs of bf16, or four unsigned bytes against signed ones.
// Each output is one sum over its block row in the order of words, inside a word in one (fp32), one or
// two (bf16) or no roundings (int8: exact as long as 255 * 128 * k < 2^31). fp32: one fused
// multiply-add each where there is FMA, |error| <= blocks * 2^-24 * sum|w*x|. bf16: products are exact,
// |error| <= 2 * blocks * 2^-24 * sum|w*x|; vdpbf16ps takes denormals as 0. A pruned weight inside a
// block is 0 times x: NaN where x is not finite.
#include "../designs/block4.h"

#include "vec.h"

namespace {

typedef uint32_t vu __attribute__((vector_size(W * 4)));
typedef uint32_t vuu __attribute__((vector_size(W * 4), aligned(4), may_alias));

SL_INLINE vu splat_word(uint32_t word) {
  float same;
  memcpy(&same, &word, sizeof same);
  return reinterpret_cast<vu>(splat(same));
}

// Sums of one type: begin at 0, take one word of weights and its inputs.
struct F32 {
  typedef vf sum;
  SL_INLINE vf start() { return zero(); }
  SL_INLINE vf add(vu w, vu x, vf s) {
    return fma(reinterpret_cast<vf>(w), reinterpret_cast<vf>(x), s);
  }
};

struct Bf16 {
  typedef vf sum;
  SL_INLINE vf start() { return zero(); }
  SL_INLINE vf add(vu w, vu x, vf s) {
    const vf low = fma(reinterpret_cast<vf>(w << 16), reinterpret_cast<vf>(x << 16), s);
    return fma(reinterpret_cast<vf>(w & 0xffff0000u), reinterpret_cast<vf>(x & 0xffff0000u), low);
  }
};

struct I8 {
  typedef vi sum;
  SL_INLINE vi start() { return reinterpret_cast<vi>(zero()); }
  SL_INLINE vi add(vu w, vu x, vi s) {
#if (SL_WIDTH == 16 && defined(__AVX512BW__)) || (SL_WIDTH == 8 && defined(__AVX2__))
    // 16-bit products, exact: bytes 0 and 2, then 1 and 3.
    const vu even = x & 0x00ff00ffu, odd = x >> 8 & 0x00ff00ffu;
#if SL_WIDTH == 16
    const __m512i v = reinterpret_cast<__m512i>(w);
    s += reinterpret_cast<vi>(_mm512_madd_epi16(
        _mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8), reinterpret_cast<__m512i>(even)));
    return s + reinterpret_cast<vi>(_mm512_madd_epi16(_mm512_srai_epi16(v, 8),
                                                      reinterpret_cast<__m512i>(odd)));
#else
    const __m256i v = reinterpret_cast<__m256i>(w);
    s += reinterpret_cast<vi>(_mm256_madd_epi16(
        _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8), reinterpret_cast<__m256i>(even)));
    return s + reinterpret_cast<vi>(_mm256_madd_epi16(_mm256_srai_epi16(v, 8),
                                                      reinterpret_cast<__m256i>(odd)));
#endif
#else
    const vi signed_w = reinterpret_cast<vi>(w);
    for (int shift = 0; shift < 32; shift += 8) {
      s += (signed_w << (24 - shift) >> 24) * reinterpret_cast<vi>(x >> shift & 0xffu);
    }
    return s;
#endif
  }
};

// 4 rows x V vectors of tokens, the next row `tokens` further in sums; `rows` of the 4 are stored.
template <typename T, int V>
SL_INLINE void tile(int32_t count, const SlBlock4* block, int64_t tokens, const char* x,
                    int64_t rows, int32_t* sums) {
  typename T::sum s[4][V];
  for (int r = 0; r < 4; ++r) {
    for (int v = 0; v < V; ++v) s[r][v] = T::start();
  }
  const size_t panels = static_cast<size_t>(tokens) / 16;
  for (const SlBlock4* end = block + count; block < end; ++block) {
    const char* from = x + block->offset * panels;
    vu in[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) in[v] = *reinterpret_cast<const vuu*>(from + v * W * 4);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const vu w = splat_word(block->words[r]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) s[r][v] = T::add(w, in[v], s[r][v]);
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

// The loop over the blocks of a block row. Weights come through a general register, which keeps the
// vector load ports for x; in C the compiler spills. `op` takes weight, input, sum in AT&T order.
#define SL_ROW1(op, at, sums) \
  "movl " at "(%[b]), %%ecx\n\tvpbroadcastd %%ecx, %[w]\n\t" op " %[w], %[x0], %[" sums "]\n\t"
#define SL_ROW2(op, at, sums0, sums1) SL_ROW1(op, at, sums0) op " %[w], %[x1], %[" sums1 "]\n\t"

#define SL_TILE(name, op)                                                                       \
  SL_INLINE void name##_4x32(int32_t count, const SlBlock4* block, const char* x, vf* s) {      \
    const SlBlock4* end = block + count;                                                        \
    vf x0, x1, w;                                                                               \
    if (count == 0) return;                                                                     \
    asm volatile(                                                                               \
        ".p2align 5\n1:\n\t"                                                                    \
        "movl (%[b]), %%eax\n\t"                                                                \
        "vmovups (%[x], %%rax, 2), %[x0]\n\tvmovups 64(%[x], %%rax, 2), %[x1]\n\t"              \
        SL_ROW2(op, "4", "s0", "s1") SL_ROW2(op, "8", "s2", "s3")                               \
        SL_ROW2(op, "12", "s4", "s5") SL_ROW2(op, "16", "s6", "s7")                             \
        "addq $20, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n"                                       \
        : [b] "+r"(block), [s0] "+v"(s[0]), [s1] "+v"(s[1]), [s2] "+v"(s[2]), [s3] "+v"(s[3]),  \
          [s4] "+v"(s[4]), [s5] "+v"(s[5]), [s6] "+v"(s[6]), [s7] "+v"(s[7]), [x0] "=&v"(x0),   \
          [x1] "=&v"(x1), [w] "=&v"(w)                                                          \
        : [x] "r"(x), [end] "r"(end)                                                            \
        : "rax", "rcx", "cc", "memory");                                                        \
  }                                                                                             \
  SL_INLINE void name##_4x16(int32_t count, const SlBlock4* block, const char* x, vf* s) {      \
    const SlBlock4* end = block + count;                                                        \
    vf x0, w;                                                                                   \
    if (count == 0) return;                                                                     \
    asm volatile(                                                                               \
        ".p2align 5\n1:\n\t"                                                                    \
        "movl (%[b]), %%eax\n\tvmovups (%[x], %%rax), %[x0]\n\t"                                \
        SL_ROW1(op, "4", "s0") SL_ROW1(op, "8", "s1")                                           \
        SL_ROW1(op, "12", "s2") SL_ROW1(op, "16", "s3")                                         \
        "addq $20, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n"                                       \
        : [b] "+r"(block), [s0] "+v"(s[0]), [s1] "+v"(s[1]), [s2] "+v"(s[2]), [s3] "+v"(s[3]),  \
          [x0] "=&v"(x0), [w] "=&v"(w)                                                          \
        : [x] "r"(x), [end] "r"(end)                                                            \
        : "rax", "rcx", "cc", "memory");                                                        \
  }

SL_TILE(f32, "vfmadd231ps")
SL_TILE(bf16, "vdpbf16ps")
SL_TILE(i8, "vpdpbusd")

// The instructions a type needs beyond those of the level.
SL_INLINE bool native(F32) { return true; }
SL_INLINE bool native(Bf16) { return __builtin_cpu_supports("avx512bf16"); }
SL_INLINE bool native(I8) { return __builtin_cpu_supports("avx512vnni"); }

SL_INLINE void loop(F32, int v, int32_t count, const SlBlock4* b, const char* x, vf* s) {
  v == 2 ? f32_4x32(count, b, x, s) : f32_4x16(count, b, x, s);
}
SL_INLINE void loop(Bf16, int v, int32_t count, const SlBlock4* b, const char* x, vf* s) {
  v == 2 ? bf16_4x32(count, b, x, s) : bf16_4x16(count, b, x, s);
}
SL_INLINE void loop(I8, int v, int32_t count, const SlBlock4* b, const char* x, vf* s) {
  v == 2 ? i8_4x32(count, b, x, s) : i8_4x16(count, b, x, s);
}

template <typename T, int V>
void panel_asm(int64_t rows, const int32_t* counts, const SlBlock4* blocks, const char* x,
               float* sums) {
  constexpr int64_t tokens = V * W;
  for (int64_t row = 0; row < rows; row += 4) {
    vf s[4 * V];
    for (int i = 0; i < 4 * V; ++i) s[i] = zero();
    loop(T(), V, *counts, blocks, x, s);
    blocks += *counts++;
    float* to = sums + row * tokens;
    if (rows - row >= 4) {
      for (int i = 0; i < 4 * V; ++i) store(to + i * W, s[i]);
    } else {
      for (int i = 0; i < (rows - row) * V; ++i) store(to + i * W, s[i]);
    }
  }
}
#endif

template <typename T>
void panel(int64_t rows, const int32_t* counts, const SlBlock4* blocks, int64_t tokens,
           const void* x, void* sums) {
  const char* in = static_cast<const char*>(x);
#if defined(SL_ASM)
  if (native(T())) {
    float* out = static_cast<float*>(sums);
    return tokens == 32 ? panel_asm<T, 2>(rows, counts, blocks, in, out)
                        : panel_asm<T, 1>(rows, counts, blocks, in, out);
  }
#endif
  constexpr int V = W == 16 ? 1 : 2;
  int32_t* out = static_cast<int32_t*>(sums);
  for (int64_t row = 0; row < rows; row += 4) {
    for (int64_t t = 0; t < tokens; t += V * W) {
      tile<T, V>(*counts, blocks, tokens, in + t * 4, rows - row < 4 ? rows - row : 4,
                 out + row * tokens + t);
    }
    blocks += *counts++;
  }
}

}  // namespace

extern const SlBlock4Kernels SL_KERNEL(block4_kernels);
const SlBlock4Kernels SL_KERNEL(block4_kernels) = {{panel<F32>, panel<Bf16>, panel<I8>}};
