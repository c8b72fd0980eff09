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
    for_kept([&](int64_t, int64_t, uint32_t* word) { visit(word); });
  }

 private:
  int token(const Call& call) const;
  // visit(row, column in words, the word) for every kept word.
  template <typename F>
  void for_kept(const F& visit) const;

  const CsrKernels* const kernels_;
  int64_t kept_ = 0;
  int64_t block_words_ = 0, block_count_ = 0;  // along k
  Array<Part> parts_;
  Array<CsrBlock> blocks_;  // [part][block]
  CsrStore store_;
};

template <typename F>
void CsrPacked::for_kept(const F& visit) const {
  for (int64_t i = 0; i < parts() * block_count_; ++i) {
    const CsrBlock& block = blocks_[i];
    const int64_t first = parts_[i / block_count_].first, k0 = i % block_count_ * block_words_;
    const int32_t* row = block.rows;
    const CsrQuad* quads = block.quads;
    for (const CsrGroup* g = block.groups; g < block.groups + block.group_count; ++g) {
      for (int32_t f = 0; f < g->fours; ++f, row += 4, quads += g->count) {
        for (int64_t q = 0; q < g->count; ++q) {
          const CsrPlace at = csr_place(quads, g->count, q);
          for (int r = 0; r < 4; ++r) visit(first + row[r], k0 + at.offset[r] / kCsrStep, at.word + r);
        }
      }
    }
    CsrOne* one = const_cast<CsrOne*>(block.ones);
    for (int64_t r = 0; r < block.run_count; ++r) {
      for (const CsrOne* end = one + block.runs[r].count; one < end; ++one) {
        visit(first + block.runs[r].row, k0 + one->offset / kCsrStep, &one->word);
      }
    }
  }
}

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_CSR_H_
