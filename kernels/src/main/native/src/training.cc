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

constexpr int64_t kInputs = 128;    // at a time in the weight gradient: they and
constexpr int64_t kMostRows = 512;  // the outputs of a part stay in L2, 128 tokens of them

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

namespace sl {

struct GradientInput {
  int64_t m;
  int layout;
  const float *x, *dy;
};

}  // namespace sl

struct sl_sparse {
  const SlLevel* level = nullptr;
  int64_t n = 0, k = 0;
  sl::Columns kept;
  sl::Order forward, transposed;
  int64_t part_rows = 0, k_blocks = 0;
  sl::Array<SlSddmmRow> rows;    // [part][k block][rows]
  sl::Array<uint8_t> columns;    // of the kept weights, in their k block

  int fill(const uint64_t* mask);
  bool fill_rows();
  int weight_gradient(const sl::GradientInput& in, int64_t first_block, int64_t end_block,
                      float* dw) const;
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
  part_rows = sl::up(n, sl::up(n, sl::kMostRows));
  k_blocks = sl::up(k, sl::kInputs);
  sl::Array<uint32_t> next;
  if (!rows.make(sl::product(static_cast<size_t>(n), static_cast<size_t>(k_blocks))) ||
      !next.make(static_cast<size_t>(n)) || !columns.make(static_cast<size_t>(kept.kept(n)))) {
    return false;
  }
  for (int64_t i = 0; i < kept.kept(n); ++i) {
    columns[i] = static_cast<uint8_t>(kept.columns[i] % sl::kInputs);
  }
  for (int64_t row = 0; row < n; ++row) next[row] = static_cast<uint32_t>(kept.starts[row]);
  SlSddmmRow* to = rows.get();
  for (int64_t first = 0; first < n; first += part_rows) {
    for (int64_t b = 0; b < k_blocks; ++b) {
      for (int64_t row = first; row < sl::least(n, first + part_rows); ++row, ++to) {
        uint32_t end = next[row];
        while (end < kept.starts[row + 1] && kept.columns[end] < (b + 1) * sl::kInputs) ++end;
        *to = {static_cast<int32_t>(row - first), next[row], end - next[row]};
        next[row] = end;
      }
    }
  }
  return true;
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

namespace sl {
namespace {

// Panel [count][tokens] of features [first, first + count) of `features` for tokens from `token` on of m,
// padding 0.
void pack_features(const SlLevel* level, int layout, int64_t m, int64_t features, const float* from,
                   int64_t token, int64_t tokens, int64_t first, int64_t count, float* panel) {
  if (layout == SL_ROWS) {
    level->rows_to_panel(least(tokens, m - token), tokens, count, from + token * features + first,
                         features, panel);
    return;
  }
  for (int64_t t = 0; t < tokens; t += SL_PANEL) {
    const int64_t at = token + t, own = most(0, least(SL_PANEL, m - at));
    const int64_t width = panel_width(m, at / SL_PANEL), whole = least(SL_PANEL, tokens - t);
    for (int64_t i = 0; i < count; ++i) {
      float* line = panel + i * tokens + t;
      if (own > 0) {
        std::memcpy(line, from + at * features + (first + i) * width, static_cast<size_t>(own) * 4);
      }
      for (int64_t j = own; j < whole; ++j) line[j] = 0.0f;
    }
  }
}

}  // namespace
}  // namespace sl

// Blocks [first_block, end_block) of inputs. What is multiplied is packed just before, by the thread that
// reads it: all of x in panels would go through memory twice.
int sl_sparse::weight_gradient(const sl::GradientInput& in, int64_t first_block, int64_t end_block,
                               float* dw) const {
  const SlSddmmKernels& kernels = sl::sddmm(level);
  const int64_t tokens = kernels.tokens;
  const size_t floats = static_cast<size_t>(tokens);
  float* x = sl::scratch(sl::kTask, sl::product(static_cast<size_t>(sl::kInputs), floats));
  float* dy = sl::scratch(sl::kTask2, sl::product(static_cast<size_t>(part_rows), floats));
  if (x == nullptr || dy == nullptr) return SL_NO_MEMORY;
  for (int64_t first = 0; first < n; first += part_rows) {
    const int64_t count = sl::least(part_rows, n - first);
    for (int64_t token = 0; token == 0 || token < in.m; token += tokens) {
      sl::pack_features(level, in.layout, in.m, n, in.dy, token, tokens, first, count, dy);
      for (int64_t b = first_block; b < end_block; ++b) {
        const int64_t column = b * sl::kInputs, some = sl::least(sl::kInputs, k - column);
        const SlSddmmRow* row = rows.get() + first * k_blocks + b * count;
        for (int64_t i = 0; token == 0 && i < count; ++i) {
          std::memset(dw + row[i].first, 0, row[i].count * sizeof(float));
        }
        if (token == in.m) continue;  // no tokens at all
        sl::pack_features(level, in.layout, in.m, k, in.x, token, tokens, column, some, x);
        const SlSddmm s{count, row, columns.get(), x, dy};
        kernels.add(&s, dw);
      }
    }
  }
  return SL_OK;
}

int sl_sparse_weight_gradient(const sl_sparse* w, int64_t m, int layout, const float* x,
                              const float* dy, float* dw, int threads) {
  if (layout != SL_ROWS && layout != SL_PANELS) return SL_BAD_ARGUMENT;
  const sl::GradientInput in{m, layout, x, dy};
  // Each task packs all of dy.
  const int64_t tasks = sl::least(w->k_blocks, threads);
  return sl::parallel(threads, tasks, sl_sparse_kept(w) * m, [&](int64_t i) {
    return w->weight_gradient(in, w->k_blocks * i / tasks, w->k_blocks * (i + 1) / tasks, dw);
  });
}
