// SPDX-License-Identifier: Apache-2.0
// Linear layers and matrix products.
#include <cstring>

#include "dense.h"
#include "memory.h"
#include "pool.h"
#include "weights.h"

namespace sl {
namespace {

constexpr int64_t kTokens = 32;        // of a panel in the sparse kernels
constexpr int64_t kTokensAtOnce = 512;  // packed before the multiplication begins
constexpr int64_t kPackSlice = 512;    // inputs packed by one task

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Vectors of a panel for `tokens` tokens: 1, 2, 4 or 8, at most kTokens.
int vectors_for(const SlLevel* level, int64_t tokens) {
  int vectors = 1;
  while (vectors * level->width < tokens && vectors * level->width < kTokens) vectors *= 2;
  return vectors;
}

int sparse_token(const sl_weights* w, const float* bias, int act, const float* x, float* y,
                 int threads) {
  const Sparse& s = w->sparse;
  return parallel(threads, s.chunk_count, s.nonzeros, [&](int64_t c) {
    const Chunk& chunk = s.chunks[c];
    float* out = y + chunk.first;
    for (int64_t b = 0; b < s.block_count; ++b) {
      w->level->csr_spmv(&s.blocks[c * s.block_count + b], b == 0, x + b * kBlock, out);
    }
    if (bias != nullptr || act != SL_IDENTITY) {
      w->level->bias_act_row(chunk.rows, bias == nullptr ? nullptr : bias + chunk.first, act, out,
                             out);
    }
    return static_cast<int>(SL_OK);
  });
}

// m <= kTokensAtOnce tokens: all are packed, then (panel, chunk) tasks multiply.
int sparse_tokens(const sl_weights* w, const float* bias, int act, int64_t m, const float* x,
                  float* y, int threads) {
  const SlLevel* level = w->level;
  const Sparse& s = w->sparse;
  const int64_t k = w->k, n = w->n;
  const int64_t panels = up(m, kTokens);
  const int64_t slices = up(k, kPackSlice);
  float* packed = scratch(kShared, product(panels * kTokens, k));
  if (packed == nullptr) return SL_NO_MEMORY;
  const auto tokens_of = [&](int64_t p) { return least(kTokens, m - p * kTokens); };
  const int64_t work = s.nonzeros * m;
  parallel(threads, panels * slices, work, [&](int64_t i) {
    const int64_t p = i / slices, k0 = i % slices * kPackSlice;
    const int64_t tokens = tokens_of(p), width = vectors_for(level, tokens) * level->width;
    level->rows_to_panel(tokens, width, least(kPackSlice, k - k0), x + p * kTokens * k + k0, k,
                         packed + p * kTokens * k + k0 * width);
    return static_cast<int>(SL_OK);
  });
  return parallel(threads, panels * s.chunk_count, work, [&](int64_t i) {
    const int64_t p = i / s.chunk_count, c = i % s.chunk_count;
    const Chunk& chunk = s.chunks[c];
    const int vectors = vectors_for(level, tokens_of(p));
    const int64_t width = vectors * level->width;
    float* out = scratch(kTask, product(chunk.rows, width));
    if (out == nullptr) return static_cast<int>(SL_NO_MEMORY);
    for (int64_t b = 0; b < s.block_count; ++b) {
      level->csr_spmm(&s.blocks[c * s.block_count + b], vectors, b == 0,
                      packed + p * kTokens * k + b * kBlock * width, out);
    }
    level->panel_to_rows(tokens_of(p), width, chunk.rows, out,
                         bias == nullptr ? nullptr : bias + chunk.first, act,
                         y + p * kTokens * n + chunk.first, n);
    return static_cast<int>(SL_OK);
  });
}

int sparse_linear(const sl_weights* w, const float* bias, int act, int64_t m, const float* x,
                  float* y, int threads) {
  if (m == 1) return sparse_token(w, bias, act, x, y, threads);
  int status = SL_OK;
  for (int64_t i = 0; i < m && status == SL_OK; i += kTokensAtOnce) {
    status = sparse_tokens(w, bias, act, least(kTokensAtOnce, m - i), x + i * w->k, y + i * w->n,
                           threads);
  }
  return status;
}

int dense_linear(const sl_weights* w, const float* bias, int act, int64_t m, const float* x,
                 float* y, int threads) {
  const SlLevel* level = w->level;
  const int64_t k = w->k, n = w->n, width2 = 2 * level->width;
  const int64_t tiles = up(m, level->dense_rows), panels = up(n, width2);
  float* packed = scratch(kShared, product(tiles * level->dense_rows, k));
  if (packed == nullptr) return SL_NO_MEMORY;
  const int64_t work = m * k * n;
  parallel(threads, tiles, work, [&](int64_t t) {
    const int64_t first = t * level->dense_rows, rows = least(level->dense_rows, m - first);
    level->rows_to_panel(rows, rows, k, x + first * k, k, packed + first * k);
    return static_cast<int>(SL_OK);
  });
  const int64_t row_tasks = up(tiles, kDenseTiles), column_tasks = up(panels, kDensePanels);
  return parallel(threads, row_tasks * column_tasks, work, [&](int64_t i) {
    const int64_t row = i / column_tasks * kDenseTiles * level->dense_rows;
    const int64_t panel = i % column_tasks * kDensePanels;
    const int64_t columns = least(kDensePanels * width2, n - panel * width2);
    const DenseTask task{least(kDenseTiles * level->dense_rows, m - row), columns, k,
                         packed + row * k, w->dense + panel * k * width2};
    const float* own_bias = bias == nullptr ? nullptr : bias + panel * width2;
    return dense_task(level, task, own_bias, act, y + row * n + panel * width2, n);
  });
}

}  // namespace

int dense_task(const SlLevel* level, const DenseTask& task, const float* bias, int act, float* y,
               int64_t ld) {
  const int64_t width2 = 2 * level->width, most = level->dense_rows;
  const int64_t panels = up(task.columns, width2), tiles = up(task.rows, most);
  float* c = scratch(kTask, product(tiles * most, panels, width2));
  if (c == nullptr) return SL_NO_MEMORY;
  for (int64_t k0 = 0; k0 < task.k; k0 += kDenseBlock) {
    const int64_t k = least(kDenseBlock, task.k - k0);
    const int64_t group = tiles == 1 ? panels : 1;  // a panel stays in L1 while the tiles pass
    for (int64_t p = 0; p < panels; p += group) {
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t rows = least(most, task.rows - t * most);
        level->dense_gemm(rows, group, k, task.k, k0 == 0, task.x + t * most * task.k + k0 * rows,
                          task.w + (p * task.k + k0) * width2,
                          c + t * most * panels * width2 + p * rows * width2);
      }
    }
  }
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t rows = least(most, task.rows - t * most);
    for (int64_t r = 0; r < rows; ++r) {
      float* to = y + (t * most + r) * ld;
      for (int64_t p = 0; p < panels; ++p) {
        std::memcpy(to + p * width2,
                    c + t * most * panels * width2 + (p * rows + r) * width2,
                    static_cast<size_t>(least(width2, task.columns - p * width2)) * sizeof(float));
      }
      if (bias != nullptr || act != SL_IDENTITY) {
        level->bias_act_row(task.columns, bias, act, to, to);
      }
    }
  }
  return SL_OK;
}

}  // namespace sl

