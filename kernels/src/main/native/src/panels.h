// SPDX-License-Identifier: Apache-2.0
// Activations in panels: packing, and the linear layer of every design that multiplies panels.
#ifndef SPARSELAND_PANELS_H_
#define SPARSELAND_PANELS_H_

#include "designs/design.h"

namespace sl {

// Tokens of panel p of m tokens, padding included, and without.
inline int64_t panel_width(int64_t m, int64_t p) { return m - p * SL_PANEL <= 16 ? 16 : SL_PANEL; }
inline int64_t panel_tokens(int64_t m, int64_t p) { return least(SL_PANEL, m - p * SL_PANEL); }

// Rows of a matrix that are multiplied together.
struct Part {
  int64_t first, rows;
};

// A design whose product takes words in panels and gives sums in panels: it packs parts of rows of
// about equal work and multiplies one part by one panel; the rest is here.
class PanelDesign : public Packed {
 public:
  using Packed::Packed;

  int linear(const Call& call) const override;
  int64_t bytes() const override;

  virtual int64_t parts() const = 0;
  virtual Part part(int64_t i) const = 0;
  virtual int64_t nonzeros() const = 0;
  // Words [ceil(k / words)][tokens] of a panel as multiply wants them, once for all parts; null without
  // memory. May use scratch kTask3.
  virtual const void* arrange(int64_t, const void* words) const { return words; }
  // sums [part rows][tokens] = part * arranged words; fp32, or int32 for SL_I8.
  virtual void multiply(int64_t part, int64_t tokens, const void* words, void* sums) const = 0;
  // The same for SL_I8 with the scales and zero point of `f` applied as `finish` would; false, with
  // nothing done, where a design does not.
  virtual bool multiply_scaled(int64_t, int64_t, const void*, const SlFinish&, void*) const {
    return false;
  }

 protected:
  // Scales and sums of SL_I8; false without memory.
  bool fill_scales(const sl_matrix& w);

 private:
  int task(const Call& call, int64_t panel, int64_t first_part, int64_t end_part) const;

  Array<float> scales_;   // [n]
  Array<int32_t> sums_;   // [n]
};

}  // namespace sl

#endif  // SPARSELAND_PANELS_H_
