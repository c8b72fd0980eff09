// SPDX-License-Identifier: Apache-2.0
// bf16_csr_spmm_4x32: y [rows][T] (+)= W [rows][k] * x [k][T] in words of two bf16, T = 16 or 32 tokens; see
// csr_spmm.h. Sums are fp32. With AVX512_BF16 one instruction adds both products of a word, in what order it
// likes, and takes denormal numbers as 0; without it they are added one after the other: |error| <= (values
// in kept words + 1) * 2^-24 * sum|w*x| either way, denormals apart.
#include "csr_spmm.h"

namespace {

struct Shift {
  struct Pair {
    vf low, high;
  };
  SL_INLINE vf low(vi x) { return reinterpret_cast<vf>(x << 16); }
  SL_INLINE vf high(vi x) {
    return reinterpret_cast<vf>(x & static_cast<int32_t>(0xffff0000));
  }
  SL_INLINE Pair weight(uint32_t word) {
    const vi all = splat_i(static_cast<int32_t>(word));
    return {low(all), high(all)};
  }
  SL_INLINE vf add(Pair w, vf x, vf sum) {
    const vi words = reinterpret_cast<vi>(x);
    return fma(w.high, high(words), fma(w.low, low(words), sum));
  }
  static constexpr bool kAsm = false;
};

#if defined(SL_CSR_STEPS) && SL_WIDTH == 16
#define SL_CSR_BF16
struct Dot {
  SL_INLINE vi weight(uint32_t word) { return splat_i(static_cast<int32_t>(word)); }
  SL_INLINE vf add(vi w, vf x, vf sum) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(w), "v"(x));
    return sum;
  }
  static constexpr bool kAsm = true;
#define SL_CSR_DOT(sum, w, o, d) "vdpbf16ps " d "(%[x]," o ",%c[s]), " w ", " sum "\n\t"
  SL_CSR_STEPS(SL_CSR_DOT, )
};
#endif

}  // namespace

void SL_KERNEL(bf16_csr_spmm_4x32)(const CsrBlock* block, int64_t tokens, int first, const void* x,
                                   void* y) {
#if defined(SL_CSR_BF16)
  if (__builtin_cpu_supports("avx512bf16")) return csr_spmm<Dot>(block, tokens, first, x, y);
#endif
  csr_spmm<Shift>(block, tokens, first, x, y);
}
