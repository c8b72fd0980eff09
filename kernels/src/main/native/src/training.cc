// SPDX-License-Identifier: Apache-2.0
// A matrix whose pattern stays while its values change: packed in both orders, so that the gradient of
// the input is the same product with the transpose, and refreshed in place through one permutation
// for each. The gradient of the weights is computed at the kept ones only.
#include <cstring>

#include "designs/csr.h"
#include "micro/f32_sddmm.h"
#include "pool.h"

extern const SlSddmmKernels sddmm_kernels__scalar;
#if defined(SL_X86)
extern const SlSddmmKernels sddmm_kernels__avx512, sddmm_kernels__avx2;
#endif

namespace sl {
namespace {

constexpr int64_t kInputs = 64;     // at a time in the weight gradient: with 128 tokens what fits L1
constexpr int64_t kMostRows = 128;  // of a part of the weight gradient: its dy stays in L2

const SlSddmmKernels& sddmm(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return sddmm_kernels__avx512;
  if (level->code == SL_AVX2) return sddmm_kernels__avx2;
#endif
  return sddmm_kernels__scalar;
}

// One order of the matrix.
struct Order {
  Packed* packed = nullptr;
  Array<uint32_t> values;  // of each packed word: its number among the kept values, row-major
  ~Order() { discard(packed); }

  const CsrPacked& csr() const { return static_cast<const CsrPacked&>(*packed); }

  // `numbers`: of the kept weights of this order, row-major; packed in place of the values, they
  // come out in the order in which those lie.
  int make(const SlLevel* level, int64_t n, int64_t k, const uint64_t* mask,
           const Array<uint32_t>& numbers) {
    const sl_matrix w{SL_F32, n, k, mask, numbers.get(), nullptr};
    const int status = pack_as<CsrPacked>(level, w, &packed);
    if (status != SL_OK) return status;
    if (!values.make(numbers.size())) return SL_NO_MEMORY;
    int64_t i = 0;
    csr().for_words([&](uint32_t* word) { values[i++] = *word; });
    return SL_OK;
  }

  void refresh(const float* from) {
    int64_t i = 0;
    csr().for_words([&](uint32_t* word) { std::memcpy(word, from + values[i++], sizeof *word); });
  }
};

}  // namespace
}  // namespace sl

struct sl_sparse {
  const SlLevel* level = nullptr;
  int64_t n = 0, k = 0;
  sl::Columns kept;
  sl::Order forward, transposed;
  int64_t parts = 0, part_rows = 0, k_blocks = 0;
  sl::Array<SlSddmmRow> rows;  // [part][k block][rows]

  int fill(const uint64_t* mask);
  bool fill_rows();
  int pack(int layout, int64_t m, int64_t features, const float* from, float* panels,
           int threads) const;
};

int sl_sparse::fill(const uint64_t* mask) {
  const sl_matrix pattern{SL_F32, n, k, mask, nullptr, nullptr};
  if (!kept.fill(pattern)) return SL_NO_MEMORY;
  const int64_t count = kept.kept(n);
  if (count > UINT32_MAX) return SL_BAD_ARGUMENT;
  sl::Array<uint32_t> numbers;
  sl::Array<uint64_t> mask_t;
  sl::Array<int64_t> starts_t;
  const int64_t words = sl::up(n * k, 64);
  if (!numbers.make(static_cast<size_t>(count)) || !mask_t.make(static_cast<size_t>(words)) ||
      !starts_t.make(static_cast<size_t>(k + 1))) {
    return SL_NO_MEMORY;
  }
  for (int64_t i = 0; i < count; ++i) numbers[i] = static_cast<uint32_t>(i);
  int status = forward.make(level, n, k, mask, numbers);
  if (status != SL_OK) return status;
  std::memset(mask_t.get(), 0, static_cast<size_t>(words) * sizeof(uint64_t));
  std::memset(starts_t.get(), 0, static_cast<size_t>(k + 1) * sizeof(int64_t));
  for (int64_t i = 0; i < count; ++i) ++starts_t[kept.columns[i] + 1];
  for (int64_t c = 0; c < k; ++c) starts_t[c + 1] += starts_t[c];
  for (int64_t row = 0; row < n; ++row) {
    for (int64_t i = kept.starts[row]; i < kept.starts[row + 1]; ++i) {
      const int64_t column = kept.columns[i], at = column * n + row;
      mask_t[at / 64] |= uint64_t{1} << (at % 64);
      numbers[starts_t[column]++] = static_cast<uint32_t>(i);
    }
  }
  status = transposed.make(level, k, n, mask_t.get(), numbers);
  if (status != SL_OK) return status;
  return fill_rows() ? SL_OK : SL_NO_MEMORY;
}

