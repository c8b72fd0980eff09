// SPDX-License-Identifier: Apache-2.0
// f32_csr_spmm_4x32: y [rows][T] (+)= W [rows][k] * x [k][T], T = 16 or 32 tokens; see csr_spmm.h. Each output
// is one sum in the order of k, one fused multiply-add per kept weight (multiply and add where there is no
// FMA): |error| <= nnz(row) * 2^-24 * sum|w*x|.
#include "csr_spmm.h"

namespace {

struct Multiply {
  SL_INLINE vf weight(uint32_t word) {
    float value;
    memcpy(&value, &word, sizeof value);
    return splat(value);
  }
  SL_INLINE vf add(vf w, vf x, vf sum) { return fma(w, x, sum); }
#if defined(SL_CSR_STEPS)
  static constexpr bool kAsm = true;
#define SL_CSR_FMA(sum, w, o, d) "vfmadd231ps " d "(%[x]," o ",%c[s]), " w ", " sum "\n\t"
  SL_CSR_STEPS(SL_CSR_FMA, )
#else
  static constexpr bool kAsm = false;
#endif
};

}  // namespace

void SL_KERNEL(f32_csr_spmm_4x32)(const CsrBlock* block, int64_t tokens, int first, const void* x,
                                  void* y) {
  csr_spmm<Multiply>(block, tokens, first, x, y);
}
