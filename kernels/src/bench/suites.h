// SPDX-License-Identifier: Apache-2.0
// Which rows a run measures.
#ifndef SPARSELAND_BENCH_SUITES_H_
#define SPARSELAND_BENCH_SUITES_H_

#include <string>
#include <utility>
#include <vector>

#include "measure.h"

namespace bench {

// Every list that is not empty replaces the suite's own.
struct Axes {
  std::vector<Type> types;
  std::vector<std::string> patterns;
  std::vector<std::pair<int64_t, int64_t>> shapes;  // [n, k]
  std::vector<int64_t> tokens;
  std::vector<double> sparsities;
  std::vector<int> threads;
  bool any() const;
};

extern const std::vector<std::pair<int64_t, int64_t>> kBertShapes;

// Layers whose weights are this large are measured with cold caches: a model of them fits in none.
bool measured_cold(int64_t n, int64_t k);

std::vector<Spec> full_suite(const Axes& axes, int all_threads);
std::vector<Spec> quick_suite(const Axes& axes, int all_threads);
std::vector<Spec> conv_suite(const Axes& axes, int all_threads);
std::vector<Spec> training_suite(const Axes& axes, int all_threads);
std::vector<Spec> sweep_suite(const Axes& axes, int all_threads);

// A line of the table of goals: the geometric mean over shapes of one quotient.
struct Goal {
  std::string label;
  Type type;
  std::string pattern, layout;
  int64_t tokens;
  double sparsity;
  int threads;          // 0: all
  bool decode;          // 4096x4096 cold, else the BERT shapes
  std::string against;  // "dense", "peak" or a peer
  double goal, stretch;
};
extern const std::vector<Goal> kGoals;
std::vector<Spec> specs_of(const Goal& goal, int all_threads);

}  // namespace bench
#endif  // SPARSELAND_BENCH_SUITES_H_