bool sl_sparse::fill_rows() {
  parts = sl::most(sl::up(n, sl::kMostRows), sl::least(sl::up(n, 64), 8));
  part_rows = sl::up(n, parts);
  parts = sl::up(n, part_rows);
  k_blocks = sl::up(k, sl::kInputs);
  sl::Array<uint32_t> next;
  if (!rows.make(sl::product(static_cast<size_t>(n), static_cast<size_t>(k_blocks))) ||
      !next.make(static_cast<size_t>(n))) {
    return false;
  }
  for (int64_t row = 0; row < n; ++row) next[row] = static_cast<uint32_t>(kept.starts[row]);
  SlSddmmRow* to = rows.get();
  for (int64_t first = 0; first < n; first += part_rows) {
    for (int64_t b = 0; b < k_blocks; ++b) {
      for (int64_t row = first; row < sl::least(n, first + part_rows); ++row, ++to) {
        uint32_t end = next[row];
        while (end < kept.starts[row + 1] && kept.columns[end] < (b + 1) * sl::kInputs) ++end;
        *to = {static_cast<int32_t>(row), next[row], end - next[row]};
        next[row] = end;
      }
    }
  }
  return true;
}

// Panels [features][tokens of the weight gradient], padding 0.
int sl_sparse::pack(int layout, int64_t m, int64_t features, const float* from, float* panels,
                    int threads) const {
  const int64_t tokens = sl::sddmm(level).tokens;
  return sl::parallel(threads, sl::up(m, tokens), m * features, [&](int64_t p) {
    float* to = panels + p * tokens * features;
    const int64_t first = p * tokens, some = sl::least(tokens, m - first);
    if (layout == SL_ROWS) {
      level->rows_to_panel(some, tokens, features, from + first * features, features, to);
      return static_cast<int>(SL_OK);
    }
    for (int64_t t = 0; t < tokens; t += SL_PANEL) {
      const int64_t at = first + t, own = sl::most(0, sl::least(SL_PANEL, m - at));
      const int64_t width = sl::panel_width(m, at / SL_PANEL);
      for (int64_t i = 0; i < features; ++i) {
        float* line = to + i * tokens + t;
        const int64_t whole = sl::least(SL_PANEL, tokens - t);
        if (own > 0) std::memcpy(line, from + at * features + i * width, static_cast<size_t>(own) * 4);
        for (int64_t j = own; j < whole; ++j) line[j] = 0.0f;
      }
    }
    return static_cast<int>(SL_OK);
  });
}

int sl_sparse_pack(int code, int64_t n, int64_t k, const uint64_t* mask, sl_sparse** out) {
  *out = nullptr;
  const SlLevel* level = sl::level(code);
  if (level == nullptr || n < 1 || k < 1 || n > INT32_MAX || k > INT32_MAX) return SL_BAD_ARGUMENT;
  sl_sparse* w = sl::make<sl_sparse>();
  if (w == nullptr) return SL_NO_MEMORY;
  w->level = level;
  w->n = n;
  w->k = k;
  const int status = w->fill(mask);
  if (status == SL_OK) {
    *out = w;
  } else {
    sl_sparse_free(w);
  }
  return status;
}

void sl_sparse_free(sl_sparse* w) {
  if (w == nullptr) return;
  w->~sl_sparse();
  sl::release(w);
}

int64_t sl_sparse_kept(const sl_sparse* w) { return w->kept.kept(w->n); }

int sl_sparse_set(sl_sparse* w, const float* values, int threads) {
  return sl::parallel(threads, 2, sl_sparse_kept(w), [&](int64_t i) {
    (i == 0 ? w->forward : w->transposed).refresh(values);
    return static_cast<int>(SL_OK);
  });
}

int sl_sparse_forward(const sl_sparse* w, int64_t m, const sl_input* x, const sl_output* y,
                      int threads) {
  return m == 0 ? SL_OK : w->forward.packed->linear({m, *x, *y, threads});
}

int sl_sparse_input_gradient(const sl_sparse* w, int64_t m, const sl_input* dy, const sl_output* dx,
                             int threads) {
  return m == 0 ? SL_OK : w->transposed.packed->linear({m, *dy, *dx, threads});
}

int sl_sparse_weight_gradient(const sl_sparse* w, int64_t m, int layout, const float* x,
                              const float* dy, float* dw, int threads) {
  if (layout != SL_ROWS && layout != SL_PANELS) return SL_BAD_ARGUMENT;
  const SlSddmmKernels& kernels = sl::sddmm(w->level);
  const int64_t tokens = kernels.tokens, panels = sl::up(m, tokens);
  float* packed = sl::scratch(
      sl::kShared, sl::product(static_cast<size_t>(panels * tokens), static_cast<size_t>(w->k + w->n)));
  if (packed == nullptr) return SL_NO_MEMORY;
  float* packed_dy = packed + panels * tokens * w->k;
  w->pack(layout, m, w->k, x, packed, threads);
  w->pack(layout, m, w->n, dy, packed_dy, threads);
  return sl::parallel(threads, w->parts, sl_sparse_kept(w) * m, [&](int64_t i) {
    const int64_t first = i * w->part_rows, rows = sl::least(w->part_rows, w->n - first);
    const int64_t begin = w->kept.starts[first], end = w->kept.starts[first + rows];
    std::memset(dw + begin, 0, static_cast<size_t>(end - begin) * sizeof(float));
    for (int64_t p = 0; p < panels; ++p) {
      for (int64_t b = 0; b < w->k_blocks; ++b) {
        const SlSddmm s{rows, w->rows.get() + first * w->k_blocks + b * rows, w->kept.columns.get(),
                        packed + p * tokens * w->k, packed_dy + p * tokens * w->n};
        kernels.add(&s, dw);
      }
    }
    return static_cast<int>(SL_OK);
  });
}
