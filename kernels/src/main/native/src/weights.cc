// SPDX-License-Identifier: Apache-2.0
#include "weights.h"

#include <cstring>
#include <new>

#include "memory.h"

namespace sl {
namespace {

constexpr int64_t kChunkWork = 16384;  // kept weights per chunk, about
constexpr int64_t kMostChunks = 16;
constexpr int64_t kMostRows = 512;  // of a chunk: its outputs for 32 tokens take 64 KiB

template <typename T>
T* array(size_t count, int64_t* bytes) {
  const size_t size = product(count == 0 ? 1 : count, sizeof(T));
  T* memory = static_cast<T*>(allocate(size));
  if (memory != nullptr) *bytes += static_cast<int64_t>(size);
  return memory;
}

// Plain CSR, the way from the bitmap to the blocks.
struct Csr {
  int64_t* starts = nullptr;    // [n + 1]
  int32_t* columns = nullptr;   // [nonzeros]
  int64_t* cursors = nullptr;   // [n], for packing
  int32_t* buckets = nullptr;   // [kBlock + 2]
  ~Csr() {
    release(starts);
    release(columns);
    release(cursors);
    release(buckets);
  }
};

bool to_csr(int64_t n, int64_t k, const uint64_t* mask, Csr* csr) {
  const int64_t words = (n * k + 63) / 64;
  int64_t nonzeros = 0, temporary = 0;
  for (int64_t i = 0; i < words; ++i) nonzeros += __builtin_popcountll(mask[i]);
  csr->starts = array<int64_t>(n + 1, &temporary);
  csr->columns = array<int32_t>(nonzeros, &temporary);
  csr->cursors = array<int64_t>(n, &temporary);
  csr->buckets = array<int32_t>(kBlock + 2, &temporary);
  if (!csr->starts || !csr->columns || !csr->cursors || !csr->buckets) return false;
  int64_t row = 0, row_end = k, at = 0;
  csr->starts[0] = 0;
  for (int64_t i = 0; i < words; ++i) {
    for (uint64_t bits = mask[i]; bits != 0; bits &= bits - 1) {
      const int64_t index = i * 64 + __builtin_ctzll(bits);
      for (; index >= row_end; row_end += k) csr->starts[++row] = at;
      csr->columns[at++] = static_cast<int32_t>(index - (row_end - k));
    }
  }
  while (row < n) csr->starts[++row] = at;
  std::memcpy(csr->cursors, csr->starts, static_cast<size_t>(n) * sizeof(int64_t));
  return true;
}

// Cuts rows into chunks of about equal work. Returns the count; chunks may be null to count only.
int64_t cut(int64_t n, const int64_t* starts, Chunk* chunks) {
  const int64_t total = starts[n] + n;  // a row costs something of its own
  int64_t wanted = total / kChunkWork;
  wanted = wanted < 1 ? 1 : wanted > kMostChunks ? kMostChunks : wanted;
  int64_t count = 0, first = 0;
  for (int64_t row = 0; row < n; ++row) {
    const int64_t done = starts[row + 1] + row + 1;
    const bool full = done * wanted >= total * (count + 1) || row + 1 - first == kMostRows;
    if (full || row + 1 == n) {
      if (chunks != nullptr) chunks[count] = {first, row + 1 - first};
      ++count;
      first = row + 1;
    }
  }
  return count;
}

struct Writer {
  SlGroup* group;
  int32_t* row;
  SlRecord* record;
};

// One block of one chunk: rows sorted by count (stable), records in pairs of rows.
void write_block(const Csr& csr, const float* values, const Chunk& chunk, int64_t k0, int64_t k1,
                 uint32_t vector_bytes, SlBlock* block, Writer* w) {
  int32_t* buckets = csr.buckets;
  std::memset(buckets, 0, (kBlock + 2) * sizeof(int32_t));
  const auto count_of = [&](int64_t row) {
    int64_t p = csr.cursors[row];
    while (p < csr.starts[row + 1] && csr.columns[p] < k1) ++p;
    return p - csr.cursors[row];
  };
  for (int64_t r = 0; r < chunk.rows; ++r) buckets[count_of(chunk.first + r) + 1]++;
  // Rows without a weight are needed in the first block only, where sums begin.
  if (k0 > 0) buckets[1] = 0;
  block->groups = w->group;
  block->rows = w->row;
  block->records = w->record;
  for (int64_t c = 0; c <= kBlock; ++c) {
    if (buckets[c + 1] > 0) *w->group++ = {static_cast<int32_t>(c), buckets[c + 1]};
    buckets[c + 1] += buckets[c];
  }
  block->group_count = w->group - block->groups;
  for (int64_t r = 0; r < chunk.rows; ++r) {
    const int64_t count = count_of(chunk.first + r);
    if (count > 0 || k0 == 0) w->row[buckets[count]++] = static_cast<int32_t>(r);
  }
  for (const SlGroup* g = block->groups; g < w->group; ++g) {
    for (int32_t i = 0; i < g->rows; ++i) {
      const int64_t row = chunk.first + w->row[i];
      const int64_t step = i == g->rows - 1 && i % 2 == 0 ? 1 : 2;
      SlRecord* to = w->record + static_cast<int64_t>(i / 2) * 2 * g->count + i % 2;
      for (int32_t j = 0; j < g->count; ++j) {
        const int64_t p = csr.cursors[row] + j;
        to[j * step] = {values[p], static_cast<uint32_t>(csr.columns[p] - k0) * vector_bytes};
      }
      csr.cursors[row] += g->count;
    }
    w->row += g->rows;
    w->record += static_cast<int64_t>(g->rows) * g->count;
  }
}

bool pack(sl_weights* w, const uint64_t* mask, const float* values) {
  Csr csr;
  if (!to_csr(w->n, w->k, mask, &csr)) return false;
  Sparse& s = w->sparse;
  s.nonzeros = csr.starts[w->n];
  s.chunk_count = cut(w->n, csr.starts, nullptr);
  s.block_count = (w->k + kBlock - 1) / kBlock;
  size_t most_groups = 0;
  s.chunks = array<Chunk>(s.chunk_count, &w->bytes);
  if (s.chunks == nullptr) return false;
  cut(w->n, csr.starts, s.chunks);
  for (int64_t c = 0; c < s.chunk_count; ++c) {
    const int64_t rows = s.chunks[c].rows;
    most_groups += static_cast<size_t>((rows < kBlock ? rows : kBlock + 1) * s.block_count);
  }
  s.blocks = array<SlBlock>(s.chunk_count * s.block_count, &w->bytes);
  s.groups = array<SlGroup>(most_groups, &w->bytes);
  s.rows = array<int32_t>(product(w->n, s.block_count), &w->bytes);
  s.records = array<SlRecord>(s.nonzeros, &w->bytes);
  if (!s.blocks || !s.groups || !s.rows || !s.records) return false;
  Writer writer{s.groups, s.rows, s.records};
  for (int64_t c = 0; c < s.chunk_count; ++c) {
    for (int64_t b = 0; b < s.block_count; ++b) {
      write_block(csr, values, s.chunks[c], b * kBlock, (b + 1) * kBlock,
                  static_cast<uint32_t>(w->level->width * 4), &s.blocks[c * s.block_count + b],
                  &writer);
    }
  }
  return true;
}

sl_weights* create(int level_code, int64_t n, int64_t k) {
  void* memory = allocate(sizeof(sl_weights));
  if (memory == nullptr) return nullptr;
  sl_weights* w = new (memory) sl_weights();
  w->level = level(level_code);
  w->level_code = level_code;
  w->n = n;
  w->k = k;
  return w;
}

// Calls visit(row, column, value) for every kept weight, in any order.
template <typename F>
void visit_kept(const sl_weights* w, const F& visit) {
  const Sparse& s = w->sparse;
  const uint32_t vector_bytes = static_cast<uint32_t>(w->level->width * 4);
  for (int64_t i = 0; i < s.chunk_count * s.block_count; ++i) {
    const SlBlock& block = s.blocks[i];
    const Chunk& chunk = s.chunks[i / s.block_count];
    const int64_t k0 = i % s.block_count * kBlock;
    const int32_t* rows = block.rows;
    const SlRecord* records = block.records;
    for (const SlGroup* g = block.groups; g < block.groups + block.group_count; ++g) {
      for (int32_t r = 0; r < g->rows; ++r) {
        const int64_t step = r == g->rows - 1 && r % 2 == 0 ? 1 : 2;
        const SlRecord* from = records + static_cast<int64_t>(r / 2) * 2 * g->count + r % 2;
        for (int32_t j = 0; j < g->count; ++j) {
          visit(chunk.first + rows[r], k0 + from[j * step].offset / vector_bytes,
                from[j * step].value);
        }
      }
      rows += g->rows;
      records += static_cast<int64_t>(g->rows) * g->count;
    }
  }
}

// Rows [first, first + n) of w as weights of their own.
sl_weights* part(const sl_weights* w, int64_t first, int64_t n) {
  sl_weights* result = nullptr;
  const size_t size = product(n, w->k);
  float* values = static_cast<float*>(allocate(product(size, sizeof(float))));
  uint64_t* mask = static_cast<uint64_t*>(allocate((size + 63) / 64 * 8));
  if (values != nullptr && mask != nullptr) {
    if (w->dense != nullptr) {
      const int64_t width2 = 2 * w->level->width;
      for (int64_t r = 0; r < n; ++r) {
        const float* panel = w->dense + (first + r) / width2 * w->k * width2;
        for (int64_t i = 0; i < w->k; ++i) {
          values[r * w->k + i] = panel[i * width2 + (first + r) % width2];
        }
      }
      sl_pack_dense(w->level_code, n, w->k, values, &result);
    } else {
      std::memset(mask, 0, (size + 63) / 64 * 8);
      visit_kept(w, [&](int64_t row, int64_t column, float value) {
        if (row < first || row >= first + n) return;
        const int64_t at = (row - first) * w->k + column;
        mask[at / 64] |= uint64_t{1} << (at % 64);
        values[at] = value;
      });
      int64_t kept = 0;
      for (size_t i = 0; i < size; ++i) {
        if (mask[i / 64] >> (i % 64) & 1) values[kept++] = values[i];
      }
      sl_pack_sparse(w->level_code, n, w->k, mask, values, &result);
    }
  }
  release(values);
  release(mask);
  return result;
}

void free_grouped(Grouped* g) {
  for (int64_t i = 0; g->parts != nullptr && i < g->groups; ++i) sl_weights_free(g->parts[i]);
  release(g->parts);
  release(g);
}

Grouped* make_grouped(const sl_weights* w, int64_t groups) {
  Grouped* g = static_cast<Grouped*>(allocate(sizeof(Grouped)));
  if (g == nullptr) return nullptr;
  *g = {groups, static_cast<sl_weights**>(allocate(product(groups, sizeof(sl_weights*)))), nullptr};
  bool complete = g->parts != nullptr;
  for (int64_t i = 0; g->parts != nullptr && i < groups; ++i) {
    g->parts[i] = part(w, i * (w->n / groups), w->n / groups);
    complete = complete && g->parts[i] != nullptr;
  }
  if (complete) return g;
  free_grouped(g);
  return nullptr;
}

}  // namespace

void pack_panels(int64_t width2, int64_t n, int64_t k, const float* b, int64_t ld_k, int64_t ld_n,
                 float* panels) {
  for (int64_t j = 0; j < n; j += width2) {
    const int64_t columns = n - j < width2 ? n - j : width2;
    for (int64_t i = 0; i < k; ++i) {
      const float* from = b + i * ld_k + j * ld_n;
      if (ld_n == 1) {
        std::memcpy(panels, from, static_cast<size_t>(columns) * sizeof(float));
      } else {
        for (int64_t c = 0; c < columns; ++c) panels[c] = from[c * ld_n];
      }
      for (int64_t c = columns; c < width2; ++c) panels[c] = 0.0f;
      panels += width2;
    }
  }
}

sl_weights* const* grouped(sl_weights* w, int64_t groups) {
  std::lock_guard<std::mutex> lock(w->mutex);
  for (Grouped* g = w->grouped; g != nullptr; g = g->next) {
    if (g->groups == groups) return g->parts;
  }
  Grouped* made = make_grouped(w, groups);
  if (made == nullptr) return nullptr;
  made->next = w->grouped;
  w->grouped = made;
  return made->parts;
}

}  // namespace sl

