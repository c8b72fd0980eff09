// SPDX-License-Identifier: Apache-2.0
// Micro-kernels of convolutions, at one level: f32_conv_tile.cc, f32_conv_copy.cc.
#ifndef SPARSELAND_MICRO_F32_CONV_H_
#define SPARSELAND_MICRO_F32_CONV_H_

#include <stdint.h>

// A kept weight, or one of each of 4 neighbouring rows, and 4 k: the byte offset of its entry in the table.
struct SlConvSingle {
  uint32_t entry;
  float value;
};
struct SlConvQuad {
  uint32_t entry;
  float values[4];
};

struct SlConvTile {
  int64_t rows;            // or blocks of 4 rows
  const uint32_t* starts;  // [rows + 1], into the kept weights
  const uint32_t* offsets; // [k]: bytes from x
  int first;               // sums begin here
  const float* x;
  int64_t tokens;          // pixels; whole half vectors are read
  float* sums;
  int64_t ld;              // of sums, tokens rounded up to vectors at least
};

// Neighbouring floats.
struct SlConvRun {
  int64_t at, count;
};

struct SlConvKernels {
  int64_t most_single, most_quad;  // tokens of a tile
  void (*single)(const SlConvTile* t, const SlConvSingle* kept);
  void (*quad)(const SlConvTile* t, const SlConvQuad* kept);
  // y [n] = every step-th of x.
  void (*pick)(int64_t n, int64_t step, const float* x, float* y);
  // panel [k][tokens]: row i is the runs of x + offsets[i] bytes, then 0.
  void (*gather)(int64_t k, const uint32_t* offsets, const float* x, int64_t runs,
                 const SlConvRun* run, int64_t tokens, float* panel);
  // The runs of y from the first of x on.
  void (*scatter)(int64_t runs, const SlConvRun* run, const float* x, float* y);
};

#endif  // SPARSELAND_MICRO_F32_CONV_H_
