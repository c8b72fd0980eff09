// SPDX-License-Identifier: Apache-2.0
#include "conv.h"
#include "memory.h"
#include "panels.h"

namespace sl {
namespace {

constexpr int64_t kPanel = SL_PANEL;
constexpr int64_t kMostRuns = 128;   // rows of pixels that a tile meets

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

}  // namespace

int conv_indirect(const Conv& c, const Tile& t) {
  const int64_t ld = up(t.count, c.level->width) * c.level->width;
  float* sums = scratch(kTask2, product(static_cast<size_t>(t.rows + 3), static_cast<size_t>(ld)));
  if (sums == nullptr) return SL_NO_MEMORY;
  c.rows->multiply(c.kernels, t.group, t.first, t.rows,
                   {0, nullptr, c.offsets, 1, t.x + (t.at - t.from), t.count, sums, ld});
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
int conv_panels(const Conv& c, const Tile& t) {
  const PanelDesign& w = static_cast<const PanelDesign&>(*c.parts[t.group]);
  const int64_t count = up(t.count, kPanel);
  float* packed = scratch(kTask, product(static_cast<size_t>(c.k), static_cast<size_t>(count * kPanel)));
  if (packed == nullptr) return SL_NO_MEMORY;
  const auto tokens = [&](int64_t p) { return least(kPanel, t.count - p * kPanel); };
  const auto width = [&](int64_t p) { return tokens(p) <= 16 ? 16 : kPanel; };
  for (int64_t p = 0; p < count; ++p) {
    SlConvRun run[kMostRuns];
    const int64_t runs = runs_of(c, t.at + p * kPanel, tokens(p), run);
    for (int64_t r = 0; r < runs; ++r) run[r].at -= t.from;
    c.kernels.gather(c.k, c.offsets, t.x, runs, run, width(p), packed + p * kPanel * c.k);
  }
  for (int64_t i = t.first; i < t.first + t.rows; ++i) {
    const Part part = w.part(i);
    float* sums = scratch(kTask2, product(static_cast<size_t>(part.rows), static_cast<size_t>(count * kPanel)));
    if (sums == nullptr) return SL_NO_MEMORY;
    SlConvRun run[kConvPanels];
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

}  // namespace sl
