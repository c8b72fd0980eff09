// SPDX-License-Identifier: Apache-2.0
// The micro-kernels of the designs for few tokens, one table per level like level.h.
#ifndef SPARSELAND_FEW_LEVEL_H_
#define SPARSELAND_FEW_LEVEL_H_

#include "level.h"

// Outputs of one token from its sums; pointers begin at the first of these outputs, null where there is
// nothing to do.
struct SlRowFinish {
  int type;              // SL_I8: the sums are int32
  const float* scales;   // SL_I8, [rows]
  const int32_t* sums;   // SL_I8, [rows]: sums of the weights, for the zero point 128
  float token_scale;     // SL_I8
  const float* bias;
  int act;
  const float* residual;
};

// Block rows of out16: per block a line of 16 words and how far its column lies behind the last one's.
struct SlOut16 {
  int64_t block_rows;
  const int32_t* counts;   // [block rows]
  const uint16_t* steps;   // [blocks]
  const uint32_t* words;   // [blocks][16], 64-byte aligned
};

// Rows of csr16 and csr512, cut into tiles of columns. In a tile the rows that have a word are sorted by
// count.
enum { SL_CSR16_ROWS = 128, SL_CSR16_TILE = 128, SL_CSR512_TILE = 512, SL_CSR16_WIDE_TILE = 65535 };
struct SlCsr16Row {  // tiles of SL_CSR16_TILE
  uint8_t row, count;
};
struct SlCsr16WideRow {  // wider ones
  uint16_t row, count;
};
struct SlCsr16 {
  int64_t rows, tiles;
  int64_t tile_words;      // more than SL_CSR16_TILE: rows and columns of 16 bits
  const int32_t* counts;   // [tiles]: rows that have a word there
  const void* entries;     // SlCsr16Row or SlCsr16WideRow
  const void* columns;     // uint8_t or uint16_t, within the tile
  const uint32_t* words;
};

// Groups of 4 rows of the bitmap design. A chunk is 64 bytes of x: 16 fp32, 32 bf16 or 64 int8.
struct SlBitmap {
  int64_t groups, chunks;
  const uint8_t* widths;   // [groups]: 16, 32 or 64 bytes, what the values of one mask fill at most
  const void* masks;       // [groups][chunks][4], one bit per value
  const void* values;      // in the order of the masks; 64 readable bytes behind the last
};

struct SlFew {
  // Words of one token [ceil(k / words)], padded to whole 64-byte lines with words of zeros, from x [k].
  void (*words[3])(int64_t k, const float* x, float scale, void* words, float* token_scale);
  void (*finish)(const SlRowFinish* f, int64_t rows, const void* sums, float* y);
  // sums [tokens][ld] = block rows * x [k][tokens]; tokens 1, 2, 4, 8 or 16; 16 sums per block row.
  void (*out16[3])(const SlOut16* w, int64_t tokens, const void* x, void* sums, int64_t ld);
  // sums [rows rounded up to 16] = rows * x [k words].
  void (*csr16_spmv[3])(const SlCsr16* w, int64_t k, const void* x, void* sums);
  // sums [rows][tokens] = rows * x [k][tokens]; tokens 4 or 8.
  void (*csr16_spmm[3])(const SlCsr16* w, int64_t tokens, const void* x, void* sums);
  // sums [tokens][ld] = groups * x [tokens][chunks * 64 bytes], tokens 1 to 4; 4 sums per group.
  void (*bitmap[3])(const SlBitmap* w, int64_t tokens, const void* x, void* sums, int64_t ld);
};

#ifdef __cplusplus
namespace sl {
const SlFew* few_of(const SlLevel* level);
}  // namespace sl
#endif

#endif  // SPARSELAND_FEW_LEVEL_H_
