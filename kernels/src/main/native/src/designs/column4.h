// SPDX-License-Identifier: Apache-2.0
// int8 blocks of 4 outputs x 1 input. Four kept columns, wherever they lie, fill the four bytes that
// one instruction multiplies; their inputs are interleaved on the fly.
#ifndef SPARSELAND_DESIGNS_COLUMN4_H_
#define SPARSELAND_DESIGNS_COLUMN4_H_

#include <stdint.h>

// Four columns of 4 neighbouring outputs.
struct SlColumn4 {
  uint32_t offsets[4];    // of the columns' inputs: column * 16 bytes, twice that for 32 tokens
  int8_t weights[4][4];   // [output][column]
};

// micro/i8_column4_spmm_4x32.cc at one level; tokens 16 or 32.
struct SlColumn4Kernels {
  // bytes [4 * words][tokens] from x [words][tokens], words of 4 unsigned bytes.
  void (*arrange)(int64_t words, int64_t tokens, const void* x, uint8_t* bytes);
  // sums [rows][tokens] = columns * bytes x; counts [ceil(rows / 4)] records of each block row.
  void (*multiply)(int64_t rows, const int32_t* counts, const SlColumn4* columns, int64_t tokens,
                   const uint8_t* x, void* sums);
};

#endif  // SPARSELAND_DESIGNS_COLUMN4_H_
