// SPDX-License-Identifier: Apache-2.0
#include "column4.h"

#include <cstring>

#include "../matrix.h"
#include "block_rows.h"

extern const SlColumn4Kernels column4_kernels__scalar;
#if defined(SL_X86)
extern const SlColumn4Kernels column4_kernels__avx512, column4_kernels__avx2;
#endif

namespace sl {
namespace {

constexpr uint32_t kStep = 16;  // bytes of one input of 16 tokens
constexpr int64_t kGroup = 4;   // columns in a record

const SlColumn4Kernels& kernels(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return column4_kernels__avx512;
  if (level->code == SL_AVX2) return column4_kernels__avx2;
#endif
  return column4_kernels__scalar;
}

// The columns that any of 4 rows keeps, in order.
class Block {
 public:
  bool make(int64_t k) {
    if (!seen_.make(static_cast<size_t>(k)) || !columns.make(static_cast<size_t>(k))) return false;
    std::memset(seen_.get(), 0, static_cast<size_t>(k));
    return true;
  }

  void fill(const Columns& kept, int64_t first, int64_t end) {
    for (int64_t p = kept.starts[first]; p < kept.starts[end]; ++p) seen_[kept.columns[p]] = 1;
    count = 0;
    for (int64_t i = 0; i < static_cast<int64_t>(seen_.size()); ++i) {
      if (seen_[i] != 0) columns[count++] = static_cast<int32_t>(i);
      seen_[i] = 0;
    }
  }

  int64_t count = 0;
  Array<int32_t> columns;

 private:
  Array<char> seen_;
};

class Column4Packed : public BlockRows<SlColumn4> {
 public:
  using BlockRows::BlockRows;

  bool fill(const sl_matrix& w) {
    const int64_t block_rows = up(n, kBlockRows);
    Columns kept;
    Block block;
    Array<int64_t> starts;
    if (!kept.fill(w) || !fill_scales(w) || !block.make(k) ||
        !starts.make(static_cast<size_t>(block_rows + 1))) {
      return false;
    }
    starts[0] = 0;
    for (int64_t b = 0; b < block_rows; ++b) {
      block.fill(kept, b * kBlockRows, least(n, (b + 1) * kBlockRows));
      starts[b + 1] = starts[b] + up(block.count, kGroup);
    }
    if (!make(starts)) return false;
    const int8_t* values = static_cast<const int8_t*>(w.values);
    for (int64_t b = 0; b < block_rows; ++b) {
      block.fill(kept, b * kBlockRows, least(n, (b + 1) * kBlockRows));
      write(block, kept, values, b, records_.get() + starts[b]);
    }
    return true;
  }

  void unpack(void* values) const override {
    int8_t* to = static_cast<int8_t*>(values);
    const SlColumn4* record = records_.get();
    for (int64_t b = 0; b < up(n, kBlockRows); ++b) {
      for (const SlColumn4* end = record + counts_[b]; record < end; ++record) {
        for (int64_t q = 0; q < kGroup; ++q) {
          if (q > 0 && record->offsets[q] == record->offsets[q - 1]) break;  // padding
          const int64_t column = record->offsets[q] / kStep;
          for (int64_t r = 0; r < least(kBlockRows, n - b * kBlockRows); ++r) {
            to[(b * kBlockRows + r) * k + column] = record->weights[r][q];
          }
        }
      }
    }
  }

 protected:
  int64_t nonzeros() const override {
    return static_cast<int64_t>(records_.size()) * kBlockRows * kGroup;
  }
  const void* arrange(int64_t tokens, const void* words) const override {
    const int64_t count = words_of(type, k);
    float* bytes = scratch(kTask3, product(count, tokens));
    if (bytes == nullptr) return nullptr;
    kernels(level).arrange(count, tokens, words, reinterpret_cast<uint8_t*>(bytes));
    return bytes;
  }
  void multiply(int64_t i, int64_t tokens, const void* bytes, void* sums) const override {
    kernels(level).multiply(part(i).rows, counts(i), records(i), tokens,
                            static_cast<const uint8_t*>(bytes), sums);
  }

 private:
  // Records of block row b; the last one is filled up with its last column and weights of 0.
  void write(const Block& block, const Columns& kept, const int8_t* values, int64_t b,
             SlColumn4* to) const {
    for (int64_t i = 0; i < up(block.count, kGroup); ++i) {
      std::memset(to[i].weights, 0, sizeof to[i].weights);
      for (int64_t q = 0; q < kGroup; ++q) {
        const int64_t at = least(i * kGroup + q, block.count - 1);
        to[i].offsets[q] = static_cast<uint32_t>(block.columns[at]) * kStep;
      }
    }
    for (int64_t r = 0; r < least(kBlockRows, n - b * kBlockRows); ++r) {
      const int64_t row = b * kBlockRows + r;
      int64_t at = 0;
      for (int64_t p = kept.starts[row]; p < kept.starts[row + 1]; ++p) {
        while (block.columns[at] != kept.columns[p]) ++at;
        to[at / kGroup].weights[r][at % kGroup] = values[p];
      }
    }
  }
};

const char* refuses(const SlLevel*, const sl_matrix& w) {
  if (w.type != SL_I8) return "the column4 design takes int8 only";
  return w.k <= UINT32_MAX / kStep ? nullptr : "too many inputs for 32-bit offsets";
}

}  // namespace

extern const Design kColumn4 = {"column4", refuses, pack_as<Column4Packed>};

}  // namespace sl
