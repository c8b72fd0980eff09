// SPDX-License-Identifier: Apache-2.0
// The three products of a training step and the refresh of values in place, against fp64, in both
// layouts. Guarded memory, 1 and 3 threads, every allocation failing once.
#include "testing.h"

namespace sl_test {
namespace {

struct Pattern {
  int64_t n, k, count = 0;
  Guarded<uint64_t> mask;
  std::vector<int64_t> places;  // of the kept weights

  Pattern(int64_t n_, int64_t k_, double sparsity)
      : n(n_), k(k_), mask(static_cast<size_t>((n_ * k_ + 63) / 64)) {
    std::memset(mask.data(), 0, mask.size() * 8);
    std::bernoulli_distribution prune(sparsity);
    for (int64_t i = 0; i < n * k; ++i) {
      if (prune(engine)) continue;
      mask[static_cast<size_t>(i / 64)] |= uint64_t{1} << (i % 64);
      places.push_back(i);
    }
    count = static_cast<int64_t>(places.size());
  }
};

std::unique_ptr<Floats> to_panels(int level, int64_t m, int64_t k, const Floats& rows) {
  auto panels = std::make_unique<Floats>(static_cast<size_t>(sl_panels_size(m, k)));
  std::memset(panels->data(), 0xff, panels->size() * 4);
  sl_to_panels(level, m, k, rows.data(), panels->data(), 1);
  return panels;
}

// One product of rows [m, in] that gives [m, out], in both layouts; expected(t, o, &magnitude).
template <typename F, typename E>
void check(const char* what, int level, int64_t m, int64_t in, int64_t out, const Floats& x,
           int64_t terms, const F& call, const E& expected) {
  auto panels = to_panels(level, m, in, x);
  for (int layout : {SL_ROWS, SL_PANELS}) {
    const sl_input from = {layout, layout == SL_ROWS ? x.data() : panels->data(), nullptr, 0};
    const int64_t size = layout == SL_ROWS ? m * out : sl_panels_size(m, out);
    auto y = run(what, level, size, [&](float* to, int threads) {
      const sl_output result = {layout, to, nullptr, SL_IDENTITY, nullptr};
      return call(&from, &result, threads);
    });
    Floats rows(static_cast<size_t>(m * out));
    if (layout == SL_ROWS) std::memcpy(rows.data(), y->data(), rows.size() * 4);
    if (layout == SL_PANELS) sl_to_rows(level, m, out, y->data(), rows.data(), 1);
    for (int64_t i = 0; i < m * out; ++i) {
      double magnitude = 0;
      const double sum = expected(i / out, i % out, &magnitude);
      close(what, level, i, rows[static_cast<size_t>(i)], sum, 1.01 * terms * kU * magnitude);
    }
  }
}

void test_step(int level, int64_t n, int64_t k, int64_t m, double sparsity) {
  const Pattern p(n, k, sparsity);
  sl_sparse* w = nullptr;
  if (sl_sparse_pack(level, n, k, p.mask.data(), &w) != SL_OK) fail("sparse pack", level, n, 0, 0);
  ++checks;
  if (sl_sparse_kept(w) != p.count) fail("kept", level, n, 0, 0);
  auto x = random_floats(m * k), dy = random_floats(m * n);
  for (int step = 0; step < 2; ++step) {  // the second refresh replaces the first
    auto values = random_floats(p.count);
    std::vector<double> dense(static_cast<size_t>(n * k));
    for (int64_t i = 0; i < p.count; ++i) dense[p.places[i]] = (*values)[static_cast<size_t>(i)];
    if (sl_sparse_set(w, values->data(), 1 + 2 * step) != SL_OK) fail("set", level, step, 0, 0);
    check("sparse forward", level, m, k, n, *x, k,
          [&](const sl_input* from, const sl_output* to, int threads) {
            return sl_sparse_forward(w, m, from, to, threads);
          },
          [&](int64_t t, int64_t o, double* magnitude) {
            double sum = 0;
            for (int64_t i = 0; i < k; ++i) {
              const double product = dense[o * k + i] * (*x)[static_cast<size_t>(t * k + i)];
              sum += product;
              *magnitude += std::fabs(product);
            }
            return sum;
          });
    check("sparse input gradient", level, m, n, k, *dy, n,
          [&](const sl_input* from, const sl_output* to, int threads) {
            return sl_sparse_input_gradient(w, m, from, to, threads);
          },
          [&](int64_t t, int64_t i, double* magnitude) {
            double sum = 0;
            for (int64_t o = 0; o < n; ++o) {
              const double product = dense[o * k + i] * (*dy)[static_cast<size_t>(t * n + o)];
              sum += product;
              *magnitude += std::fabs(product);
            }
            return sum;
          });
  }
  auto x_panels = to_panels(level, m, k, *x), dy_panels = to_panels(level, m, n, *dy);
  for (int layout : {SL_ROWS, SL_PANELS}) {
    const bool rows = layout == SL_ROWS;
    auto dw = run("sparse weight gradient", level, p.count, [&](float* to, int threads) {
      return sl_sparse_weight_gradient(w, m, layout, rows ? x->data() : x_panels->data(),
                                       rows ? dy->data() : dy_panels->data(), to, threads);
    });
    for (int64_t i = 0; i < p.count; ++i) {
      const int64_t o = p.places[i] / k, column = p.places[i] % k;
      double sum = 0, magnitude = 0;
      for (int64_t t = 0; t < m; ++t) {
        const double product = static_cast<double>((*x)[static_cast<size_t>(t * k + column)]) *
                               (*dy)[static_cast<size_t>(t * n + o)];
        sum += product;
        magnitude += std::fabs(product);
      }
      // Up to 8 + 5 roundings in a panel, and one for each panel.
      close("sparse weight gradient", level, i, (*dw)[static_cast<size_t>(i)], sum,
            1.01 * (13 + m / 32.0 + 1) * kU * magnitude);
    }
  }
  sl_sparse_free(w);
}

void test_no_memory(int level) {
  const Pattern p(70, 90, 0.5);
  auto x = random_floats(40 * 90), dy = random_floats(40 * 70), dw = random_floats(p.count);
  for (int64_t n = 1;; ++n) {
    int status = SL_OK;
    std::thread fresh([&] {  // a thread without scratch memory yet
      sl_test_fail_allocation(n);
      sl_sparse* w = nullptr;
      status = sl_sparse_pack(level, 70, 90, p.mask.data(), &w);
      if (status == SL_OK) {
        status = sl_sparse_weight_gradient(w, 40, SL_ROWS, x->data(), dy->data(), dw->data(), 1);
      }
      sl_test_fail_allocation(0);
      sl_sparse_free(w);
    });
    fresh.join();
    ++checks;
    if (status == SL_OK) break;
    if (status != SL_NO_MEMORY || n > 100) fail("training: no memory", level, n, status, 0);
  }
}

}  // namespace

void test_training(int level) {
  for (double sparsity : {0.0, 0.5, 0.9, 1.0}) {
    test_step(level, 1, 1, 1, sparsity);
    test_step(level, 3, 5, 17, sparsity);
    test_step(level, 65, 130, 33, sparsity);
    test_step(level, 70, 129, 150, sparsity);
  }
  test_step(level, 600, 70, 40, 0.8);
  test_no_memory(level);
}

}  // namespace sl_test
