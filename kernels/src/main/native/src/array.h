// SPDX-License-Identifier: Apache-2.0
// Arrays of fixed size from memory.h, freed with their owner.
#ifndef SPARSELAND_ARRAY_H_
#define SPARSELAND_ARRAY_H_

#include <new>

#include "memory.h"

namespace sl {

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
// a / b rounded up.
inline int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <typename T>
class Array {
 public:
  Array() = default;
  ~Array() { release(data_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  // Memory for `count` elements, not initialised; false without memory.
  bool make(size_t count) {
    release(data_);
    size_ = count;
    data_ = static_cast<T*>(allocate(product(count == 0 ? 1 : count, sizeof(T))));
    return data_ != nullptr;
  }
  T* get() const { return data_; }
  T& operator[](int64_t i) const { return data_[i]; }
  size_t size() const { return size_; }
  int64_t bytes() const { return data_ == nullptr ? 0 : static_cast<int64_t>(size_ * sizeof(T)); }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sl

#endif  // SPARSELAND_ARRAY_H_
