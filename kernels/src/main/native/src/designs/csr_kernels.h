// SPDX-License-Identifier: Apache-2.0
// What the csr design and its micro-kernels share: the layout of packed weights and a table of kernels for
// each level. A word is 32 bits along k: one fp32, 2 bf16 or 4 int8; k counts words.
#ifndef SPARSELAND_DESIGNS_CSR_KERNELS_H_
#define SPARSELAND_DESIGNS_CSR_KERNELS_H_

#include <stdint.h>

// Bytes from one word of k to the next in a panel of 16 tokens.
enum { kCsrStep = 64 };

// One kept word of each of four rows. An offset says where the input lies in the block of x:
// k * kCsrStep, for panels of 16 tokens; wider panels multiply it.
struct CsrQuad {
  uint32_t word[4];
  uint16_t offset[4];
};

// How two quads lie in their place, so that one load brings the words of both.
struct CsrPair {
  uint32_t word[2][4];
  uint16_t offset[2][4];
};

// Quad i of `count` that begin at `quads`: all but an odd last one lie in pairs.
struct CsrPlace {
  uint32_t* word;
  uint16_t* offset;
};
static inline CsrPlace csr_place(const CsrQuad* quads, int64_t count, int64_t i) {
  CsrQuad* own = const_cast<CsrQuad*>(quads) + i;
  if (i == (count & ~int64_t{1})) return {own->word, own->offset};
  CsrPair* pair = reinterpret_cast<CsrPair*>(own - i % 2);
  return {pair->word[i % 2], pair->offset[i % 2]};
}

struct CsrOne {
  uint32_t word;
  uint32_t offset;
};

// Fours of rows with `count` quads each, in the places of csr_place.
struct CsrGroup {
  int32_t count;
  int32_t fours;
};

// What a row has left over after its quads.
struct CsrRun {
  int32_t row;
  int32_t count;
};

// Inputs [k0, k0 + words of a block) of the rows of one part. Every row is in one of the fours (some may be in the
// last one several times, with the same content); its quads come before its run, both in the order of k.
struct CsrBlock {
  const CsrGroup* groups;
  int64_t group_count;
  const int32_t* rows;  // four for each of the fours, within the part
  const CsrQuad* quads;
  const CsrRun* runs;
  int64_t run_count;
  const CsrOne* ones;
};

// y [rows][tokens] (+)= block * x [k][tokens], tokens 16 or 32; fp32 sums, int32 for SL_I8.
typedef void (*CsrSpmm)(const CsrBlock* block, int64_t tokens, int first, const void* x, void* y);

struct CsrKernels {
  CsrSpmm spmm[3];  // by type
  // fp32, one token: y [rows] (+)= block * x [k].
  void (*spmv)(const CsrBlock* block, int first, const float* x, float* y);
};

extern const CsrKernels csr_kernels__scalar;
#if defined(SL_X86)
extern const CsrKernels csr_kernels__avx2, csr_kernels__avx512;
#endif

#endif  // SPARSELAND_DESIGNS_CSR_KERNELS_H_
