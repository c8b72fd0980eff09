// SPDX-License-Identifier: Apache-2.0
// Ways to walk a stored matrix, for packers.
#ifndef SPARSELAND_MATRIX_H_
#define SPARSELAND_MATRIX_H_

#include "array.h"
#include "sparseland_kernels.h"

namespace sl {

// Bytes of one stored value, values in a word, words in a row of k values.
inline int64_t width_of(int type) { return type == SL_F32 ? 4 : type == SL_BF16 ? 2 : 1; }
inline int64_t values_in_word(int type) { return 4 / width_of(type); }
inline int64_t words_of(int type, int64_t k) { return up(k, values_in_word(type)); }

// Which of the `count` <= 64 weights of a row from `column` on are kept, lowest first; 0 behind the row.
inline uint64_t mask_bits(const sl_matrix& w, int64_t row, int64_t column, int64_t count) {
  const int64_t some = least(count, w.k - column), begin = row * w.k + column, shift = begin % 64;
  uint64_t bits = ~uint64_t{0};
  if (w.mask != nullptr) {
    bits = w.mask[begin / 64] >> shift;
    if (shift + some > 64) bits |= w.mask[begin / 64 + 1] << (64 - shift);
  }
  return some < 64 ? bits & ((uint64_t{1} << some) - 1) : bits;
}

// The number of weights that a row keeps.
inline int64_t kept_in(const sl_matrix& w, int64_t row) {
  int64_t count = 0;
  for (int64_t c = 0; c < w.k; c += 64) count += __builtin_popcountll(mask_bits(w, row, c, 64));
  return count;
}

// Column numbers of the kept weights, row by row; values lie in the same order.
struct Columns {
  Array<int64_t> starts;    // [n + 1]
  Array<int32_t> columns;   // [kept]
  bool fill(const sl_matrix& w);  // false without memory
  int64_t kept(int64_t n) const { return starts[n]; }
};

// The same in words: the words of each row that hold a kept weight, each as 32 bits with 0 for what
// is pruned. `rows` > 1 joins that many rows: words kept in any of them, rows beyond n being 0; a
// word of the block is then `rows` words, row after row.
struct Words {
  int64_t rows = 1, block_rows = 0;
  Array<int64_t> starts;    // [block rows + 1]
  Array<int32_t> columns;   // [blocks], in words
  Array<uint32_t> words;    // [blocks][rows]
  bool fill(const sl_matrix& w, int64_t rows);

 private:
  static constexpr int64_t kMostRows = 16;
  template <int PER_WORD, typename T>
  bool fill_as(const sl_matrix& w);
};

// The number of kept weights.
int64_t kept(const sl_matrix& w);

// Dense fp32 values [n, k], 0 where pruned.
void expand(const sl_matrix& w, float* values);

// The sum of each row's values, [n], for the zero point of SL_I8.
void row_sums(const sl_matrix& w, int32_t* sums);

}  // namespace sl

#endif  // SPARSELAND_MATRIX_H_
