// SPDX-License-Identifier: Apache-2.0
#include "conv_cut.h"

#include "panels.h"

namespace sl {
namespace {

constexpr int64_t kPanel = SL_PANEL;
constexpr int64_t kMostRows = 512;           // outputs of a tile
constexpr int64_t kPanelFloats = 128 << 10;  // of gathered panels: half of a usual L2
constexpr int64_t kPlaneFloats = 96 << 10;   // of planes: they stay in L2
constexpr int64_t kLine = 16;                // floats
// Floats that are copied in the time that a line needs to the other core.
constexpr int64_t kLineCosts = 1600;

// Whether each thread should have outputs of its own instead of pixels, if it copies `copied` floats
// then: it is that, or the lines that two neighbouring bands share in every output plane.
bool by_outputs(const Conv& c, int64_t copied) {
  return c.pixels() % kLine != 0 && copied < c.s.outputs * kLineCosts;
}

}  // namespace

ConvCut::ConvCut(const Conv& c) { c.rows == nullptr ? panels(c) : indirect(c); }

int64_t ConvCut::most_rows() const {
  int64_t rows = 0;
  for (int64_t b = 0; b < bands; ++b) rows = most(rows, end_row(b) - first_row(b));
  return rows;
}

void ConvCut::indirect(const Conv& c) {
  const int64_t width = c.level->width, others = c.s.batch * c.s.groups, wanted = 4 * c.threads;
  const int64_t widest = c.rows->rows_at_once() == 4 ? c.kernels.most_quad : c.kernels.most_single;
  length_ = c.planes.length;
  columns_ = c.planes.pitch;
  each = up(up(length_, width), up(length_, widest)) * width;
  const int64_t tiles = up(length_, each);
  const int64_t planes = c.planes.in_place ? 0 : c.channels() * c.planes.channel;
  const bool shared = others % c.threads != 0 && others < wanted;
  int64_t some = most(1, up(planes, kPlaneFloats));
  if (shared && !by_outputs(c, planes)) some = most(some, up(2 * c.threads, others));
  band_ = tiles / least(tiles, some) * each;
  bands = up(length_, band_);
  all = c.n;
  const int64_t parts = !shared || others * bands >= wanted ? 1 : up(wanted, others * bands);
  rows = up(up(all, least(parts, up(all, 16))), 4) * 4;
  splits = up(all, rows);
  rows_at_once = kMostRows;
}

void ConvCut::panels(const Conv& c) {
  const int64_t others = c.s.batch * c.s.groups, threads = c.threads;
  length_ = c.pixels();
  columns_ = c.s.out_width;
  all = static_cast<const PanelDesign&>(*c.parts[0]).parts();
  rows_at_once = all;
  rows = all;
  const int64_t fit = most(1, least(kConvPanels, kPanelFloats / (c.k * kPanel)));
  const int64_t panels = up(length_, kPanel);
  const int64_t planes = c.planes.in_place ? 0 : c.channels() * c.planes.channel;
  const bool shared = others % threads != 0;
  int64_t count = up(panels, most(1, least(fit, panels * others / (4 * threads))));
  if (shared) count = least(panels, up(count, threads) * threads);
  const int64_t at_once = up(panels, count);
  count = up(panels, at_once);
  const bool even = count * others % threads == 0 || count * others >= 4 * threads;
  if (shared && (!even || by_outputs(c, planes + c.k * length_))) {
    each = least(fit, panels) * kPanel;
    band_ = up(length_, each) * each;
    rows = up(all, least(threads, all));
  } else {
    each = at_once * kPanel;
    // What has no planes needs no longer bands than tiles.
    const int64_t some = planes == 0 ? count : most(shared ? 2 * threads : 1, up(planes, kPlaneFloats));
    band_ = count / least(count, some) * each;
  }
  bands = up(length_, band_);
  splits = up(all, rows);
}

}  // namespace sl
