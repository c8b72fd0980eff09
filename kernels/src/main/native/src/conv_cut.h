// SPDX-License-Identifier: Apache-2.0
// How a convolution is shared out among threads: bands of neighbouring pixels, and splits of the outputs.
// Both give the same bits.
#ifndef SPARSELAND_CONV_CUT_H_
#define SPARSELAND_CONV_CUT_H_

#include "conv.h"

namespace sl {

class ConvCut {
 public:
  explicit ConvCut(const Conv& c);

  int64_t each;          // pixels of a tile
  int64_t bands, splits;
  int64_t all, rows;     // outputs of a group and of a split; panels: parts of them
  int64_t rows_at_once;  // of a tile

  // Pixels [begin, end) of a band, counted as tiles are, and the rows of output pixels that it meets.
  int64_t begin(int64_t band) const { return band * band_; }
  int64_t end(int64_t band) const { return least(length_, (band + 1) * band_); }
  int64_t first_row(int64_t band) const { return begin(band) / columns_; }
  int64_t end_row(int64_t band) const { return (end(band) - 1) / columns_ + 1; }
  int64_t most_rows() const;

 private:
  void indirect(const Conv& c);
  void panels(const Conv& c);

  int64_t length_ = 0, columns_ = 0;  // pixels, and those of a row
  int64_t band_ = 0;                  // pixels of a band
};

}  // namespace sl

#endif  // SPARSELAND_CONV_CUT_H_
