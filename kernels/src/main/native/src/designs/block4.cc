// SPDX-License-Identifier: Apache-2.0
#include "block4.h"

#include <cstring>

#include "../matrix.h"
#include "block_rows.h"

extern const SlBlock4Kernels block4_kernels__scalar;
#if defined(SL_X86)
extern const SlBlock4Kernels block4_kernels__avx512, block4_kernels__avx2;
#endif

namespace sl {
namespace {

constexpr uint32_t kStep = 64;  // bytes of a word of 16 tokens

const SlBlock4Kernels& kernels(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return block4_kernels__avx512;
  if (level->code == SL_AVX2) return block4_kernels__avx2;
#endif
  return block4_kernels__scalar;
}

class Block4Packed : public BlockRows<SlBlock4> {
 public:
  using BlockRows::BlockRows;

  bool fill(const sl_matrix& w) {
    Words kept;
    if (!kept.fill(w, kBlockRows) || !fill_scales(w) || !make(kept.starts)) return false;
    for (int64_t i = 0; i < static_cast<int64_t>(records_.size()); ++i) {
      records_[i].offset = static_cast<uint32_t>(kept.columns[i]) * kStep;
      std::memcpy(records_[i].words, kept.words.get() + i * kBlockRows, sizeof records_[i].words);
    }
    return true;
  }

  void unpack(void* values) const override {
    const int64_t width = width_of(type), per_word = values_in_word(type);
    char* to = static_cast<char*>(values);
    const SlBlock4* block = records_.get();
    for (int64_t b = 0; b < up(n, kBlockRows); ++b) {
      for (const SlBlock4* end = block + counts_[b]; block < end; ++block) {
        const int64_t column = block->offset / kStep * per_word;
        const int64_t columns = least(per_word, k - column);
        for (int64_t r = 0; r < least(kBlockRows, n - b * kBlockRows); ++r) {
          std::memcpy(to + ((b * kBlockRows + r) * k + column) * width, &block->words[r],
                      static_cast<size_t>(columns * width));
        }
      }
    }
  }

 protected:
  int64_t nonzeros() const override {
    return static_cast<int64_t>(records_.size()) * kBlockRows * values_in_word(type);
  }
  void multiply(int64_t i, int64_t tokens, const void* words, void* sums) const override {
    kernels(level).multiply[type](part(i).rows, counts(i), records(i), tokens, words, sums);
  }
  bool multiply_scaled(int64_t i, int64_t tokens, const void* words, const SlFinish& f,
                       void* sums) const override {
    return kernels(level).multiply_scaled(part(i).rows, counts(i), records(i), tokens, words, &f, sums);
  }
};

// Any other matrix is legal: where few of the 4 rows keep a word the zeros are multiplied too, and
// only a measurement can say whether another design is faster.
const char* refuses(const SlLevel*, const sl_matrix& w) {
  return words_of(w.type, w.k) <= UINT32_MAX / kStep ? nullptr : "too many inputs for 32-bit offsets";
}

}  // namespace

extern const Design kBlock4 = {"block4", refuses, pack_as<Block4Packed>};

}  // namespace sl
