// SPDX-License-Identifier: Apache-2.0
// Convolution over NCHW. The input is copied once into padded planes (conv_planes.h), or read where it
// lies; then one of two ways, by estimated time:
// - indirect: tiles of up to 7 vectors of neighbouring pixels, each kept weight reading its own
//   distance (f32_conv_tile.cc): no data is repeated for taps, but loads are not aligned;
// - panels: 32 pixels of all taps are gathered, then multiplied as the tokens of a linear layer.
#include "conv_planes.h"
#include "conv_window.h"
#include "panels.h"
#include "pool.h"
#include "weights.h"

extern const SlConvKernels conv_kernels__scalar;
#if defined(SL_X86)
extern const SlConvKernels conv_kernels__avx512, conv_kernels__avx2;
#endif

namespace sl {
namespace {

constexpr int64_t kPanel = SL_PANEL;
constexpr int64_t kMostRows = 512;            // outputs in a task
constexpr int64_t kMostPanels = 8;             // in a task
constexpr int64_t kPanelFloats = 128 << 10;    // of packed panels in a task: half of a usual L2
constexpr int64_t kMostRuns = 128;            // rows of pixels that a tile meets
constexpr size_t kImagesAtOnce = 2 << 20;     // floats of planes

const SlConvKernels& kernels(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return conv_kernels__avx512;
  if (level->code == SL_AVX2) return conv_kernels__avx2;
#endif
  return conv_kernels__scalar;
}

// What one call needs everywhere.
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

// Pixels [first, first + count) of an image as runs in planes.
int64_t runs_of(const Conv& c, int64_t first, int64_t count, SlConvRun* run) {
  int64_t runs = 0;
  for (const int64_t end = first + count; first < end;) {
    const int64_t column = first % c.s.out_width;
    const int64_t some = c.planes.pitch == c.s.out_width ? end - first
                                                         : least(end - first, c.s.out_width - column);
    run[runs++] = {first / c.s.out_width * c.planes.pitch + column, some};
    first += some;
  }
  return runs;
}

// sums [rows][ld] to outputs in place: bias and activation.
void finish(const Conv& c, int64_t output, int64_t rows, int64_t ld, float* sums) {
  if (c.bias == nullptr && c.act == SL_IDENTITY) return;
  for (int64_t r = 0; r < rows; ++r) {
    const float bias = c.bias == nullptr ? 0.0f : c.bias[output + r];
    c.level->bias_act(ld, bias, c.act, sums + r * ld, sums + r * ld);
  }
}

// Outputs [first, first + rows) of a group for `count` pixels from `at` on, counted in planes
// (indirect) or without padding (panels); x at the group's first plane, y at the image's first.
struct Tile {
  int64_t group, first, rows, at, count;
  const float* x;
  float* y;
};

int indirect(const Conv& c, const Tile& t) {
  const int64_t ld = up(t.count, c.level->width) * c.level->width;
  float* sums = scratch(kTask2, product(static_cast<size_t>(t.rows + 3), static_cast<size_t>(ld)));
  if (sums == nullptr) return SL_NO_MEMORY;
  c.rows->multiply(c.kernels, t.group, t.first, t.rows,
                   {0, nullptr, c.offsets, 1, t.x + t.at, t.count, sums, ld});
  const auto pixels_before = [&](int64_t at) {
    return at / c.planes.pitch * c.s.out_width + least(at % c.planes.pitch, c.s.out_width);
  };
  const int64_t first = pixels_before(t.at), end = pixels_before(t.at + t.count);
  if (end == first) return SL_OK;
  SlConvRun run[kMostRuns];
  const int64_t runs = runs_of(c, first, end - first, run);
  for (int64_t r = 0; r < runs; ++r) run[r].at -= t.at;
  finish(c, t.group * c.n + t.first, t.rows, ld, sums);
  c.kernels.scatter(t.rows, runs, run, sums, ld, t.y + (t.group * c.n + t.first) * c.pixels() + first,
                    c.pixels());
  return SL_OK;
}

// t.first and t.rows count parts here. Some panels together, so that planes are read and written in
// longer pieces.
int panels(const Conv& c, const Tile& t) {
  const PanelDesign& w = static_cast<const PanelDesign&>(*c.parts[t.group]);
  const int64_t count = up(t.count, kPanel);
  float* packed = scratch(kTask, product(static_cast<size_t>(c.k), static_cast<size_t>(count * kPanel)));
  if (packed == nullptr) return SL_NO_MEMORY;
  const auto tokens = [&](int64_t p) { return least(kPanel, t.count - p * kPanel); };
  const auto width = [&](int64_t p) { return tokens(p) <= 16 ? 16 : kPanel; };
  for (int64_t p = 0; p < count; ++p) {
    SlConvRun run[kMostRuns];
    const int64_t runs = runs_of(c, t.at + p * kPanel, tokens(p), run);
    c.kernels.gather(c.k, c.offsets, t.x, runs, run, width(p), packed + p * kPanel * c.k);
  }
  for (int64_t i = t.first; i < t.first + t.rows; ++i) {
    const Part part = w.part(i);
    float* sums = scratch(kTask2, product(static_cast<size_t>(part.rows), static_cast<size_t>(count * kPanel)));
    if (sums == nullptr) return SL_NO_MEMORY;
    SlConvRun run[kMostPanels];
    for (int64_t p = 0; p < count; ++p) {
      run[p] = {p * kPanel * part.rows, tokens(p)};
      w.multiply(i, width(p), packed + p * kPanel * c.k, sums + run[p].at);
      finish(c, t.group * c.n + part.first, part.rows, width(p), sums + run[p].at);
    }
    float* y = t.y + (t.group * c.n + part.first) * c.pixels() + t.at;
    const int64_t full = width(count - 1) == kPanel ? count : count - 1;
    if (full > 0) c.kernels.scatter(part.rows, full, run, sums, kPanel, y, c.pixels());
    if (full < count) {
      const SlConvRun last{0, tokens(full)};
      c.kernels.scatter(part.rows, 1, &last, sums + run[full].at, 16, y + full * kPanel, c.pixels());
    }
  }
  return SL_OK;
}

// How the pixels of an image and the outputs of a group are shared out.
struct Tiles {
  int64_t count, length, each;  // of `length` pixels
  int64_t splits, rows, all;    // of `all` outputs, or parts of them

