// SPDX-License-Identifier: Apache-2.0
// Convolution over NCHW, one of two ways: indirect or by panels (conv.h). Unless the input is read where it
// lies, each thread copies what it needs of it into padded planes of its own (conv_planes.h): planes
// that one thread writes and another reads would travel between cores at every call.
#include <atomic>

#include "conv.h"
#include "conv_cut.h"
#include "conv_window.h"
#include "memory.h"
#include "pool.h"
#include "weights.h"

extern const SlConvKernels conv_kernels__scalar;
#if defined(SL_X86)
extern const SlConvKernels conv_kernels__avx512, conv_kernels__avx2;
#endif

namespace sl {
namespace {

const SlConvKernels& kernels(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return conv_kernels__avx512;
  if (level->code == SL_AVX2) return conv_kernels__avx2;
#endif
  return conv_kernels__scalar;
}

// The planes that a thread has made last.
struct Made {
  uint64_t call;
  int64_t image, group, band;
};

// Planes of a band of one group of an image, the calling thread's own; null without memory.
const float* planes_of(const Conv& c, const ConvCut& cut, const Made& wanted, const float* x) {
  thread_local Made made{0, 0, 0, 0};
  const int64_t channels = c.channels();
  float* planes = scratch(kShared, product(static_cast<size_t>(channels), static_cast<size_t>(c.planes.channel)) +
                                       static_cast<size_t>(kPlaneSlack));
  if (planes == nullptr) return nullptr;
  if (made.call == wanted.call && made.image == wanted.image && made.group == wanted.group &&
      made.band == wanted.band) {
    return planes;
  }
  const int64_t first = cut.first_row(wanted.band);
  const int64_t lines = cut.end_row(wanted.band) - first + c.planes.rows.span;
  const int64_t size = c.s.height * c.s.width;
  const float* from = x + (wanted.image * c.s.channels + wanted.group * channels) * size;
  for (int64_t i = 0; i < channels; ++i) {
    fill_planes(c.kernels, c.s, c.planes, first, lines, from + i * size, planes + i * c.planes.channel);
  }
  made = wanted;
  return planes;
}

int convolve(const Conv& c, const ConvCut& cut, const float* x, float* y) {
  static std::atomic<uint64_t> calls{0};
  const uint64_t call = calls.fetch_add(1, std::memory_order_relaxed) + 1;
  const int64_t groups = c.s.groups, tasks = cut.bands * cut.splits;
  const int64_t work = c.s.batch * c.pixels() * c.n * c.k / 8 * groups;
  return parallel(c.threads, c.s.batch * groups * tasks, work, [&](int64_t i) {
    const int64_t image = i / tasks / groups, group = i / tasks % groups;
    const int64_t band = i / cut.splits % cut.bands, row = i % cut.splits * cut.rows;
    const float* planes = c.planes.in_place
                              ? x + (image * c.s.channels + group * c.channels()) * c.planes.channel
                              : planes_of(c, cut, {call, image, group, band}, x);
    if (planes == nullptr) return static_cast<int>(SL_NO_MEMORY);
    const int64_t from = c.planes.in_place ? 0 : cut.first_row(band) * c.planes.pitch;
    const int64_t end = cut.end(band);
    int status = SL_OK;
    for (int64_t at = cut.begin(band); at < end && status == SL_OK; at += cut.each) {
      const int64_t count = least(cut.each, end - at);
      for (int64_t r = row; r < least(cut.all, row + cut.rows) && status == SL_OK; r += cut.rows_at_once) {
        const int64_t rows = least(cut.rows_at_once, least(cut.all, row + cut.rows) - r);
        const Tile t{group, r, rows, at, count, from, planes, y + image * c.s.outputs * c.pixels()};
        status = c.rows == nullptr ? conv_panels(c, t) : conv_indirect(c, t);
      }
    }
    return status;
  });
}

}  // namespace
}  // namespace sl

int sl_conv2d(const sl_weights* w, const float* bias, int act, const sl_conv* s, const float* x,
              float* y, int threads) {
  if (w->conv_level == nullptr || !sl::same_window(w->window, *s)) return SL_BAD_ARGUMENT;
  if (w->onednn != nullptr) return w->onednn->run(*s, bias, act, x, y, threads);
  const SlLevel* level = w->conv_level;
  const int64_t n = s->outputs / s->groups, k = sl::taps(*s);
  sl::Conv c{*s, level, sl::kernels(level), w->parts, w->rows, bias, act, threads, n, k, {}, nullptr};
  const bool depthwise = sl::is_depthwise(*s);
  if (depthwise && sl::conv_in_place(c)) return sl::conv_depthwise(c, x, y);
  if (!sl::plan(*s, &c.planes)) return SL_NO_MEMORY;
  uint32_t* offsets = reinterpret_cast<uint32_t*>(sl::scratch(sl::kRowsIn, static_cast<size_t>(k)));
  if (offsets == nullptr) return SL_NO_MEMORY;
  c.offsets = offsets;
  // Tiles read whole vectors: not behind the caller's array.
  if (c.rows != nullptr && c.planes.in_place && (depthwise || c.planes.length % level->width != 0)) {
    c.planes.copy(*s);
  }
  if (depthwise) {
    sl::fill_offsets(*s, c.planes, offsets);
    return sl::conv_depthwise(c, x, y);
  }
  const sl::ConvCut cut(c);
  if (!c.planes.in_place) c.planes.cut(*s, cut.most_rows());
  sl::fill_offsets(*s, c.planes, offsets);
  return sl::convolve(c, cut, x, y);
}
