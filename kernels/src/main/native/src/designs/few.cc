// SPDX-License-Identifier: Apache-2.0
#include "few.h"

#include <cstring>

#include "../matrix.h"
#include "../pool.h"

extern const SlFew sl_few__scalar;
#if defined(SL_X86)
extern const SlFew sl_few__avx512;
extern const SlFew sl_few__avx2;
#endif

namespace sl {
namespace {

constexpr int64_t kMostTokens = 16;
constexpr int64_t kLine = 16;         // words in 64 bytes
constexpr int64_t kPartRows = 16;     // sums of a part are padded to this
constexpr int64_t kShares = 4;        // of a thread, when there is one token
constexpr int64_t kPartsMultiple = 4;  // so that 2 or 4 threads have equal shares

int64_t padded(int64_t size, int64_t to) { return up(size, to) * to; }

}  // namespace

const SlFew* few_of(const SlLevel* level) {
#if defined(SL_X86)
  if (level->code == SL_AVX512) return &sl_few__avx512;
  if (level->code == SL_AVX2) return &sl_few__avx2;
#endif
  return &sl_few__scalar;
}

// What a call multiplies: rows of fp32, or of words that lie ready.
struct FewDesign::Source {
  const float* data;
  bool ready;
  const float* scales;  // of ready words
  float scale;
};

bool FewDesign::cut(const Array<int64_t>& starts, int64_t unit, int64_t most_rows) {
  const int64_t units = up(n, unit), most_units = most_rows / unit;
  const int64_t parts = least(padded(up(units, most_units), kPartsMultiple), units);
  // Each part takes units until its share of the work is done, but leaves no more than the others hold.
  const int64_t total = starts[units] + units;
  if (!parts_.make(static_cast<size_t>(parts))) return false;
  int64_t first = 0;
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t left = parts - i - 1;
    int64_t end = most(first + 1, units - left * most_units);
    const int64_t limit = least(first + most_units, units - left);
    while (end < limit && (starts[end] + end) * parts < total * (i + 1)) ++end;
    parts_[i] = {first * unit, least(end * unit, n) - first * unit};
    first = end;
  }
  return true;
}

bool FewDesign::fill_scales(const sl_matrix& w) {
  if (type != SL_I8) return true;
  if (!scales_.make(static_cast<size_t>(n)) || !sums_.make(static_cast<size_t>(n))) return false;
  std::memcpy(scales_.get(), w.scales, static_cast<size_t>(n) * sizeof(float));
  row_sums(w, sums_.get());
  return true;
}

int64_t FewDesign::bytes() const { return scales_.bytes() + sums_.bytes() + parts_.bytes(); }

int FewDesign::linear(const Call& call) const {
  const int code = level->code;
  Source x{static_cast<const float*>(call.x.data), call.x.layout == SL_WORDS, call.x.scales,
           call.x.scale};
  if (call.x.layout != SL_ROWS) {
    const int64_t columns = x.ready ? words_of(type, k) : k;
    float* unpacked = scratch(kRowsIn, product(call.m, columns));
    if (unpacked == nullptr) return SL_NO_MEMORY;
    sl_to_rows(code, call.m, columns, x.data, unpacked, call.threads);
    x.data = unpacked;
  }
  if (call.y.layout == SL_ROWS) return rows(call, x, call.y);
  sl_output y = call.y;
  y.data = scratch(kRowsOut, product(call.m, n));
  y.residual = nullptr;
  if (y.data == nullptr) return SL_NO_MEMORY;
  const int status = rows(call, x, y);
  if (status != SL_OK) return status;
  sl_to_panels(code, call.m, n, y.data, call.y.data, call.threads);
  if (call.y.residual == nullptr) return SL_OK;
  const int32_t size = static_cast<int32_t>(sl_panels_size(call.m, n)), step = 1;
  return sl_binary(code, SL_ADD, 1, &size, &step, &step, call.y.data, call.y.residual,
                   call.y.data, call.threads);
}

