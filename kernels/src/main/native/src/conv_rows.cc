// SPDX-License-Identifier: Apache-2.0
#include "conv_rows.h"

#include <cstring>

#include "matrix.h"

namespace sl {
namespace {

constexpr int64_t kInputs = 256;     // at a time: with 3x3 taps about 28 channels of a tile, what fits L1

// Whether input k of rows [row, row + rows) of dense values [n][k] is kept somewhere.
bool any(const float* values, int64_t n, int64_t k, int64_t row, int64_t rows, int64_t column) {
  for (int64_t r = row; r < least(n, row + rows); ++r) {
    if (values[r * k + column] != 0.0f) return true;
  }
  return false;
}

// The count of blocks of `rows` rows x 1 weight that hold a kept one, in groups of n rows.
int64_t count(const float* values, int64_t groups, int64_t n, int64_t k, int64_t rows) {
  int64_t blocks = 0;
  for (const float* end = values + groups * n * k; values < end; values += n * k) {
    for (int64_t row = 0; row < n; row += rows) {
      for (int64_t i = 0; i < k; ++i) blocks += any(values, n, k, row, rows, i);
    }
  }
  return blocks;
}

}  // namespace

bool ConvRows::fill(const sl_matrix& w, int64_t groups, const Kind& kind) {
  n_ = w.n / groups;
  k_ = w.k;
  const size_t size = product(static_cast<size_t>(n_), static_cast<size_t>(k_));
  Array<float> own_values;
  Array<float>& values = kind.depthwise ? values_ : own_values;
  if (!values.make(product(size, static_cast<size_t>(groups)))) return false;
  expand(w, values.get());
  if (kind.depthwise) return true;
  const bool dense = kind.dense;
  const auto blocks = [&](int64_t rows) {
    return dense ? groups * up(n_, rows) * k_ : count(values.get(), groups, n_, k_, rows);
  };
  blocks_ = !kind.singles && n_ > 2;
  const int64_t at_once = rows_at_once(), kept = blocks(at_once);
  rows_ = up(n_, at_once);
  kc_ = blocks_ ? k_ : kInputs;
  k_blocks_ = up(k_, kc_);
  if (kept > UINT32_MAX || !(blocks_ ? quads_.make(static_cast<size_t>(kept))
                                     : singles_.make(static_cast<size_t>(kept))) ||
      !starts_.make(product(static_cast<size_t>(groups * k_blocks_), static_cast<size_t>(rows_ + 1)))) {
    return false;
  }
  int64_t at = 0;
  uint32_t* start = starts_.get();
  for (int64_t g = 0; g < groups; ++g) {
    const float* own = values.get() + g * static_cast<int64_t>(size);
    for (int64_t k0 = 0; k0 < k_; k0 += kc_) {
      *start++ = static_cast<uint32_t>(at);
      for (int64_t row = 0; row < n_; row += at_once) {
        for (int64_t i = k0; i < least(k_, k0 + kc_); ++i) {
          if (!dense && !any(own, n_, k_, row, at_once, i)) continue;
          const uint32_t entry = static_cast<uint32_t>(i * 4);
          const float* from = own + row * k_ + i;
          if (blocks_) {
            SlConvQuad& quad = quads_[at++];
            quad = {entry, {0, 0, 0, 0}};
            for (int64_t r = 0; r < least(4, n_ - row); ++r) quad.values[r] = from[r * k_];
          } else {
            singles_[at++] = {entry, *from};
          }
        }
        *start++ = static_cast<uint32_t>(at);
      }
    }
  }
  return true;
}

void ConvRows::multiply(const SlConvKernels& kernels, int64_t group, int64_t first, int64_t rows,
                        SlConvTile tile) const {
  tile.rows = up(rows, rows_at_once());
  for (int64_t b = 0; b < k_blocks_; ++b) {
    tile.starts = starts_.get() + (group * k_blocks_ + b) * (rows_ + 1) + first / rows_at_once();
    tile.first = b == 0;
    blocks_ ? kernels.quad(&tile, quads_.get()) : kernels.single(&tile, singles_.get());
  }
}

}  // namespace sl
