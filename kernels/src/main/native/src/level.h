// SPDX-License-Identifier: Apache-2.0
// What a level offers: its micro-kernels. Each is compiled once per level from micro/<name>.cc; see
// there for what it does, which sizes are legal and in which order it sums.
#ifndef SPARSELAND_LEVEL_H_
#define SPARSELAND_LEVEL_H_

#include <stddef.h>
#include <stdint.h>

// From sums of products to outputs, for `rows` outputs of one panel. Pointers begin at the first of
// these outputs; null where there is nothing to do.
struct SlFinish {
  int type;                    // SL_I8: the sums are int32
  const float* scales;         // SL_I8, [rows]
  const int32_t* sums;         // SL_I8, [rows]: sums of the weights, for the zero point 128
  const float* token_scales;   // SL_I8, [tokens]
  const float* bias;           // [rows]
  int act;
  const float* residual;       // of the shape of the outputs
};

struct SlLevel {
  const char* name;
  int code;            // SL_AVX512, ...
  int64_t width;       // floats in a vector
  int64_t dense_rows;  // most rows of x that dense_gemm takes

  // c [panels][rows][2 * width] (+)= x [k][rows] * packed weights [panels][stride_k][2 * width].
  void (*dense_gemm)(int64_t rows, int64_t panels, int64_t k, int64_t stride_k, int first,
                     const float* x, const float* w, float* c);
  // panel [k][tokens] from x [rows <= tokens][ld]; missing rows are 0.
  void (*rows_to_panel)(int64_t rows, int64_t tokens, int64_t k, const float* x, int64_t ld,
                        float* panel);
  // y [rows][ld] from panel [n][tokens], rows <= tokens, n columns.
  void (*panel_to_rows)(int64_t rows, int64_t tokens, int64_t n, const float* panel, float* y,
                        int64_t ld);
  // In place: sums [rows][tokens] to fp32 outputs, tokens a multiple of the vector width.
  void (*finish)(const SlFinish* f, int64_t rows, int64_t tokens, void* sums);
  // The same for the first `own` tokens, to y [own][ld]; the residual is of that shape.
  void (*finish_rows)(const SlFinish* f, int64_t rows, int64_t tokens, const void* sums,
                      int64_t own, float* y, int64_t ld);
  // Words [ceil(k / words)][tokens] of a type from x [rows][ld], or from a panel [k][tokens]; token
  // scales as in sl_pack_words.
  void (*words_from_rows[3])(int64_t rows, int64_t tokens, int64_t k, const float* x, int64_t ld,
                             float scale, void* words, float* scales);
  void (*words_from_panel[3])(int64_t tokens, int64_t k, const float* x, float scale, void* words,
                              float* scales);
  // y [n] = act(x + bias[i]) with one bias for all, y may be x.
  void (*bias_act)(int64_t n, float bias, int act, const float* x, float* y);
  // y [n] = act(x[i] + bias[i]); bias may be null, y may be x.
  void (*bias_act_row)(int64_t n, const float* bias, int act, const float* x, float* y);
  void (*unary)(int op, float p0, float p1, int64_t n, const float* x, float* y);
  // step_a, step_b: 0 or 1.
  void (*binary)(int op, int64_t n, int64_t step_a, int64_t step_b, const float* a, const float* b,
                 float* y);
  void (*affine)(int64_t n, float scale, float shift, const float* x, float* y);
  void (*softmax)(int64_t n, int64_t inner, int log, const float* x, float* y);
  void (*layer_norm)(int64_t n, const float* x, const float* scale, const float* shift,
                     float epsilon, float* y);
  // The same along columns: `columns` <= width of them, `ld` from row to row.
  void (*layer_norm_columns)(int64_t n, int64_t columns, int64_t ld, const float* x,
                             const float* scale, const float* shift, float epsilon, float* y);
  void (*reduce)(int op, int64_t n, int64_t inner, const float* x, float* y);
  // row [n] = max or sum of `count` rows of x, `ld` apart.
  void (*pool_rows)(int maximum, int64_t n, int64_t count, const float* x, int64_t ld, float* row);
};

#ifdef __cplusplus
namespace sl {
// The table of a level, or null when this build or this CPU does not have it.
const SlLevel* level(int code);
}  // namespace sl
#endif

#endif  // SPARSELAND_LEVEL_H_
