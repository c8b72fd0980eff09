// SPDX-License-Identifier: Apache-2.0
// The only file that knows Java. Each function takes direct buffers, checks that they are as large as
// the sizes say, calls the C API and returns its status. Nothing is kept, nothing is called back.
#include <jni.h>

#include <cstdint>
#include <initializer_list>

#include "io_sparseland_kernels_NativeCalls.h"
#include "memory.h"
#include "sparseland_kernels.h"

namespace {

constexpr int kMaxRank = 8;

// Product of non-negative sizes, or -1 when one is negative or the product does not fit.
int64_t elements(std::initializer_list<int64_t> sizes) {
  int64_t n = 1;
  for (int64_t s : sizes) {
    if (s < 0 || __builtin_mul_overflow(n, s, &n)) return -1;
  }
  return n;
}

// Elements of [m, k] in a layout, or -1.
int64_t activations(int64_t m, int64_t k, int layout) {
  if (layout != SL_ROWS && layout != SL_PANELS) return -1;
  const int64_t padded = elements({m + SL_PANEL, k});
  return m < 0 || padded < 0 ? -1 : layout == SL_ROWS ? m * k : sl_panels_size(m, k);
}

// Looks at buffers one by one; after the first bad one it only returns null and an exception waits.
class Buffers {
 public:
  explicit Buffers(JNIEnv* env) : env_(env) {}

  bool good() const { return good_; }

  // The memory of a direct ByteBuffer with at least `count` elements.
  template <typename T>
  T* get(jobject buffer, const char* name, int64_t count) {
    return memory<T>(buffer, name, count, sizeof(T));
  }

  // The same of a FloatBuffer or LongBuffer, whose capacity counts elements.
  template <typename T>
  const T* view(jobject buffer, const char* name, int64_t count) {
    return memory<T>(buffer, name, count, 1);
  }

  template <typename T>
  T* memory(jobject buffer, const char* name, int64_t count, int64_t per_element) {
    if (!good_) return nullptr;
    void* address = buffer == nullptr ? nullptr : env_->GetDirectBufferAddress(buffer);
    const int64_t capacity = address == nullptr ? -1 : env_->GetDirectBufferCapacity(buffer);
    const bool fits = count >= 0 && capacity >= 0 && capacity / per_element >= count &&
                      reinterpret_cast<uintptr_t>(address) % sizeof(T) == 0;
    if (!fits) {
      fail(name);
      return nullptr;
    }
    return static_cast<T*>(address);
  }

  float* floats(jobject buffer, const char* name, int64_t count) {
    return get<float>(buffer, name, count);
  }

  const float* optional(jobject buffer, const char* name, int64_t count) {
    return buffer == nullptr ? nullptr : floats(buffer, name, count);
  }

  // Copies `count` ints of an array of exactly that length.
  void ints(jintArray array, const char* name, int32_t* to, int64_t count) {
    if (!good_) return;
    if (array == nullptr || env_->GetArrayLength(array) != count) {
      fail(name);
      return;
    }
    env_->GetIntArrayRegion(array, 0, static_cast<jsize>(count), to);
  }

  void fail(const char* name) {
    good_ = false;
    jclass type = env_->FindClass("java/lang/IllegalArgumentException");
    if (type != nullptr) env_->ThrowNew(type, name);
  }

 private:
  JNIEnv* env_;
  bool good_ = true;
};

// A stored matrix from its buffers; all is checked, for packers trust it. sizes: type, n, k, kept.
sl_matrix matrix_of(Buffers* buffers, jintArray sizes, jobject mask, jobject values,
                    jobject scales) {
  int32_t d[4] = {};
  buffers->ints(sizes, "matrix: sizes", d, 4);
  const int type = d[0];
  const int64_t n = d[1], k = d[2], kept = d[3], size = elements({n, k});
  if (buffers->good() && (type < 0 || type >= SL_TYPES || size < 1)) buffers->fail("matrix: sizes");
  const int64_t width = type == SL_F32 ? 4 : type == SL_BF16 ? 2 : 1;
  sl_matrix w = {type, n, k, nullptr, nullptr, nullptr};
  w.values = buffers->get<char>(values, "matrix: values", elements({kept, width}));
  if (buffers->good() && reinterpret_cast<uintptr_t>(w.values) % width != 0) {
    buffers->fail("matrix: values");
  }
  if (type == SL_I8) w.scales = buffers->view<float>(scales, "matrix: scales", n);
  if (!buffers->good()) return w;
  int64_t bits = size;
  bool clean = true;
  if (mask != nullptr) {
    const int64_t words = (size + 63) / 64;
    w.mask = buffers->view<uint64_t>(mask, "matrix: mask", words);
    if (!buffers->good()) return w;
    bits = 0;
    for (int64_t i = 0; i < words; ++i) bits += __builtin_popcountll(w.mask[i]);
    clean = size % 64 == 0 || w.mask[words - 1] >> (size % 64) == 0;
  }
  if (bits != kept || !clean) buffers->fail("matrix: mask");
  return w;
}

// By reference: the packer sets it while the arguments are evaluated.
jlong handle_of(int status, sl_weights* const& w) {
  return status == SL_OK ? static_cast<jlong>(reinterpret_cast<intptr_t>(w)) : -status;
}

sl_weights* weights_of(jlong handle) {
  return reinterpret_cast<sl_weights*>(static_cast<intptr_t>(handle));
}

}  // namespace

