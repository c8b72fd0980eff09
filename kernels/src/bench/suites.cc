// SPDX-License-Identifier: Apache-2.0
#include "suites.h"

#include <algorithm>

namespace bench {
namespace {

using Shapes = std::vector<std::pair<int64_t, int64_t>>;

const Shapes kMiniLmShapes = {{384, 384}, {1536, 384}, {384, 1536}};
const Shapes kDecodeShapes = {{4096, 4096}};
const std::vector<double> kSparsities = {0.5, 0.7, 0.8, 0.9, 0.95};

std::vector<std::string> patterns_of(Type type) {
  switch (type) {
    case Type::kF32:
      return {"unstructured", "2:4", "1x4", "4x1", "4x4", "16x1"};
    case Type::kBf16:
      return {"unstructured", "1x2", "16x2"};
    default:
      return {"unstructured", "1x4", "4x1", "4x4", "16x4"};
  }
}

template <typename T>
std::vector<T> either(const std::vector<T>& first, const std::vector<T>& second) {
  return first.empty() ? second : first;
}

void add(const Axes& own, const Axes& asked, int all_threads, std::vector<Spec>* out) {
  for (Type type : either(asked.types, own.types)) {
    for (const std::string& pattern :
         either(asked.patterns, own.patterns.empty() ? patterns_of(type) : own.patterns)) {
      for (const auto& [n, k] : either(asked.shapes, own.shapes)) {
        for (int64_t m : either(asked.tokens, own.tokens)) {
          for (double sparsity : either(asked.sparsities, own.sparsities)) {
            for (int threads : either(asked.threads, either(own.threads, {all_threads}))) {
              const Pattern p = Pattern::of_name(pattern);
              if (p.of > 0) sparsity = 1 - static_cast<double>(p.keep) / p.of;
              const Spec spec{type, pattern, {m, n, k}, sparsity, threads, measured_cold(n, k)};
              if (p.of == 0 || out->empty() || out->back().key() != spec.key()) {
                out->push_back(spec);
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace

const Shapes kBertShapes = {{768, 768}, {3072, 768}, {768, 3072}};

bool Axes::any() const {
  return !(types.empty() && patterns.empty() && shapes.empty() && tokens.empty() &&
           sparsities.empty() && threads.empty());
}

bool measured_cold(int64_t n, int64_t k) { return n * k >= 4096 * 4096; }

std::vector<Spec> full_suite(const Axes& asked, int all_threads) {
  const std::vector<Type> all = {Type::kF32, Type::kBf16, Type::kI8};
  std::vector<Spec> specs;
  const Axes bert{all, {}, kBertShapes, {1, 4, 8, 32, 128, 512}, kSparsities, {}};
  add(bert, asked, all_threads, &specs);
  if (asked.any()) return specs;  // the axes describe one grid
  add({all, {}, kMiniLmShapes, {32, 128}, {0.8, 0.9, 0.95}, {}}, asked, all_threads, &specs);
  add({all, {}, kDecodeShapes, {1, 4, 8}, kSparsities, {}}, asked, all_threads, &specs);
  add({{Type::kF32}, {"unstructured"}, {{1024, 1024}}, {1}, kSparsities, {1, 2}}, asked, 1, &specs);
  // The layers that SparseLab publishes times for.
  add({{Type::kF32}, {"unstructured"}, {{1536, 384}, {384, 1536}}, {2048}, {0.9}, {}}, asked,
      all_threads, &specs);
  add({{Type::kF32}, {"unstructured"}, {{2560, 640}, {640, 2560}}, {1024}, {0.9}, {}}, asked,
      all_threads, &specs);
  return specs;
}

std::vector<Spec> quick_suite(const Axes& asked, int all_threads) {
  const std::vector<std::pair<Type, std::vector<std::string>>> chosen = {
      {Type::kF32, {"unstructured", "4x1"}}, {Type::kBf16, {"16x2"}}, {Type::kI8, {"4x4"}}};
  std::vector<Spec> specs;
  for (const auto& [type, patterns] : chosen) {
    const auto& types = asked.types;
    if (!types.empty() && std::find(types.begin(), types.end(), type) == types.end()) continue;
    Axes rest = asked;
    rest.types.clear();
    add({{type}, patterns, kBertShapes, {1, 32, 128}, {0.9}, {}}, rest, all_threads, &specs);
  }
  return specs;
}

std::vector<Spec> sweep_suite(const Axes& asked, int all_threads) {
  const std::vector<Type> all = {Type::kF32, Type::kBf16, Type::kI8};
  const Shapes shapes = {{768, 768},  {3072, 768}, {768, 3072}, {384, 384},
                         {1000, 333}, {64, 64},    {10, 300}};
  const std::vector<double> sparsities = {0,   0.1, 0.2, 0.3, 0.4,  0.5,
                                          0.6, 0.7, 0.8, 0.9, 0.95, 0.99};
  std::vector<Spec> specs;
  const Axes warm{all, {"unstructured"}, shapes, {1, 2, 8, 17, 32, 128}, sparsities, {}};
  add(warm, asked, all_threads, &specs);
  if (asked.any()) return specs;
  add({all, {"unstructured"}, kDecodeShapes, {1, 8}, sparsities, {}}, asked, all_threads, &specs);
  return specs;
}

std::vector<Spec> conv_suite(const Axes& asked, int all_threads) {
  // channels, outputs, kernel, stride, groups, size: ResNet's, then MobileNetV2's depthwise layers.
  constexpr int64_t kLayers[][6] = {
      {64, 64, 3, 1, 1, 56},    {128, 128, 3, 1, 1, 28},   {256, 256, 3, 1, 1, 14},
      {512, 512, 3, 1, 1, 7},   {64, 128, 3, 2, 1, 56},    {256, 512, 3, 2, 1, 14},
      {64, 256, 1, 1, 1, 56},   {256, 64, 1, 1, 1, 56},    {512, 128, 1, 1, 1, 28},
      {1024, 256, 1, 1, 1, 14}, {512, 2048, 1, 1, 1, 7},   {64, 128, 1, 2, 1, 56},
      {32, 32, 3, 1, 32, 112},  {96, 96, 3, 2, 96, 112},   {144, 144, 3, 1, 144, 56},
      {192, 192, 3, 2, 192, 56}, {192, 192, 3, 1, 192, 28}, {384, 384, 3, 1, 384, 14},
      {576, 576, 3, 2, 576, 14}, {960, 960, 3, 1, 960, 7}, {128, 128, 3, 1, 4, 28}};
  std::vector<Spec> specs;
  for (const auto& [channels, outputs, kernel, stride, groups, size] : kLayers) {
    Operation op{Operation::kConv, channels, size, kernel, stride, groups};
    const bool depthwise = groups == channels;
    const std::vector<std::string> patterns =
        depthwise ? std::vector<std::string>{"dense"}
                  : either(asked.patterns, {"dense", "unstructured", "4x1", "16x1"});
    for (const std::string& pattern : patterns) {
      const bool dense = pattern == "dense";
      const auto sparsities = dense ? std::vector<double>{0} : either(asked.sparsities, {0.8, 0.9, 0.95});
      for (double sparsity : sparsities) {
        for (int64_t images : either(asked.tokens, {1})) {
          for (int threads : either(asked.threads, {all_threads})) {
            const Shape shape{images * op.pixels(), outputs, channels / groups * kernel * kernel};
            specs.push_back({Type::kF32, pattern, shape, sparsity, threads, false, op});
          }
        }
      }
    }
  }
  return specs;
}

std::vector<Spec> training_suite(const Axes& asked, int all_threads) {
  std::vector<Spec> specs;
  for (const auto kind :
       {Operation::kForward, Operation::kInputGradient, Operation::kWeightGradient}) {
    const Axes own{{Type::kF32}, {"unstructured"}, {{1024, 4096}, {768, 3072}}, {512},
                   {0.8, 0.9, 0.95}, {}};
    std::vector<Spec> some;
    add(own, asked, all_threads, &some);
    for (Spec& spec : some) {
      spec.op.kind = kind;
      spec.cold = false;
      if (kind == Operation::kInputGradient) std::swap(spec.shape.n, spec.shape.k);
      specs.push_back(spec);
    }
  }
  return specs;
}

// clang-format off
const std::vector<Goal> kGoals = {
    {"fp32 unstructured, M=128, 50 %", Type::kF32, "unstructured", "rows", 128, 0.5, 0, false, "dense", 1.55, 1.7},
    {"fp32 unstructured, M=128, 80 %", Type::kF32, "unstructured", "rows", 128, 0.8, 0, false, "dense", 3.8, 4.3},
    {"fp32 unstructured, M=128, 90 %", Type::kF32, "unstructured", "rows", 128, 0.9, 0, false, "dense", 7.0, 8.2},
    {"fp32 unstructured, M=128, 95 %", Type::kF32, "unstructured", "rows", 128, 0.95, 0, false, "dense", 12, 15},
    {"the same in panels, 50 %", Type::kF32, "unstructured", "panels", 128, 0.5, 0, false, "dense", 1.6, 1.75},
    {"the same in panels, 80 %", Type::kF32, "unstructured", "panels", 128, 0.8, 0, false, "dense", 4.1, 4.4},
    {"the same in panels, 90 %", Type::kF32, "unstructured", "panels", 128, 0.9, 0, false, "dense", 7.8, 8.6},
    {"the same in panels, 95 %", Type::kF32, "unstructured", "panels", 128, 0.95, 0, false, "dense", 14, 16.5},
    {"over MKL CSR, M=128, 90 %", Type::kF32, "unstructured", "rows", 128, 0.9, 0, false, "mkl-csr", 3.6, 4.3},
    {"over MKL CSR, M=32, 90 %", Type::kF32, "unstructured", "rows", 32, 0.9, 0, false, "mkl-csr", 2.9, 3.4},
    {"over Eigen, M=128, 90 %", Type::kF32, "unstructured", "rows", 128, 0.9, 0, false, "eigen", 2.6, 3.2},
    {"over libxsmm 1.17, M=128, 90 %", Type::kF32, "unstructured", "rows", 128, 0.9, 0, false, "libxsmm", 2.6, 3.2},
    {"fp32 4x1, M=128, 90 %", Type::kF32, "4x1", "rows", 128, 0.9, 0, false, "dense", 9.0, 9.6},
    {"fp32 4x1 in panels, M=128, 90 %", Type::kF32, "4x1", "panels", 128, 0.9, 0, false, "dense", 9.8, 10.0},
    {"fp32 4x4, M=128, 90 %", Type::kF32, "4x4", "rows", 128, 0.9, 0, false, "dense", 9.0, 9.6},
    {"fp32 4x4 in panels, M=128, 90 %", Type::kF32, "4x4", "panels", 128, 0.9, 0, false, "dense", 9.8, 10.0},
    {"fp32 unstructured, M=32, 50 %", Type::kF32, "unstructured", "rows", 32, 0.5, 0, false, "dense", 1.4, 1.55},
    {"fp32 unstructured, M=32, 90 %", Type::kF32, "unstructured", "rows", 32, 0.9, 0, false, "dense", 6.8, 7.8},
    {"fp32 16x1, M=8, 90 %", Type::kF32, "16x1", "rows", 8, 0.9, 0, false, "dense", 8.3, 9.5},
    {"int8 4x4, M=128, 90 %", Type::kI8, "4x4", "rows", 128, 0.9, 0, false, "dense", 7.5, 9.0},
    {"int8 4x4 in words, M=128, 90 %", Type::kI8, "4x4", "panels", 128, 0.9, 0, false, "dense", 9.6, 9.9},
    {"int8 4x1, M=128, 90 %", Type::kI8, "4x1", "rows", 128, 0.9, 0, false, "dense", 5.7, 7.5},
    {"int8 1x4, M=128, 90 %", Type::kI8, "1x4", "rows", 128, 0.9, 0, false, "dense", 6.0, 7.8},
    {"bf16 1x2, M=128, 90 %", Type::kBf16, "1x2", "rows", 128, 0.9, 0, false, "dense", 6.2, 7.8},
    {"bf16 16x2, M=128, 90 %", Type::kBf16, "16x2", "rows", 128, 0.9, 0, false, "dense", 9.0, 9.6},
    {"decode M=1 cold, fp32, 50 %", Type::kF32, "unstructured", "rows", 1, 0.5, 0, true, "dense", 1.6, 1.85},
    {"decode M=1 cold, fp32, 70 %", Type::kF32, "unstructured", "rows", 1, 0.7, 0, true, "dense", 2.8, 3.0},
    {"decode M=1 cold, fp32, 90 %", Type::kF32, "unstructured", "rows", 1, 0.9, 0, true, "dense", 6.3, 7.0},
    {"decode M=1 cold, fp32, 95 %", Type::kF32, "unstructured", "rows", 1, 0.95, 0, true, "dense", 12, 13},
    {"the same over MKL mv, 50 %", Type::kF32, "unstructured", "rows", 1, 0.5, 0, true, "mkl-csr", 1.8, 2.2},
    {"the same over MKL mv, 90 %", Type::kF32, "unstructured", "rows", 1, 0.9, 0, true, "mkl-csr", 1.15, 1.3},
    {"the same over MKL mv, 95 %", Type::kF32, "unstructured", "rows", 1, 0.95, 0, true, "mkl-csr", 1.3, 1.5},
    {"decode M=1 cold, int8, 50 %", Type::kI8, "unstructured", "rows", 1, 0.5, 0, true, "dense", 1.5, 1.6},
    {"decode M=1 cold, int8, 70 %", Type::kI8, "unstructured", "rows", 1, 0.7, 0, true, "dense", 2.3, 2.35},
    {"decode M=1 cold, int8, 90 %", Type::kI8, "unstructured", "rows", 1, 0.9, 0, true, "dense", 3.7, 4.3},
    {"decode M=1 cold, bf16, 50 %", Type::kBf16, "unstructured", "rows", 1, 0.5, 0, true, "dense", 1.7, 1.78},
    {"decode M=1 cold, bf16, 70 %", Type::kBf16, "unstructured", "rows", 1, 0.7, 0, true, "dense", 2.6, 2.75},
    {"decode M=1 cold, bf16, 90 %", Type::kBf16, "unstructured", "rows", 1, 0.9, 0, true, "dense", 4.0, 5.8},
    {"decode M=8 cold, fp32, 70 %", Type::kF32, "unstructured", "rows", 8, 0.7, 0, true, "dense", 1.6, 2.2},
    {"decode M=8 cold, fp32, 90 %", Type::kF32, "unstructured", "rows", 8, 0.9, 0, true, "dense", 5.2, 6.5},
    {"share of peak, unstructured in panels, 90 %", Type::kF32, "unstructured", "panels", 128, 0.9, 0, false, "peak", 0.76, 0.84},
    {"share of peak, 4x1 in panels, 90 %", Type::kF32, "4x1", "panels", 128, 0.9, 0, false, "peak", 0.97, 0.98},
};
// clang-format on

std::vector<Spec> specs_of(const Goal& goal, int all_threads) {
  std::vector<Spec> specs;
  const Axes own{{goal.type},   {goal.pattern},  goal.decode ? kDecodeShapes : kBertShapes,
                 {goal.tokens}, {goal.sparsity}, {}};
  add(own, {}, goal.threads > 0 ? goal.threads : all_threads, &specs);
  return specs;
}

}  // namespace bench
