// SPDX-License-Identifier: Apache-2.0
// The table of one level: a new micro-kernel is one file beside this one, one line here, one field in
// SlLevel and one name in CMakeLists.txt.
#include "vec.h"

#define SL_TEXT2(x) #x
#define SL_TEXT(x) SL_TEXT2(x)

void SL_KERNEL(f32_dense_gemm_rx2v)(int64_t, int64_t, int64_t, int64_t, int, const float*,
                                    const float*, float*);
void SL_KERNEL(f32_rows_to_panel)(int64_t, int64_t, int64_t, const float*, int64_t, float*);
void SL_KERNEL(f32_panel_to_rows)(int64_t, int64_t, int64_t, const float*, float*, int64_t);
void SL_KERNEL(finish)(const SlFinish*, int64_t, int64_t, void*);
void SL_KERNEL(finish_rows)(const SlFinish*, int64_t, int64_t, const void*, int64_t, float*, int64_t);
#define SL_WORDS_FROM_ROWS(type)                                                              \
  void SL_KERNEL(type##_words_from_rows)(int64_t, int64_t, int64_t, const float*, int64_t, float, \
                                         void*, float*)
SL_WORDS_FROM_ROWS(f32);
SL_WORDS_FROM_ROWS(bf16);
SL_WORDS_FROM_ROWS(u8);
void SL_KERNEL(bf16_words_from_panel)(int64_t, int64_t, const float*, float, void*, float*);
void SL_KERNEL(u8_words_from_panel)(int64_t, int64_t, const float*, float, void*, float*);
void SL_KERNEL(f32_bias_act)(int64_t, float, int, const float*, float*);
void SL_KERNEL(f32_bias_act_row)(int64_t, const float*, int, const float*, float*);
void SL_KERNEL(f32_unary)(int, float, float, int64_t, const float*, float*);
void SL_KERNEL(f32_binary)(int, int64_t, int64_t, int64_t, const float*, const float*, float*);
void SL_KERNEL(f32_affine)(int64_t, float, float, const float*, float*);
void SL_KERNEL(f32_softmax)(int64_t, int64_t, int, const float*, float*);
void SL_KERNEL(f32_layer_norm)(int64_t, const float*, const float*, const float*, float, float*);
void SL_KERNEL(f32_layer_norm_columns)(int64_t, int64_t, int64_t, const float*, const float*,
                                       const float*, float, float*);
void SL_KERNEL(f32_reduce)(int, int64_t, int64_t, const float*, float*);
void SL_KERNEL(f32_pool_rows)(int, int64_t, int64_t, const float*, int64_t, float*);

extern const SlLevel SL_KERNEL(sl_level);
const SlLevel SL_KERNEL(sl_level) = {
    SL_TEXT(SL_LEVEL),
    W == 16 ? SL_AVX512 : W == 8 ? SL_AVX2 : SL_SCALAR,
    W,
    W == 16 ? 12 : 6,
    SL_KERNEL(f32_dense_gemm_rx2v),
    SL_KERNEL(f32_rows_to_panel),
    SL_KERNEL(f32_panel_to_rows),
    SL_KERNEL(finish),
    SL_KERNEL(finish_rows),
    {SL_KERNEL(f32_words_from_rows), SL_KERNEL(bf16_words_from_rows), SL_KERNEL(u8_words_from_rows)},
    {nullptr, SL_KERNEL(bf16_words_from_panel), SL_KERNEL(u8_words_from_panel)},
    SL_KERNEL(f32_bias_act),
    SL_KERNEL(f32_bias_act_row),
    SL_KERNEL(f32_unary),
    SL_KERNEL(f32_binary),
    SL_KERNEL(f32_affine),
    SL_KERNEL(f32_softmax),
    SL_KERNEL(f32_layer_norm),
    SL_KERNEL(f32_layer_norm_columns),
    SL_KERNEL(f32_reduce),
    SL_KERNEL(f32_pool_rows),
};
