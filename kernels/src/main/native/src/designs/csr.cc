// SPDX-License-Identifier: Apache-2.0
#include "csr.h"

#include <cstring>

#include "../pool.h"

namespace sl {
namespace {

constexpr int64_t kPartWork = 16384;  // kept weights per part, about
constexpr int64_t kMostParts = 16;
constexpr int64_t kMostRows = 512;  // of a part: its outputs for 32 tokens take 64 KiB

// Cuts rows into parts of about equal work. Returns the count; parts may be null to count only.
int64_t cut(int64_t n, const Array<int64_t>& starts, Part* parts) {
  const int64_t total = starts[n] + n;  // a row costs something of its own
  const int64_t wanted = least(most(total / kPartWork, 1), kMostParts);
  int64_t count = 0, first = 0;
  for (int64_t row = 0; row < n; ++row) {
    const int64_t done = starts[row + 1] + row + 1;
    const bool full = done * wanted >= total * (count + 1) || row + 1 - first == kMostRows;
    if (full || row + 1 == n) {
      if (parts != nullptr) parts[count] = {first, row + 1 - first};
      ++count;
      first = row + 1;
    }
  }
  return count;
}

// Writes blocks one after the other.
class Writer {
 public:
  Writer(const Columns& kept, const float* values, uint32_t vector_bytes)
      : kept_(kept), values_(values), vector_bytes_(vector_bytes) {}

  SlGroup* group = nullptr;
  int32_t* row = nullptr;
  SlRecord* record = nullptr;
  Array<int64_t> cursors;  // [n]: the first weight of each row that is not yet written

  // Inputs [k0, k0 + kBlock) of one part: rows sorted by count (stable), records in pairs of rows.
  void block(const Part& part, int64_t k0, SlBlock* block) {
    int32_t buckets[kBlock + 2] = {};
    for (int64_t r = 0; r < part.rows; ++r) buckets[count(part.first + r, k0) + 1]++;
    // Rows without a weight are needed in the first block only, where sums begin.
    if (k0 > 0) buckets[1] = 0;
    *block = {group, 0, row, record};
    for (int64_t c = 0; c <= kBlock; ++c) {
      if (buckets[c + 1] > 0) *group++ = {static_cast<int32_t>(c), buckets[c + 1]};
      buckets[c + 1] += buckets[c];
    }
    block->group_count = group - block->groups;
    for (int64_t r = 0; r < part.rows; ++r) {
      const int64_t c = count(part.first + r, k0);
      if (c > 0 || k0 == 0) row[buckets[c]++] = static_cast<int32_t>(r);
    }
    for (const SlGroup* g = block->groups; g < group; ++g) records(part, *g, k0);
  }

 private:
  int64_t count(int64_t row_number, int64_t k0) const {
    int64_t p = cursors[row_number];
    while (p < kept_.starts[row_number + 1] && kept_.columns[p] < k0 + kBlock) ++p;
    return p - cursors[row_number];
  }

  void records(const Part& part, const SlGroup& g, int64_t k0) {
    for (int32_t i = 0; i < g.rows; ++i) {
      const int64_t number = part.first + row[i];
      const int64_t step = i == g.rows - 1 && i % 2 == 0 ? 1 : 2;
      SlRecord* to = record + static_cast<int64_t>(i / 2) * 2 * g.count + i % 2;
      for (int32_t j = 0; j < g.count; ++j) {
        const int64_t p = cursors[number] + j;
        to[j * step] = {values_[p], static_cast<uint32_t>(kept_.columns[p] - k0) * vector_bytes_};
      }
      cursors[number] += g.count;
    }
    row += g.rows;
    record += static_cast<int64_t>(g.rows) * g.count;
  }

