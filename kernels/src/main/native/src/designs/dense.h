// SPDX-License-Identifier: Apache-2.0
// Dense: all weights, fp32, in panels of 2 vectors of outputs; also the pieces of a dense product that
// matrix products and convolutions use.
#ifndef SPARSELAND_DESIGNS_DENSE_H_
#define SPARSELAND_DESIGNS_DENSE_H_

#include "design.h"

namespace sl {

class DensePacked : public Packed {
 public:
  using Packed::Packed;

  bool fill(const sl_matrix& w);
  int linear(const Call& call) const override;
  void unpack(void* values) const override;
  int64_t bytes() const override { return panels_.bytes(); }

  const float* panels() const { return panels_.get(); }

 private:
  int rows(int64_t m, const float* x, const sl_output& y, int threads) const;

  Array<float> panels_;  // [ceil(n / 2 vectors)][k][2 vectors]
};

constexpr int64_t kDenseTiles = 8;    // tiles of dense_rows rows in a task
constexpr int64_t kDensePanels = 8;   // panels of 2 vectors of columns in a task
constexpr int64_t kDenseBlock = 256;  // inputs at a time: a panel of them takes 16 to 32 KiB of L1

struct DenseTask {
  int64_t rows, columns, k;
  const float* x;  // tiles [k][rows of the tile], one after the other
  const float* w;  // panels [k][2 vectors]
};

// y [rows][ld] = act(x * w + bias), columns columns; uses the scratch slot kTask.
int dense_task(const SlLevel* level, const DenseTask& task, const float* bias, int act, float* y,
               int64_t ld);

// Panels of 2 vectors of columns from b [k][n] with row step ld_k and column step ld_n; zero-padded.
void pack_panels(const SlLevel* level, int64_t n, int64_t k, const float* b, int64_t ld_k,
                 int64_t ld_n, float* panels);

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_DENSE_H_