int sl_pack_dense(int level, int64_t n, int64_t k, const float* values, sl_weights** out) {
  *out = nullptr;
  if (sl::level(level) == nullptr || n < 1 || k < 1) return SL_BAD_ARGUMENT;
  sl_weights* w = sl::create(level, n, k);
  if (w == nullptr) return SL_NO_MEMORY;
  const int64_t width2 = 2 * w->level->width;
  w->dense = sl::array<float>(sl::product((n + width2 - 1) / width2, width2, k), &w->bytes);
  if (w->dense == nullptr) {
    sl_weights_free(w);
    return SL_NO_MEMORY;
  }
  sl::pack_panels(width2, n, k, values, 1, k, w->dense);
  *out = w;
  return SL_OK;
}

int sl_pack_sparse(int level, int64_t n, int64_t k, const uint64_t* mask, const float* values,
                   sl_weights** out) {
  *out = nullptr;
  if (sl::level(level) == nullptr || n < 1 || k < 1 || n > INT32_MAX || k > INT32_MAX) {
    return SL_BAD_ARGUMENT;
  }
  sl_weights* w = sl::create(level, n, k);
  if (w == nullptr) return SL_NO_MEMORY;
  if (!sl::pack(w, mask, values)) {
    sl_weights_free(w);
    return SL_NO_MEMORY;
  }
  *out = w;
  return SL_OK;
}

int64_t sl_weights_bytes(const sl_weights* w) { return w->bytes; }

void sl_weights_free(sl_weights* w) {
  if (w == nullptr) return;
  while (w->grouped != nullptr) {
    sl::Grouped* g = w->grouped;
    w->grouped = g->next;
    sl::free_grouped(g);
  }
  sl::release(w->dense);
  sl::release(w->sparse.chunks);
  sl::release(w->sparse.blocks);
  sl::release(w->sparse.groups);
  sl::release(w->sparse.rows);
  sl::release(w->sparse.records);
  w->~sl_weights();
  sl::release(w);
}
