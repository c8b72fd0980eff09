// SPDX-License-Identifier: Apache-2.0
// Convolution over NCHW. The input is copied once into padded planes (conv_planes.h), or read where it
// lies; then one of two ways, by estimated time:
// - indirect: tiles of up to 7 vectors of neighbouring pixels, each kept weight reading its own
//   distance (f32_conv_tile.cc): no data is repeated for taps, but loads are not aligned;
// - panels: 32 pixels of all taps are gathered, then multiplied as the tokens of a linear layer.
#include "conv_planes.h"
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
  const sl_weights& w;
  const float* bias;
  int act;
  int threads;
  int64_t n, k;  // of a group
  ConvPlanes planes;
  const uint32_t* offsets;
  const ConvRows* rows;  // null: panels

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

// sums [rows][ld] to outputs: bias, activation, and the runs of each row, which begin at column
// `skip`, to its plane.
void finish(const Conv& c, int64_t output, int64_t rows, int64_t ld, float* sums, int64_t skip,
            int64_t runs, const SlConvRun* run, float* y) {
  const SlFinish f{SL_F32, nullptr, nullptr, nullptr, c.bias == nullptr ? nullptr : c.bias + output,
                   c.act, nullptr};
  c.level->finish(&f, rows, ld, sums);
  for (int64_t r = 0; r < rows; ++r) {
    c.kernels.scatter(runs, run, sums + r * ld + skip, y + (output + r) * c.pixels());
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
  finish(c, t.group * c.n + t.first, t.rows, ld, sums, run[0].at - t.at, runs, run, t.y + first);
  return SL_OK;
}

int panel(const Conv& c, const Tile& t) {
  const int64_t width = t.count <= 16 ? 16 : kPanel;
  float* packed = scratch(kTask, product(static_cast<size_t>(c.k), static_cast<size_t>(width)));
  if (packed == nullptr) return SL_NO_MEMORY;
  SlConvRun run[kMostRuns];
  const int64_t runs = runs_of(c, t.at, t.count, run);
  c.kernels.gather(c.k, c.offsets, t.x, runs, run, width, packed);
  const PanelDesign& w = static_cast<const PanelDesign&>(*c.w.parts[t.group]);
  for (int64_t i = 0; i < w.parts(); ++i) {
    const Part part = w.part(i);
    float* sums = scratch(kTask2, product(static_cast<size_t>(part.rows), static_cast<size_t>(width)));
    if (sums == nullptr) return SL_NO_MEMORY;
    w.multiply(i, width, packed, sums);
    // In sums the pixels lie without padding: one run.
    const SlConvRun all{0, t.count};
    finish(c, t.group * c.n + part.first, part.rows, width, sums, 0, 1, &all, t.y + t.at);
  }
  return SL_OK;
}

// Cycles for one group of csr weights, both ways, from measurements at avx512 (docs/performance.md).
bool panels_are_faster(const Conv& c, double kept) {
  const double width = static_cast<double>(c.level->width);
  const double pixels = static_cast<double>(up(c.pixels(), 16)) * 16, inputs = static_cast<double>(c.k);
  const double tile = static_cast<double>(c.planes.length) / width;
  const double gathered = pixels / width * (1.4 * kept + 3.0 * inputs);
  return gathered < kept * 1.8 * (tile < 4 ? 4 : tile);
}

// Tiles of one image, x its planes.
struct Tiles {
  int64_t count, length, each;  // of `length` pixels
  int64_t splits, rows;         // of the outputs of a group

  Tiles(const Conv& c, int64_t images) {
    const bool quads = c.rows != nullptr && c.rows->rows_at_once() == 4;
    const int64_t width = c.level->width;
    const int64_t widest = c.rows == nullptr ? kPanel
                           : quads           ? c.kernels.most_quad
                                             : c.kernels.most_single;
    length = c.rows == nullptr ? c.pixels() : c.planes.length;
    const int64_t step = c.rows == nullptr ? kPanel : width;
    each = up(up(length, step), up(length, widest)) * step;
    count = up(length, each);
    const int64_t tasks = count * c.s.groups * images;
    splits = tasks >= 4 * c.threads ? 1 : up(4 * c.threads, tasks);
    splits = c.rows == nullptr ? 1 : most(least(splits, up(c.n, 16)), up(c.n, kMostRows));
    rows = up(up(c.n, splits), 4) * 4;
    splits = up(c.n, rows);
  }
};

int depthwise(const Conv& c, const float* x, float* y) {
  const Tiles tiles(c, c.s.batch);
  const int64_t work = c.s.batch * c.s.groups * c.rows->nonzeros() / c.s.groups * c.planes.length;
  return parallel(c.threads, c.s.batch * c.s.groups, work, [&](int64_t i) {
    const int64_t image = i / c.s.groups, group = i % c.s.groups;
    float* planes = scratch(kTask, static_cast<size_t>(c.planes.channel + kPlaneSlack));
    if (planes == nullptr) return static_cast<int>(SL_NO_MEMORY);
    fill_planes(c.kernels, c.s, c.planes, x + i * c.s.height * c.s.width, planes);
    int status = SL_OK;
    for (int64_t t = 0; t < tiles.count && status == SL_OK; ++t) {
      const int64_t at = t * tiles.each;
      status = indirect(c, {group, 0, c.n, at, least(tiles.each, tiles.length - at), planes,
                            y + image * c.s.outputs * c.pixels()});
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
    const Tile t{group, row, least(tiles.rows, c.n - row), at, least(tiles.each, tiles.length - at),
                 planes + image * image_size + group * c.channels() * c.planes.channel,
                 y + (first + image) * c.s.outputs * c.pixels()};
    return c.rows == nullptr ? panel(c, t) : indirect(c, t);
  });
}

}  // namespace
}  // namespace sl

