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
    starts[row + 1] = at + 1;
  });
  for (int64_t row = 0; row < w.n; ++row) starts[row + 1] = most(starts[row], starts[row + 1]);
  return true;
}

bool Words::fill(const sl_matrix& w, int64_t rows_) {
  rows = rows_;
  block_rows = up(w.n, rows);
  if (rows > kMostRows || !starts.make(static_cast<size_t>(block_rows + 1))) return false;
  // The number of values in a word as a constant: a division by it is a shift.
  switch (w.type) {
    case SL_F32: return fill_as<1, uint32_t>(w);
    case SL_BF16: return fill_as<2, uint16_t>(w);
    default: return fill_as<4, uint8_t>(w);
  }
}

template <int PER_WORD, typename T>
bool Words::fill_as(const sl_matrix& w) {
  constexpr uint64_t kLanes = (1 << PER_WORD) - 1, kFirsts = ~uint64_t{0} / kLanes;
  uint64_t masks[kMostRows];  // of 64 columns of a block row
  // The first bit of each word that any of the rows keeps.
  const auto load = [&](int64_t first, int64_t column) {
    uint64_t any = 0;
    for (int64_t r = 0; r < rows; ++r) {
      masks[r] = first + r < w.n ? mask_bits(w, first + r, column, 64) : 0;
      any |= masks[r];
    }
    if (PER_WORD > 1) any |= any >> 1;
    if (PER_WORD > 2) any |= any >> 2;
    return any & kFirsts;
  };
  starts[0] = 0;
  for (int64_t b = 0; b < block_rows; ++b) {
    int64_t count = 0;
    for (int64_t c = 0; c < w.k; c += 64) count += __builtin_popcountll(load(b * rows, c));
    starts[b + 1] = starts[b] + count;
  }
  const int64_t blocks = starts[block_rows];
  if (!columns.make(static_cast<size_t>(blocks)) || !words.make(product(blocks, rows))) return false;
  const T* const values = static_cast<const T*>(w.values);
  uint32_t* to = words.get();
  int32_t* column = columns.get();
  int64_t next[kMostRows], end = 0;  // the next value of each row; that behind the block row
  for (int64_t b = 0; b < block_rows; ++b) {
    for (int64_t r = 0; r < rows; ++r) {
      next[r] = end;
      if (b * rows + r < w.n) end += kept_in(w, b * rows + r);
    }
    for (int64_t c = 0; c < w.k; c += 64) {
      for (uint64_t any = load(b * rows, c); any != 0; any &= any - 1) {
        const int bit = __builtin_ctzll(any);
        *column++ = static_cast<int32_t>((c + bit) / PER_WORD);
        for (int64_t r = 0; r < rows; ++r) {
          uint32_t word = 0;
          for (int i = 0; i < PER_WORD; ++i) {  // without branches: which values are kept is random
            const uint32_t one = masks[r] >> (bit + i) & 1;
            word |= (values[one != 0 ? next[r] : 0] & (0 - one)) << (i * 8 * sizeof(T));
            next[r] += one;
          }
          *to++ = word;
        }
      }
    }
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
