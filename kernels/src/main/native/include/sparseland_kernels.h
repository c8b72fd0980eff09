// SPDX-License-Identifier: Apache-2.0
// C API of the Sparseland kernels. Sizes are in elements unless a name says bytes; activations are fp32
// unless a name says words.
//
// The caller has checked shapes, pointers and ranges. Functions return a status and throw nothing; they may be
// called from several threads at once. `threads` counts the calling thread; results have the same
// bits for any value. Output must not overlap input except in the element-wise functions, soft-max,
// layer norm and channel affine, where it may be the same array.
#ifndef SPARSELAND_KERNELS_H_
#define SPARSELAND_KERNELS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SL_API __attribute__((visibility("default")))
#else
#define SL_API
#endif

enum { SL_OK = 0, SL_NO_MEMORY = 1, SL_BAD_ARGUMENT = 2 };

// Instruction-set levels, fastest first.
enum { SL_AVX512 = 0, SL_AVX2 = 1, SL_SCALAR = 2, SL_LEVELS = 3 };

// Codes of the Java enums Activation, UnaryOp, BinaryOp, ReduceOp, PoolShape.Kind.
enum {
  SL_IDENTITY, SL_RELU, SL_GELU, SL_GELU_TANH, SL_SILU, SL_SIGMOID, SL_TANH,
  SL_UNARY_AS_ACTIVATION,  // the codes above are activations too
  SL_CLIP = SL_UNARY_AS_ACTIVATION,
  SL_SQRT, SL_EXP, SL_LOG, SL_NEG, SL_ABS, SL_SQUARE, SL_LEAKY_RELU, SL_ELU, SL_SOFTPLUS, SL_ERF,
  SL_RECIPROCAL, SL_AFFINE, SL_UNARY_COUNT
};
enum { SL_ADD, SL_SUB, SL_MUL, SL_DIV, SL_MAX, SL_MIN, SL_POW, SL_BINARY_COUNT };
enum { SL_REDUCE_SUM, SL_REDUCE_MEAN, SL_REDUCE_MAX, SL_REDUCE_COUNT };
enum { SL_POOL_MAX, SL_POOL_AVERAGE };

typedef struct sl_weights sl_weights;

typedef struct {
  int64_t batch, channels, height, width;  // input, NCHW
  int64_t outputs, out_height, out_width;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
} sl_conv;

typedef struct {
  int64_t planes, height, width, out_height, out_width;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w;
  int32_t kind, count_padding;
} sl_pool;

// Whether this CPU and this build can run a level; its name ("avx512", "avx2", "scalar").
SL_API int sl_level_available(int level);
SL_API const char* sl_level_name(int level);

// Types of stored weights. A word is 32 bits along k: one fp32, 2 bf16 or 4 int8.
enum { SL_F32 = 0, SL_BF16 = 1, SL_I8 = 2, SL_TYPES = 3 };

// A matrix w [n, k] as it is stored, row-major, whatever design will multiply it.
typedef struct {
  int type;
  int64_t n, k;
  const uint64_t* mask;  // bit i % 64 of mask[i / 64]: weight i is kept; null: all are
  const void* values;    // the kept ones in that order: float, bf16 as uint16_t, or int8_t
  const float* scales;   // SL_I8 only, [n]: w = scales[row] * value
} sl_matrix;

// Designs: layouts of packed weights with their micro-kernels, one file each in src/designs.
enum {
  SL_DENSE = 0,   // all weights, panels of outputs
  SL_CSR = 1,     // single weights, rows sorted by count, tokens in panels
  SL_BLOCK4 = 2,  // blocks of 4 outputs x 1 word, tokens in panels
  SL_OUT16 = 3,   // blocks of 16 outputs x 1 word, any number of tokens
  SL_COLUMN4 = 4, // int8, blocks of 4 outputs x 1 input, columns interleaved on the fly
  SL_BITMAP = 5,  // bitmap and expand, few tokens
  SL_CSR16 = 6,   // 8- or 16-bit column numbers, few tokens
  SL_ONEDNN = 7,  // all weights, by oneDNN when its library was given
  SL_CSR512 = 8,  // csr16 in wider tiles, for 2 to 8 tokens
  SL_DESIGNS = 9
};
// Gives SL_ONEDNN its library: the folder with libdnnl.so.3 (and libgomp.so.1, else the system's). Null
// when it is loaded, else why not, valid until the next call.
SL_API const char* sl_onednn_load(const char* folder);
SL_API const char* sl_design_name(int design);
// Null when the design takes the matrix at this level, else why it does not, for people.
SL_API const char* sl_design_refuses(int level, int design, const sl_matrix* w);
// Packs the rows in `groups` equal parts, for a grouped convolution, or in one (groups = 1).
SL_API int sl_pack(int level, int design, int64_t groups, const sl_matrix* w, sl_weights** out);
// Packs fp32 weights for sl_conv2d with the window (kernel, stride, padding, dilation), groups, channels
// and outputs of s, in the one form that it reads; its batch and image sizes are not looked at.
SL_API int sl_pack_conv(int level, int design, const sl_conv* s, const sl_matrix* w,
                        sl_weights** out);
SL_API int sl_weights_design(const sl_weights* w);
// The matrix of sl_pack back, exactly, as dense values [n, k] of its type; 0 where pruned.
SL_API void sl_unpack(const sl_weights* w, void* values);
// Held now: a convolution by oneDNN is packed when the size of an image is known.
SL_API int64_t sl_weights_bytes(const sl_weights* w);
SL_API void sl_weights_free(sl_weights* w);

