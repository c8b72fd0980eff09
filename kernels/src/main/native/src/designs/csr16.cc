// SPDX-License-Identifier: Apache-2.0
// csr16: words of single rows with short column numbers, rows of a part sorted by count in each tile of
// columns; entries, columns and words in three streams, each read strictly in sequence. Tiles are narrow
// (8-bit columns, x in registers) unless rows have too few words in one to fill a vector.
// csr512: the same in tiles of 512 columns. A row's start in a tile costs as much as 6 words at 8 tokens,
// 16-bit columns a fifth more bytes.
#include <cstring>

#include "../matrix.h"
#include "few.h"

namespace sl {
namespace {

constexpr int64_t kLeastInTile = 4;  // words of a row in a narrow tile, on average, for it to pay
constexpr int64_t kBehind = 64;      // bytes that kernels may read behind a stream

const char* refuses(const SlLevel*, const sl_matrix&) { return nullptr; }

class Csr16 : public FewDesign {
 public:
  using FewDesign::FewDesign;

  bool fill(const sl_matrix& w) { return fill(w, 0); }
  void unpack(void* values) const override;
  int64_t bytes() const override {
    return FewDesign::bytes() + parts_at_.bytes() + counts_.bytes() + streams_.bytes();
  }

 protected:
  // tile_words 0: narrow or wide.
  bool fill(const sl_matrix& w, int64_t tile_words);
  int64_t lanes(int64_t m) const override { return m <= 1 ? 1 : m <= 4 ? 4 : 8; }
  void multiply(int64_t part, int64_t tokens, const void* x, void* sums, int64_t ld,
                float* temporary) const override;

 private:
  struct PartAt {  // where a part begins
    int64_t entry, word;
  };
  template <class ROW, class COLUMN>
  bool fill_as(const Words& kept);
  template <class ROW, class COLUMN>
  void unpack_as(char* values) const;
  SlCsr16 rows(int64_t part) const;
  bool wide() const { return tile_words_ > SL_CSR16_TILE; }
  int64_t entry_bytes() const { return wide() ? sizeof(SlCsr16WideRow) : sizeof(SlCsr16Row); }
  int64_t column_bytes() const { return wide() ? 2 : 1; }

