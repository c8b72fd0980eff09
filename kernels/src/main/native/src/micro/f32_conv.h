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

// One plane of a channel: row `line` holds row (line + first_row) * stride_h + phase_h of the image from
// column `begin` to `end`, beginning with that image column `first_column`; else 0.
struct SlConvPlane {
  int64_t lines, pitch, size;  // size: floats, 0 behind the last row
  int64_t first_row, stride_h, phase_h, height;
  int64_t begin, end, first_column, stride_w, width;
};

// One channel that is convolved on its own.
struct SlConvDepth {
  int64_t taps;
  const float* weights;     // [taps]
  const uint32_t* offsets;  // [taps]: bytes from x
  int three;                // 3x3 taps, neighbours in x: offsets are not read
  int64_t rows, columns, pitch;  // outputs; x has the given pitch
};

// One channel that is convolved on its own, read where it lies.
struct SlConvDirect {
  int64_t kernel_h, kernel_w, stride, pad_h, pad_w, dilation_h, dilation_w;
  int64_t height, width, rows, columns;  // of x and of y
  const float* weights;                  // [kernel_h][kernel_w]
};

struct SlConvKernels {
  int64_t most_single, most_quad;  // tokens of a tile
  void (*single)(const SlConvTile* t, const SlConvSingle* kept);
  void (*quad)(const SlConvTile* t, const SlConvQuad* kept);
  // From the image [height][width] of one channel.
  void (*fill)(const SlConvPlane* plane, const float* x, float* to);
  // panel [k][tokens]: row i is the runs of x + offsets[i] bytes, then 0.
  void (*gather)(int64_t k, const uint32_t* offsets, const float* x, int64_t runs,
                 const SlConvRun* run, int64_t tokens, float* panel);
  // Row r of y, ld_y apart, becomes the runs of row r of x, ld_x apart; runs count from x.
  void (*scatter)(int64_t rows, int64_t runs, const SlConvRun* run, const float* x, int64_t ld_x,
                  float* y, int64_t ld_y);
  // y [rows][columns] without bias. Whole vectors of x are read.
  void (*depth)(const SlConvDepth* d, const float* x, float* y);
  // The same from the image itself; strides 1 and 2; null where vectors have no masks.
  void (*direct)(const SlConvDirect* d, const float* x, float* y);
};

#endif  // SPARSELAND_MICRO_F32_CONV_H_