int sl_linear(const sl_weights* w, const float* bias, int act, int64_t m, const float* x, float* y,
              int threads) {
  return w->dense != nullptr ? sl::dense_linear(w, bias, act, m, x, y, threads)
                             : sl::sparse_linear(w, bias, act, m, x, y, threads);
}

int sl_matmul(int code, int64_t m, int64_t k, int64_t n, int64_t count, const int32_t* a_offsets,
              const int32_t* b_offsets, const float* a, const float* b, float* y, int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr) return SL_BAD_ARGUMENT;
  const int64_t width2 = 2 * level->width, rows_at_once = sl::kDenseTiles * level->dense_rows;
  const int64_t row_tasks = sl::up(m, rows_at_once);
  return sl::parallel(threads, count * row_tasks, count * m * k * n, [&](int64_t i) {
    const int64_t row = i % row_tasks * rows_at_once;
    const int64_t rows = sl::least(rows_at_once, m - row);
    const float* x = a + a_offsets[i / row_tasks] + row * k;
    float* packed_x = sl::scratch(sl::kTask2, sl::product(rows, k));
    float* packed_b = sl::scratch(sl::kTask3, sl::product(sl::up(n, width2), width2, k));
    if (packed_x == nullptr || packed_b == nullptr) return static_cast<int>(SL_NO_MEMORY);
    for (int64_t r = 0; r < rows; r += level->dense_rows) {
      const int64_t some = sl::least(level->dense_rows, rows - r);
      level->rows_to_panel(some, some, k, x + r * k, k, packed_x + r * k);
    }
    sl::pack_panels(width2, n, k, b + b_offsets[i / row_tasks], n, 1, packed_b);
    const sl::DenseTask task{rows, n, k, packed_x, packed_b};
    return sl::dense_task(level, task, nullptr, SL_IDENTITY, y + i / row_tasks * m * n + row * n, n);
  });
}