#define SL_JNI(type, name) \
  JNIEXPORT type JNICALL Java_io_sparseland_kernels_NativeCalls_##name

extern "C" {

SL_JNI(jboolean, available)(JNIEnv*, jclass, jint level) {
  return sl_level_available(level) != 0 ? JNI_TRUE : JNI_FALSE;
}

SL_JNI(jstring, levelName)(JNIEnv* env, jclass, jint level) {
  return env->NewStringUTF(sl_level_name(level));
}

SL_JNI(jstring, onednnLoad)(JNIEnv* env, jclass, jstring folder) {
  const char* path = folder == nullptr ? nullptr : env->GetStringUTFChars(folder, nullptr);
  if (path == nullptr) return nullptr;
  const char* why = sl_onednn_load(path);
  env->ReleaseStringUTFChars(folder, path);
  return why == nullptr ? nullptr : env->NewStringUTF(why);
}

SL_JNI(jstring, designName)(JNIEnv* env, jclass, jint design) {
  return env->NewStringUTF(sl_design_name(design));
}

SL_JNI(jstring, refuses)(JNIEnv* env, jclass, jint level, jint design, jintArray sizes,
                         jobject mask, jobject values, jobject scales) {
  Buffers buffers(env);
  const sl_matrix w = matrix_of(&buffers, sizes, mask, values, scales);
  const char* why = buffers.good() ? sl_design_refuses(level, design, &w) : nullptr;
  return why == nullptr ? nullptr : env->NewStringUTF(why);
}

SL_JNI(jlong, pack)(JNIEnv* env, jclass, jint level, jint design, jintArray window,
                    jintArray sizes, jobject mask, jobject values, jobject scales) {
  Buffers buffers(env);
  const sl_matrix matrix = matrix_of(&buffers, sizes, mask, values, scales);
  if (!buffers.good()) return -SL_BAD_ARGUMENT;
  sl_weights* w = nullptr;
  if (window == nullptr) return handle_of(sl_pack(level, design, 1, &matrix, &w), w);
  int32_t d[9] = {};
  buffers.ints(window, "pack: window", d, 9);
  if (!buffers.good() || d[0] < 1 || d[1] < 1) return -SL_BAD_ARGUMENT;
  const int64_t channels = matrix.k / d[0] / d[1] * d[8];
  const sl_conv s = {1,    channels, 1,    1,    matrix.n, 1,    1,    d[0],
                     d[1], d[2],     d[3], d[4], d[5],     d[6], d[7], d[8]};
  return handle_of(sl_pack_conv(level, design, &s, &matrix, &w), w);
}

SL_JNI(jlong, weightsBytes)(JNIEnv*, jclass, jlong handle) {
  return sl_weights_bytes(weights_of(handle));
}

SL_JNI(void, weightsFree)(JNIEnv*, jclass, jlong handle) { sl_weights_free(weights_of(handle)); }

SL_JNI(jint, linear)(JNIEnv* env, jclass, jlong handle, jint n, jint k, jobject bias, jint act,
                     jint m, jint layout_x, jobject x, jint layout_y, jobject residual, jobject y,
                     jint threads) {
  Buffers buffers(env);
  const float* b = buffers.optional(bias, "linear: bias", n);
  const float* in = buffers.floats(x, "linear: x", activations(m, k, layout_x));
  const int64_t size = activations(m, n, layout_y);
  const float* added = buffers.optional(residual, "linear: residual", size);
  float* out = buffers.floats(y, "linear: y", size);
  if (!buffers.good()) return SL_BAD_ARGUMENT;
  const sl_input input = {layout_x, in, nullptr, 0};
  const sl_output output = {layout_y, out, b, act, added};
  return sl_linear(weights_of(handle), m, &input, &output, threads);
}

// Rows to panels or back.
SL_JNI(jint, convert)(JNIEnv* env, jclass, jint level, jint m, jint k, jboolean to_panels, jobject x,
                      jobject y, jint threads) {
  Buffers buffers(env);
  const int from = to_panels ? SL_ROWS : SL_PANELS, to = to_panels ? SL_PANELS : SL_ROWS;
  const float* in = buffers.floats(x, "convert: x", activations(m, k, from));
  float* out = buffers.floats(y, "convert: y", activations(m, k, to));
  if (!buffers.good()) return SL_BAD_ARGUMENT;
  return to_panels ? sl_to_panels(level, m, k, in, out, threads)
                   : sl_to_rows(level, m, k, in, out, threads);
}

SL_JNI(jint, conv2d)(JNIEnv* env, jclass, jlong handle, jobject bias, jint act, jintArray shape,
                     jobject x, jobject y, jint threads) {
  Buffers buffers(env);
  int32_t d[16] = {};
  buffers.ints(shape, "conv2d: shape", d, 16);
  const sl_conv s = {d[0], d[1], d[2],  d[3],  d[4],  d[5],  d[6],  d[7],
                     d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]};
  const float* b = buffers.optional(bias, "conv2d: bias", s.outputs);
  const float* in =
      buffers.floats(x, "conv2d: x", elements({s.batch, s.channels, s.height, s.width}));
  float* out =
      buffers.floats(y, "conv2d: y", elements({s.batch, s.outputs, s.out_height, s.out_width}));
  if (!buffers.good()) return SL_BAD_ARGUMENT;
  return sl_conv2d(weights_of(handle), b, act, &s, in, out, threads);
}

