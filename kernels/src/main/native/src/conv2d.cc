// SPDX-License-Identifier: Apache-2.0
// Convolution as a product: blocks of pixels are laid out as panels [inputs][pixels] (im2col), which is
// what the sparse kernels and dense_conv read; their output rows are rows of NCHW.
#include <cstring>

#include "designs/csr.h"
#include "designs/dense.h"
#include "pool.h"
#include "weights.h"

namespace sl {
namespace {

constexpr int64_t kPixels = 32;  // of a panel in the sparse kernels

// Neighbouring pixels [first, first + count) of one output row.
struct Segment {
  int64_t row, first, count;
};

// One row of the panel: the input pixels that meet tap (kh, kw) of one channel, 0 in the padding.
void fill(const sl_conv& s, const float* plane, int64_t kh, int64_t kw, const Segment& g,
          float* to) {
  const int64_t h = g.row * s.stride_h - s.pad_h + kh * s.dilation_h;
  if (h < 0 || h >= s.height) {
    std::memset(to, 0, static_cast<size_t>(g.count) * sizeof(float));
    return;
  }
  const float* line = plane + h * s.width;
  const int64_t v = g.first * s.stride_w - s.pad_w + kw * s.dilation_w;
  int64_t i = 0;
  for (; i < g.count && v + i * s.stride_w < 0; ++i) to[i] = 0.0f;
  const int64_t inside = v >= s.width ? 0 : (s.width - 1 - v) / s.stride_w + 1;
  const int64_t end = least(g.count, inside);
  if (s.stride_w == 1) {
    for (; i < end; ++i) to[i] = line[v + i];
  } else {
    for (; i < end; ++i) to[i] = line[v + i * s.stride_w];
  }
  for (; i < g.count; ++i) to[i] = 0.0f;
}

// panel [channels of a group * kernel_h * kernel_w][width] for pixels [first, first + count).
void fill_panel(const sl_conv& s, const float* x, int64_t first, int64_t count, int64_t width,
                float* panel) {
  const int64_t channels = s.channels / s.groups;
  for (int64_t c = 0; c < channels; ++c) {
    const float* plane = x + c * s.height * s.width;
    for (int64_t kh = 0; kh < s.kernel_h; ++kh) {
      for (int64_t kw = 0; kw < s.kernel_w; ++kw) {
        for (int64_t at = 0; at < count;) {
          const int64_t pixel = first + at;
          const int64_t column = pixel % s.out_width;
          const int64_t some = least(count - at, s.out_width - column);
          fill(s, plane, kh, kw, {pixel / s.out_width, column, some}, panel + at);
          at += some;
        }
        for (int64_t at = count; at < width; ++at) panel[at] = 0.0f;
        panel += width;
      }
    }
  }
}

struct Target {
  const float* bias;  // of the group's first output, or null
  int act;
  int64_t count;  // pixels
  int64_t plane;  // pixels of a whole output plane
  float* y;       // first pixel of the group's first output
};

int dense_panel(const DensePacked& w, const Target& t, const float* panel) {
  const SlLevel* level = w.level;
  const int64_t width2 = 2 * level->width;
  float* out = scratch(kTask2, product(width2, width2));
  if (out == nullptr) return SL_NO_MEMORY;
  for (int64_t row = 0; row < w.n; row += width2) {
    const int64_t rows = least(width2, w.n - row);
    level->dense_conv(rows, w.k, w.panels() + row * w.k, panel, out);
    for (int64_t r = 0; r < rows; ++r) {
      level->bias_act(t.count, t.bias == nullptr ? 0.0f : t.bias[row + r], t.act,
                         out + r * width2, t.y + (row + r) * t.plane);
    }
  }
  return SL_OK;
}

int sparse_panel(const CsrPacked& w, const Target& t, const float* panel) {
  for (int64_t i = 0; i < w.parts(); ++i) {
    const Part part = w.part(i);
    float* out = scratch(kTask2, product(part.rows, kPixels));
    if (out == nullptr) return SL_NO_MEMORY;
    w.multiply(i, kPixels, panel, out);
    for (int64_t r = 0; r < part.rows; ++r) {
      const int64_t row = part.first + r;
      w.level->bias_act(t.count, t.bias == nullptr ? 0.0f : t.bias[row], t.act, out + r * kPixels,
                        t.y + row * t.plane);
    }
  }
  return SL_OK;
}

}  // namespace
}  // namespace sl

int sl_conv2d(const sl_weights* w, const float* bias, int act, const sl_conv* s, const float* x,
              float* y, int threads) {
  const bool dense = w->design == SL_DENSE;
  if ((!dense && w->design != SL_CSR) || static_cast<int64_t>(w->parts.size()) != s->groups) {
    return SL_BAD_ARGUMENT;
  }
  const sl::Packed& any = *w->parts[0];
  const int64_t pixels = s->out_height * s->out_width;
  const int64_t width = dense ? 2 * any.level->width : sl::kPixels;
  const int64_t blocks = sl::up(pixels, width), image = s->channels * s->height * s->width;
  const int64_t kept =
      dense ? any.n * any.k : static_cast<const sl::CsrPacked&>(any).nonzeros();
  const int64_t tasks = s->batch * s->groups * blocks;
  return sl::parallel(threads, tasks, s->batch * pixels * kept * s->groups, [&](int64_t i) {
    const int64_t b = i / blocks / s->groups, group = i / blocks % s->groups;
    const int64_t first = i % blocks * width, count = sl::least(width, pixels - first);
    float* panel = sl::scratch(sl::kTask, sl::product(any.k, width));
    if (panel == nullptr) return static_cast<int>(SL_NO_MEMORY);
    const float* in = x + b * image + group * (s->channels / s->groups) * s->height * s->width;
    sl::fill_panel(*s, in, first, count, width, panel);
    const int64_t output = group * any.n;
    const sl::Target target{bias == nullptr ? nullptr : bias + output, act, count, pixels,
                            y + (b * s->outputs + output) * pixels + first};
    const sl::Packed& part = *w->parts[group];
    return dense ? sl::dense_panel(static_cast<const sl::DensePacked&>(part), target, panel)
                 : sl::sparse_panel(static_cast<const sl::CsrPacked&>(part), target, panel);
  });
}
