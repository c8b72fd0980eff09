// SPDX-License-Identifier: Apache-2.0
// The linear layer of the designs for few tokens: rows in and out, tokens in groups, parts of rows shared
// out among threads. Each task packs its own copy of its tokens: a shared one would be read from another
// core's cache. Panels and words are brought to rows and back.
#ifndef SPARSELAND_DESIGNS_FEW_H_
#define SPARSELAND_DESIGNS_FEW_H_

#include "../few_level.h"
#include "design.h"

namespace sl {

// Rows of a matrix that are multiplied together.
struct RowRange {
  int64_t first, rows;
};

class FewDesign : public Packed {
 public:
  FewDesign(const SlLevel* level_, const sl_matrix& w) : Packed(level_, w), few(few_of(level_)) {}

  int linear(const Call& call) const override;
  int64_t bytes() const override;

 protected:
  // Cuts rows [0, n) into parts of about equal work, each beginning at a multiple of `unit`; starts[i]
  // counts the work before unit i. False without memory.
  bool cut(const Array<int64_t>& starts, int64_t unit, int64_t most_rows);
  // Scales and sums of SL_I8; false without memory.
  bool fill_scales(const sl_matrix& w);

  // Tokens that are multiplied at once when m are left; most_tokens() when there are many.
  virtual int64_t lanes(int64_t m) const = 0;
  // Whether x is wanted as [tokens][words padded to 64 bytes] instead of [words][lanes].
  virtual bool by_token() const { return false; }
  // sums [tokens][ld] = part * x; fp32, or int32 for SL_I8. ld is the part's rows rounded up to 16;
  // temporary holds as many floats.
  virtual void multiply(int64_t part, int64_t tokens, const void* x, void* sums, int64_t ld,
                        float* temporary) const = 0;

  const SlFew* const few;
  int64_t work_ = 0;  // multiply-adds for one token
  Array<RowRange> parts_;

 private:
  struct Source;
  int rows(const Call& call, const Source& x, const sl_output& y) const;
  int task(const Source& x, const sl_output& y, int64_t first_token, int64_t tokens,
           int64_t first_part, int64_t end_part) const;
  const void* words(const Source& x, int64_t first, int64_t tokens, float* scales) const;

  Array<float> scales_;   // [n]
  Array<int32_t> sums_;   // [n]
};

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_FEW_H_
