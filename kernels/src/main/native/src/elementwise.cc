// SPDX-License-Identifier: Apache-2.0
// Element-wise operations, in chunks of fixed size.
#include "pool.h"
#include "level.h"
#include "sparseland_kernels.h"

namespace {

constexpr int64_t kChunk = 16384;  // elements

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

}  // namespace

int sl_unary(int code, int op, float p0, float p1, int64_t size, const float* x, float* y,
             int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr || op < 0 || op >= SL_UNARY_COUNT) return SL_BAD_ARGUMENT;
  return sl::parallel(threads, (size + kChunk - 1) / kChunk, size, [&](int64_t i) {
    level->unary(op, p0, p1, least(kChunk, size - i * kChunk), x + i * kChunk, y + i * kChunk);
    return static_cast<int>(SL_OK);
  });
}

int sl_channel_affine(int code, int64_t outer, int64_t channels, int64_t inner, const float* x,
                      const float* scale, const float* shift, float* y, int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr) return SL_BAD_ARGUMENT;
  return sl::parallel(threads, outer * channels, outer * channels * inner, [&](int64_t i) {
    const int64_t c = i % channels;
    level->affine(inner, scale[c], shift[c], x + i * inner, y + i * inner);
    return static_cast<int>(SL_OK);
  });
}

int sl_binary(int code, int op, int rank, const int32_t* sizes, const int32_t* steps_a,
              const int32_t* steps_b, const float* a, const float* b, float* y, int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr || op < 0 || op >= SL_BINARY_COUNT || rank < 1) return SL_BAD_ARGUMENT;
  const int last = rank - 1;
  const int64_t n = sizes[last];
  int64_t rows = 1;
  for (int d = 0; d < last; ++d) rows *= sizes[d];
  const int64_t pieces = (n + kChunk - 1) / kChunk;  // of a row
  const int64_t rows_at_once = n >= kChunk ? 1 : kChunk / n;
  const int64_t groups = (rows + rows_at_once - 1) / rows_at_once;
  return sl::parallel(threads, groups * pieces, rows * n, [&](int64_t i) {
    const int64_t begin = i % pieces * kChunk, count = least(kChunk, n - begin);
    const int64_t first = i / pieces * rows_at_once;
    for (int64_t row = first; row < least(first + rows_at_once, rows); ++row) {
      int64_t at_a = begin * steps_a[last], at_b = begin * steps_b[last], rest = row;
      for (int d = last - 1; d >= 0; --d) {
        at_a += rest % sizes[d] * steps_a[d];
        at_b += rest % sizes[d] * steps_b[d];
        rest /= sizes[d];
      }
      level->binary(op, count, steps_a[last], steps_b[last], a + at_a, b + at_b,
                    y + row * n + begin);
    }
    return static_cast<int>(SL_OK);
  });
}
