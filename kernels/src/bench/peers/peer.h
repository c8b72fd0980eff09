// SPDX-License-Identifier: Apache-2.0
// For the modules of peers that run on OpenMP.
#ifndef SPARSELAND_BENCH_PEER_H_
#define SPARSELAND_BENCH_PEER_H_

#include <omp.h>

#include "../candidate.h"

#define SL_BENCH_EXPORT extern "C" __attribute__((visibility("default")))

namespace bench {

class OmpCandidate : public Candidate {
 public:
  OmpCandidate(std::string name, bool dense, int threads)
      : Candidate(std::move(name), dense), threads_(threads) {}

  void wake() override {
    volatile int woken = 0;
#pragma omp parallel num_threads(threads_)
    {
#pragma omp atomic
      woken = woken + 1;
    }
  }

 protected:
  const int threads_;
};

// [rows, columns] to [columns, rows].
inline std::vector<float> transposed(const std::vector<float>& a, int64_t rows, int64_t columns) {
  std::vector<float> out(a.size());
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) out[j * rows + i] = a[i * columns + j];
  }
  return out;
}

// A row-major sparse matrix [n, k] of a problem's weights.
struct Csr {
  explicit Csr(const Problem& p) : row(1, 0) {
    for (int64_t i = 0; i < p.shape.n; ++i) {
      for (int64_t j = 0; j < p.shape.k; ++j) {
        const int64_t at = i * p.shape.k + j;
        if (p.mask[at / 64] >> at % 64 & 1) {
          column.push_back(static_cast<int>(j));
          value.push_back(p.w[at]);
        }
      }
      row.push_back(static_cast<int>(column.size()));
    }
  }
  std::vector<int> row, column;
  std::vector<float> value;
};

}  // namespace bench
#endif  // SPARSELAND_BENCH_PEER_H_
