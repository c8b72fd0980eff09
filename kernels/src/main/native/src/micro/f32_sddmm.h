// SPDX-License-Identifier: Apache-2.0
// What f32_sddmm_4x8v.cc and its caller share.
#ifndef SPARSELAND_MICRO_F32_SDDMM_H_
#define SPARSELAND_MICRO_F32_SDDMM_H_

#include <stdint.h>

// Kept weights [first, first + count) of one row, counted as dy is.
struct SlSddmmRow {
  int32_t row;
  uint32_t first, count;
};

struct SlSddmm {
  int64_t rows;
  const SlSddmmRow* row;
  const uint8_t* columns;  // of the kept weights, in x
  const float* x;          // [inputs][tokens]
  const float* dy;         // [outputs][tokens]
};

struct SlSddmmKernels {
  int64_t tokens;  // of a panel
  // dw[i] += sum over tokens of dy[row] * x[columns[i]] for the kept weights i of the rows.
  void (*add)(const SlSddmm* s, float* dw);
};

#endif  // SPARSELAND_MICRO_F32_SDDMM_H_
