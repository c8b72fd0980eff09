// SPDX-License-Identifier: Apache-2.0
// A piece of a dense product that one task computes.
#ifndef SPARSELAND_DENSE_H_
#define SPARSELAND_DENSE_H_

#include "level.h"

namespace sl {

constexpr int64_t kDenseTiles = 8;    // tiles of dense_rows rows in a task
constexpr int64_t kDensePanels = 8;   // panels of 2 vectors of columns in a task
constexpr int64_t kDenseBlock = 256;  // inputs at a time: a panel of them takes 16 to 32 KiB of L1

struct DenseTask {
  int64_t rows, columns, k;
  const float* x;  // tiles [k][rows of the tile], one after the other
  const float* w;  // panels [k][2 vectors]
};

// y [rows][ld] = act(x * w + bias), columns columns; uses the scratch slot kTask.
int dense_task(const SlLevel* level, const DenseTask& task, const float* bias, int act, float* y,
               int64_t ld);

}  // namespace sl

#endif  // SPARSELAND_DENSE_H_
