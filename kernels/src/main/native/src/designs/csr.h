// SPDX-License-Identifier: Apache-2.0
// Csr: single kept weights, any pattern. Rows are cut into parts of about equal work, inputs into blocks
// of what fits L1; in each block rows with equal counts stand together.
#ifndef SPARSELAND_DESIGNS_CSR_H_
#define SPARSELAND_DESIGNS_CSR_H_

#include "../matrix.h"
#include "../panels.h"

namespace sl {

constexpr int64_t kBlock = 256;  // inputs in a block: with 32 tokens 32 KiB, what fits L1

class CsrPacked : public PanelDesign {
 public:
  using PanelDesign::PanelDesign;

  bool fill(const sl_matrix& w);
  int linear(const Call& call) const override;
  void unpack(void* values) const override;
  int64_t bytes() const override;

  int64_t parts() const override { return static_cast<int64_t>(parts_.size()); }
  Part part(int64_t i) const override { return parts_[i]; }
  int64_t nonzeros() const override { return static_cast<int64_t>(records_.size()); }
  void multiply(int64_t part, int64_t tokens, const void* words, void* sums) const override;

 private:
  int token(const Call& call) const;

  int64_t block_count_ = 0;
  Array<Part> parts_;
  Array<SlBlock> blocks_;  // [part][block]
  Array<SlGroup> groups_;
  Array<int32_t> rows_;
  Array<SlRecord> records_;
};

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_CSR_H_
