// SPDX-License-Identifier: Apache-2.0
// The part of oneDNN's C interface (version 3) that we call, found in a library loaded at run time: oneDNN
// is never needed to build or to run.
#ifndef SPARSELAND_DESIGNS_ONEDNN_LIBRARY_H_
#define SPARSELAND_DESIGNS_ONEDNN_LIBRARY_H_

#include <cstddef>
#include <cstdint>

namespace sl {

// oneDNN's numbers for types, arguments and queries.
enum { kDnnlCpu = 1, kDnnlInOrder = 1, kDnnlAny = 1, kDnnlScratchpadOfUser = 1 };
enum { kDnnlBf16 = 2, kDnnlF32 = 3, kDnnlS32 = 4, kDnnlS8 = 5, kDnnlU8 = 6 };
enum { kDnnlSrc = 1, kDnnlDst = 17, kDnnlWeights = 33, kDnnlScratchpad = 80 };
enum { kDnnlInference = 96, kDnnlDirect = 1 };
enum { kDnnlQuerySrc = 129, kDnnlQueryWeights = 131, kDnnlQueryDst = 133, kDnnlQueryScratchpad = 136 };

using Handle = void*;  // any of oneDNN's opaque objects

struct DnnlArgument {
  int index;
  Handle memory;
};

struct Dnnl {
  int (*engine_create)(Handle* engine, int kind, size_t index);
  int (*stream_create)(Handle* stream, Handle engine, unsigned flags);
  int (*stream_destroy)(Handle stream);
  int (*stream_wait)(Handle stream);
  int (*desc_with_strides)(Handle* desc, int rank, const int64_t* sizes, int type,
                           const int64_t* strides);
  int (*desc_with_tag)(Handle* desc, int rank, const int64_t* sizes, int type, int tag);
  int (*desc_clone)(Handle* desc, Handle from);
  int (*desc_equal)(Handle a, Handle b);
  int (*desc_destroy)(Handle desc);
  size_t (*desc_size)(Handle desc);
  int (*memory_create)(Handle* memory, Handle desc, Handle engine, void* data);
  int (*memory_destroy)(Handle memory);
  int (*attr_create)(Handle* attr);
  int (*attr_destroy)(Handle attr);
  int (*attr_set_scratchpad)(Handle attr, int mode);
  int (*matmul_create)(Handle* pd, Handle engine, Handle src, Handle weights, Handle bias,
                       Handle dst, Handle attr);
  int (*conv_create)(Handle* pd, Handle engine, int propagation, int algorithm, Handle src,
                     Handle weights, Handle bias, Handle dst, const int64_t* strides,
                     const int64_t* dilations, const int64_t* padding_left,
                     const int64_t* padding_right, Handle attr);
  int (*reorder_create)(Handle* pd, Handle src, Handle src_engine, Handle dst, Handle dst_engine,
                        Handle attr);
  Handle (*pd_query)(Handle pd, int what, int index);
  int (*pd_destroy)(Handle pd);
  int (*primitive_create)(Handle* primitive, Handle pd);
  int (*primitive_destroy)(Handle primitive);
  int (*execute)(Handle primitive, Handle stream, int count, const DnnlArgument* arguments);
  void (*set_threads)(int count);  // of OpenMP, for the calling thread
  Handle engine;
};

// The library, or null before sl_onednn_load has found it.
const Dnnl* dnnl();

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_ONEDNN_LIBRARY_H_
