// SPDX-License-Identifier: Apache-2.0
#include "word_rows.h"

#include <algorithm>
#include <cstring>

#include "../matrix.h"
#include "../panels.h"

extern const SlWordRowsKernels word_rows_kernels__scalar;
#if defined(SL_X86)
extern const SlWordRowsKernels word_rows_kernels__avx512, word_rows_kernels__avx2;
#endif

namespace sl {
namespace {

constexpr uint32_t kStep = 64;       // bytes of a word of 16 tokens
constexpr int64_t kBlock = 192;      // words of k in a block: 24 KiB of L1 for 32 tokens
constexpr int64_t kPartRows = 64;    // with one block sums stay in L1
constexpr int64_t kLongRows = 192;   // with several x does, and sums go through L2
constexpr int64_t kLeastParts = 16;  // where there are rows enough, for threads to share evenly

const SlWordRowsKernels& kernels(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return word_rows_kernels__avx512;
  if (level->code == SL_AVX2) return word_rows_kernels__avx2;
#endif
  (void)level;
  return word_rows_kernels__scalar;
}

// Words lie part by part, in a part block by block, in a block row by row.
class WordRows : public PanelDesign {
 public:
  using PanelDesign::PanelDesign;

  bool fill(const sl_matrix& w) {
    Words kept;
    if (!kept.fill(w, 1) || !fill_scales(w)) return false;
    kept_ = kept.starts[n];
    blocks_ = up(words_of(type, k), kBlock);
    if (!parts_.make(static_cast<size_t>(cut(kept.starts, nullptr)))) return false;
    cut(kept.starts, parts_.get());
    if (!counts_.make(product(n, blocks_)) ||
        !starts_.make(product(parts_.size(), blocks_)) ||
        !words_.make(static_cast<size_t>(write(kept, false)))) {
      return false;
    }
    write(kept, true);
    return true;
  }

  int64_t bytes() const override {
    return PanelDesign::bytes() + parts_.bytes() + counts_.bytes() + starts_.bytes() + words_.bytes();
  }

  void unpack(void* values) const override {
    const int64_t per_word = values_in_word(type);
    for (int64_t i = 0; i < parts(); ++i) {
      for (int64_t b = 0; b < blocks_; ++b) {
        const SlWord* word = words_.get() + starts_[i * blocks_ + b];
        for (int64_t r = 0; r < parts_[i].rows; ++r) {
          const int32_t count = counts(i, b)[r];
          for (int32_t c = 0; c < count; ++c) {
            const int64_t column = (b * kBlock + word[c].offset / kStep) * per_word;
            std::memcpy(static_cast<char*>(values) + (parts_[i].first + r) * k + column, &word[c].word,
                        static_cast<size_t>(least(per_word, k - column)));
          }
          word += up(count, 2) * 2;
        }
      }
    }
  }

  int64_t parts() const override { return static_cast<int64_t>(parts_.size()); }
  Part part(int64_t i) const override { return parts_[i]; }
  int64_t nonzeros() const override { return kept_; }
  void multiply(int64_t i, int64_t tokens, const void* words, void* sums) const override {
    for (int64_t b = 0; b < blocks_; ++b) {
      kernels(level).multiply(parts_[i].rows, counts(i, b), words_.get() + starts_[i * blocks_ + b],
                              tokens, static_cast<const char*>(words) + b * kBlock * tokens * 4,
                              b == 0, static_cast<float*>(sums));
    }
  }

 private:
  const int32_t* counts(int64_t part, int64_t block) const {
    return counts_.get() + parts_[part].first * blocks_ + block * parts_[part].rows;
  }

  // The count of parts, which begin at multiples of 16 rows; `to` may be null to count only.
  int64_t cut(const Array<int64_t>& starts, Part* to) const {
    const int64_t most = blocks_ == 1 ? kPartRows : kLongRows;
    const int64_t total = starts[n] + n;  // a row costs something of its own
    int64_t count = 0, first = 0;
    for (int64_t row = 16; first < n; row += 16) {
      const int64_t end = least(row, n);
      const bool full = end - first >= most || end == n ||
                        (starts[end] + end) * kLeastParts >= total * (count + 1);
      if (!full) continue;
      if (to != nullptr) to[count] = {first, end - first};
      ++count;
      first = end;
    }
    return count;
  }

  // How many words are stored, and with `store` the words, counts and starts.
  int64_t write(const Words& kept, bool store) {
    int64_t at = 0;
    for (int64_t i = 0; i < parts(); ++i) {
      for (int64_t b = 0; b < blocks_; ++b) {
        if (store) starts_[i * blocks_ + b] = at;
        for (int64_t r = 0; r < parts_[i].rows; ++r) {
          const int64_t row = parts_[i].first + r;
          const int32_t* columns = kept.columns.get();
          const int64_t first = std::lower_bound(columns + kept.starts[row],
                                                 columns + kept.starts[row + 1], b * kBlock) -
                                columns;
          int64_t p = first;
          for (; p < kept.starts[row + 1] && kept.columns[p] < (b + 1) * kBlock; ++p) {
            if (store) {
              words_[at + p - first] = {kept.words[p],
                                        static_cast<uint32_t>(kept.columns[p] - b * kBlock) * kStep};
            }
          }
          const int64_t count = p - first;
          if (store) {
            counts_[parts_[i].first * blocks_ + b * parts_[i].rows + r] = static_cast<int32_t>(count);
            if (count % 2 != 0) words_[at + count] = {0, words_[at + count - 1].offset};
          }
          at += up(count, 2) * 2;
        }
      }
    }
    return at;
  }

  int64_t kept_ = 0, blocks_ = 0;
  Array<Part> parts_;
  Array<int32_t> counts_;  // [part][block][row]: words without the filling
  Array<int64_t> starts_;  // [part][block]
  Array<SlWord> words_;
};

}  // namespace

Pack word_rows(const SlLevel* level, const sl_matrix& w) {
  return w.type == SL_I8 && kernels(level).pays() ? pack_as<WordRows> : nullptr;
}

}  // namespace sl
