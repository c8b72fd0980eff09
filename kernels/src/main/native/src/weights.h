// SPDX-License-Identifier: Apache-2.0
// Packed weight matrices; immutable once made.
#ifndef SPARSELAND_WEIGHTS_H_
#define SPARSELAND_WEIGHTS_H_

#include <mutex>

#include "level.h"
#include "sparseland_kernels.h"

namespace sl {

constexpr int64_t kBlock = 256;  // inputs in a block: with 32 tokens 32 KiB, what fits L1

// Rows of a sparse matrix that one task multiplies.
struct Chunk {
  int64_t first, rows;
};

// A sparse matrix: chunks x blocks of kBlock inputs.
struct Sparse {
  int64_t nonzeros, chunk_count, block_count;
  Chunk* chunks;
  SlBlock* blocks;  // [chunk][block]
  SlGroup* groups;
  int32_t* rows;
  SlRecord* records;
};

// Weights of one group of a grouped convolution, made at its first use.
struct Grouped {
  int64_t groups;
  sl_weights** parts;
  Grouped* next;
};

}  // namespace sl

struct sl_weights {
  const SlLevel* level;
  int level_code;
  int64_t n, k, bytes;
  float* dense;  // [ceil(n / 2 vectors)][k][2 vectors], or null
  sl::Sparse sparse;
  std::mutex mutex;  // guards grouped
  sl::Grouped* grouped;
};

namespace sl {

// Panels of 2 vectors of columns from b [k][n] with row step ld_k and column step ld_n; zero-padded.
void pack_panels(int64_t width2, int64_t n, int64_t k, const float* b, int64_t ld_k, int64_t ld_n,
                 float* panels);

// The parts for a convolution in `groups` groups, or null without memory.
sl_weights* const* grouped(sl_weights* w, int64_t groups);

}  // namespace sl

#endif  // SPARSELAND_WEIGHTS_H_
