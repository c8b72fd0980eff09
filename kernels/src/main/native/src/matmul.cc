// SPDX-License-Identifier: Apache-2.0
// Products of two activations.
#include "designs/dense.h"
#include "pool.h"

namespace sl {
namespace {

// Tiles [k][rows of the tile] of rows of a, one after the other.
void pack_tiles(const SlLevel* level, int64_t rows, int64_t k, const float* a, int64_t row_step,
                int64_t column_step, float* tiles) {
  for (int64_t r = 0; r < rows; r += level->dense_rows) {
    const int64_t some = least(level->dense_rows, rows - r);
    const float* from = a + r * row_step;
    if (column_step == 1) {
      level->rows_to_panel(some, some, k, from, row_step, tiles);
    } else {
      for (int64_t i = 0; i < k; ++i) {
        for (int64_t j = 0; j < some; ++j) {
          tiles[i * some + j] = from[i * column_step + j * row_step];
        }
      }
    }
    tiles += some * k;
  }
}

}  // namespace
}  // namespace sl

// Tasks are whole products when there are enough of them, so that b is packed once.
int sl_matmul(int code, const sl_product* p, const float* a, const float* b, float* y,
              int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr) return SL_BAD_ARGUMENT;
  const int64_t tiles_at_once =
      p->count >= 2 * threads ? 4 * sl::kDenseTiles : sl::kDenseTiles;
  const int64_t rows_at_once = tiles_at_once * level->dense_rows;
  const int64_t row_tasks = sl::up(p->m, rows_at_once), width2 = 2 * level->width;
  return sl::parallel(threads, p->count * row_tasks, p->count * p->m * p->k * p->n, [&](int64_t t) {
    const int64_t i = t / row_tasks, row = t % row_tasks * rows_at_once;
    const int64_t rows = sl::least(rows_at_once, p->m - row);
    float* tiles = sl::scratch(sl::kTask2, sl::product(rows, p->k));
    float* panels = sl::scratch(sl::kTask3, sl::product(sl::up(p->n, width2), width2, p->k));
    if (tiles == nullptr || panels == nullptr) return static_cast<int>(SL_NO_MEMORY);
    sl::pack_tiles(level, rows, p->k, a + p->a_offsets[i] + row * p->a_row, p->a_row, p->a_column,
                   tiles);
    sl::pack_panels(level, p->n, p->k, b + p->b_offsets[i], p->b_row, p->b_column, panels);
    const sl::DenseTask task{rows, p->n, p->k, tiles, panels};
    return sl::dense_task(level, task, nullptr, SL_IDENTITY, y + p->y_offsets[i] + row * p->y_row,
                          p->y_row);
  });
}
