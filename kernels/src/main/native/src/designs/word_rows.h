// SPDX-License-Identifier: Apache-2.0
// Rows of single kept words of int8, one at a time, two words side by side: sums are exact, so nothing asks
// for four rows of one length as in csr. Rows are short: 90 % of 768 inputs leave 19 words.
#ifndef SPARSELAND_DESIGNS_WORD_ROWS_H_
#define SPARSELAND_DESIGNS_WORD_ROWS_H_

#include <stdint.h>

#include "design.h"

// One kept word, and where its inputs lie in a block of a panel of 16 tokens: word * 64 bytes; twice that
// in a panel of 32.
struct SlWord {
  uint32_t word;
  uint32_t offset;
};

// micro/i8_word_rows_spmm_1x32.cc at one level.
struct SlWordRowsKernels {
  bool (*pays)();  // whether multiply is there and faster than csr's
  // sums [rows][tokens] (+)= words * x, tokens 16 or 32; row r has counts[r] words, filled up to an even
  // number.
  void (*multiply)(int64_t rows, const int32_t* counts, const SlWord* words, int64_t tokens,
                   const char* x, bool first, float* sums);
};

namespace sl {

// What csr packs instead where this pays, that is for SL_I8 with VNNI; else null.
typedef int (*Pack)(const SlLevel* level, const sl_matrix& w, Packed** out);
Pack word_rows(const SlLevel* level, const sl_matrix& w);

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_WORD_ROWS_H_
