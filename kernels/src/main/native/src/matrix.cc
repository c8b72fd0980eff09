// SPDX-License-Identifier: Apache-2.0
#include "matrix.h"

#include <cstring>

namespace sl {
namespace {

// Calls visit(row, column, index of the value) for every kept weight, row-major.
template <typename F>
void for_kept(const sl_matrix& w, const F& visit) {
  if (w.mask == nullptr) {
    for (int64_t i = 0; i < w.n * w.k; ++i) visit(i / w.k, i % w.k, i);
    return;
  }
  const int64_t words = up(w.n * w.k, 64);
  int64_t row = 0, begin = 0, at = 0;
  for (int64_t i = 0; i < words; ++i) {
    for (uint64_t bits = w.mask[i]; bits != 0; bits &= bits - 1) {
      const int64_t index = i * 64 + __builtin_ctzll(bits);
      for (; index >= begin + w.k; begin += w.k) ++row;
      visit(row, index - begin, at++);
    }
  }
}

}  // namespace

bool Columns::fill(const sl_matrix& w) {
  int64_t kept = w.mask == nullptr ? w.n * w.k : 0;
  for (int64_t i = 0; w.mask != nullptr && i < up(w.n * w.k, 64); ++i) {
    kept += __builtin_popcountll(w.mask[i]);
  }
  if (!starts.make(static_cast<size_t>(w.n + 1)) || !columns.make(static_cast<size_t>(kept))) {
    return false;
  }
  std::memset(starts.get(), 0, static_cast<size_t>(w.n + 1) * sizeof(int64_t));
  for_kept(w, [&](int64_t row, int64_t column, int64_t at) {
    columns[at] = static_cast<int32_t>(column);
    ++starts[row + 1];
  });
  for (int64_t row = 0; row < w.n; ++row) starts[row + 1] += starts[row];
  return true;
}

bool Words::fill(const sl_matrix& w, int64_t rows_) {
  rows = rows_;
  block_rows = up(w.n, rows);
  const int64_t per_word = values_in_word(w.type), width = width_of(w.type);
  const int64_t row_words = words_of(w.type, w.k);
  Columns kept;
  Array<int32_t> slot;  // of the current block row: word -> block, or -1
  if (!kept.fill(w) || !slot.make(static_cast<size_t>(row_words)) ||
      !starts.make(static_cast<size_t>(block_rows + 1))) {
    return false;
  }
  const auto each_word = [&](int64_t block_row, const auto& visit) {
    for (int64_t r = block_row * rows; r < least(w.n, (block_row + 1) * rows); ++r) {
      for (int64_t p = kept.starts[r]; p < kept.starts[r + 1]; ++p) visit(r, kept.columns[p], p);
    }
  };
  std::memset(slot.get(), 0xff, static_cast<size_t>(row_words) * sizeof(int32_t));
  starts[0] = 0;
  for (int64_t b = 0; b < block_rows; ++b) {
    int64_t count = 0;
    each_word(b, [&](int64_t, int64_t column, int64_t) {
      if (slot[column / per_word] != b) ++count;
      slot[column / per_word] = static_cast<int32_t>(b);
    });
    starts[b + 1] = starts[b] + count;
  }
  const int64_t blocks = starts[block_rows];
  if (!columns.make(static_cast<size_t>(blocks)) || !words.make(product(blocks, rows))) return false;
  std::memset(words.get(), 0, static_cast<size_t>(blocks * rows) * sizeof(uint32_t));
  std::memset(slot.get(), 0xff, static_cast<size_t>(row_words) * sizeof(int32_t));
  const char* values = static_cast<const char*>(w.values);
  for (int64_t b = 0; b < block_rows; ++b) {
    each_word(b, [&](int64_t, int64_t column, int64_t) { slot[column / per_word] = 0; });
    int64_t at = starts[b];
    for (int64_t i = 0; at < starts[b + 1]; ++i) {  // in the order of columns
      if (slot[i] < 0) continue;
      slot[i] = static_cast<int32_t>(at - starts[b]);
      columns[at++] = static_cast<int32_t>(i);
    }
    each_word(b, [&](int64_t r, int64_t column, int64_t p) {
      uint32_t* word = words.get() + (starts[b] + slot[column / per_word]) * rows + r % rows;
      std::memcpy(reinterpret_cast<char*>(word) + column % per_word * width, values + p * width,
                  static_cast<size_t>(width));
    });
    for (int64_t p = starts[b]; p < starts[b + 1]; ++p) slot[columns[p]] = -1;
  }
  return true;
}

void row_sums(const sl_matrix& w, int32_t* sums) {
  std::memset(sums, 0, static_cast<size_t>(w.n) * sizeof(int32_t));
  const int8_t* values = static_cast<const int8_t*>(w.values);
  for_kept(w, [&](int64_t row, int64_t, int64_t at) { sums[row] += values[at]; });
}

}  // namespace sl