// Layouts of activations [m tokens, k]. Panels of 32 tokens, the last one of 16 when at most 16 are
// left: token t is column t % 32 of panel t / 32, a panel is [k][tokens], panel p begins at element
// 32 p k; tokens behind the last are padding, any value. Words: the same with words of the weights'
// type, [ceil(k / words)][tokens] of a panel; int8 is unsigned with zero point 128.
enum { SL_ROWS = 0, SL_PANELS = 1, SL_WORDS = 2 };
enum { SL_PANEL = 32 };
// Elements of [m, k] in panels (k in words for words), padding included.
SL_API int64_t sl_panels_size(int64_t m, int64_t k);
// Rows or panels of fp32 to words of a type; scales [m rounded up to a panel] for SL_I8: per token
// max|x| / 127, or the given one for all when x_scale > 0.
SL_API int sl_pack_words(int level, int type, int64_t m, int64_t k, int layout, const float* x,
                         float x_scale, void* words, float* scales, int threads);
// To panels from rows and back.
SL_API int sl_to_panels(int level, int64_t m, int64_t k, const float* rows, float* panels,
                        int threads);
SL_API int sl_to_rows(int level, int64_t m, int64_t k, const float* panels, float* rows,
                      int threads);

typedef struct {
  int layout;           // SL_WORDS: words of the weights' type
  const void* data;
  const float* scales;  // of SL_WORDS and SL_I8
  float scale;          // SL_I8 from rows or panels: one scale for all tokens, or 0 for one each
} sl_input;

typedef struct {
  int layout;  // SL_ROWS or SL_PANELS
  float* data;
  const float* bias;      // [n] or null
  int act;
  const float* residual;  // of the shape and layout of data, or null: added last
} sl_output;

// y [m, n] = act(x [m, k] * w' + bias) + residual.
SL_API int sl_linear(const sl_weights* w, int64_t m, const sl_input* x, const sl_output* y,
                     int threads);
// Weights of sl_pack_conv.
SL_API int sl_conv2d(const sl_weights* w, const float* bias, int act, const sl_conv* s,
                     const float* x, float* y, int threads);
// Products of `count` pairs of matrices a [m, k] and b [k, n]. Steps from row to row and from column
// to column, in elements, and where each begins; the columns of y lie side by side.
typedef struct {
  int64_t m, k, n, count;
  int64_t a_row, a_column, b_row, b_column, y_row;
  const int32_t *a_offsets, *b_offsets, *y_offsets;  // [count]
} sl_product;
SL_API int sl_matmul(int level, const sl_product* p, const float* a, const float* b, float* y,
                     int threads);
SL_API int sl_pool2d(int level, const sl_pool* s, const float* x, float* y, int threads);
// x, y [outer, n, inner] along n; scale, shift [n].
SL_API int sl_layer_norm(int level, int64_t outer, int64_t n, int64_t inner, const float* x,
                         const float* scale, const float* shift, float epsilon, float* y,
                         int threads);
// x, y [outer, channels, inner].
SL_API int sl_channel_affine(int level, int64_t outer, int64_t channels, int64_t inner,
                             const float* x, const float* scale, const float* shift, float* y,
                             int threads);
SL_API int sl_unary(int level, int op, float p0, float p1, int64_t size, const float* x, float* y,
                    int threads);
// y has `rank` dimensions; steps in elements along each for a and b, 0 = repeated.
SL_API int sl_binary(int level, int op, int rank, const int32_t* sizes, const int32_t* steps_a,
                     const int32_t* steps_b, const float* a, const float* b, float* y,
                     int threads);
// x, y [outer, n, inner] along n.
SL_API int sl_softmax(int level, int64_t outer, int64_t n, int64_t inner, int log, const float* x,
                      float* y, int threads);
// x [outer, n, inner] to y [outer, inner].
SL_API int sl_reduce(int level, int op, int64_t outer, int64_t n, int64_t inner, const float* x,
                     float* y, int threads);

// Training: a matrix w [n, k] whose pattern stays while its values change. Values are fp32, the kept
// ones in row-major order; packed in both orders, so that one step is sl_sparse_set, then products.
typedef struct sl_sparse sl_sparse;
// All values are undefined until the first sl_sparse_set. mask null: all are kept.
SL_API int sl_sparse_pack(int level, int64_t n, int64_t k, const uint64_t* mask, sl_sparse** out);
SL_API void sl_sparse_free(sl_sparse* w);
SL_API int64_t sl_sparse_kept(const sl_sparse* w);
// New values [kept] in place; no other call may use w meanwhile.
SL_API int sl_sparse_set(sl_sparse* w, const float* values, int threads);
// y [m, n] = act(x [m, k] * w' + bias) + residual, as sl_linear.
SL_API int sl_sparse_forward(const sl_sparse* w, int64_t m, const sl_input* x, const sl_output* y,
                             int threads);
// dx [m, k] = dy [m, n] * w.
SL_API int sl_sparse_input_gradient(const sl_sparse* w, int64_t m, const sl_input* dy,
                                    const sl_output* dx, int threads);
// dw [kept] = the sum over tokens of dy [m, n]' * x [m, k] at the kept weights; both SL_ROWS or SL_PANELS.
SL_API int sl_sparse_weight_gradient(const sl_sparse* w, int64_t m, int layout, const float* x,
                                     const float* dy, float* dw, int threads);

// For tests: the n-th allocation from now fails (1 = the next one); 0 = none does.
SL_API void sl_test_fail_allocation(int64_t n);

#ifdef __cplusplus
}
#endif
#endif  // SPARSELAND_KERNELS_H_
