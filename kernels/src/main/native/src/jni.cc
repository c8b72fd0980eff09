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

// Looks at buffers one by one; after the first bad one it only returns null and an exception waits.
class Buffers {
 public:
  explicit Buffers(JNIEnv* env) : env_(env) {}

  bool good() const { return good_; }

  // The memory of a direct buffer with at least `count` elements of `width` bytes.
  template <typename T>
  T* get(jobject buffer, const char* name, int64_t count) {
    if (!good_) return nullptr;
    void* address = buffer == nullptr ? nullptr : env_->GetDirectBufferAddress(buffer);
    const int64_t capacity = address == nullptr ? -1 : env_->GetDirectBufferCapacity(buffer);
    const bool fits = count >= 0 && capacity >= 0 &&
                      capacity / static_cast<int64_t>(sizeof(T)) >= count &&
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

SL_JNI(jlong, packDense)(JNIEnv* env, jclass, jint level, jint groups, jint n, jint k,
                         jobject values) {
  Buffers buffers(env);
  const float* v = buffers.floats(values, "packDense: values", elements({n, k}));
  if (!buffers.good()) return -SL_BAD_ARGUMENT;
  const sl_matrix matrix = {SL_F32, n, k, nullptr, v, nullptr};
  sl_weights* w = nullptr;
  return handle_of(sl_pack(level, SL_DENSE, groups, &matrix, &w), w);
}

SL_JNI(jlong, packSparse)(JNIEnv* env, jclass, jint level, jint groups, jint n, jint k,
                          jobject mask, jobject values, jint kept) {
  Buffers buffers(env);
  const int64_t size = elements({n, k});
  const int64_t words = size < 0 ? -1 : (size + 63) / 64;
  const uint64_t* m = buffers.get<uint64_t>(mask, "packSparse: mask", words);
  const float* v = buffers.floats(values, "packSparse: values", kept);
  if (!buffers.good()) return -SL_BAD_ARGUMENT;
  int64_t bits = 0;
  for (int64_t i = 0; i < words; ++i) bits += __builtin_popcountll(m[i]);
  const bool clean = size % 64 == 0 || words == 0 || m[words - 1] >> (size % 64) == 0;
  if (bits != kept || !clean) {
    buffers.fail("packSparse: mask");
    return -SL_BAD_ARGUMENT;
  }
  const sl_matrix matrix = {SL_F32, n, k, m, v, nullptr};
  sl_weights* w = nullptr;
  return handle_of(sl_pack(level, SL_CSR, groups, &matrix, &w), w);
}

SL_JNI(jlong, weightsBytes)(JNIEnv*, jclass, jlong handle) {
  return sl_weights_bytes(weights_of(handle));
}

SL_JNI(void, weightsFree)(JNIEnv*, jclass, jlong handle) { sl_weights_free(weights_of(handle)); }

SL_JNI(jint, linear)(JNIEnv* env, jclass, jlong handle, jint n, jint k, jobject bias, jint act,
                     jint m, jobject x, jobject y, jint threads) {
  Buffers buffers(env);
  const float* b = buffers.optional(bias, "linear: bias", n);
  const float* in = buffers.floats(x, "linear: x", elements({m, k}));
  float* out = buffers.floats(y, "linear: y", elements({m, n}));
  if (!buffers.good()) return SL_BAD_ARGUMENT;
  const sl_input input = {SL_ROWS, in, nullptr, 0};
  const sl_output output = {SL_ROWS, out, b, act, nullptr};
  return sl_linear(weights_of(handle), m, &input, &output, threads);
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

SL_JNI(jint, matmul)(JNIEnv* env, jclass, jint level, jint m, jint k, jint n, jintArray a_offsets,
                     jintArray b_offsets, jobject a, jobject b, jobject y, jint threads) {
  Buffers buffers(env);
  const int64_t count = env->GetArrayLength(a_offsets);
  int32_t* offsets = static_cast<int32_t*>(sl::allocate(static_cast<size_t>(count) * 8 + 8));
  if (offsets == nullptr) return SL_NO_MEMORY;
  buffers.ints(a_offsets, "matmul: a offsets", offsets, count);
  buffers.ints(b_offsets, "matmul: b offsets", offsets + count, count);
  int64_t last_a = 0, last_b = 0;
  for (int64_t i = 0; buffers.good() && i < count; ++i) {
    if (offsets[i] < 0 || offsets[count + i] < 0) buffers.fail("matmul: offsets");
    if (offsets[i] > last_a) last_a = offsets[i];
    if (offsets[count + i] > last_b) last_b = offsets[count + i];
  }
  const float* pa = buffers.floats(a, "matmul: a", last_a + elements({m, k}));
  const float* pb = buffers.floats(b, "matmul: b", last_b + elements({k, n}));
  float* out = buffers.floats(y, "matmul: y", elements({count, m, n}));
  int status = SL_BAD_ARGUMENT;
  if (buffers.good()) {
    status = sl_matmul(level, m, k, n, count, offsets, offsets + count, pa, pb, out, threads);
  }
  sl::release(offsets);
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

SL_JNI(jint, layerNorm)(JNIEnv* env, jclass, jint level, jint rows, jint columns, jobject x,
                        jobject scale, jobject shift, jfloat epsilon, jobject y, jint threads) {
  Buffers buffers(env);
  const float* in = buffers.floats(x, "layerNorm: x", elements({rows, columns}));
  const float* a = buffers.floats(scale, "layerNorm: scale", columns);
  const float* b = buffers.floats(shift, "layerNorm: shift", columns);
  float* out = buffers.floats(y, "layerNorm: y", elements({rows, columns}));
  return buffers.good() ? sl_layer_norm(level, rows, columns, in, a, b, epsilon, out, threads)
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
