// SPDX-License-Identifier: Apache-2.0
#include "panels.h"

#include <cstring>

#include "matrix.h"
#include "pool.h"

namespace sl {
namespace {

// Where panel p of [m, k] begins, in elements.
int64_t panel_at(int64_t p, int64_t k) { return p * SL_PANEL * k; }

// Words of panel p of the input; packed into `words` and `scales` unless they lie ready.
const void* words_of_panel(const SlLevel* level, int type, int64_t m, int64_t k, const sl_input& x,
                           int64_t p, void* words, float* scales) {
  const int64_t width = panel_width(m, p);
  const float* data = static_cast<const float*>(x.data);
  if (x.layout == SL_ROWS) {
    level->words_from_rows[type](panel_tokens(m, p), width, k, data + p * SL_PANEL * k, k, x.scale,
                                 words, scales);
    return words;
  }
  if (x.layout == SL_PANELS && type != SL_F32) {
    level->words_from_panel[type](width, k, data + panel_at(p, k), x.scale, words, scales);
    return words;
  }
  if (type == SL_I8) {
    std::memcpy(scales, x.scales + p * SL_PANEL, static_cast<size_t>(width) * sizeof(float));
  }
  return static_cast<const uint32_t*>(x.data) + panel_at(p, words_of(type, k));
}

}  // namespace

bool PanelDesign::fill_scales(const sl_matrix& w) {
  if (type != SL_I8) return true;
  if (!scales_.make(static_cast<size_t>(n)) || !sums_.make(static_cast<size_t>(n))) return false;
  std::memcpy(scales_.get(), w.scales, static_cast<size_t>(n) * sizeof(float));
  row_sums(w, sums_.get());
  return true;
}

int64_t PanelDesign::bytes() const { return scales_.bytes() + sums_.bytes(); }

// Each task packs its own copy of the panel: a shared one would be read from another core's cache.
int PanelDesign::linear(const Call& call) const {
  const int64_t panels = up(call.m, SL_PANEL);
  const bool even = panels % call.threads == 0 || panels >= 4 * call.threads;
  const int64_t splits = even ? 1 : least(call.threads, parts());
  return parallel(call.threads, panels * splits, nonzeros() * call.m, [&](int64_t i) {
    const int64_t split = i % splits;
    return task(call, i / splits, split * parts() / splits, (split + 1) * parts() / splits);
  });
}

int PanelDesign::task(const Call& call, int64_t panel, int64_t first_part, int64_t end_part) const {
  const int64_t width = panel_width(call.m, panel), tokens = panel_tokens(call.m, panel);
  float token_scales[SL_PANEL];
  void* packed = scratch(kTask, product(words_of(type, k), width));
  if (packed == nullptr) return SL_NO_MEMORY;
  const void* words = arrange(
      width, words_of_panel(level, type, call.m, k, call.x, panel, packed, token_scales));
  if (words == nullptr) return SL_NO_MEMORY;
  const bool rows_out = call.y.layout == SL_ROWS;
  for (int64_t i = first_part; i < end_part; ++i) {
    const Part p = part(i);
    float* sums = rows_out ? scratch(kTask2, product(p.rows, width))
                           : call.y.data + panel_at(panel, n) + p.first * width;
    if (sums == nullptr) return SL_NO_MEMORY;
    SlFinish finish{type, nullptr, nullptr, token_scales, nullptr, call.y.act, nullptr};
    if (type == SL_I8) {
      finish.scales = scales_.get() + p.first;
      finish.sums = sums_.get() + p.first;
    }
    // On the way to rows finish_rows scales beside its shuffles.
    if (type == SL_I8 && !rows_out && multiply_scaled(i, width, words, finish, sums)) {
      finish.type = SL_F32;
    } else {
      multiply(i, width, words, sums);
    }
    if (call.y.bias != nullptr) finish.bias = call.y.bias + p.first;
    if (rows_out) {
      const int64_t at = panel * SL_PANEL * n + p.first;
      if (call.y.residual != nullptr) finish.residual = call.y.residual + at;
      level->finish_rows(&finish, p.rows, width, sums, tokens, call.y.data + at, n);
      continue;
    }
    if (call.y.residual != nullptr) {
      finish.residual = call.y.residual + panel_at(panel, n) + p.first * width;
    }
    level->finish(&finish, p.rows, width, sums);
  }
  return SL_OK;
}

}  // namespace sl

int64_t sl_panels_size(int64_t m, int64_t k) {
  const int64_t last = (m - 1) / SL_PANEL;
  return m < 1 ? 0 : (last * SL_PANEL + sl::panel_width(m, last)) * k;
}

int sl_pack_words(int code, int type, int64_t m, int64_t k, int layout, const float* x,
                  float x_scale, void* words, float* scales, int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr || type < 0 || type >= SL_TYPES || layout > SL_PANELS) return SL_BAD_ARGUMENT;
  const int64_t row_words = sl::words_of(type, k);
  const sl_input input{layout, x, nullptr, x_scale};
  return sl::parallel(threads, sl::up(m, SL_PANEL), m * k, [&](int64_t p) {
    uint32_t* to = static_cast<uint32_t*>(words) + sl::panel_at(p, row_words);
    float unused[SL_PANEL];
    const void* from = sl::words_of_panel(level, type, m, k, input, p, to,
                                          scales == nullptr ? unused : scales + p * SL_PANEL);
    if (from != to) {  // fp32 panels are words already
      std::memcpy(to, from, static_cast<size_t>(sl::panel_width(m, p) * k) * sizeof(float));
    }
    return static_cast<int>(SL_OK);
  });
}

int sl_to_panels(int code, int64_t m, int64_t k, const float* rows, float* panels, int threads) {
  return sl_pack_words(code, SL_F32, m, k, SL_ROWS, rows, 0, panels, nullptr, threads);
}

int sl_to_rows(int code, int64_t m, int64_t k, const float* panels, float* rows, int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr) return SL_BAD_ARGUMENT;
  return sl::parallel(threads, sl::up(m, SL_PANEL), m * k, [&](int64_t p) {
    level->panel_to_rows(sl::panel_tokens(m, p), sl::panel_width(m, p), k,
                         panels + sl::panel_at(p, k), rows + p * SL_PANEL * k, k);
    return static_cast<int>(SL_OK);
  });
}