  const Columns& kept_;
  const float* const values_;
  const uint32_t vector_bytes_;
};

const char* refuses(const SlLevel*, const sl_matrix& w) {
  return w.type == SL_F32 ? nullptr : "the csr design takes fp32 only";
}

}  // namespace

extern const Design kCsr = {"csr", refuses, pack_as<CsrPacked>};

bool CsrPacked::fill(const sl_matrix& w) {
  Columns kept;
  if (!kept.fill(w) || !fill_scales(w)) return false;
  block_count_ = up(k, kBlock);
  if (!parts_.make(static_cast<size_t>(cut(n, kept.starts, nullptr)))) return false;
  cut(n, kept.starts, parts_.get());
  size_t most_groups = 0;
  for (int64_t i = 0; i < parts(); ++i) {
    most_groups += static_cast<size_t>(least(parts_[i].rows, kBlock + 1) * block_count_);
  }
  Writer writer(kept, static_cast<const float*>(w.values),
                static_cast<uint32_t>(level->width * 4));
  if (!blocks_.make(product(parts(), block_count_)) || !groups_.make(most_groups) ||
      !rows_.make(product(n, block_count_)) ||
      !records_.make(static_cast<size_t>(kept.kept(n))) ||
      !writer.cursors.make(static_cast<size_t>(n))) {
    return false;
  }
  std::memcpy(writer.cursors.get(), kept.starts.get(), static_cast<size_t>(n) * sizeof(int64_t));
  writer.group = groups_.get();
  writer.row = rows_.get();
  writer.record = records_.get();
  for (int64_t i = 0; i < parts(); ++i) {
    for (int64_t b = 0; b < block_count_; ++b) {
      writer.block(parts_[i], b * kBlock, &blocks_[i * block_count_ + b]);
    }
  }
  return true;
}

int64_t CsrPacked::bytes() const {
  return PanelDesign::bytes() + parts_.bytes() + blocks_.bytes() + groups_.bytes() +
         rows_.bytes() + records_.bytes();
}

void CsrPacked::unpack(void* values) const {
  float* to = static_cast<float*>(values);
  const uint32_t vector_bytes = static_cast<uint32_t>(level->width * 4);
  for (int64_t i = 0; i < parts() * block_count_; ++i) {
    const SlBlock& block = blocks_[i];
    const int64_t first = parts_[i / block_count_].first, k0 = i % block_count_ * kBlock;
    const int32_t* row = block.rows;
    const SlRecord* records = block.records;
    for (const SlGroup* g = block.groups; g < block.groups + block.group_count; ++g) {
      for (int32_t r = 0; r < g->rows; ++r) {
        const int64_t step = r == g->rows - 1 && r % 2 == 0 ? 1 : 2;
        const SlRecord* from = records + static_cast<int64_t>(r / 2) * 2 * g->count + r % 2;
        for (int32_t j = 0; j < g->count; ++j) {
          to[(first + row[r]) * k + k0 + from[j * step].offset / vector_bytes] =
              from[j * step].value;
        }
      }
      row += g->rows;
      records += static_cast<int64_t>(g->rows) * g->count;
    }
  }
}

int CsrPacked::linear(const Call& call) const {
  const bool rows = call.x.layout == SL_ROWS && call.y.layout == SL_ROWS;
  return call.m == 1 && rows ? token(call) : PanelDesign::linear(call);
}

// One token needs no panel.
int CsrPacked::token(const Call& call) const {
  const float* x = static_cast<const float*>(call.x.data);
  const sl_output& y = call.y;
  return parallel(call.threads, parts(), nonzeros(), [&](int64_t i) {
    const Part& p = parts_[i];
    float* out = y.data + p.first;
    for (int64_t b = 0; b < block_count_; ++b) {
      level->csr_spmv(&blocks_[i * block_count_ + b], b == 0, x + b * kBlock, out);
    }
    if (y.bias != nullptr || y.act != SL_IDENTITY) {
      level->bias_act_row(p.rows, y.bias == nullptr ? nullptr : y.bias + p.first, y.act, out, out);
    }
    if (y.residual != nullptr) level->binary(SL_ADD, p.rows, 1, 1, out, y.residual + p.first, out);
    return static_cast<int>(SL_OK);
  });
}

void CsrPacked::multiply(int64_t part, int64_t tokens, const void* words, void* sums) const {
  const float* x = static_cast<const float*>(words);
  const int vectors = static_cast<int>(tokens / level->width);
  for (int64_t b = 0; b < block_count_; ++b) {
    level->csr_spmm(&blocks_[part * block_count_ + b], vectors, b == 0, x + b * kBlock * tokens,
                    static_cast<float*>(sums));
  }
}

}  // namespace sl
