// SPDX-License-Identifier: Apache-2.0
// Convolutions of single channels, which are dense.
#include "conv.h"
#include "memory.h"
#include "pool.h"

namespace sl {
namespace {

// One channel of an image: from the image itself, or from planes.
int depthwise_channel(const Conv& c, int64_t group, const float* x, float* y) {
  const sl_conv& s = c.s;
  float* planes = nullptr;
  if (!conv_in_place(c)) {
    planes = scratch(kTask, static_cast<size_t>(c.planes.channel + kPlaneSlack));
    if (planes == nullptr) return SL_NO_MEMORY;
    fill_planes(c.kernels, s, c.planes, 0, c.planes.lines, x, planes);
  }
  for (int64_t r = group * c.n; r < (group + 1) * c.n; ++r, y += c.pixels()) {
    if (planes == nullptr) {
      const SlConvDirect d{s.kernel_h, s.kernel_w, s.stride_h, s.pad_h, s.pad_w, s.dilation_h,
                           s.dilation_w, s.height, s.width, s.out_height, s.out_width,
                           c.rows->values(r)};
      c.kernels.direct(&d, x, y);
    } else {
      const bool three = s.kernel_h == 3 && s.kernel_w == 3 && c.planes.channel == c.planes.plane &&
                         s.dilation_h == 1 && s.dilation_w == 1;
      const SlConvDepth d{c.k, c.rows->values(r), c.offsets, three, s.out_height, s.out_width,
                          c.planes.pitch};
      c.kernels.depth(&d, planes, y);
    }
    if (c.bias != nullptr || c.act != SL_IDENTITY) {
      c.level->bias_act(c.pixels(), c.bias == nullptr ? 0.0f : c.bias[r], c.act, y, y);
    }
  }
  return SL_OK;
}

}  // namespace

bool conv_in_place(const Conv& c) {
  return c.kernels.direct != nullptr && c.s.stride_h == c.s.stride_w && c.s.stride_h <= 2;
}

int conv_depthwise(const Conv& c, const float* x, float* y) {
  const int64_t channels = c.s.batch * c.s.groups, work = channels * c.n * c.k * c.pixels();
  // Neighbouring channels in one task: taking a task costs as much as a small channel.
  const int64_t each = most(1, least(16, channels / (8 * c.threads)));
  return parallel(c.threads, up(channels, each), work, [&](int64_t task) {
    int status = SL_OK;
    for (int64_t i = task * each; i < least(channels, (task + 1) * each) && status == SL_OK; ++i) {
      status = depthwise_channel(c, i % c.s.groups, x + i * c.s.height * c.s.width,
                                 y + i * c.n * c.pixels());
    }
    return status;
  });
}

}  // namespace sl
