// SPDX-License-Identifier: Apache-2.0
// Blocks of 4 outputs x 1 word against panels of tokens: one load of inputs serves 4 multiply-adds.
#ifndef SPARSELAND_DESIGNS_BLOCK4_H_
#define SPARSELAND_DESIGNS_BLOCK4_H_

#include <stdint.h>

#include "../level.h"

// One word of 4 neighbouring outputs, and where its inputs lie in a panel of 16 tokens: word * 64
// bytes; twice that in a panel of 32.
struct SlBlock4 {
  uint32_t offset;
  uint32_t words[4];
};

// micro/block4_spmm_4x32.cc at one level.
struct SlBlock4Kernels {
  // By type: sums [rows][tokens] = blocks * words x, tokens 16 or 32; counts [ceil(rows / 4)] blocks
  // in each block row.
  void (*multiply[3])(int64_t rows, const int32_t* counts, const SlBlock4* blocks, int64_t tokens,
                      const void* x, void* sums);
  // SL_I8 with the scales and zero point of f applied; false, with nothing done, where this is no gain.
  bool (*multiply_scaled)(int64_t rows, const int32_t* counts, const SlBlock4* blocks, int64_t tokens,
                          const void* x, const SlFinish* f, void* sums);
};

#endif  // SPARSELAND_DESIGNS_BLOCK4_H_
