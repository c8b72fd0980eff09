// SPDX-License-Identifier: Apache-2.0
// Running oneDNN's primitives from our pool.
#ifndef SPARSELAND_DESIGNS_ONEDNN_RUN_H_
#define SPARSELAND_DESIGNS_ONEDNN_RUN_H_

#include "onednn_library.h"
#include "sparseland_kernels.h"

namespace sl {

// The calling thread's OpenMP has one thread from then on. Before a primitive is described as well as
// before it runs: a description keeps the number of threads that it was made with.
inline void one_thread(const Dnnl& d) { d.set_threads(1); }

// The calling thread's stream, whose OpenMP has one thread from then on; null without memory.
inline Handle stream(const Dnnl& d) {
  struct Own {
    const Dnnl* d = nullptr;
    Handle stream = nullptr;
    ~Own() {
      if (stream != nullptr) d->stream_destroy(stream);
    }
  };
  thread_local Own own;
  if (own.stream == nullptr && d.stream_create(&own.stream, d.engine, kDnnlInOrder) == 0) {
    own.d = &d;
  }
  one_thread(d);
  return own.stream;
}

// Runs a primitive on up to four pieces of memory.
class Run {
 public:
  Run(const Dnnl& d, Handle primitive) : d_(d), primitive_(primitive) {}
  ~Run() {
    for (int i = 0; i < count_; ++i) d_.memory_destroy(arguments_[i].memory);
  }

  Run& with(int index, Handle desc, void* data) {
    good_ = good_ && d_.memory_create(&arguments_[count_].memory, desc, d_.engine, data) == 0;
    if (good_) arguments_[count_++].index = index;
    return *this;
  }
  int status() {
    const Handle own = stream(d_);
    good_ = good_ && own != nullptr && d_.execute(primitive_, own, count_, arguments_) == 0 &&
            d_.stream_wait(own) == 0;
    return good_ ? SL_OK : SL_NO_MEMORY;
  }

 private:
  const Dnnl& d_;
  const Handle primitive_;
  DnnlArgument arguments_[4];
  int count_ = 0;
  bool good_ = true;
};

// Brings weights from one layout to another; a status.
inline int reorder(const Dnnl& d, Handle from, void* source, Handle to, void* target) {
  Handle pd = nullptr, primitive = nullptr;
  int status = SL_NO_MEMORY;
  one_thread(d);
  if (d.reorder_create(&pd, from, d.engine, to, d.engine, nullptr) == 0 &&
      d.primitive_create(&primitive, pd) == 0) {
    status = Run(d, primitive).with(kDnnlSrc, from, source).with(kDnnlDst, to, target).status();
  }
  if (primitive != nullptr) d.primitive_destroy(primitive);
  if (pd != nullptr) d.pd_destroy(pd);
  return status;
}

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_ONEDNN_RUN_H_
