// SPDX-License-Identifier: Apache-2.0
// Operations that combine elements: soft-max, layer norm, reductions, pooling.
#include "memory.h"
#include "level.h"
#include "pool.h"
#include "sparseland_kernels.h"

namespace {

constexpr int64_t kChunk = 8192;  // elements of a task, about

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// Calls row(i) for i in [0, rows) in tasks of about kChunk elements.
template <typename F>
int for_rows(int threads, int64_t rows, int64_t elements, const F& row) {
  const int64_t at_once = most(1, kChunk / elements);
  return sl::parallel(threads, (rows + at_once - 1) / at_once, rows * elements, [&](int64_t t) {
    for (int64_t i = t * at_once; i < least((t + 1) * at_once, rows); ++i) row(i);
    return static_cast<int>(SL_OK);
  });
}

// One window: input rows or columns [begin, end), and how many the mean divides by.
struct Window {
  int64_t begin, end, divisor;
};

Window window(int64_t out, int64_t stride, int64_t pad, int64_t kernel, int64_t size,
              bool count_padding) {
  const int64_t first = out * stride - pad;
  const Window w{most(first, 0), least(first + kernel, size), 0};
  return {w.begin, w.end, count_padding ? least(first + kernel, size + pad) - first : w.end - w.begin};
}

void pool_plane(const SlLevel* level, const sl_pool& s, const float* x, float* row, float* y) {
  const bool maximum = s.kind == SL_POOL_MAX;
  for (int64_t oh = 0; oh < s.out_height; ++oh) {
    const Window h = window(oh, s.stride_h, s.pad_h, s.kernel_h, s.height, s.count_padding != 0);
    level->pool_rows(maximum, s.width, h.end - h.begin, x + h.begin * s.width, s.width, row);
    for (int64_t ow = 0; ow < s.out_width; ++ow) {
      const Window v = window(ow, s.stride_w, s.pad_w, s.kernel_w, s.width, s.count_padding != 0);
      float r = row[v.begin];
      for (int64_t i = v.begin + 1; i < v.end; ++i) {
        r = !maximum ? r + row[i] : r > row[i] || r != r ? r : row[i];
      }
      *y++ = maximum ? r : r / static_cast<float>(h.divisor * v.divisor);
    }
  }
}

}  // namespace

int sl_softmax(int code, int64_t outer, int64_t n, int64_t inner, int log, const float* x, float* y,
               int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr) return SL_BAD_ARGUMENT;
  return for_rows(threads, outer, n * inner, [&](int64_t i) {
    level->softmax(n, inner, log, x + i * n * inner, y + i * n * inner);
  });
}

int sl_layer_norm(int code, int64_t outer, int64_t n, int64_t inner, const float* x,
                  const float* scale, const float* shift, float epsilon, float* y, int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr) return SL_BAD_ARGUMENT;
  if (inner == 1) {
    return for_rows(threads, outer, n, [&](int64_t i) {
      level->layer_norm(n, x + i * n, scale, shift, epsilon, y + i * n);
    });
  }
  const int64_t width = level->width, groups = (inner + width - 1) / width;
  return for_rows(threads, outer * groups, n * least(inner, width), [&](int64_t i) {
    const int64_t column = i % groups * width, at = i / groups * n * inner + column;
    level->layer_norm_columns(n, least(width, inner - column), inner, x + at, scale, shift,
                              epsilon, y + at);
  });
}

int sl_reduce(int code, int op, int64_t outer, int64_t n, int64_t inner, const float* x, float* y,
              int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr || op < 0 || op >= SL_REDUCE_COUNT) return SL_BAD_ARGUMENT;
  return for_rows(threads, outer, n * inner, [&](int64_t i) {
    level->reduce(op, n, inner, x + i * n * inner, y + i * inner);
  });
}

int sl_pool2d(int code, const sl_pool* s, const float* x, float* y, int threads) {
  const SlLevel* level = sl::level(code);
  if (level == nullptr) return SL_BAD_ARGUMENT;
  const int64_t in = s->height * s->width, out = s->out_height * s->out_width;
  return sl::parallel(threads, s->planes, s->planes * in, [&](int64_t i) {
    float* row = sl::scratch(sl::kTask, static_cast<size_t>(s->width));
    if (row == nullptr) return static_cast<int>(SL_NO_MEMORY);
    pool_plane(level, *s, x + i * in, row, y + i * out);
    return static_cast<int>(SL_OK);
  });
}