  Tiles(const Conv& c, int64_t images) {
    c.rows == nullptr ? by_panels(c, images) : indirect(c, images);
    splits = up(all, rows);
  }

 private:
  void indirect(const Conv& c, int64_t images) {
    const int64_t width = c.level->width;
    const int64_t widest = c.rows->rows_at_once() == 4 ? c.kernels.most_quad : c.kernels.most_single;
    length = c.planes.length;
    all = c.n;
    each = up(up(length, width), up(length, widest)) * width;
    count = up(length, each);
    const int64_t tasks = count * c.s.groups * images;
    const int64_t wanted = tasks >= 4 * c.threads ? 1 : up(4 * c.threads, tasks);
    rows = up(up(all, most(least(wanted, up(all, 16)), up(all, kMostRows))), 4) * 4;
  }

  void by_panels(const Conv& c, int64_t images) {
    length = c.pixels();
    all = static_cast<const PanelDesign&>(*c.parts[0]).parts();
    const int64_t fit = most(1, least(kMostPanels, kPanelFloats / (c.k * kPanel)));
    const int64_t panels = up(length, kPanel), others = c.s.groups * images;
    each = most(1, least(fit, panels * others / (4 * c.threads))) * kPanel;
    count = up(length, each);
    const bool even = count * others % c.threads == 0 || count * others >= 4 * c.threads;
    rows = up(all, even ? 1 : least(c.threads, all));
  }
};

// Whether the level convolves single channels of an image where it lies.
bool direct(const Conv& c) {
  return c.kernels.direct != nullptr && c.s.stride_h == c.s.stride_w && c.s.stride_h <= 2;
}

// One channel of an image: from the image itself, or from planes.
int depthwise_channel(const Conv& c, int64_t group, const float* x, float* y) {
  const sl_conv& s = c.s;
  float* planes = nullptr;
  if (!direct(c)) {
    planes = scratch(kTask, static_cast<size_t>(c.planes.channel + kPlaneSlack));
    if (planes == nullptr) return SL_NO_MEMORY;
    fill_planes(c.kernels, s, c.planes, x, planes);
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

int depthwise(const Conv& c, const float* x, float* y) {
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

// Images [first, first + images), planes of all made before.
int some_images(const Conv& c, int64_t first, int64_t images, const float* x, float* y) {
  const int64_t image_size = c.s.channels * c.planes.channel;
  const int64_t source = c.s.channels * c.s.height * c.s.width;
  const float* planes = x + first * source;
  if (!c.planes.in_place) {
    float* made = scratch(kShared, static_cast<size_t>(images * image_size + kPlaneSlack));
    if (made == nullptr) return SL_NO_MEMORY;
    parallel(c.threads, images * c.s.channels, images * image_size, [&](int64_t i) {
      fill_planes(c.kernels, c.s, c.planes, planes + i * c.s.height * c.s.width,
                  made + i * c.planes.channel);
      return static_cast<int>(SL_OK);
    });
    planes = made;
  }
  const Tiles tiles(c, images);
  const int64_t per_group = tiles.count * tiles.splits;
  const int64_t work = images * c.pixels() * c.n * c.k / 8 * c.s.groups;
  return parallel(c.threads, images * c.s.groups * per_group, work, [&](int64_t i) {
    const int64_t image = i / per_group / c.s.groups, group = i / per_group % c.s.groups;
    const int64_t row = i / tiles.count % tiles.splits * tiles.rows;
    const int64_t at = i % tiles.count * tiles.each;
    const Tile t{group, row, least(tiles.rows, tiles.all - row), at,
                 least(tiles.each, tiles.length - at),
                 planes + image * image_size + group * c.channels() * c.planes.channel,
                 y + (first + image) * c.s.outputs * c.pixels()};
    return c.rows == nullptr ? panels(c, t) : indirect(c, t);
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
  if (depthwise && sl::direct(c)) return sl::depthwise(c, x, y);
  if (!sl::plan(*s, &c.planes)) return SL_NO_MEMORY;
  uint32_t* offsets = reinterpret_cast<uint32_t*>(sl::scratch(sl::kRowsIn, static_cast<size_t>(k)));
  if (offsets == nullptr) return SL_NO_MEMORY;
  c.offsets = offsets;
  // Tiles read whole vectors: not behind the caller's array.
  if (c.rows != nullptr && c.planes.in_place && (depthwise || c.planes.length % level->width != 0)) {
    c.planes.copy(*s);
  }
  sl::fill_offsets(*s, c.planes, offsets);
  if (depthwise) return sl::depthwise(c, x, y);
  const int64_t image = s->channels * c.planes.channel;
  const int64_t at_once = sl::most(1, static_cast<int64_t>(sl::kImagesAtOnce) / image);
  int status = SL_OK;
  for (int64_t first = 0; first < s->batch && status == SL_OK; first += at_once) {
    status = sl::some_images(c, first, sl::least(at_once, s->batch - first), x, y);
  }
  return status;
}
