// SPDX-License-Identifier: Apache-2.0
// The micro-kernels of the csr design at one level.
#include "../designs/csr_kernels.h"
#include "vec.h"

void SL_KERNEL(f32_csr_spmm_4x32)(const CsrBlock*, int64_t, int, const void*, void*);
void SL_KERNEL(bf16_csr_spmm_4x32)(const CsrBlock*, int64_t, int, const void*, void*);
void SL_KERNEL(i8_csr_spmm_4x32)(const CsrBlock*, int64_t, int, const void*, void*);
void SL_KERNEL(f32_csr_spmv_4x1)(const CsrBlock*, int, const float*, float*);

extern const CsrKernels SL_KERNEL(csr_kernels);
const CsrKernels SL_KERNEL(csr_kernels) = {
    {SL_KERNEL(f32_csr_spmm_4x32), SL_KERNEL(bf16_csr_spmm_4x32), SL_KERNEL(i8_csr_spmm_4x32)},
    SL_KERNEL(f32_csr_spmv_4x1),
};
