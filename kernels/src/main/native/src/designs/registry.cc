// SPDX-License-Identifier: Apache-2.0
// The only list of designs, and the part of the C API that packs.
#include <cmath>
#include <cstring>

#include "../matrix.h"
#include "../weights.h"
#include "design.h"

namespace sl {

extern const Design kDense, kCsr, kBlock4, kOut16, kColumn4, kBitmap, kCsr16, kOnednn, kCsr512;

// In the order of the codes; null: not in this build.
const Design* design(int code) {
  static const Design* const designs[SL_DESIGNS] = {&kDense,   &kCsr,    &kBlock4, &kOut16,
                                                    &kColumn4, &kBitmap, &kCsr16,  &kOnednn,
                                                    &kCsr512};
  return code >= 0 && code < SL_DESIGNS ? designs[code] : nullptr;
}

namespace {

const char* const kNames[SL_DESIGNS] = {"dense",   "csr",    "block4", "out16",
                                        "column4", "bitmap", "csr16",  "onednn", "csr512"};

const char* refuses(const SlLevel* level, int code, const sl_matrix& w) {
  const Design* d = design(code);
  if (level == nullptr) return "the level is not available";
  if (d == nullptr) return "the design is not in this build";
  if (w.type < 0 || w.type >= SL_TYPES) return "unknown type";
  if (w.n < 1 || w.k < 1 || w.n > INT32_MAX || w.k > INT32_MAX) return "sizes out of range";
  if (w.type == SL_I8) {
    if (w.scales == nullptr) return "int8 without scales";
    for (int64_t i = 0; i < w.n; ++i) {
      if (!std::isfinite(w.scales[i])) return "a scale is not finite";
    }
  }
  return d->refuses(level, w);
}

int64_t popcount(const uint64_t* mask, int64_t begin, int64_t end) {
  int64_t count = 0;
  for (int64_t i = begin; i < end; ++i) count += mask[i / 64] >> (i % 64) & 1;
  return count;
}

// Packs rows [row, row + part.n) of w.
int pack_part(const SlLevel* level, const Design* d, const sl_matrix& w, int64_t row,
              sl_matrix part, Packed** out) {
  if (part.n == w.n) return d->pack(level, w, out);
  const int64_t begin = row * w.k, size = part.n * w.k;
  Array<uint64_t> mask;
  int64_t before = begin;
  if (w.mask != nullptr) {
    if (!mask.make(static_cast<size_t>(up(size, 64)))) return SL_NO_MEMORY;
    std::memset(mask.get(), 0, static_cast<size_t>(up(size, 64)) * 8);
    for (int64_t i = 0; i < size; ++i) {
      mask[i / 64] |= (w.mask[(begin + i) / 64] >> ((begin + i) % 64) & 1) << (i % 64);
    }
    part.mask = mask.get();
    before = popcount(w.mask, 0, begin);
  }
  part.values = static_cast<const char*>(w.values) + before * width_of(w.type);
  if (w.scales != nullptr) part.scales = w.scales + row;
  return d->pack(level, part, out);
}

}  // namespace
}  // namespace sl

const char* sl_design_name(int code) {
  return code >= 0 && code < SL_DESIGNS ? sl::kNames[code] : "";
}

const char* sl_design_refuses(int level, int code, const sl_matrix* w) {
  return sl::refuses(sl::level(level), code, *w);
}

int sl_pack(int level, int code, int64_t groups, const sl_matrix* w, sl_weights** out) {
  *out = nullptr;
  if (groups < 1 || w->n % groups != 0) return SL_BAD_ARGUMENT;
  if (sl::refuses(sl::level(level), code, *w) != nullptr) return SL_BAD_ARGUMENT;
  sl_weights* result = sl::make<sl_weights>();
  if (result == nullptr) return SL_NO_MEMORY;
  result->design = code;
  sl_matrix part = *w;
  part.n = w->n / groups;
  int status = result->parts.make(static_cast<size_t>(groups)) ? SL_OK : SL_NO_MEMORY;
  if (status == SL_OK) std::memset(result->parts.get(), 0, static_cast<size_t>(groups) * 8);
  for (int64_t g = 0; g < groups && status == SL_OK; ++g) {
    status = sl::pack_part(sl::level(level), sl::design(code), *w, g * part.n, part,
                           &result->parts[g]);
  }
  if (status == SL_OK) {
    *out = result;
  } else {
    sl_weights_free(result);
  }
  return status;
}

int sl_weights_design(const sl_weights* w) { return w->design; }

void sl_unpack(const sl_weights* w, void* values) {
  char* to = static_cast<char*>(values);
  for (size_t g = 0; g < w->parts.size(); ++g) {
    const sl::Packed& p = *w->parts[static_cast<int64_t>(g)];
    const size_t bytes = static_cast<size_t>(p.n * p.k * sl::width_of(p.type));
    std::memset(to, 0, bytes);
    p.unpack(to);
    to += bytes;
  }
}

int64_t sl_weights_bytes(const sl_weights* w) {
  int64_t bytes = w->parts.bytes();
  if (w->rows != nullptr) bytes += w->rows->bytes();
  if (w->onednn != nullptr) bytes += w->onednn->bytes();
  for (size_t g = 0; g < w->parts.size(); ++g) bytes += w->parts[static_cast<int64_t>(g)]->bytes();
  return bytes;
}

void sl_weights_free(sl_weights* w) {
  if (w == nullptr) return;
  for (size_t g = 0; w->parts.get() != nullptr && g < w->parts.size(); ++g) {
    sl::discard(w->parts[static_cast<int64_t>(g)]);
  }
  sl::discard(w->rows);
  sl::discard(w->onednn);
  w->~sl_weights();
  sl::release(w);
}

int sl_linear(const sl_weights* w, int64_t m, const sl_input* x, const sl_output* y, int threads) {
  if (w->parts.size() != 1 || threads < 1 || m < 0) return SL_BAD_ARGUMENT;
  return m == 0 ? SL_OK : w->parts[0]->linear({m, *x, *y, threads});
}