SL_JNI(jint, matmul)(JNIEnv* env, jclass, jint level, jintArray shape, jintArray offsets, jobject a,
                     jobject b, jobject y, jint threads) {
  Buffers buffers(env);
  int32_t d[8] = {};
  buffers.ints(shape, "matmul: shape", d, 8);
  const int64_t count = env->GetArrayLength(offsets) / 3;
  int32_t* at = static_cast<int32_t*>(sl::allocate(static_cast<size_t>(count) * 12 + 12));
  if (at == nullptr) return SL_NO_MEMORY;
  buffers.ints(offsets, "matmul: offsets", at, 3 * count);
  int64_t last[3] = {};
  for (int64_t i = 0; buffers.good() && i < 3 * count; ++i) {
    if (at[i] < 0) buffers.fail("matmul: offsets");
    if (at[i] > last[i / count]) last[i / count] = at[i];
  }
  for (int i = 0; buffers.good() && i < 8; ++i) {
    if (d[i] < (i < 3 ? 1 : 0)) buffers.fail("matmul: shape");
  }
  const sl_product p = {d[0], d[1], d[2], count, d[3], d[4], d[5], d[6], d[7], at, at + count,
                        at + 2 * count};
  const int64_t rows = p.m - 1, inner = p.k - 1, columns = p.n - 1;
  const float* pa =
      buffers.floats(a, "matmul: a", last[0] + rows * p.a_row + inner * p.a_column + 1);
  const float* pb =
      buffers.floats(b, "matmul: b", last[1] + inner * p.b_row + columns * p.b_column + 1);
  float* out = buffers.floats(y, "matmul: y", last[2] + rows * p.y_row + columns + 1);
  const int status =
      buffers.good() ? sl_matmul(level, &p, pa, pb, out, threads) : SL_BAD_ARGUMENT;
  sl::release(at);
  return status;
}

SL_JNI(jint, pool2d)(JNIEnv* env, jclass, jint level, jintArray shape, jobject x, jobject y,
                     jint threads) {
  Buffers buffers(env);
  int32_t d[13] = {};
  buffers.ints(shape, "pool2d: shape", d, 13);
  const sl_pool s = {d[0], d[1], d[2], d[3], d[4],  d[5], d[6],
                     d[7], d[8], d[9], d[10], d[11], d[12]};
  const float* in = buffers.floats(x, "pool2d: x", elements({s.planes, s.height, s.width}));
  float* out = buffers.floats(y, "pool2d: y", elements({s.planes, s.out_height, s.out_width}));
  return buffers.good() ? sl_pool2d(level, &s, in, out, threads) : SL_BAD_ARGUMENT;
}

