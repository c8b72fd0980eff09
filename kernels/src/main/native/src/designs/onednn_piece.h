// SPDX-License-Identifier: Apache-2.0
// The part of a dense convolution that one thread runs by oneDNN: some groups or outputs, some rows of output
// pixels, of one image.
#ifndef SPARSELAND_DESIGNS_ONEDNN_PIECE_H_
#define SPARSELAND_DESIGNS_ONEDNN_PIECE_H_

#include "onednn_library.h"
#include "sparseland_kernels.h"

namespace sl {

// Output rows [first, first + count), and the input rows and padding that they read.
struct ConvBand {
  int64_t first, count;
  int64_t first_in, count_in, pad_before, pad_after;

  static ConvBand all(const sl_conv& s);
  // Without the input rows that these do not read; count_in is below 1 where they read padding only.
  static ConvBand some(const sl_conv& s, int64_t first, int64_t count);
};

class OnednnPiece {
 public:
  OnednnPiece(const Dnnl& d) : d_(d) {}
  ~OnednnPiece();
  OnednnPiece(const OnednnPiece&) = delete;
  OnednnPiece& operator=(const OnednnPiece&) = delete;

  // Through the layout that oneDNN asks for, or with NCHW given to it. False without memory.
  bool make(const sl_conv& s, int64_t groups, int64_t outputs, const ConvBand& band, bool blocked);
  Handle weights() const;
  // x, y: NCHW of the first channel and output of the piece in one image; a status.
  int run(const float* weights, const float* x, float* y) const;

 private:
  bool make_reorder(Handle from, Handle to, Handle* pd, Handle* primitive) const;
  int reordered(Handle pd, Handle primitive, Handle from, void* x, Handle to, void* y) const;

  const Dnnl& d_;
  Handle src_ = nullptr, dst_ = nullptr;      // NCHW
  Handle pd_ = nullptr, primitive_ = nullptr;
  Handle in_pd_ = nullptr, in_ = nullptr;     // null: NCHW is multiplied
  Handle out_pd_ = nullptr, out_ = nullptr;
  int64_t x_at_ = 0, y_at_ = 0;               // floats before the first row
};

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_ONEDNN_PIECE_H_
