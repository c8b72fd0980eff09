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

// A block row: sums begin at 0, run over the blocks and are stored to s [4][tokens]. In C the compiler
// spills. The weight is broadcast by the load, which leaves the multiply-add ports alone; `op` takes
// weight, input, sum in AT&T order.
#define SL_ROW1(op, at, sums) op " " at "(%[b])%{1to16%}, %%zmm16, %%" sums "\n\t"
#define SL_ROW2(op, at, sums0, sums1)                                                 \
  "vbroadcastss " at "(%[b]), %%zmm18\n\t" op " %%zmm18, %%zmm16, %%" sums0 "\n\t" op \
  " %%zmm18, %%zmm17, %%" sums1 "\n\t"
#define SL_ZERO(v) "vpxord %%" v ", %%" v ", %%" v "\n\t"

#define SL_TILE(name, op)                                                                       \
  SL_INLINE void name##_4x32(const SlBlock4* b, const SlBlock4* end, const void* x, float* s) { \
    asm volatile(                                                                               \
        SL_ZERO("zmm20") SL_ZERO("zmm21") SL_ZERO("zmm22") SL_ZERO("zmm23") SL_ZERO("zmm24")    \
        SL_ZERO("zmm25") SL_ZERO("zmm26") SL_ZERO("zmm27")                                      \
        "cmpq %[end], %[b]\n\tje 2f\n\t"                                                        \
        ".p2align 5\n1:\n\t"                                                                    \
        "movl (%[b]), %%eax\n\t"                                                                \
        "vmovups (%[x], %%rax, 2), %%zmm16\n\tvmovups 64(%[x], %%rax, 2), %%zmm17\n\t"          \
        SL_ROW2(op, "4", "zmm20", "zmm21") SL_ROW2(op, "8", "zmm22", "zmm23")                   \
        SL_ROW2(op, "12", "zmm24", "zmm25") SL_ROW2(op, "16", "zmm26", "zmm27")                 \
        "addq $20, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n2:\n\t"                                 \
        "vmovups %%zmm20, (%[s])\n\tvmovups %%zmm21, 64(%[s])\n\t"                              \
        "vmovups %%zmm22, 128(%[s])\n\tvmovups %%zmm23, 192(%[s])\n\t"                          \
        "vmovups %%zmm24, 256(%[s])\n\tvmovups %%zmm25, 320(%[s])\n\t"                          \
        "vmovups %%zmm26, 384(%[s])\n\tvmovups %%zmm27, 448(%[s])\n\t"                          \
        : [b] "+r"(b)                                                                           \
        : [x] "r"(x), [end] "r"(end), [s] "r"(s)                                                \
        : "rax", "cc", "memory", "xmm16", "xmm17", "xmm18", "xmm20", "xmm21", "xmm22", "xmm23", \
          "xmm24", "xmm25", "xmm26", "xmm27");                                                  \
  }                                                                                             \
  SL_INLINE void name##_4x16(const SlBlock4* b, const SlBlock4* end, const void* x, float* s) { \
    asm volatile(                                                                               \
        SL_ZERO("zmm20") SL_ZERO("zmm21") SL_ZERO("zmm22") SL_ZERO("zmm23")                     \
        "cmpq %[end], %[b]\n\tje 2f\n\t"                                                        \
        ".p2align 5\n1:\n\t"                                                                    \
        "movl (%[b]), %%eax\n\tvmovups (%[x], %%rax), %%zmm16\n\t"                              \
        SL_ROW1(op, "4", "zmm20") SL_ROW1(op, "8", "zmm21")                                     \
        SL_ROW1(op, "12", "zmm22") SL_ROW1(op, "16", "zmm23")                                   \
        "addq $20, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n2:\n\t"                                 \
        "vmovups %%zmm20, (%[s])\n\tvmovups %%zmm21, 64(%[s])\n\t"                              \
        "vmovups %%zmm22, 128(%[s])\n\tvmovups %%zmm23, 192(%[s])\n\t"                          \
        : [b] "+r"(b)                                                                           \
        : [x] "r"(x), [end] "r"(end), [s] "r"(s)                                                \
        : "rax", "cc", "memory", "xmm16", "xmm20", "xmm21", "xmm22", "xmm23");                  \
  }

SL_TILE(f32, "vfmadd231ps")
SL_TILE(bf16, "vdpbf16ps")
SL_TILE(i8, "vpdpbusd")

// The instructions a type needs beyond those of the level.
SL_INLINE bool native(F32) { return true; }
SL_INLINE bool native(Bf16) { return __builtin_cpu_supports("avx512bf16"); }
SL_INLINE bool native(I8) { return __builtin_cpu_supports("avx512vnni"); }

SL_INLINE void block_row(F32, int v, const SlBlock4* b, const SlBlock4* end, const void* x, float* s) {
  v == 2 ? f32_4x32(b, end, x, s) : f32_4x16(b, end, x, s);
}
SL_INLINE void block_row(Bf16, int v, const SlBlock4* b, const SlBlock4* end, const void* x, float* s) {
  v == 2 ? bf16_4x32(b, end, x, s) : bf16_4x16(b, end, x, s);
}
SL_INLINE void block_row(I8, int v, const SlBlock4* b, const SlBlock4* end, const void* x, float* s) {
  v == 2 ? i8_4x32(b, end, x, s) : i8_4x16(b, end, x, s);
}

