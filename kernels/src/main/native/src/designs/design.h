// SPDX-License-Identifier: Apache-2.0
// What a design is: a layout of packed weights and the product that reads it. A new design is one file
// beside this one, one row in registry.cc and its code in the C API.
#ifndef SPARSELAND_DESIGNS_DESIGN_H_
#define SPARSELAND_DESIGNS_DESIGN_H_

#include "../array.h"
#include "../level.h"
#include "sparseland_kernels.h"

namespace sl {

// One call of sl_linear, checked.
struct Call {
  int64_t m;
  sl_input x;
  sl_output y;
  int threads;
};

// One matrix as one design has packed it; immutable once made.
class Packed {
 public:
  Packed(const SlLevel* level_, const sl_matrix& w)
      : level(level_), type(w.type), n(w.n), k(w.k) {}
  virtual ~Packed() = default;
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;

  virtual int linear(const Call& call) const = 0;
  // Writes the kept values into the dense [n, k], all 0 before.
  virtual void unpack(void* values) const = 0;
  virtual int64_t bytes() const = 0;

  const SlLevel* const level;
  const int type;
  const int64_t n, k;
};

struct Design {
  const char* name;
  // Null when it takes the matrix, else why not.
  const char* (*refuses)(const SlLevel* level, const sl_matrix& w);
  // A status; *out is made by make<> below.
  int (*pack)(const SlLevel* level, const sl_matrix& w, Packed** out);
};

const Design* design(int code);

// A new object, or null without memory.
template <typename T, typename... A>
T* make(A&&... arguments) {
  void* memory = allocate(sizeof(T));
  return memory == nullptr ? nullptr : new (memory) T(static_cast<A&&>(arguments)...);
}

// Undoes make; null is nothing.
template <typename T>
void discard(T* object) {
  if (object == nullptr) return;
  object->~T();
  release(object);
}

// pack() of a design whose class T has a constructor (level, matrix) and `bool fill(matrix)`, false
// without memory.
template <typename T>
int pack_as(const SlLevel* level, const sl_matrix& w, Packed** out) {
  T* packed = make<T>(level, w);
  if (packed == nullptr) return SL_NO_MEMORY;
  if (!packed->fill(w)) {
    discard(packed);
    return SL_NO_MEMORY;
  }
  *out = packed;
  return SL_OK;
}

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_DESIGN_H_