SL_JNI(jint, layerNorm)(JNIEnv* env, jclass, jint level, jint outer, jint n, jint inner, jobject x,
                        jobject scale, jobject shift, jfloat epsilon, jobject y, jint threads) {
  Buffers buffers(env);
  const int64_t size = elements({outer, n, inner});
  const float* in = buffers.floats(x, "layerNorm: x", size);
  const float* a = buffers.floats(scale, "layerNorm: scale", n);
  const float* b = buffers.floats(shift, "layerNorm: shift", n);
  float* out = buffers.floats(y, "layerNorm: y", size);
  return buffers.good() ? sl_layer_norm(level, outer, n, inner, in, a, b, epsilon, out, threads)
                        : SL_BAD_ARGUMENT;
}

SL_JNI(jint, channelAffine)(JNIEnv* env, jclass, jint level, jint outer, jint channels, jint inner,
                            jobject x, jobject scale, jobject shift, jobject y, jint threads) {
  Buffers buffers(env);
  const int64_t size = elements({outer, channels, inner});
  const float* in = buffers.floats(x, "channelAffine: x", size);
  const float* a = buffers.floats(scale, "channelAffine: scale", channels);
  const float* b = buffers.floats(shift, "channelAffine: shift", channels);
  float* out = buffers.floats(y, "channelAffine: y", size);
  return buffers.good()
             ? sl_channel_affine(level, outer, channels, inner, in, a, b, out, threads)
             : SL_BAD_ARGUMENT;
}

SL_JNI(jint, unary)(JNIEnv* env, jclass, jint level, jint op, jfloat p0, jfloat p1, jint size,
                    jobject x, jobject y, jint threads) {
  Buffers buffers(env);
  const float* in = buffers.floats(x, "unary: x", size);
  float* out = buffers.floats(y, "unary: y", size);
  return buffers.good() ? sl_unary(level, op, p0, p1, size, in, out, threads) : SL_BAD_ARGUMENT;
}

SL_JNI(jint, binary)(JNIEnv* env, jclass, jint level, jint op, jintArray sizes, jintArray steps_a,
                     jintArray steps_b, jobject a, jobject b, jobject y, jint threads) {
  Buffers buffers(env);
  const int rank = env->GetArrayLength(sizes);
  int32_t n[kMaxRank] = {}, sa[kMaxRank] = {}, sb[kMaxRank] = {};
  if (rank < 1 || rank > kMaxRank) {
    buffers.fail("binary: rank");
    return SL_BAD_ARGUMENT;
  }
  buffers.ints(sizes, "binary: sizes", n, rank);
  buffers.ints(steps_a, "binary: steps of a", sa, rank);
  buffers.ints(steps_b, "binary: steps of b", sb, rank);
  int64_t size = 1, last_a = 0, last_b = 0;
  for (int d = 0; buffers.good() && d < rank; ++d) {
    if (n[d] < 1 || sa[d] < 0 || sb[d] < 0) {
      buffers.fail("binary: sizes");
      break;
    }
    size = elements({size, n[d]});
    last_a += static_cast<int64_t>(sa[d]) * (n[d] - 1);
    last_b += static_cast<int64_t>(sb[d]) * (n[d] - 1);
  }
  const float* pa = buffers.floats(a, "binary: a", last_a + 1);
  const float* pb = buffers.floats(b, "binary: b", last_b + 1);
  float* out = buffers.floats(y, "binary: y", size);
  return buffers.good() ? sl_binary(level, op, rank, n, sa, sb, pa, pb, out, threads)
                        : SL_BAD_ARGUMENT;
}

SL_JNI(jint, softmax)(JNIEnv* env, jclass, jint level, jint outer, jint n, jint inner, jboolean log,
                      jobject x, jobject y, jint threads) {
  Buffers buffers(env);
  const int64_t size = elements({outer, n, inner});
  const float* in = buffers.floats(x, "softmax: x", size);
  float* out = buffers.floats(y, "softmax: y", size);
  return buffers.good() ? sl_softmax(level, outer, n, inner, log, in, out, threads)
                        : SL_BAD_ARGUMENT;
}

SL_JNI(jint, reduce)(JNIEnv* env, jclass, jint level, jint op, jint outer, jint n, jint inner,
                     jobject x, jobject y, jint threads) {
  Buffers buffers(env);
  const float* in = buffers.floats(x, "reduce: x", elements({outer, n, inner}));
  float* out = buffers.floats(y, "reduce: y", elements({outer, inner}));
  return buffers.good() ? sl_reduce(level, op, outer, n, inner, in, out, threads)
                        : SL_BAD_ARGUMENT;
}

}  // extern "C"
