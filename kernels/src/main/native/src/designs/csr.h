// SPDX-License-Identifier: Apache-2.0
// Csr: single kept words, any pattern. Rows are cut into parts of about equal work, inputs into blocks
// of what fits L1; in each block rows with equal counts stand together.
#ifndef SPARSELAND_DESIGNS_CSR_H_
#define SPARSELAND_DESIGNS_CSR_H_

#include "../matrix.h"
#include "../panels.h"
#include "csr_kernels.h"

namespace sl {

// All blocks of a matrix, one after the other.
struct CsrStore {
  Array<CsrGroup> groups;
  Array<int32_t> rows;
  Array<CsrQuad> quads;
  Array<CsrRun> runs;
  Array<CsrOne> ones;
};

class CsrPacked : public PanelDesign {
 public:
  CsrPacked(const SlLevel* level, const sl_matrix& w);

  bool fill(const sl_matrix& w);
  int linear(const Call& call) const override;
  void unpack(void* values) const override;
  int64_t bytes() const override;

  int64_t parts() const override { return static_cast<int64_t>(parts_.size()); }
  Part part(int64_t i) const override { return parts_[i]; }
  int64_t nonzeros() const override { return kept_; }
  void multiply(int64_t part, int64_t tokens, const void* words, void* sums) const override;

  // visit(uint32_t*) for every kept word, in the order in which they lie: how values change in place.
  template <typename F>
  void for_words(const F& visit) const {
    for (size_t i = 0; i < store_.quads.size(); ++i) {
      for (uint32_t& word : store_.quads[static_cast<int64_t>(i)].word) visit(&word);
    }
    for (size_t i = 0; i < store_.ones.size(); ++i) visit(&store_.ones[static_cast<int64_t>(i)].word);
  }

 private:
  int token(const Call& call) const;

  const CsrKernels* const kernels_;
  int64_t kept_ = 0;
  int64_t block_words_ = 0, block_count_ = 0;  // along k
  Array<Part> parts_;
  Array<CsrBlock> blocks_;  // [part][block]
  CsrStore store_;
};

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_CSR_H_
