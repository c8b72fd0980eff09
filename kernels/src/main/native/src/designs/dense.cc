// SPDX-License-Identifier: Apache-2.0
#include "dense.h"

#include <cstring>

#include "../matrix.h"
#include "../pool.h"
#include "through_rows.h"

namespace sl {
namespace {

const char* refuses(const SlLevel*, const sl_matrix& w) {
  return w.type == SL_F32 ? nullptr : "the dense design takes fp32 only";
}

}  // namespace

extern const Design kDense = {"dense", refuses, pack_as<DensePacked>};

bool DensePacked::fill(const sl_matrix& w) {
  const int64_t width2 = 2 * level->width;
  if (!panels_.make(product(up(n, width2), width2, k))) return false;
  const float* values = static_cast<const float*>(w.values);
  if (w.mask == nullptr) {
    pack_panels(level, n, k, values, 1, k, panels_.get());
    return true;
  }
  Columns kept;
  if (!kept.fill(w)) return false;
  std::memset(panels_.get(), 0, panels_.size() * sizeof(float));
  for (int64_t row = 0; row < n; ++row) {
    float* panel = panels_.get() + row / width2 * k * width2 + row % width2;
    for (int64_t p = kept.starts[row]; p < kept.starts[row + 1]; ++p) {
      panel[kept.columns[p] * width2] = values[p];
    }
  }
  return true;
}

void DensePacked::unpack(void* values) const {
  const int64_t width2 = 2 * level->width;
  float* to = static_cast<float*>(values);
  for (int64_t row = 0; row < n; ++row) {
    const float* panel = panels_.get() + row / width2 * k * width2 + row % width2;
    for (int64_t i = 0; i < k; ++i) *to++ = panel[i * width2];
  }
}

int DensePacked::linear(const Call& call) const {
  return through_rows(*this, call, [&](const float* x, const sl_output& y) {
    return rows(call.m, x, y, call.threads);
  });
}

int DensePacked::rows(int64_t m, const float* x, const sl_output& y, int threads) const {
  const int64_t width2 = 2 * level->width;
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
                         packed + row * k, panels_.get() + panel * k * width2};
    const float* own_bias = y.bias == nullptr ? nullptr : y.bias + panel * width2;
    const int64_t at = row * n + panel * width2;
    const int status = dense_task(level, task, own_bias, y.act, y.data + at, n);
    if (status == SL_OK && y.residual != nullptr) {
      for (int64_t r = 0; r < task.rows; ++r) {
        float* to = y.data + at + r * n;
        level->binary(SL_ADD, columns, 1, 1, to, y.residual + at + r * n, to);
      }
    }
    return status;
  });
}

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

void pack_panels(const SlLevel* level, int64_t n, int64_t k, const float* b, int64_t ld_k,
                 int64_t ld_n, float* panels) {
  const int64_t width2 = 2 * level->width;
  for (int64_t j = 0; j < n; j += width2) {
    const int64_t columns = n - j < width2 ? n - j : width2;
    if (ld_k == 1) {
      level->rows_to_panel(columns, width2, k, b + j * ld_n, ld_n, panels);
      panels += k * width2;
      continue;
    }
    for (int64_t i = 0; i < k; ++i) {
      const float* from = b + i * ld_k + j * ld_n;
      if (ld_n == 1) {
        std::memcpy(panels, from, static_cast<size_t>(columns) * sizeof(float));
      } else {
        for (int64_t c = 0; c < columns; ++c) panels[c] = from[c * ld_n];
      }
      for (int64_t c = columns; c < width2; ++c) panels[c] = 0.0f;
      panels += width2;
    }
  }
}

}  // namespace sl
