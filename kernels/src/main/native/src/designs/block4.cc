// SPDX-License-Identifier: Apache-2.0
#include "block4.h"

#include <cstring>

#include "../matrix.h"
#include "../panels.h"

extern const SlBlock4Kernels block4_kernels__scalar;
#if defined(SL_X86)
extern const SlBlock4Kernels block4_kernels__avx512, block4_kernels__avx2;
#endif

namespace sl {
namespace {

constexpr int64_t kRows = 4;
constexpr int64_t kPartRows = 64;   // sums for 32 tokens take 8 KiB, a quarter of a usual L1
constexpr int64_t kLeastParts = 16;  // where the matrix allows, so that threads share evenly
constexpr uint32_t kStep = 64;      // bytes of a word of 16 tokens

const SlBlock4Kernels* kernels(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return &block4_kernels__avx512;
  if (level->code == SL_AVX2) return &block4_kernels__avx2;
#endif
  return level->code == SL_SCALAR ? &block4_kernels__scalar : nullptr;
}

class Block4Packed : public PanelDesign {
 public:
  using PanelDesign::PanelDesign;

  bool fill(const sl_matrix& w);
  void unpack(void* values) const override;
  int64_t bytes() const override {
    return PanelDesign::bytes() + counts_.bytes() + blocks_.bytes() + parts_.bytes();
  }

 protected:
  int64_t parts() const override { return static_cast<int64_t>(parts_.size()) - 1; }
  Part part(int64_t i) const override {
    const int64_t first = parts_[i].block_row * kRows;
    return {first, least(n, parts_[i + 1].block_row * kRows) - first};
  }
  int64_t nonzeros() const override {
    return static_cast<int64_t>(blocks_.size()) * kRows * values_in_word(type);
  }
  void multiply(int64_t i, int64_t tokens, const void* words, void* sums) const override {
    const Start& start = parts_[i];
    kernels(level)->multiply[type](part(i).rows, counts_.get() + start.block_row,
                                   blocks_.get() + start.block, tokens, words, sums);
  }

 private:
  // Where a part begins; one more than there are parts.
  struct Start {
    int64_t block_row, block;
  };
  // Returns the count of parts; starts may be null to count only.
  int64_t cut(const Words& w, Start* starts) const;

  Array<Start> parts_;
  Array<int32_t> counts_;    // [block rows]
  Array<SlBlock4> blocks_;   // block row after block row, in the order of columns
};

const char* refuses(const SlLevel*, const sl_matrix& w) {
  return words_of(w.type, w.k) <= UINT32_MAX / kStep ? nullptr : "too many inputs for 32-bit offsets";
}

}  // namespace

extern const Design kBlock4 = {"block4", refuses, pack_as<Block4Packed>};

namespace {

int64_t Block4Packed::cut(const Words& w, Start* starts) const {
  const int64_t total = w.starts[w.block_rows] + w.block_rows;  // a block row costs something of its own
  int64_t count = 0, first = 0;
  for (int64_t b = 0; b <= w.block_rows; ++b) {
    const bool full = (b - first) * kRows == kPartRows ||
                      (w.starts[b] + b) * kLeastParts >= total * (count + 1);
    if (b > 0 && b < w.block_rows && !full) continue;
    if (b > 0) ++count;
    if (starts != nullptr) starts[count] = {b, w.starts[b]};
    first = b;
  }
  return count;
}

bool Block4Packed::fill(const sl_matrix& w) {
  Words kept;
  if (!kept.fill(w, kRows) || !fill_scales(w)) return false;
  const int64_t count = kept.starts[kept.block_rows];
  if (!counts_.make(static_cast<size_t>(kept.block_rows)) ||
      !blocks_.make(static_cast<size_t>(count)) ||
      !parts_.make(static_cast<size_t>(cut(kept, nullptr)) + 1)) {
    return false;
  }
  cut(kept, parts_.get());
  for (int64_t b = 0; b < kept.block_rows; ++b) {
    counts_[b] = static_cast<int32_t>(kept.starts[b + 1] - kept.starts[b]);
  }
  for (int64_t i = 0; i < count; ++i) {
    blocks_[i].offset = static_cast<uint32_t>(kept.columns[i]) * kStep;
    std::memcpy(blocks_[i].words, kept.words.get() + i * kRows, sizeof blocks_[i].words);
  }
  return true;
}

void Block4Packed::unpack(void* values) const {
  const int64_t width = width_of(type), per_word = values_in_word(type);
  char* to = static_cast<char*>(values);
  const SlBlock4* block = blocks_.get();
  for (int64_t b = 0; b < up(n, kRows); ++b) {
    for (const SlBlock4* end = block + counts_[b]; block < end; ++block) {
      const int64_t column = block->offset / kStep * per_word;
      const int64_t columns = least(per_word, k - column);
      for (int64_t r = 0; r < least(kRows, n - b * kRows); ++r) {
        std::memcpy(to + ((b * kRows + r) * k + column) * width, &block->words[r],
                    static_cast<size_t>(columns * width));
      }
    }
  }
}

}  // namespace
}  // namespace sl
