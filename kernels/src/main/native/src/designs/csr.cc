// SPDX-License-Identifier: Apache-2.0
#include "csr.h"

#include <cstring>

#include "../pool.h"
#include "word_rows.h"

namespace sl {
namespace {

constexpr int64_t kSplitWork = 8192;  // kept words from which two threads pay
constexpr int64_t kPartWork = 65536;  // kept words per part, at least, when there are more parts
constexpr int64_t kMostParts = 16;
constexpr int64_t kWholeRows = 16;  // of a part: its outputs lie in lines of their own, without a rest
constexpr int64_t kMostRows = 1024;  // of a part: its outputs for 32 tokens take 128 KiB of L2

// Cuts rows into parts of about equal work. Returns the count; parts may be null to count only.
int64_t cut(int64_t n, const Array<int64_t>& starts, Part* parts) {
  const int64_t total = starts[n] + n;  // a row costs something of its own
  // A power of two, which splits well between threads. Few: each part brings x into L1 once more.
  int64_t wanted = total < kSplitWork ? 1 : 2;
  while (wanted < kMostParts && (total >= 2 * wanted * kPartWork || n > wanted * kMostRows)) {
    wanted *= 2;
  }
  int64_t count = 0, first = 0;
  for (int64_t row = 0; row < n; ++row) {
    const int64_t done = starts[row + 1] + row + 1;
    const bool full = done * wanted >= total * (count + 1) || row + 1 - first == kMostRows;
    if ((full && (row + 1) % kWholeRows == 0) || row + 1 == n) {
      if (parts != nullptr) parts[count] = {first, row + 1 - first};
      ++count;
      first = row + 1;
    }
  }
  return count;
}

constexpr int64_t kMostBlock = 256;  // words of k in a block: with 32 tokens 32 KiB, all of L1

// Words of k in a block. Sums go through L2 between blocks, so few kept words want long blocks; many
// want room in L1 for the words that stream by.
int64_t block_words(int64_t kept, int64_t words) {
  const double density = static_cast<double>(kept) / static_cast<double>(words);
  return density > 0.35 ? 128 : density > 0.15 ? 192 : kMostBlock;
}

// How many elements of a store are taken.
struct Used {
  size_t groups = 0, rows = 0, quads = 0, runs = 0, ones = 0;
};

// Packs the blocks of one matrix in the order in which they lie: part by part, each along k.
class Packer {
 public:
  Packer(const Words& kept, int64_t block_words) : kept_(kept), block_words_(block_words) {}

  bool prepare(int64_t n) { return next_.make(static_cast<size_t>(n)); }

  // Blocks of all parts; with a null store only counts what they take.
  Used pack(int64_t n, const Array<Part>& parts, int64_t block_count, const CsrStore* to,
            CsrBlock* blocks) {
    std::memcpy(next_.get(), kept_.starts.get(), static_cast<size_t>(n) * sizeof(int64_t));
    used_ = Used();
    to_ = to;
    for (size_t i = 0; i < parts.size(); ++i) {
      for (int64_t b = 0; b < block_count; ++b) {
        const Used begin = used_;
        block(parts[static_cast<int64_t>(i)], b * block_words_);
        if (to == nullptr) continue;
        *blocks++ = {to->groups.get() + begin.groups,
                     static_cast<int64_t>(used_.groups - begin.groups),
                     to->rows.get() + begin.rows,
                     to->quads.get() + begin.quads,
                     to->runs.get() + begin.runs,
                     static_cast<int64_t>(used_.runs - begin.runs),
                     to->ones.get() + begin.ones};
      }
    }
    return used_;
  }

 private:
  void block(const Part& part, int64_t k0) {
    int32_t counts[kMostRows], sorted[kMostRows];  // sorted: by falling count, stable
    int32_t places[kMostBlock + 2] = {};
    for (int64_t r = 0; r < part.rows; ++r) {
      counts[r] = count(part.first + r, k0);
      ++places[kMostBlock - counts[r] + 1];
    }
    for (int64_t c = 0; c < kMostBlock; ++c) places[c + 1] += places[c];
    // Rows without a word are needed in the first block only, where sums begin.
    const int64_t rows = k0 == 0 ? part.rows : places[kMostBlock];
    for (int64_t r = 0; r < part.rows; ++r) {
      sorted[places[kMostBlock - counts[r]]++] = static_cast<int32_t>(r);
    }
    int32_t last = -1;
    for (int64_t i = 0; i < rows; i += 4) {
      int32_t four[4];
      for (int64_t j = 0; j < 4; ++j) four[j] = sorted[least(i + j, rows - 1)];
      const int64_t some = least(4, rows - i);
      const int32_t common = some < 4 ? 0 : counts[four[3]];
      if (common > 0 || k0 == 0) add_four(part.first, four, common, common == last, k0);
      last = common;
      for (int64_t j = 0; j < some; ++j) {
        if (counts[four[j]] > common) add_run(part.first, four[j], counts[four[j]] - common, k0);
      }
    }
  }

  int32_t count(int64_t row, int64_t k0) const {
    int64_t p = next_[row];
    while (p < kept_.starts[row + 1] && kept_.columns[p] < k0 + block_words_) ++p;
    return static_cast<int32_t>(p - next_[row]);
  }

  uint32_t offset(int64_t word, int64_t k0) const {
    return static_cast<uint32_t>(kept_.columns[word] - k0) * kCsrStep;
  }