int FewDesign::rows(const Call& call, const Source& x, const sl_output& y) const {
  const int64_t width = lanes(kMostTokens), groups = up(call.m, width);
  const int64_t parts = static_cast<int64_t>(parts_.size());
  const int64_t work = work_ * call.m;
  const bool even = groups % call.threads == 0 || groups >= 4 * call.threads;
  // A lone token costs little to pack: small shares let a thread that wakes late do less.
  const int64_t shares = call.m == 1 ? kShares * call.threads : call.threads;
  const int64_t splits = even || work < kLeastWork ? 1 : least(shares, parts);
  return parallel(call.threads, groups * splits, work, [&](int64_t i) {
    const int64_t split = i % splits, first = i / splits * width;
    return task(x, y, first, least(width, call.m - first), split * parts / splits,
                (split + 1) * parts / splits);
  });
}

// Tokens [first, first + tokens) as the kernels want them; null without memory.
const void* FewDesign::words(const Source& x, int64_t first, int64_t tokens, float* scales) const {
  const int64_t row_words = words_of(type, k), width = lanes(tokens);
  const int64_t ld = padded(row_words, kLine);
  const bool in_place = x.ready || type == SL_F32;
  const float* from = x.data + first * (x.ready ? row_words : k);
  for (int64_t t = 0; t < tokens && x.ready && type == SL_I8; ++t) scales[t] = x.scales[first + t];
  if (in_place && tokens == 1 && (!by_token() || ld == row_words)) return from;
  if (in_place && by_token() && ld == row_words) return from;
  float* words = scratch(kTask, product(most(width, tokens), ld));
  if (words == nullptr) return nullptr;
  if (in_place && !by_token()) {
    level->rows_to_panel(tokens, width, row_words, from, row_words, words);
    return words;
  }
  float* by_tokens = by_token() || width == 1 ? words : scratch(kTask3, product(tokens, ld));
  if (by_tokens == nullptr) return nullptr;
  for (int64_t t = 0; t < tokens; ++t) {
    float* to = by_tokens + t * ld;
    if (in_place) {
      std::memcpy(to, from + t * row_words, static_cast<size_t>(row_words) * sizeof(float));
      std::memset(to + row_words, 0, static_cast<size_t>(ld - row_words) * sizeof(float));
    } else {
      few->words[type](k, from + t * k, x.scale, to, scales + t);
    }
  }
  if (by_tokens != words) level->rows_to_panel(tokens, width, row_words, by_tokens, ld, words);
  return words;
}

int FewDesign::task(const Source& x, const sl_output& y, int64_t first_token, int64_t tokens,
                    int64_t first_part, int64_t end_part) const {
  float token_scales[kMostTokens];
  const void* in = words(x, first_token, tokens, token_scales);
  int64_t rows = 0;
  for (int64_t i = first_part; i < end_part; ++i) rows = most(rows, parts_[i].rows);
  const int64_t ld = padded(rows, kPartRows), width = lanes(tokens);
  float* sums = scratch(kTask2, product(2 * width, ld));
  if (in == nullptr || sums == nullptr) return SL_NO_MEMORY;
  for (int64_t i = first_part; i < end_part; ++i) {
    const RowRange p = parts_[i];
    multiply(i, tokens, in, sums, ld, sums + width * ld);
    SlRowFinish finish{type, nullptr, nullptr, 0, nullptr, y.act, nullptr};
    if (type == SL_I8) {
      finish.scales = scales_.get() + p.first;
      finish.sums = sums_.get() + p.first;
    }
    if (y.bias != nullptr) finish.bias = y.bias + p.first;
    for (int64_t t = 0; t < tokens; ++t) {
      const int64_t at = (first_token + t) * n + p.first;
      finish.token_scale = token_scales[t];
      if (y.residual != nullptr) finish.residual = y.residual + at;
      few->finish(&finish, p.rows, sums + t * ld, y.data + at);
    }
  }
  return SL_OK;
}

}  // namespace sl
