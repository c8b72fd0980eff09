// SPDX-License-Identifier: Apache-2.0
// Weights of a convolution for the indirect product: kept weights by row (blocks of 4 rows x 1 weight where
// the pattern has them), each with its place k; where k reads is known when the sizes of an image
// are. One form serves all groups, image sizes, strides and dilations.
#ifndef SPARSELAND_CONV_ROWS_H_
#define SPARSELAND_CONV_ROWS_H_

#include "array.h"
#include "micro/f32_conv.h"
#include "sparseland_kernels.h"

namespace sl {

class ConvRows {
 public:
  // Dense: a weight of 0 is multiplied too; singles: no blocks of 4 rows. False without memory.
  struct Kind {
    bool depthwise, dense, singles;  // depthwise: plain values of all rows
  };
  bool fill(const sl_matrix& w, int64_t groups, const Kind& kind);

  const float* values(int64_t row) const { return values_.get() + row * k_; }

  int64_t rows_at_once() const { return blocks_ ? 4 : 1; }
  int64_t bytes() const {
    return values_.bytes() + starts_.bytes() + singles_.bytes() + quads_.bytes();
  }

  // Rows [first, first + rows) of one group, both multiples of rows_at_once but at the end; of the tile
  // x, offsets, tokens, sums and ld are given.
  void multiply(const SlConvKernels& kernels, int64_t group, int64_t first, int64_t rows,
                SlConvTile tile) const;

 private:
  bool blocks_ = false;
  int64_t n_ = 0, k_ = 0;           // of a group
  int64_t rows_ = 0;                // rows, or blocks of rows, of a group
  int64_t kc_ = 0, k_blocks_ = 0;   // inputs at a time
  Array<float> values_;
  Array<uint32_t> starts_;          // [group][k block][rows + 1]
  Array<SlConvSingle> singles_;
  Array<SlConvQuad> quads_;
};

}  // namespace sl

#endif  // SPARSELAND_CONV_ROWS_H_