  void add_four(int64_t first, const int32_t* four, int32_t common, bool same_group, int64_t k0) {
    if (!same_group) {
      if (to_ != nullptr) to_->groups[used_.groups] = {common, 0};
      ++used_.groups;
    }
    if (to_ != nullptr) {
      ++to_->groups[used_.groups - 1].fours;
      for (int64_t r = 0; r < 4; ++r) {
        to_->rows[used_.rows + r] = four[r];
        for (int64_t i = 0; i < common; ++i) {
          const int64_t word = next_[first + four[r]] + i;
          const CsrPlace at = csr_place(to_->quads.get() + used_.quads, common, i);
          at.word[r] = kept_.words[word];
          at.offset[r] = static_cast<uint16_t>(offset(word, k0));
        }
      }
    }
    for (int64_t r = 0; common > 0 && r < 4; ++r) next_[first + four[r]] += common;
    used_.rows += 4;
    used_.quads += static_cast<size_t>(common);
  }

  void add_run(int64_t first, int32_t row, int32_t rest, int64_t k0) {
    if (to_ != nullptr) {
      to_->runs[used_.runs] = {row, rest};
      for (int64_t i = 0; i < rest; ++i) {
        const int64_t word = next_[first + row] + i;
        to_->ones[used_.ones + i] = {kept_.words[word], offset(word, k0)};
      }
    }
    next_[first + row] += rest;
    ++used_.runs;
    used_.ones += static_cast<size_t>(rest);
  }

  const Words& kept_;
  const int64_t block_words_;
  Array<int64_t> next_;  // [n]: the first word of each row that is not yet packed
  const CsrStore* to_ = nullptr;
  Used used_;
};

const CsrKernels* kernels_of(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return &csr_kernels__avx512;
  if (level->code == SL_AVX2) return &csr_kernels__avx2;
#endif
  return &csr_kernels__scalar;
}

const char* refuses(const SlLevel*, const sl_matrix&) { return nullptr; }

int pack(const SlLevel* level, const sl_matrix& w, Packed** out) {
  const Pack other = word_rows(level, w);
  return other == nullptr ? pack_as<CsrPacked>(level, w, out) : other(level, w, out);
}

}  // namespace

extern const Design kCsr = {"csr", refuses, pack};

CsrPacked::CsrPacked(const SlLevel* level_, const sl_matrix& w)
    : PanelDesign(level_, w), kernels_(kernels_of(level_)) {}

bool CsrPacked::fill(const sl_matrix& w) {
  Words kept;
  if (!kept.fill(w, 1) || !fill_scales(w)) return false;
  kept_ = kept.starts[n];
  block_words_ = block_words(kept_, n * words_of(type, k));
  block_count_ = up(words_of(type, k), block_words_);
  Packer packer(kept, block_words_);
  if (!parts_.make(static_cast<size_t>(cut(n, kept.starts, nullptr))) || !packer.prepare(n)) {
    return false;
  }
  cut(n, kept.starts, parts_.get());
  const Used used = packer.pack(n, parts_, block_count_, nullptr, nullptr);
  if (!blocks_.make(product(parts_.size(), static_cast<size_t>(block_count_))) ||
      !store_.groups.make(used.groups) || !store_.rows.make(used.rows) ||
      !store_.quads.make(used.quads) || !store_.runs.make(used.runs) ||
      !store_.ones.make(used.ones)) {
    return false;
  }
  packer.pack(n, parts_, block_count_, &store_, blocks_.get());
  return true;
}

int64_t CsrPacked::bytes() const {
  return PanelDesign::bytes() + parts_.bytes() + blocks_.bytes() + store_.groups.bytes() +
         store_.rows.bytes() + store_.quads.bytes() + store_.runs.bytes() + store_.ones.bytes();
}

void CsrPacked::unpack(void* values) const {
  const int64_t width = width_of(type), per_word = values_in_word(type);
  for_kept([&](int64_t row, int64_t column, const uint32_t* word) {
    const int64_t at = column * per_word;
    std::memcpy(static_cast<char*>(values) + (row * k + at) * width, word,
                static_cast<size_t>(least(per_word, k - at) * width));
  });
}

int CsrPacked::linear(const Call& call) const {
  const bool rows = call.x.layout == SL_ROWS && call.y.layout == SL_ROWS;
  return call.m == 1 && rows && type == SL_F32 ? token(call) : PanelDesign::linear(call);
}

// One token needs no panel.
int CsrPacked::token(const Call& call) const {
  const float* x = static_cast<const float*>(call.x.data);
  const sl_output& y = call.y;
  return parallel(call.threads, parts(), nonzeros(), [&](int64_t i) {
    const Part& p = parts_[i];
    float* out = y.data + p.first;
    for (int64_t b = 0; b < block_count_; ++b) {
      kernels_->spmv(&blocks_[i * block_count_ + b], b == 0, x + b * block_words_, out);
    }
    if (y.bias != nullptr || y.act != SL_IDENTITY) {
      level->bias_act_row(p.rows, y.bias == nullptr ? nullptr : y.bias + p.first, y.act, out, out);
    }
    if (y.residual != nullptr) level->binary(SL_ADD, p.rows, 1, 1, out, y.residual + p.first, out);
    return static_cast<int>(SL_OK);
  });
}

void CsrPacked::multiply(int64_t part, int64_t tokens, const void* words, void* sums) const {
  const uint32_t* x = static_cast<const uint32_t*>(words);
  for (int64_t b = 0; b < block_count_; ++b) {
    kernels_->spmm[type](&blocks_[part * block_count_ + b], tokens, b == 0,
                         x + b * block_words_ * tokens, sums);
  }
}

}  // namespace sl