  int64_t tile_words_ = 0, tiles_ = 0;
  Array<PartAt> parts_at_;    // [parts]
  Array<int32_t> counts_;     // [parts][tiles]
  Array<uint32_t> streams_;   // words, columns, entries: one block of memory, for huge pages
  uint8_t* columns_ = nullptr;
  uint8_t* entries_ = nullptr;
};

}  // namespace

namespace {

struct Csr512 : Csr16 {
  using Csr16::Csr16;
  bool fill(const sl_matrix& w) { return Csr16::fill(w, SL_CSR512_TILE); }
};

}  // namespace

extern const Design kCsr16 = {"csr16", refuses, pack_as<Csr16>};
extern const Design kCsr512 = {"csr512", refuses, pack_as<Csr512>};

namespace {

bool Csr16::fill(const sl_matrix& w, int64_t tile_words) {
  Words kept;
  if (!kept.fill(w, 1) || !fill_scales(w) || !cut(kept.starts, 1, SL_CSR16_ROWS)) return false;
  work_ = kept.starts[n];
  const bool sparse = work_ < n * up(words_of(type, k), SL_CSR16_TILE) * kLeastInTile;
  const int64_t own = sparse ? int64_t{SL_CSR16_WIDE_TILE} : int64_t{SL_CSR16_TILE};
  tile_words_ = tile_words > 0 ? tile_words : own;
  return wide() ? fill_as<SlCsr16WideRow, uint16_t>(kept) : fill_as<SlCsr16Row, uint8_t>(kept);
}

template <class ROW, class COLUMN>
bool Csr16::fill_as(const Words& kept) {
  const int64_t tile = tile_words_, parts = static_cast<int64_t>(parts_.size());
  tiles_ = up(words_of(type, k), tile);
  int64_t entries = 0;
  for (int64_t r = 0; r < n; ++r) {
    int64_t last = -1;
    for (int64_t p = kept.starts[r]; p < kept.starts[r + 1]; ++p) {
      if (kept.columns[p] / tile != last) ++entries;
      last = kept.columns[p] / tile;
    }
  }
  Array<int64_t> cursors;           // [rows]: the first word of each row that is not yet written
  Array<int32_t> counts, buckets;   // words of each row in the tile; rows with at least so many
  const int64_t words = work_ + kBehind / 4;
  const int64_t column_words = up(work_ * column_bytes() + kBehind, 4);
  const int64_t entry_words = up(entries * entry_bytes(), 4);
  if (!parts_at_.make(static_cast<size_t>(parts)) || !counts_.make(product(parts, tiles_)) ||
      !streams_.make(static_cast<size_t>(words + column_words + entry_words)) ||
      !cursors.make(SL_CSR16_ROWS) || !counts.make(SL_CSR16_ROWS) ||
      !buckets.make(static_cast<size_t>(tile + 2))) {
    return false;
  }
  uint32_t* word = streams_.get();
  columns_ = reinterpret_cast<uint8_t*>(word + words);
  entries_ = columns_ + column_words * 4;
  std::memset(columns_ + work_ * column_bytes(), 0, kBehind);
  std::memset(word + work_, 0, kBehind);
  ROW* const all = reinterpret_cast<ROW*>(entries_);
  ROW* entry = all;
  COLUMN* column = reinterpret_cast<COLUMN*>(columns_);
  for (int64_t i = 0; i < parts; ++i) {
    const RowRange& part = parts_[i];
    parts_at_[i] = {entry - all, word - streams_.get()};
    for (int64_t r = 0; r < part.rows; ++r) cursors[r] = kept.starts[part.first + r];
    for (int64_t t = 0; t < tiles_; ++t) {
      // Rows from the fullest to the emptiest, those without a word left out.
      int32_t fullest = 0;
      for (int64_t r = 0; r < part.rows; ++r) {
        int64_t p = cursors[r];
        while (p < kept.starts[part.first + r + 1] && kept.columns[p] < (t + 1) * tile) ++p;
        counts[r] = static_cast<int32_t>(p - cursors[r]);
        if (counts[r] > fullest) fullest = counts[r];
      }
      std::memset(buckets.get(), 0, static_cast<size_t>(fullest + 2) * sizeof(int32_t));
      for (int64_t r = 0; r < part.rows; ++r) ++buckets[fullest - counts[r] + 1];
      for (int32_t c = 0; c < fullest; ++c) buckets[c + 1] += buckets[c];
      counts_[i * tiles_ + t] = buckets[fullest];
      for (int64_t r = 0; r < part.rows; ++r) {
        if (counts[r] == 0) continue;
        entry[buckets[fullest - counts[r]]++] = {static_cast<decltype(entry->row)>(r),
                                                 static_cast<decltype(entry->count)>(counts[r])};
      }
      for (int32_t e = counts_[i * tiles_ + t]; e > 0; --e, ++entry) {
        for (int32_t c = entry->count; c > 0; --c) {
          const int64_t p = cursors[entry->row]++;
          *column++ = static_cast<COLUMN>(kept.columns[p] - t * tile);
          *word++ = kept.words[p];
        }
      }
    }
  }
  return true;
}

SlCsr16 Csr16::rows(int64_t part) const {
  const PartAt& from = parts_at_[part];
  return {parts_[part].rows, tiles_, tile_words_, counts_.get() + part * tiles_,
          entries_ + from.entry * entry_bytes(), columns_ + from.word * column_bytes(),
          streams_.get() + from.word};
}

void Csr16::multiply(int64_t part, int64_t tokens, const void* x, void* sums, int64_t ld,
                     float* temporary) const {
  const SlCsr16 w = rows(part);
  const int64_t width = lanes(tokens);
  if (width == 1) return few->csr16_spmv[type](&w, words_of(type, k), x, sums);
  few->csr16_spmm[type](&w, width, x, temporary);
  level->panel_to_rows(tokens, width, w.rows, temporary, static_cast<float*>(sums), ld);
}

void Csr16::unpack(void* values) const {
  char* to = static_cast<char*>(values);
  return wide() ? unpack_as<SlCsr16WideRow, uint16_t>(to) : unpack_as<SlCsr16Row, uint8_t>(to);
}

template <class ROW, class COLUMN>
void Csr16::unpack_as(char* values) const {
  const int64_t bytes = k * width_of(type);
  for (int64_t i = 0; i < static_cast<int64_t>(parts_.size()); ++i) {
    const SlCsr16 w = rows(i);
    const ROW* entry = static_cast<const ROW*>(w.entries);
    const COLUMN* column = static_cast<const COLUMN*>(w.columns);
    const uint32_t* word = w.words;
    for (int64_t t = 0; t < tiles_; ++t) {
      for (int32_t e = w.counts[t]; e > 0; --e, ++entry) {
        for (int32_t c = entry->count; c > 0; --c, ++column, ++word) {
          const int64_t at = (t * tile_words_ + *column) * 4;
          std::memcpy(values + (parts_[i].first + entry->row) * bytes + at, word,
                      static_cast<size_t>(least(4, bytes - at)));
        }
      }
    }
  }
}

}  // namespace
}  // namespace sl
