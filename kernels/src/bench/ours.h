// SPDX-License-Identifier: Apache-2.0
// What our candidates share: ours.cc for linear layers, ours_conv.cc, ours_training.cc.
#ifndef SPARSELAND_BENCH_OURS_H_
#define SPARSELAND_BENCH_OURS_H_

#include <new>
#include <stdexcept>

#include "candidate.h"
#include "sparseland_kernels.h"

namespace bench {

inline void check(int status, const std::string& what) {
  if (status != SL_OK) {
    throw std::runtime_error(what + ": " + (status == SL_NO_MEMORY ? "no memory" : "bad argument"));
  }
}

// 64-byte aligned, as the runtime's tensors are.
template <typename T>
struct Aligned {
  using value_type = T;
  Aligned() = default;
  template <typename U>
  Aligned(const Aligned<U>&) {}
  T* allocate(size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{64}));
  }
  void deallocate(T* memory, size_t) { ::operator delete(memory, std::align_val_t{64}); }
  template <typename U>
  bool operator==(const Aligned<U>&) const { return true; }
  template <typename U>
  bool operator!=(const Aligned<U>&) const { return false; }
};
using AlignedFloats = std::vector<float, Aligned<float>>;

class OurCandidate : public Candidate {
 public:
  OurCandidate(const std::string& name, bool dense, const std::string& layout, int level,
               int threads)
      : Candidate(name, dense), layout(layout), level_(level), threads_(threads) {}

  void wake() override {
    check(sl_unary(level_, SL_ABS, 0, 0, static_cast<int64_t>(scratch_.size()), scratch_.data(),
                   scratch_.data(), threads_),
          "wake");
  }

  const std::string layout;

 protected:
  const int level_, threads_;

 private:
  std::vector<float> scratch_ = std::vector<float>(1 << 17);  // enough work for all threads
};

// Element t, i of a panel layout [m, n].
inline int64_t in_panels(int64_t m, int64_t n, int64_t token, int64_t i) {
  const int64_t first = token / SL_PANEL * SL_PANEL;
  const int64_t width = m - first <= SL_PANEL / 2 ? SL_PANEL / 2 : SL_PANEL;
  return first * n + i * width + token - first;
}

void offer_conv(const OurOptions& options, const Problem& p, int threads, Candidates* out);
void offer_training(const OurOptions& options, const Problem& p,
                    const std::vector<std::string>& layouts, int threads, Candidates* out);

}  // namespace bench
#endif  // SPARSELAND_BENCH_OURS_H_