// i8_4x32 with scale * token scale * (sum - 128 * sum of the weights) instead of the sum: conversions and
// products run beside the multiply-adds of the next block row. The bits are those of `finish`.
#define SL_START(at, sum0, sum1)                                                      \
  "vpbroadcastd " at "(%[sums]), %%zmm18\n\tvpslld $7, %%zmm18, %%zmm18\n\t"          \
  "vpsubd %%zmm18, %%zmm19, %%" sum0 "\n\tvmovdqa64 %%" sum0 ", %%" sum1 "\n\t"
#define SL_SCALE(at, to0, to1, sum0, sum1)                                            \
  "vcvtdq2ps %%" sum0 ", %%" sum0 "\n\tvcvtdq2ps %%" sum1 ", %%" sum1 "\n\t"          \
  "vmulps " at "(%[scales])%{1to16%}, %%zmm28, %%zmm16\n\t"                           \
  "vmulps " at "(%[scales])%{1to16%}, %%zmm29, %%zmm17\n\t"                           \
  "vmulps %%zmm16, %%" sum0 ", %%" sum0 "\n\tvmulps %%zmm17, %%" sum1 ", %%" sum1     \
  "\n\tvmovups %%" sum0 ", " to0 "(%[s])\n\tvmovups %%" sum1 ", " to1 "(%[s])\n\t"

SL_INLINE void i8_4x32_scaled(const SlBlock4* b, const SlBlock4* end, const void* x,
                              const float* scales, const int32_t* sums, const float* token_scales,
                              float* s) {
  asm volatile(
      "vmovups (%[tokens]), %%zmm28\n\tvmovups 64(%[tokens]), %%zmm29\n\t" SL_ZERO("zmm19")
      SL_START("0", "zmm20", "zmm21") SL_START("4", "zmm22", "zmm23")
      SL_START("8", "zmm24", "zmm25") SL_START("12", "zmm26", "zmm27")
      "cmpq %[end], %[b]\n\tje 2f\n\t"
      ".p2align 5\n1:\n\t"
      "movl (%[b]), %%eax\n\t"
      "vmovups (%[x], %%rax, 2), %%zmm16\n\tvmovups 64(%[x], %%rax, 2), %%zmm17\n\t"
      SL_ROW2("vpdpbusd", "4", "zmm20", "zmm21") SL_ROW2("vpdpbusd", "8", "zmm22", "zmm23")
      SL_ROW2("vpdpbusd", "12", "zmm24", "zmm25") SL_ROW2("vpdpbusd", "16", "zmm26", "zmm27")
      "addq $20, %[b]\n\tcmpq %[end], %[b]\n\tjne 1b\n2:\n\t"
      SL_SCALE("0", "0", "64", "zmm20", "zmm21") SL_SCALE("4", "128", "192", "zmm22", "zmm23")
      SL_SCALE("8", "256", "320", "zmm24", "zmm25") SL_SCALE("12", "384", "448", "zmm26", "zmm27")
      : [b] "+r"(b)
      : [x] "r"(x), [end] "r"(end), [s] "r"(s), [scales] "r"(scales), [sums] "r"(sums),
        [tokens] "r"(token_scales)
      : "rax", "cc", "memory", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
        "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29");
}

void panel_scaled(int64_t rows, const int32_t* counts, const SlBlock4* blocks, const void* x,
                  const SlFinish& f, float* sums) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    i8_4x32_scaled(blocks, blocks + *counts, x, f.scales + row, f.sums + row, f.token_scales,
                   sums + row * SL_PANEL);
    blocks += *counts++;
  }
  if (row == rows) return;
  float scales[4] = {}, last[4 * SL_PANEL];
  int32_t weight_sums[4] = {};
  for (int64_t r = row; r < rows; ++r) {
    scales[r - row] = f.scales[r];
    weight_sums[r - row] = f.sums[r];
  }
  i8_4x32_scaled(blocks, blocks + *counts, x, scales, weight_sums, f.token_scales, last);
  memcpy(sums + row * SL_PANEL, last, static_cast<size_t>((rows - row) * SL_PANEL) * sizeof(float));
}

template <typename T, int V>
void panel_asm(int64_t rows, const int32_t* counts, const SlBlock4* blocks, const void* x,
               float* sums) {
  constexpr int64_t tokens = V * W;
  for (; rows >= 4; rows -= 4) {
    block_row(T(), V, blocks, blocks + *counts, x, sums);
    blocks += *counts++;
    sums += 4 * tokens;
  }
  if (rows > 0) {
    float last[4 * tokens];
    block_row(T(), V, blocks, blocks + *counts, x, last);
    memcpy(sums, last, static_cast<size_t>(rows * tokens) * sizeof(float));
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
    return tokens == 32 ? panel_asm<T, 2>(rows, counts, blocks, x, out)
                        : panel_asm<T, 1>(rows, counts, blocks, x, out);
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
    panel_scaled(rows, counts, blocks, x, *f, static_cast<float*>(sums));
    return true;
  }
#endif
  (void)rows, (void)counts, (void)blocks, (void)tokens, (void)x, (void)f, (void)sums;
  return false;
}

}  // namespace

extern const SlBlock4Kernels SL_KERNEL(block4_kernels);
const SlBlock4Kernels SL_KERNEL(block4_kernels) = {{panel<F32>, panel<Bf16>, panel<I8>}, scaled};
