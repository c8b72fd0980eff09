// SPDX-License-Identifier: Apache-2.0
// i8_csr_spmm_4x32: y [rows][T] (+)= W [rows][k] * x [k][T] in words of four int8 by four uint8, T = 16 or 32
// tokens; see csr_spmm.h. Sums are exact int32 at every level.
#include "csr_spmm.h"

namespace {

// Products of 16-bit integers, which are exact; vpmaddubsw would saturate.
struct Widen {
#if (SL_WIDTH == 16 && defined(__AVX512BW__)) || (SL_WIDTH == 8 && defined(__AVX2__))
  struct Pair {
    vi even, odd;  // sign-extended to 16 bits
  };
  SL_INLINE vi multiply(vi a, vi b) {
#if SL_WIDTH == 16
    return reinterpret_cast<vi>(_mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#else
    return reinterpret_cast<vi>(_mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#endif
  }
  SL_INLINE Pair weight(uint32_t word) {
    const uint32_t b0 = static_cast<uint32_t>(static_cast<int8_t>(word)) & 0xffff;
    const uint32_t b1 = static_cast<uint32_t>(static_cast<int8_t>(word >> 8)) & 0xffff;
    const uint32_t b2 = static_cast<uint32_t>(static_cast<int8_t>(word >> 16)) << 16;
    const uint32_t b3 = static_cast<uint32_t>(static_cast<int8_t>(word >> 24)) << 16;
    return {splat_i(static_cast<int32_t>(b0 | b2)), splat_i(static_cast<int32_t>(b1 | b3))};
  }
  SL_INLINE vf add(Pair w, vf x, vf sum) {
    const vi words = reinterpret_cast<vi>(x), low = splat_i(0x00ff00ff);
    const vi odd = reinterpret_cast<vi>(reinterpret_cast<vu>(words) >> 8) & low;
    return reinterpret_cast<vf>(reinterpret_cast<vi>(sum) + multiply(words & low, w.even) +
                                multiply(odd, w.odd));
  }
#else
  SL_INLINE uint32_t weight(uint32_t word) { return word; }
  SL_INLINE vf add(uint32_t w, vf x, vf sum) {
    vi s = reinterpret_cast<vi>(sum);
#pragma GCC unroll 4
    for (int b = 0; b < 32; b += 8) {
      s += (reinterpret_cast<vi>(x) >> b & 255) * static_cast<int32_t>(static_cast<int8_t>(w >> b));
    }
    return reinterpret_cast<vf>(s);
  }
#endif
  static constexpr bool kAsm = false;
};

#if defined(SL_CSR_STEPS) && SL_WIDTH == 16
#define SL_CSR_VNNI
struct Dot {
  SL_INLINE vi weight(uint32_t word) { return splat_i(static_cast<int32_t>(word)); }
  SL_INLINE vf add(vi w, vf x, vf sum) {
    asm("vpdpbusd %1, %2, %0" : "+v"(sum) : "v"(w), "v"(x));
    return sum;
  }
  static constexpr bool kAsm = true;
// The unsigned operand comes first and cannot be in memory.
#define SL_CSR_DOT(sum, w, o, d)                     \
  "vmovups " d "(%[x]," o ",%c[s]), %%zmm31\n\t"     \
  "vpdpbusd " w ", %%zmm31, " sum "\n\t"
#define SL_CSR_CLOBBERS , "xmm31"
  SL_CSR_STEPS(SL_CSR_DOT, SL_CSR_CLOBBERS)
};
#endif

}  // namespace

void SL_KERNEL(i8_csr_spmm_4x32)(const CsrBlock* block, int64_t tokens, int first, const void* x,
                                 void* y) {
#if defined(SL_CSR_VNNI)
  if (__builtin_cpu_supports("avx512vnni")) return csr_spmm<Dot>(block, tokens, first, x, y);
#endif
  csr_spmm<Widen>(block, tokens, first, x, y);
}