int sl_conv2d(const sl_weights* w, const float* bias, int act, const sl_conv* s, const float* x,
              float* y, int threads) {
  const sl::Packed& any = *w->parts[0];
  if (any.type != SL_F32 || static_cast<int64_t>(w->parts.size()) != s->groups) {
    return SL_BAD_ARGUMENT;
  }
  sl::Conv c{*s,  any.level, sl::kernels(any.level), *w,     bias,
             act, threads,   any.n,                  any.k,  {},
             nullptr, nullptr};
  if (!sl::plan(*s, &c.planes)) return SL_NO_MEMORY;
  uint32_t* offsets = reinterpret_cast<uint32_t*>(sl::scratch(sl::kRowsIn, static_cast<size_t>(c.k)));
  if (offsets == nullptr) return SL_NO_MEMORY;
  c.offsets = offsets;
  bool panels = false;
  if (w->design == SL_CSR) {
    const auto& csr = static_cast<const sl::PanelDesign&>(any);
    panels = sl::panels_are_faster(c, static_cast<double>(csr.nonzeros()));
  }
  if (!panels) {
    // Tiles read whole vectors: not behind the caller's array.
    if (c.planes.in_place && c.planes.length % any.level->width != 0) c.planes.copy(*s);
    c.rows = w->conv_rows.get(*w);
    if (c.rows == nullptr) return SL_NO_MEMORY;
  }
  sl::fill_offsets(*s, c.planes, offsets);
  if (!panels && c.channels() == 1 && s->groups > 1) return sl::depthwise(c, x, y);
  const int64_t image = s->channels * c.planes.channel;
  const int64_t at_once = sl::most(1, static_cast<int64_t>(sl::kImagesAtOnce) / image);
  int status = SL_OK;
  for (int64_t first = 0; first < s->batch && status == SL_OK; first += at_once) {
    status = sl::some_images(c, first, sl::least(at_once, s->batch - first), x, y);
  }
  return status;
}
