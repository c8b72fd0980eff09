// SPDX-License-Identifier: Apache-2.0
// Products of two activations.
#include "designs/dense.h"
#include "pool.h"

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
