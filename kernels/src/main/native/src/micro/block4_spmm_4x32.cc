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

#include "word_sums.h"

namespace {

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

// s += a block row. In C the compiler spills. The weight is broadcast by the load, which leaves the
// multiply-add ports alone; `op` takes weight, input, sum in AT&T order.
#define SL_ROW1(op, at, r) op " " at "(%[b])%{1to16%}, %%zmm16, %[s" r "]\n\t"
#define SL_ROW2(op, at, r)                                                          \
  "vbroadcastss " at "(%[b]), %%zmm18\n\t" op " %%zmm18, %%zmm16, %[s" r "0]\n\t" op \
  " %%zmm18, %%zmm17, %[s" r "1]\n\t"

#define SL_TILE(type, op)                                                                       \
  SL_INLINE void block_row(type, const SlBlock4* b, const SlBlock4* end, const void* x,         \
                           vf (&s)[4][2]) {                                                     \
    if (b == end) return;                                                                       \
    asm volatile(                                                                               \
        ".p2align 5\n1:\n\t"                                                                    \
        "movl (%[b]), %%eax\n\t"                                                                \
        "vmovups (%[x], %%rax, 2), %%zmm16\n\tvmovups 64(%[x], %%rax, 2), %%zmm17\n\t"          \
        SL_ROW2(op, "4", "0") SL_ROW2(op, "8", "1") SL_ROW2(op, "12", "2") SL_ROW2(op, "16", "3") \
        "addq $20, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n\t"                                     \
        : [b] "+r"(b), [s00] "+v"(s[0][0]), [s01] "+v"(s[0][1]), [s10] "+v"(s[1][0]),           \
          [s11] "+v"(s[1][1]), [s20] "+v"(s[2][0]), [s21] "+v"(s[2][1]), [s30] "+v"(s[3][0]),   \
          [s31] "+v"(s[3][1])                                                                   \
        : [x] "r"(x), [end] "r"(end)                                                            \
        : "rax", "cc", "memory", "xmm16", "xmm17", "xmm18");                                    \
  }                                                                                             \
  SL_INLINE void block_row(type, const SlBlock4* b, const SlBlock4* end, const void* x,         \
                           vf (&s)[4][1]) {                                                     \
    if (b == end) return;                                                                       \
    asm volatile(                                                                               \
        ".p2align 5\n1:\n\t"                                                                    \
        "movl (%[b]), %%eax\n\tvmovups (%[x], %%rax), %%zmm16\n\t"                              \
        SL_ROW1(op, "4", "0") SL_ROW1(op, "8", "1") SL_ROW1(op, "12", "2") SL_ROW1(op, "16", "3") \
        "addq $20, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n\t"                                     \
        : [b] "+r"(b), [s0] "+v"(s[0][0]), [s1] "+v"(s[1][0]), [s2] "+v"(s[2][0]),              \
          [s3] "+v"(s[3][0])                                                                    \
        : [x] "r"(x), [end] "r"(end)                                                            \
        : "rax", "cc", "memory", "xmm16");                                                      \
  }

SL_TILE(F32, "vfmadd231ps")
SL_TILE(Bf16, "vdpbf16ps")
SL_TILE(I8, "vpdpbusd")

// The instructions a type needs beyond those of the level.
SL_INLINE bool native(F32) { return true; }
SL_INLINE bool native(Bf16) { return __builtin_cpu_supports("avx512bf16"); }
SL_INLINE bool native(I8) { return __builtin_cpu_supports("avx512vnni"); }

// Sums of a block row, which begin at 0, to sums [rows][V * W], rows <= 4.
template <int V>
struct Plain {
  float* sums;
  int64_t rows;

  template <typename T>
  __attribute__((always_inline)) void block(T type, const SlBlock4* b, const SlBlock4* end, const void* x) {
    vf s[4][V] = {};
    block_row(type, b, end, x, s);
    for (int r = 0; r < 4 && r < rows; ++r) {
      for (int v = 0; v < V; ++v) store(sums + (r * V + v) * W, s[r][v]);
    }
    sums += 4 * V * W;
    rows -= 4;
  }
};

// scale * token scale * (sum - 128 * sum of the weights) instead of the sum: conversions and products run
// beside the multiply-adds of the next block row. The bits are those of `finish`.
struct Scaled {
  SlFinish f;
  float* sums;
  int64_t rows;

  __attribute__((always_inline)) void block(I8 type, const SlBlock4* b, const SlBlock4* end, const void* x) {
    vf s[4][2] = {};
    for (int r = 0; r < 4 && r < rows; ++r) {
      s[r][0] = s[r][1] = reinterpret_cast<vf>(splat_word(static_cast<uint32_t>(f.sums[r]) * -128u));
    }
    block_row(type, b, end, x, s);
    for (int r = 0; r < 4 && r < rows; ++r) {
      const vf scale = splat(f.scales[r]);
      for (int v = 0; v < 2; ++v) {
        store(sums + (r * 2 + v) * W, __builtin_convertvector(reinterpret_cast<vi>(s[r][v]), vf) *
                                          (load(f.token_scales + v * W) * scale));
      }
    }
    f.sums += 4;
    f.scales += 4;
    sums += 8 * W;
    rows -= 4;
  }
};

template <typename T, typename To>
SL_INLINE void block_rows(T type, int64_t rows, const int32_t* counts, const SlBlock4* b, const void* x,
                          To to) {
  for (; rows > 0; rows -= 4) {
    const SlBlock4* end = b + *counts++;
    to.block(type, b, end, x);
    b = end;
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
    return tokens == 32 ? block_rows(T(), rows, counts, blocks, x, Plain<2>{out, rows})
                        : block_rows(T(), rows, counts, blocks, x, Plain<1>{out, rows});
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

bool scaled(int64_t rows, const int32_t* counts, const SlBlock4* blocks, int64_t tokens,
            const void* x, const SlFinish* f, void* sums) {
#if defined(SL_ASM)
  if (tokens == SL_PANEL && native(I8())) {
    block_rows(I8(), rows, counts, blocks, x, Scaled{*f, static_cast<float*>(sums), rows});
    return true;
  }
#endif
  (void)rows, (void)counts, (void)blocks, (void)tokens, (void)x, (void)f, (void)sums;
  return false;
}

}  // namespace

extern const SlBlock4Kernels SL_KERNEL(block4_kernels);
const SlBlock4Kernels SL_KERNEL(block4_kernels) = {{panel<F32>, panel<Bf16>, panel<I8>}, scaled};
