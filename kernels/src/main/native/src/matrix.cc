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
  if (!starts.make(static_cast<size_t>(w.n + 1)) ||
      !columns.make(static_cast<size_t>(sl::kept(w)))) {
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
  Columns kept;
  if (!kept.fill(w) || !starts.make(static_cast<size_t>(block_rows + 1))) return false;
  // The number of values in a word as a constant: a division by it is a shift.
  switch (w.type) {
    case SL_F32: return rows == 1 ? single<1, uint32_t>(w, kept) : joined<1, uint32_t>(w, kept);
    case SL_BF16: return rows == 1 ? single<2, uint16_t>(w, kept) : joined<2, uint16_t>(w, kept);
    default: return rows == 1 ? single<4, uint8_t>(w, kept) : joined<4, uint8_t>(w, kept);
  }
}

// Words of single rows: those of a row lie one after the other.
template <int PER_WORD, typename T>
bool Words::single(const sl_matrix& w, const Columns& kept) {
  starts[0] = 0;
  for (int64_t r = 0; r < w.n; ++r) {
    int64_t count = 0;
    int32_t last = -1;
    for (int64_t p = kept.starts[r]; p < kept.starts[r + 1]; ++p) {
      count += kept.columns[p] / PER_WORD != last;
      last = kept.columns[p] / PER_WORD;
    }
    starts[r + 1] = starts[r] + count;
  }
  const int64_t size = starts[w.n];
  if (!columns.make(static_cast<size_t>(size)) || !words.make(static_cast<size_t>(size))) return false;
  const T* values = static_cast<const T*>(w.values);
  int64_t at = -1;
  for (int64_t r = 0; r < w.n; ++r) {
    int32_t last = -1;
    for (int64_t p = kept.starts[r]; p < kept.starts[r + 1]; ++p) {
      const int32_t column = kept.columns[p];
      const uint32_t bits = static_cast<uint32_t>(values[p]) << (column % PER_WORD * 8 * sizeof(T));
      if (column / PER_WORD == last) {
        words[at] |= bits;
        continue;
      }
      last = column / PER_WORD;
      columns[++at] = last;
      words[at] = bits;
    }
  }
  return true;
}

template <int PER_WORD, typename T>
bool Words::joined(const sl_matrix& w, const Columns& kept) {
  Array<int32_t> slot;  // of the current block row: word -> block, or -1
  const int64_t row_words = up(w.k, PER_WORD);
  if (!slot.make(static_cast<size_t>(row_words))) return false;
  const auto each_word = [&](int64_t block_row, const auto& visit) {
    const int64_t first = block_row * rows, end = least(w.n, first + rows);
    for (int64_t r = first; r < end; ++r) {
      for (int64_t p = kept.starts[r]; p < kept.starts[r + 1]; ++p) {
        visit(r - first, kept.columns[p], p);
      }
    }
  };
  std::memset(slot.get(), 0xff, static_cast<size_t>(row_words) * sizeof(int32_t));
  starts[0] = 0;
  for (int64_t b = 0; b < block_rows; ++b) {
    int64_t count = 0;
    each_word(b, [&](int64_t, int32_t column, int64_t) {
      count += slot[column / PER_WORD] != b;
      slot[column / PER_WORD] = static_cast<int32_t>(b);
    });
    starts[b + 1] = starts[b] + count;
  }
  const int64_t blocks = starts[block_rows];
  if (!columns.make(static_cast<size_t>(blocks)) || !words.make(product(blocks, rows))) return false;
  std::memset(words.get(), 0, static_cast<size_t>(blocks * rows) * sizeof(uint32_t));
  std::memset(slot.get(), 0xff, static_cast<size_t>(row_words) * sizeof(int32_t));
  const T* values = static_cast<const T*>(w.values);
  for (int64_t b = 0; b < block_rows; ++b) {
    each_word(b, [&](int64_t, int32_t column, int64_t) { slot[column / PER_WORD] = 0; });
    int64_t at = starts[b];
    for (int64_t i = 0; at < starts[b + 1]; ++i) {  // in the order of columns
      if (slot[i] < 0) continue;
      slot[i] = static_cast<int32_t>(at - starts[b]);
      columns[at++] = static_cast<int32_t>(i);
    }
    uint32_t* const block = words.get() + starts[b] * rows;
    each_word(b, [&](int64_t r, int32_t column, int64_t p) {
      block[slot[column / PER_WORD] * rows + r] |= static_cast<uint32_t>(values[p])
                                                   << (column % PER_WORD * 8 * sizeof(T));
    });
    for (int64_t p = starts[b]; p < starts[b + 1]; ++p) slot[columns[p]] = -1;
  }
  return true;
}

int64_t kept(const sl_matrix& w) {
  if (w.mask == nullptr) return w.n * w.k;
  int64_t count = 0;
  for (int64_t i = 0; i < up(w.n * w.k, 64); ++i) count += __builtin_popcountll(w.mask[i]);
  return count;
}

void expand(const sl_matrix& w, float* values) {
  std::memset(values, 0, static_cast<size_t>(w.n * w.k) * sizeof(float));
  const float* kept = static_cast<const float*>(w.values);
  for_kept(w, [&](int64_t row, int64_t column, int64_t at) { values[row * w.k + column] = kept[at]; });
}

void row_sums(const sl_matrix& w, int32_t* sums) {
  std::memset(sums, 0, static_cast<size_t>(w.n) * sizeof(int32_t));
  const int8_t* values = static_cast<const int8_t*>(w.values);
  for_kept(w, [&](int64_t row, int64_t, int64_t at) { sums[row] += values[at]; });
}

}  // namespace sl
