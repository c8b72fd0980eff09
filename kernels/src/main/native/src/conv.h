// SPDX-License-Identifier: Apache-2.0
// One call of sl_conv2d, as its parts share it.
#ifndef SPARSELAND_CONV_H_
#define SPARSELAND_CONV_H_

#include "conv_planes.h"
#include "conv_rows.h"
#include "designs/design.h"
#include "level.h"

namespace sl {

constexpr int64_t kConvPanels = 8;  // most panels that are gathered at once

struct Conv {
  const sl_conv& s;
  const SlLevel* level;
  const SlConvKernels& kernels;
  const Array<Packed*>& parts;  // panels, by group
  const ConvRows* rows;         // or null: panels
  const float* bias;
  int act;
  int threads;
  int64_t n, k;  // of a group
  ConvPlanes planes;
  const uint32_t* offsets;

  int64_t channels() const { return s.channels / s.groups; }
  int64_t pixels() const { return s.out_height * s.out_width; }
};

// Outputs [first, first + rows) of a group (panels: parts of them) for `count` pixels from `at` on,
// counted in planes (indirect) or without padding (panels). x: the group's first plane, whose first line
// is the one `from` floats behind the beginning of an image's; y: the image's first output plane.
struct Tile {
  int64_t group, first, rows, at, count;
  int64_t from;
  const float* x;
  float* y;
};

// Each kept weight reads its own distance in the planes: no data is repeated for taps, but loads are
// not aligned. A status.
int conv_indirect(const Conv& c, const Tile& t);
// 32 pixels of all taps are gathered, then multiplied as the tokens of a linear layer.
int conv_panels(const Conv& c, const Tile& t);

// Whether the level convolves single channels of an image where it lies.
bool conv_in_place(const Conv& c);
// Of a convolution of single channels: x, y of all images.
int conv_depthwise(const Conv& c, const float* x, float* y);

}  // namespace sl

#endif  // SPARSELAND_CONV_H_
