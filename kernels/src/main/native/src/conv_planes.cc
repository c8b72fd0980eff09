// SPDX-License-Identifier: Apache-2.0
#include "conv_planes.h"

#include <cstring>

namespace sl {
namespace {

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -up(-a, b); }

bool plan_axis(int64_t taps, int64_t stride, int64_t pad, int64_t dilation, ConvAxis* axis) {
  const size_t count = static_cast<size_t>(taps);
  if (!axis->phase.make(count) || !axis->slot.make(count) || !axis->shift.make(count)) return false;
  axis->first = floor_div(-pad, stride);
  axis->span = floor_div((taps - 1) * dilation - pad, stride) - axis->first;
  axis->phases = 0;
  for (int64_t t = 0; t < taps; ++t) {
    const int64_t at = t * dilation - pad, whole = floor_div(at, stride);
    const int64_t phase = at - whole * stride;
    int64_t slot = 0;
    while (slot < axis->phases && axis->phase[slot] != phase) ++slot;
    if (slot == axis->phases) axis->phase[axis->phases++] = phase;
    axis->slot[t] = slot;
    axis->shift[t] = whole - axis->first;
  }
  return true;
}

}  // namespace

bool plan(const sl_conv& s, ConvPlanes* p) {
  if (!plan_axis(s.kernel_h, s.stride_h, s.pad_h, s.dilation_h, &p->rows) ||
      !plan_axis(s.kernel_w, s.stride_w, s.pad_w, s.dilation_w, &p->columns)) {
    return false;
  }
  p->in_place = s.kernel_h * s.kernel_w * s.stride_h * s.stride_w == 1 && s.pad_h + s.pad_w == 0 &&
                s.out_height == s.height && s.out_width == s.width;
  p->lines = s.out_height + p->rows.span;
  // Columns from `zero` on are padding in every phase, as are the first -first: what a tap reads
  // behind its row may be the beginning of the next one.
  const int64_t all = s.out_width + p->columns.span;
  const int64_t zero = up(s.width, s.stride_w) - p->columns.first;
  p->pitch = most(s.out_width, least(all, most(zero, all - most(0, -p->columns.first))));
  p->length = (s.out_height - 1) * p->pitch + s.out_width;
  p->plane = s.height * s.width;
  p->channel = p->plane;
  if (!p->in_place) p->copy(s);
  return product(static_cast<size_t>(s.channels), static_cast<size_t>(p->channel), 4) <= UINT32_MAX;
}

void ConvPlanes::copy(const sl_conv& s) {
  in_place = false;
  plane = up(lines * pitch + most(0, s.out_width + columns.span - pitch), 16) * 16;
  if (plane % 256 == 0) plane += 16;  // planes a multiple of 4 KiB apart would share sets of L1
  channel = plane * rows.phases * columns.phases;
}

void ConvPlanes::cut(const sl_conv& s, int64_t out_rows) {
  lines = out_rows + rows.span;
  copy(s);
}

void fill_offsets(const sl_conv& s, const ConvPlanes& p, uint32_t* offsets) {
  for (int64_t c = 0; c < s.channels / s.groups; ++c) {
    for (int64_t h = 0; h < s.kernel_h; ++h) {
      for (int64_t w = 0; w < s.kernel_w; ++w) {
        const int64_t plane = p.rows.slot[h] * p.columns.phases + p.columns.slot[w];
        const int64_t at = c * p.channel + plane * p.plane + p.rows.shift[h] * p.pitch + p.columns.shift[w];
        *offsets++ = static_cast<uint32_t>(at * 4);
      }
    }
  }
}

void fill_planes(const SlConvKernels& kernels, const sl_conv& s, const ConvPlanes& p,
                 int64_t line, int64_t lines, const float* x, float* to) {
  for (int64_t i = 0; i < p.rows.phases; ++i) {
    for (int64_t j = 0; j < p.columns.phases; ++j, to += p.plane) {
      const int64_t phase = p.columns.phase[j], first = p.columns.first;
      const int64_t begin = least(p.pitch, most(0, up(-phase, s.stride_w) - first));
      const int64_t end = floor_div(s.width - 1 - phase, s.stride_w) + 1 - first;
      const SlConvPlane plane{lines, p.pitch, p.plane, p.rows.first + line, s.stride_h, p.rows.phase[i],
                              s.height, begin, most(begin, least(p.pitch, end)),
                              (begin + first) * s.stride_w + phase, s.stride_w, s.width};
      kernels.fill(&plane, x, to);
    }
  }
}

}  // namespace sl
