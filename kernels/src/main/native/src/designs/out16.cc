// SPDX-License-Identifier: Apache-2.0
// Out16: blocks of 16 outputs x 1 word. A block is kept when any of its weights is; its 64-byte line is
// read once for all tokens of a group, and the column is stored as a step from the block before.
#include <cstring>

#include "../matrix.h"
#include "few.h"

namespace sl {
namespace {

constexpr int64_t kRows = 16;
constexpr int64_t kMostStep = 65535;  // a wider gap is bridged by blocks of zeros
constexpr int64_t kMostPartRows = 128;

class Out16 : public FewDesign {
 public:
  using FewDesign::FewDesign;

  bool fill(const sl_matrix& w);
  void unpack(void* values) const override;
  int64_t bytes() const override {
    return FewDesign::bytes() + counts_.bytes() + starts_.bytes() + streams_.bytes();
  }

 protected:
  int64_t lanes(int64_t m) const override {
    return m <= 1 ? 1 : m <= 2 ? 2 : m <= 4 ? 4 : m <= 8 ? 8 : 16;
  }
  void multiply(int64_t part, int64_t tokens, const void* x, void* sums, int64_t ld,
                float*) const override {
    const RowRange p = parts_[part];
    const int64_t b = p.first / kRows;
    const SlOut16 rows{up(p.rows, kRows), counts_.get() + b, steps_ + starts_[b],
                       streams_.get() + starts_[b] * kRows};
    few->out16[type](&rows, lanes(tokens), x, sums, ld);
  }

 private:
  Array<int64_t> starts_;   // [block rows + 1]
  Array<int32_t> counts_;   // [block rows]
  Array<uint32_t> streams_;  // words [blocks][16], steps: one block of memory, for huge pages
  uint16_t* steps_ = nullptr;
};

// Blocks of row b with those that bridge gaps.
template <typename F>
void for_blocks(const Words& kept, int64_t b, const F& visit) {
  int64_t column = 0;
  for (int64_t p = kept.starts[b]; p < kept.starts[b + 1]; ++p) {
    for (; kept.columns[p] - column > kMostStep; column += kMostStep) visit(kMostStep, nullptr);
    visit(kept.columns[p] - column, kept.words.get() + p * kRows);
    column = kept.columns[p];
  }
}

const char* refuses(const SlLevel*, const sl_matrix& w) {
  // Blocks of 16 rows: bit i of seen[j] is word i of the block row.
  if (w.mask == nullptr) return "the out16 design would take more than all weights";
  int64_t blocks = 0;
  const int64_t per_word = values_in_word(w.type), row_words = words_of(w.type, w.k);
  Array<int32_t> seen;
  if (!seen.make(static_cast<size_t>(row_words))) return "no memory to look at the matrix";
  std::memset(seen.get(), 0xff, seen.size() * sizeof(int32_t));
  for (int64_t i = 0; i < up(w.n * w.k, 64); ++i) {
    for (uint64_t bits = w.mask[i]; bits != 0; bits &= bits - 1) {
      const int64_t at = i * 64 + __builtin_ctzll(bits);
      const int32_t row = static_cast<int32_t>(at / w.k / kRows);
      int32_t& last = seen[at % w.k / per_word];
      // Rows of a block lie one after the other, so a block is new when its number is.
      if (last != row) ++blocks;
      last = row;
    }
  }
  const bool more = blocks * (kRows * 4 + 2) > up(w.n, kRows) * kRows * row_words * 4;
  return more ? "the out16 design would take more than all weights" : nullptr;
}

}  // namespace

extern const Design kOut16 = {"out16", refuses, pack_as<Out16>};

bool Out16::fill(const sl_matrix& w) {
  Words kept;
  const int64_t block_rows = up(n, kRows);
  if (!kept.fill(w, kRows) || !fill_scales(w) ||
      !starts_.make(static_cast<size_t>(block_rows + 1)) ||
      !counts_.make(static_cast<size_t>(block_rows))) {
    return false;
  }
  starts_[0] = 0;
  for (int64_t b = 0; b < block_rows; ++b) {
    int32_t count = 0;
    for_blocks(kept, b, [&](int64_t, const uint32_t*) { ++count; });
    counts_[b] = count;
    starts_[b + 1] = starts_[b] + count;
  }
  const int64_t blocks = starts_[block_rows];
  work_ = blocks * kRows;
  if (!streams_.make(product(blocks, kRows) + static_cast<size_t>(up(blocks, 2))) ||
      !cut(starts_, kRows, kMostPartRows)) {
    return false;
  }
  uint32_t* line = streams_.get();
  steps_ = reinterpret_cast<uint16_t*>(line + blocks * kRows);
  uint16_t* step = steps_;
  for (int64_t b = 0; b < block_rows; ++b) {
    for_blocks(kept, b, [&](int64_t by, const uint32_t* words) {
      *step++ = static_cast<uint16_t>(by);
      if (words == nullptr) {
        std::memset(line, 0, kRows * sizeof(uint32_t));
      } else {
        std::memcpy(line, words, kRows * sizeof(uint32_t));
      }
      line += kRows;
    });
  }
  return true;
}

void Out16::unpack(void* values) const {
  const int64_t width = width_of(type), bytes = k * width;
  for (int64_t b = 0; b < up(n, kRows); ++b) {
    int64_t column = 0;
    for (int64_t p = starts_[b]; p < starts_[b + 1]; ++p) {
      column += steps_[p];
      for (int64_t r = b * kRows; r < least(n, (b + 1) * kRows); ++r) {
        std::memcpy(static_cast<char*>(values) + r * bytes + column * 4,
                    streams_.get() + p * kRows + r % kRows,
                    static_cast<size_t>(least(4, bytes - column * 4)));
      }
    }
  }
}

}  // namespace sl
