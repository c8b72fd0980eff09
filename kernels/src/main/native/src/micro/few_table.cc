// SPDX-License-Identifier: Apache-2.0
// The table of one level for the designs for few tokens.
#include "../few_level.h"
#include "vec.h"

void SL_KERNEL(few_words_bf16)(int64_t, const float*, float, void*, float*);
void SL_KERNEL(few_words_u8)(int64_t, const float*, float, void*, float*);
void SL_KERNEL(finish_row)(const SlRowFinish*, int64_t, const void*, float*);
#define SL_EACH_TYPE(name, ...)              \
  void SL_KERNEL(f32_##name)(__VA_ARGS__);   \
  void SL_KERNEL(bf16_##name)(__VA_ARGS__);  \
  void SL_KERNEL(i8_##name)(__VA_ARGS__)
SL_EACH_TYPE(out16_spmm_16xt, const SlOut16*, int64_t, const void*, void*, int64_t);
SL_EACH_TYPE(csr16_spmv, const SlCsr16*, int64_t, const void*, void*);
SL_EACH_TYPE(csr16_spmm_1xt, const SlCsr16*, int64_t, const void*, void*);
SL_EACH_TYPE(bitmap_spmm_4xt, const SlBitmap*, int64_t, const void*, void*, int64_t);
#define SL_TYPES_OF(name) {SL_KERNEL(f32_##name), SL_KERNEL(bf16_##name), SL_KERNEL(i8_##name)}

extern const SlFew SL_KERNEL(sl_few);
const SlFew SL_KERNEL(sl_few) = {
    {nullptr, SL_KERNEL(few_words_bf16), SL_KERNEL(few_words_u8)},
    SL_KERNEL(finish_row),
    SL_TYPES_OF(out16_spmm_16xt),
    SL_TYPES_OF(csr16_spmv),
    SL_TYPES_OF(csr16_spmm_1xt),
    SL_TYPES_OF(bitmap_spmm_4xt),
};
