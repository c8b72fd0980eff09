// SPDX-License-Identifier: Apache-2.0
// Every design that takes a matrix, for every type, pattern, layout and number of tokens: unpacks to the
// same values, and multiplies within the derived bound of fp64. Guarded memory, 1 and 3 threads.
#include <algorithm>

#include "testing.h"

namespace sl_test {
namespace {

uint16_t to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float from_bf16(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

struct Pattern {
  int64_t rows, columns;
  double sparsity;
};

// A random matrix, kept in blocks of rows x columns, with its values in the type and as doubles.
struct Stored {
  int64_t n, k;
  int type, width;
  std::vector<double> exact;  // [n][k] without scales, 0 where pruned
  std::vector<char> dense;    // the same in the type
  Guarded<uint64_t> mask;
  std::vector<char> kept;
  Guarded<float> scales;
  int64_t nonzeros = 0;
  std::unique_ptr<Guarded<char>> values;

  Stored(int type_, int64_t n_, int64_t k_, Pattern p)
      : n(n_), k(k_), type(type_), width(type == SL_F32 ? 4 : type == SL_BF16 ? 2 : 1),
        mask(static_cast<size_t>((n * k + 63) / 64)), scales(static_cast<size_t>(n)) {
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> byte(-127, 127);
    std::bernoulli_distribution prune(p.sparsity);
    const int64_t block_columns = (k + p.columns - 1) / p.columns;
    std::vector<bool> keep;
    for (int64_t i = 0; i < (n + p.rows - 1) / p.rows * block_columns; ++i) {
      keep.push_back(!prune(engine));
    }
    std::memset(mask.data(), 0, mask.size() * 8);
    for (int64_t i = 0; i < n * k; ++i) {
      char raw[4] = {};
      const bool kept_here = keep[i / k / p.rows * block_columns + i % k / p.columns];
      double value = 0;
      if (kept_here) {
        if (type == SL_I8) {
          raw[0] = static_cast<char>(byte(engine));
          value = static_cast<int8_t>(raw[0]);
        } else {
          float v = normal(engine);
          const uint16_t half = to_bf16(v);
          if (type == SL_BF16) v = from_bf16(half);
          std::memcpy(raw, type == SL_BF16 ? static_cast<const void*>(&half) : &v, width);
          value = v;
        }
        mask[i / 64] |= uint64_t{1} << (i % 64);
        kept.insert(kept.end(), raw, raw + width);
        ++nonzeros;
      }
      exact.push_back(value);
      dense.insert(dense.end(), raw, raw + width);
    }
    for (int64_t i = 0; i < n; ++i) scales[i] = 0.01f + 0.001f * static_cast<float>(i % 7);
    values = std::make_unique<Guarded<char>>(kept.size());
    std::copy(kept.begin(), kept.end(), values->data());
  }

  sl_matrix matrix() const {
    return {type, n, k, mask.data(), values->data(), type == SL_I8 ? scales.data() : nullptr};
  }
};

// Activations in rows and panels, as the type sees them, and in words.
struct Tokens {
  int64_t m, k;
  std::unique_ptr<Floats> rows, panels, words, token_scales;
  std::vector<double> seen;   // [m][k] without token scale
  std::vector<double> scale;  // [m]

  Tokens(int level, int type, int64_t m_, int64_t k_) : m(m_), k(k_), rows(random_floats(m * k)) {
    const int64_t per_word = type == SL_F32 ? 1 : type == SL_BF16 ? 2 : 4;
    panels = random_floats(sl_panels_size(m, k));
    words = random_floats(sl_panels_size(m, (k + per_word - 1) / per_word));
    token_scales = random_floats(sl_panels_size(m, 1));
    sl_to_panels(level, m, k, rows->data(), panels->data(), 1);
    sl_pack_words(level, type, m, k, SL_ROWS, rows->data(), 0, words->data(),
                  token_scales->data(), 2);
    for (int64_t t = 0; t < m; ++t) {
      float largest = 0;
      for (int64_t i = 0; i < k; ++i) largest = std::max(largest, std::fabs((*rows)[t * k + i]));
      const float s = largest / 127.0f;
      scale.push_back(type == SL_I8 ? static_cast<double>(s) : 1.0);
      for (int64_t i = 0; i < k; ++i) {
        const float x = (*rows)[t * k + i];
        if (type == SL_F32) seen.push_back(x);
        if (type == SL_BF16) seen.push_back(from_bf16(to_bf16(x)));
        if (type == SL_I8) {
          seen.push_back(std::clamp(std::nearbyint(static_cast<double>(x * (1.0f / s))), -127.0, 127.0));
        }
      }
    }
  }

  sl_input input(int layout) const {
    const Floats& data = layout == SL_ROWS ? *rows : layout == SL_PANELS ? *panels : *words;
    return {layout, data.data(), token_scales->data(), 0};
  }
};

// The products in fp64, the same for all designs and layouts.
struct Reference {
  std::vector<double> sums, magnitudes;  // [m][n], without scales; of the sum of |x w|
  std::vector<int64_t> terms;            // [m][n], other than 0

  Reference(const Stored& w, const Tokens& x) {
    for (int64_t t = 0; t < x.m; ++t) {
      const double* in = x.seen.data() + t * w.k;
      for (int64_t row = 0; row < w.n; ++row) {
        const double* weights = w.exact.data() + row * w.k;
        double sum = 0, magnitude = 0;
        int64_t count = 0;
        for (int64_t j = 0; j < w.k; ++j) {
          const double p = weights[j] * in[j];
          sum += p;
          magnitude += std::fabs(p);
          count += p != 0;
        }
        sums.push_back(sum);
        magnitudes.push_back(magnitude);
        terms.push_back(count);
      }
    }
  }
};

void check_product(int level, int design, const sl_weights* packed, const Stored& w,
                   const Tokens& x, const Reference& reference, int x_layout, int y_layout) {
  const int64_t m = x.m, n = w.n;
  auto bias = random_floats(n), residual = random_floats(m * n);
  auto residual_panels = random_floats(sl_panels_size(m, n));
  sl_to_panels(level, m, n, residual->data(), residual_panels->data(), 1);
  const int64_t size = y_layout == SL_ROWS ? m * n : sl_panels_size(m, n);
  auto y = run(sl_design_name(design), level, size, [&](float* out, int threads) {
    const sl_input in = x.input(x_layout);
    const sl_output to = {y_layout, out, bias->data(), SL_RELU,
                          y_layout == SL_ROWS ? residual->data() : residual_panels->data()};
    return sl_linear(packed, m, &in, &to, threads);
  });
  Floats rows(static_cast<size_t>(m * n));
  if (y_layout == SL_PANELS) {
    sl_to_rows(level, m, n, y->data(), rows.data(), 1);
  } else {
    std::memcpy(rows.data(), y->data(), rows.size() * 4);
  }
  for (int64_t i = 0; i < m * n; ++i) {
    const double sum = reference.sums[i];
    double magnitude = reference.magnitudes[i];
    int64_t terms = 4 + reference.terms[i];
    const double scale = w.type == SL_I8 ? x.scale[i / n] * w.scales[i % n] : 1.0;
    if (w.type == SL_I8) {
      magnitude = std::fabs(sum);  // the integer is exact: only scaling rounds
      terms = 8;
    }
    const double b = (*bias)[i % n], r = (*residual)[i];
    const double bound = 1.02 * kU * (terms * (scale * magnitude + std::fabs(b)) + 2 * std::fabs(r));
    close(sl_design_name(design), level, i, rows[i], std::fmax(scale * sum + b, 0) + r, bound);
  }
}

void test_matrix(int level, int type, int64_t n, int64_t k, Pattern p,
                 const std::vector<int64_t>& tokens = {1, 2, 4, 7, 8, 16, 17, 33, 67}) {
  const Stored w(type, n, k, p);
  const sl_matrix matrix = w.matrix();
  struct Packed {
    int design;
    sl_weights* weights;
  };
  std::vector<Packed> all;
  for (int design = 0; design < SL_DESIGNS; ++design) {
    if (sl_design_refuses(level, design, &matrix) != nullptr) continue;
    sl_weights* packed = nullptr;
    if (sl_pack(level, design, 1, &matrix, &packed) != SL_OK) fail("pack", level, design, 0, 0);
    all.push_back({design, packed});
    Guarded<char> back(w.dense.size());
    sl_unpack(packed, back.data());
    ++checks;
    if (std::memcmp(back.data(), w.dense.data(), w.dense.size()) != 0) {
      fail("unpack", level, design, 0, 0);
    }
  }
  for (int64_t m : tokens) {
    const Tokens x(level, type, m, k);
    const Reference reference(w, x);
    for (const auto& [design, packed] : all) {
      check_product(level, design, packed, w, x, reference, SL_ROWS, SL_ROWS);
      if (m < 16) continue;
      check_product(level, design, packed, w, x, reference, SL_PANELS, SL_PANELS);
      check_product(level, design, packed, w, x, reference, SL_PANELS, SL_ROWS);
      if (design == SL_DENSE || design == SL_ONEDNN) continue;  // these take no words
      check_product(level, design, packed, w, x, reference, SL_WORDS, SL_PANELS);
    }
  }
  for (const Packed& packed : all) sl_weights_free(packed.weights);
}

}  // namespace

void test_designs(int level) {
  const int64_t sizes[][2] = {{1, 1}, {3, 5}, {16, 16}, {35, 257}, {64, 64}, {131, 70}, {33, 600}};
  const Pattern patterns[] = {{1, 1, 0.0}, {1, 1, 0.5},  {1, 1, 0.9}, {1, 1, 0.99}, {1, 1, 1.0},
                              {1, 2, 0.8}, {1, 4, 0.8},  {4, 1, 0.7}, {4, 4, 0.8},  {16, 1, 0.6},
                              {16, 4, 0.7}, {16, 2, 0.7}};
  for (int type = 0; type < SL_TYPES; ++type) {
    for (const auto& size : sizes) {
      for (const Pattern& p : patterns) test_matrix(level, type, size[0], size[1], p);
    }
  }
  test_matrix(level, SL_F32, 1200, 300, {1, 1, 0.8});
  // Columns beyond 16 bits, gaps between them included.
  for (int type = 0; type < SL_TYPES; ++type) {
    test_matrix(level, type, 2, 300000, {1, 1, 0.99995}, {1, 2});
  }
}

}  // namespace sl_test
