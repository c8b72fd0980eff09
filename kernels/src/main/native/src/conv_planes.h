// SPDX-License-Identifier: Apache-2.0
// Where a convolution reads its input. Each channel of an image is copied once into planes of zero-padded
// rows, one plane for each phase of the strides (stride 2: even and odd rows, even and odd columns).
// Then output pixel (h, v) stands at h * pitch + v, and each weight (channel, kh, kw) reads one
// constant distance further, whatever stride, dilation and padding are: runs of neighbouring pixels
// are vectors, and nothing is repeated for each tap.
#ifndef SPARSELAND_CONV_PLANES_H_
#define SPARSELAND_CONV_PLANES_H_

#include "array.h"
#include "micro/f32_conv.h"
#include "sparseland_kernels.h"

namespace sl {

// One direction. Output i and tap t meet input (i + first + shift[t]) * stride + phase[slot[t]].
struct ConvAxis {
  int64_t first, span;  // shifts are 0 .. span
  int64_t phases;       // that some tap reads
  Array<int64_t> phase, slot, shift;
};

struct ConvPlanes {
  ConvAxis rows, columns;
  bool in_place;   // 1x1 kernels without stride and padding read NCHW as it is
  int64_t lines;   // rows of a plane
  int64_t pitch;   // of a row: zeros behind it are the ones before the next
  int64_t plane;   // floats from one plane to the next
  int64_t channel; // floats from one channel to the next
  int64_t length;  // from the first output pixel to the last, pitch counted

  void copy(const sl_conv& s);  // not in place, whatever the kernel is
  // Planes of `out_rows` rows of output pixels instead of all.
  void cut(const sl_conv& s, int64_t out_rows);
};

// False without memory, or when the planes of one image do not fit 4 GiB.
bool plan(const sl_conv& s, ConvPlanes* planes);
// Byte offset of each weight of one group, [channels of a group * kernel_h * kernel_w].
void fill_offsets(const sl_conv& s, const ConvPlanes& planes, uint32_t* offsets);
// Planes of one channel from its image x [height][width]: `lines` of them from `line` on, then 0.
void fill_planes(const SlConvKernels& kernels, const sl_conv& s, const ConvPlanes& planes,
                 int64_t line, int64_t lines, const float* x, float* to);
// Floats that may be read behind the last plane, and need not be set.
constexpr int64_t kPlaneSlack = 64;

}  // namespace sl

#endif  // SPARSELAND_CONV_PLANES_H_
