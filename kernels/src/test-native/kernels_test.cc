// SPDX-License-Identifier: Apache-2.0
// Native test of the kernels: every operation at every level against fp64, with each array ending at (or
// beginning behind) a page that must not be touched, for 1 and 3 threads with equal bits, and with
// every allocation failing once. Meant for -fsanitize=address,undefined or thread; exits 1 on the first failure.
#include "testing.h"

namespace {

using namespace sl_test;

struct Weights {
  int64_t n, k;
  std::vector<double> all;  // 0 where pruned
  std::vector<bool> kept;
  sl_weights* packed = nullptr;
  int status = SL_OK;

  Weights(int level, int64_t n_, int64_t k_, double sparsity, bool sparse)
      : Weights(level, n_, k_, sparsity, sparse ? SL_CSR : SL_DENSE, nullptr) {}
  // All weights are kept by dense designs.
  Weights(int level, int64_t n_, int64_t k_, double sparsity, int design, const sl_conv* s)
      : n(n_), k(k_) {
    const bool sparse = design != SL_DENSE && design != SL_ONEDNN;
    const size_t size = static_cast<size_t>(n * k);
    auto values = random_floats(n * k);
    Guarded<uint64_t> mask((size + 63) / 64);
    std::memset(mask.data(), 0, mask.size() * 8);
    std::bernoulli_distribution prune(sparsity);
    std::vector<float> nonzeros;
    for (size_t i = 0; i < size; ++i) {
      const bool keep = !sparse || !prune(engine);
      kept.push_back(keep);
      all.push_back(keep ? static_cast<double>((*values)[i]) : 0.0);
      if (!keep) continue;
      mask[i / 64] |= uint64_t{1} << (i % 64);
      nonzeros.push_back((*values)[i]);
    }
    Floats own(nonzeros.size());
    for (size_t i = 0; i < nonzeros.size(); ++i) own[i] = nonzeros[i];
    const sl_matrix w = {SL_F32, n, k, sparse ? mask.data() : nullptr,
                         sparse ? own.data() : values->data(), nullptr};
    status = sl_design_refuses(level, design, &w) != nullptr ? SL_BAD_ARGUMENT
             : s == nullptr ? sl_pack(level, design, 1, &w, &packed)
                            : sl_pack_conv(level, design, s, &w, &packed);
  }
  ~Weights() { sl_weights_free(packed); }
};

void test_conv(int level, const Weights& w, const sl_conv& s, int design) {
  const int64_t per_group = s.channels / s.groups, k = w.k;
  sl_conv other = s;
  other.stride_h += 1;
  auto x = random_floats(s.batch * s.channels * s.height * s.width), bias = random_floats(s.outputs);
  auto y = run("conv2d", level, s.batch * s.outputs * s.out_height * s.out_width,
               [&](float* out, int threads) {
                 return sl_conv2d(w.packed, bias->data(), SL_IDENTITY, &s, x->data(), out, threads);
               });
  if (sl_conv2d(w.packed, nullptr, SL_IDENTITY, &other, x->data(), y->data(), 1) != SL_BAD_ARGUMENT) {
    fail("conv2d of another window", level, design, 0, SL_BAD_ARGUMENT);
  }
  for (size_t i = 0; i < y->size(); ++i) {
    const int64_t ow = i % s.out_width, oh = i / s.out_width % s.out_height;
    const int64_t out = i / s.out_width / s.out_height % s.outputs;
    const int64_t image = i / s.out_width / s.out_height / s.outputs;
    double sum = (*bias)[out], magnitude = std::fabs(sum);
    for (int64_t j = 0; j < k; ++j) {
      const int64_t c = out / (s.outputs / s.groups) * per_group + j / s.kernel_w / s.kernel_h;
      const int64_t h = oh * s.stride_h - s.pad_h + j / s.kernel_w % s.kernel_h * s.dilation_h;
      const int64_t v = ow * s.stride_w - s.pad_w + j % s.kernel_w * s.dilation_w;
      if (h < 0 || h >= s.height || v < 0 || v >= s.width) continue;
      const double p = w.all[out * k + j] * (*x)[((image * s.channels + c) * s.height + h) * s.width + v];
      sum += p;
      magnitude += std::fabs(p);
    }
    close("conv2d", level, static_cast<int64_t>(i), (*y)[i], sum, 1.01 * (k + 1) * kU * magnitude);
  }
}

// Images of all sizes with the same weights.
void test_conv(int level, const std::vector<sl_conv>& sizes, double sparsity, int design) {
  const sl_conv& s = sizes[0];
  const int64_t k = s.channels / s.groups * s.kernel_h * s.kernel_w;
  const Weights w(level, s.outputs, k, sparsity, design, &s);
  if (w.status != SL_OK) fail("conv2d packing", level, design, w.status, SL_OK);
  for (const sl_conv& size : sizes) test_conv(level, w, size, design);
}

void test_conv(int level, const sl_conv& s, double sparsity, int design) {
  test_conv(level, std::vector<sl_conv>{s}, sparsity, design);
}

sl_conv conv(int64_t batch, int64_t channels, int64_t h, int64_t v, int64_t outputs, int64_t kernel,
             int64_t stride, int64_t pad, int64_t dilation, int64_t groups) {
  const int64_t span = dilation * (kernel - 1) + 1;
  return {batch, channels, h, v, outputs, (h + 2 * pad - span) / stride + 1,
          (v + 2 * pad - span) / stride + 1, kernel, kernel, stride, stride, pad, pad, dilation,
          dilation, groups};
}

bool onednn_runs(int level) {
  const float one = 1;
  const sl_matrix w = {SL_F32, 1, 1, nullptr, &one, nullptr};
  return sl_design_refuses(level, SL_ONEDNN, &w) == nullptr;
}

// Strides, dilations and paddings against each other on odd sizes, then groups, depthwise, 1x1 and
// kernels as large as the image; many outputs, so that both ways of the sparse product are taken.
void test_convs(int level) {
  for (int design : {SL_DENSE, SL_ONEDNN, SL_CSR, SL_BLOCK4}) {
    if (design == SL_ONEDNN && !onednn_runs(level)) continue;
    for (int64_t kernel : {1, 2, 3, 5}) {
      for (int64_t stride : {1, 2, 3}) {
        for (int64_t dilation : {1, 2}) {
          for (int64_t pad = 0; pad <= kernel; ++pad) {
            test_conv(level, conv(2, 3, 11, 13, 5, kernel, stride, pad, dilation, 1), 0.5, design);
            test_conv(level, conv(1, 4, 10, 9, 4, kernel, stride, pad, dilation, 4), 0.2, design);
          }
        }
      }
    }
    for (int64_t size : {1, 2, 7, 8, 14, 16, 29}) {
      test_conv(level, conv(1, 33, size, size, 34, 1, 1, 0, 1, 1), 0.8, design);
      test_conv(level, conv(1, 5, size, size + 1, 70, 3, 1, 1, 1, 1), 0.8, design);
      test_conv(level, conv(1, 3, size, size, 3, 3, 1, 1, 1, 3), 0, design);
      test_conv(level, conv(1, 3, size, 2 * size + 1, 3, 3, 2, 1, 1, 3), 0, design);
    }
    test_conv(level, conv(1, 6, 9, 10, 8, 3, 1, 1, 1, 2), 0.5, design);
    test_conv(level, conv(3, 6, 9, 10, 12, 3, 2, 1, 1, 6), 0.5, design);
    test_conv(level, conv(1, 2, 2, 2, 3, 3, 1, 4, 1, 1), 0.5, design);
    test_conv(level, conv(1, 2, 20, 21, 3, 3, 1, 1, 9, 1), 0.5, design);
    test_conv(level, conv(1, 40, 6, 7, 35, 3, 1, 1, 1, 1), 1.0, design);
    test_conv(level, conv(2, 16, 9, 9, 128, 3, 1, 1, 1, 1), 0.9, design);  // slices of outputs
    test_conv(level, conv(2, 16, 9, 9, 128, 3, 1, 1, 1, 8), 0.9, design);  // and of groups
    test_conv(level, conv(2, 5, 57, 40, 20, 3, 2, 1, 1, 1), 0.8, design);  // bands of rows
    test_conv(level, {conv(1, 16, 7, 9, 128, 3, 1, 1, 1, 1), conv(1, 16, 30, 31, 128, 3, 1, 1, 1, 1),
                      conv(2, 16, 7, 7, 128, 3, 1, 1, 1, 1)}, 0.9, design);  // and both
  }
}

// a [2, m, k], b [k, n], y [2, m, n]; turned: a [2, k, m], b [n, k], y [m, 2, n].
void test_matmul(int level, int64_t m, int64_t k, int64_t n, bool turned) {
  const int32_t a_offsets[] = {0, static_cast<int32_t>(m * k)}, b_offsets[] = {0, 0};
  const int32_t y_offsets[] = {0, static_cast<int32_t>(turned ? n : m * n)};
  const sl_product p = {m, k, n, 2, turned ? 1 : k, turned ? m : 1, turned ? 1 : n,
                        turned ? k : 1, turned ? 2 * n : n, a_offsets, b_offsets, y_offsets};
  auto a = random_floats(2 * m * k), b = random_floats(k * n);
  auto y = run("matmul", level, 2 * m * n, [&](float* out, int threads) {
    return sl_matmul(level, &p, a->data(), b->data(), out, threads);
  });
  for (int64_t i = 0; i < 2 * m * n; ++i) {
    const int64_t row = turned ? i / n / 2 : i / n % m, column = i % n;
    const int64_t pair = turned ? i / n % 2 : i / n / m;
    double sum = 0, magnitude = 0;
    for (int64_t j = 0; j < k; ++j) {
      const double p = static_cast<double>((*a)[pair * m * k + (turned ? j * m + row : row * k + j)]) *
                       (*b)[turned ? column * k + j : j * n + column];
      sum += p;
      magnitude += std::fabs(p);
    }
    close("matmul", level, i, (*y)[i], sum, 1.01 * k * kU * magnitude);
  }
}

double function(int op, double x) {
  switch (op) {
    case SL_RELU: return x < 0 ? 0 : x;
    case SL_GELU: return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case SL_GELU_TANH:
      return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    case SL_SILU: return x / (1 + std::exp(-x));
    case SL_SIGMOID: return 1 / (1 + std::exp(-x));
    case SL_TANH: return std::tanh(x);
    case SL_EXP: return std::exp(x);
    case SL_ERF: return std::erf(x);
    default: return x;
  }
}

// Over all of fp32, every 4099th bit pattern, in units of 2^-24 of the larger of |y| and min(1, |x|).
void test_functions(int level) {
  for (int op : {SL_IDENTITY, SL_RELU, SL_GELU, SL_GELU_TANH, SL_SILU, SL_SIGMOID, SL_TANH, SL_EXP,
                 SL_ERF}) {
    const int64_t count = 0x100000000LL / 4099;
    std::vector<float> x(static_cast<size_t>(count)), y(x.size());
    for (int64_t i = 0; i < count; ++i) {
      const uint32_t bits = static_cast<uint32_t>(i * 4099);
      std::memcpy(&x[i], &bits, 4);
    }
    sl_unary(level, op, 0, 0, count, x.data(), y.data(), 1);
    double worst = 0;
    for (int64_t i = 0; i < count; ++i) {
      const double expected = function(op, x[i]);
      if (std::isinf(x[i]) || std::fabs(expected) > 3.4e38) continue;
      const double unit = std::fmax(std::fabs(expected), std::fmin(1, std::fabs(x[i])));
      close("function", level, op, y[i], expected, 8 * kU * unit + 1e-38);
      if (!std::isnan(x[i]) && unit > 1e-30) {
        worst = std::fmax(worst, std::fabs(y[i] - expected) / unit / kU);
      }
    }
    std::printf("%-7s function %2d: worst error %.2f * 2^-24\n", sl_level_name(level), op, worst);
  }
}

// Guard pages for the operations that the Java tests compare: here only that they stay inside.
void test_bounds(int level, int64_t n) {
  auto x = random_floats(3 * n), scale = random_floats(n), shift = random_floats(n);
  for (int op = 0; op < SL_UNARY_COUNT; ++op) {
    run("unary", level, 3 * n, [&](float* y, int threads) {
      return sl_unary(level, op, 0.5f, 1, 3 * n, x->data(), y, threads);
    });
  }
  const int32_t sizes[] = {3, static_cast<int32_t>(n)}, full[] = {static_cast<int32_t>(n), 1};
  const int32_t row[] = {0, 1}, scalar[] = {0, 0};
  for (int op = 0; op < SL_BINARY_COUNT; ++op) {
    for (const int32_t* steps : {full, row, scalar}) {
      run("binary", level, 3 * n, [&](float* y, int threads) {
        return sl_binary(level, op, 2, sizes, full, steps, x->data(),
                         steps == full ? x->data() : scale->data(), y, threads);
      });
    }
  }
  for (int64_t inner : {int64_t{1}, n}) {
    const int64_t outer = inner == 1 ? 3 : 1, along = inner == 1 ? n : 3;
    for (int log : {0, 1}) {
      run("softmax", level, 3 * n, [&](float* y, int threads) {
        return sl_softmax(level, outer, along, inner, log, x->data(), y, threads);
      });
    }
    for (int op = 0; op < SL_REDUCE_COUNT; ++op) {
      run("reduce", level, outer * inner, [&](float* y, int threads) {
        return sl_reduce(level, op, outer, along, inner, x->data(), y, threads);
      });
    }
  }
  for (int64_t inner : {1, 3}) {
    run("layer norm", level, 3 * n, [&](float* y, int threads) {
      return sl_layer_norm(level, 3 / inner, n, inner, x->data(), scale->data(), shift->data(), 1e-5f,
                           y, threads);
    });
  }
  run("channel affine", level, 3 * n, [&](float* y, int threads) {
    return sl_channel_affine(level, 1, 3, n, x->data(), x->data(), x->data(), y, threads);
  });
  if (n < 2) return;
  for (int32_t kind : {SL_POOL_MAX, SL_POOL_AVERAGE}) {
    const sl_pool s = {1, 3, n, 2, n / 2, 2, 2, 2, 2, 1, 0, kind, 1};
    run("pool2d", level, 2 * (n / 2), [&](float* y, int threads) {
      return sl_pool2d(level, &s, x->data(), y, threads);
    });
  }
}

// The n-th allocation fails, n = 1 until all succeed: a status, no crash, no leak (with a sanitizer).
void test_no_memory(int level) {
  const sl_conv s = conv(1, 4, 6, 6, 6, 3, 1, 1, 1, 2);
  auto x = random_floats(40 * 90), y = random_floats(40 * 90);
  for (bool sparse : {true, false}) {
    for (int64_t n = 1;; ++n) {
      int status = SL_OK;
      std::thread fresh([&] {  // a thread without scratch memory yet
        sl_test_fail_allocation(n);
        Weights linear(level, 70, 90, 0.5, sparse);
        Weights conv2d(level, 6, 18, 0.5, sparse ? SL_CSR : SL_DENSE, &s);
        status |= linear.status | conv2d.status;
        if (linear.packed != nullptr) {
          const sl_input in = {SL_ROWS, x->data(), nullptr, 0};
          const sl_output out = {SL_ROWS, y->data(), nullptr, SL_RELU, nullptr};
          status |= sl_linear(linear.packed, 40, &in, &out, 1);
        }
        if (conv2d.packed != nullptr) {
          status |= sl_conv2d(conv2d.packed, nullptr, SL_RELU, &s, x->data(), y->data(), 1);
        }
        const int32_t zero = 0;
        const sl_product product = {40, 9, 9, 1, 9, 1, 9, 1, 9, &zero, &zero, &zero};
        status |= sl_matmul(level, &product, x->data(), x->data(), y->data(), 1);
        sl_test_fail_allocation(0);
      });
      fresh.join();
      ++checks;
      if (status == SL_OK) break;
      if (status != SL_NO_MEMORY || n > 100) fail("no memory", level, n, status, SL_NO_MEMORY);
    }
  }
}

// Eight callers share the pool.
void test_callers(int level) {
  Weights w(level, 300, 400, 0.8, true);
  auto x = random_floats(64 * 400);
  const auto call = [&](float* y, int threads) {
    const sl_input in = {SL_ROWS, x->data(), nullptr, 0};
    const sl_output out = {SL_ROWS, y, nullptr, SL_TANH, nullptr};
    return sl_linear(w.packed, 64, &in, &out, threads);
  };
  std::vector<float> expected(64 * 300);
  call(expected.data(), 1);
  std::vector<std::thread> callers;
  std::vector<int> bad(8);
  for (int c = 0; c < 8; ++c) {
    callers.emplace_back([&, c] {
      std::vector<float> y(expected.size());
      for (int i = 0; i < 20; ++i) {
        bad[c] += call(y.data(), 3) != SL_OK;
        bad[c] += std::memcmp(y.data(), expected.data(), y.size() * 4) != 0;
      }
    });
  }
  for (std::thread& c : callers) c.join();
  for (int b : bad) {
    ++checks;
    if (b != 0) fail("callers", level, b, 0, 0);
  }
}

void test_operations(int level) {
  for (bool turned : {false, true}) {
    test_matmul(level, 50, 17, 33, turned);
    test_matmul(level, 1, 300, 1, turned);
  }
  for (int64_t n : {1, 3, 4, 7, 8, 9, 15, 16, 17, 67}) test_bounds(level, n);
}

struct Part {
  const char* name;
  void (*run)(int level);
};

constexpr Part kParts[] = {{"designs", sl_test::test_designs},   {"words", sl_test::test_words},
                           {"training", sl_test::test_training}, {"convs", test_convs},
                           {"operations", test_operations},      {"functions", test_functions},
                           {"memory", test_no_memory},           {"callers", test_callers}};

}  // namespace

// Arguments: the part to test, without it all; the folder with oneDNN's library, for its design to be
// tested too. SPARSELAND_ISA names the one level to test. Exits with 77 when nothing was tested.
int main(int count, char** arguments) {
  const char* const only = count > 1 ? arguments[1] : "";
  const char* const isa = std::getenv("SPARSELAND_ISA");
  const char* why = count > 2 ? sl_onednn_load(arguments[2]) : "no folder given";
  std::printf("onednn: %s\n", why == nullptr ? "loaded" : why);
  int tested = 0;
  for (int level = 0; level < SL_LEVELS; ++level) {
    const char* const name = sl_level_name(level);
    if (isa != nullptr && std::strcmp(isa, name) != 0) continue;
    if (!sl_level_available(level)) {
      std::printf("%-7s not on this CPU\n", name);
      continue;
    }
    for (const Part& part : kParts) {
      if (*only != 0 && std::strcmp(only, part.name) != 0) continue;
      const int before = checks;
      part.run(level);
      ++tested;
      std::printf("%-7s %-10s passed, %d checks\n", name, part.name, checks - before);
    }
  }
  return tested > 0 ? 0 : 77;
}
