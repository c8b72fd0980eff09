// SPDX-License-Identifier: Apache-2.0
// Bitmap: one bit per weight and the kept values packed, in groups of 4 rows; per chunk of 64 bytes of x
// the 4 masks lie together, and so do the values. Kernels expand values to where the bits are.
#include <cstring>

#include "../matrix.h"
#include "few.h"

namespace sl {
namespace {

constexpr int64_t kRows = 4;
constexpr int64_t kMostPartRows = 128;
constexpr int64_t kBehind = 64;  // bytes that kernels may read behind the values

const char* refuses(const SlLevel*, const sl_matrix&) { return nullptr; }

class Bitmap : public FewDesign {
 public:
  using FewDesign::FewDesign;

  bool fill(const sl_matrix& w);
  void unpack(void* values) const override;
  int64_t bytes() const override {
    return FewDesign::bytes() + starts_.bytes() + widths_.bytes() + streams_.bytes();
  }

 protected:
  int64_t lanes(int64_t m) const override { return least(m, 4); }
  bool by_token() const override { return true; }
  void multiply(int64_t part, int64_t tokens, const void* x, void* sums, int64_t ld,
                float*) const override {
    const RowRange p = parts_[part];
    const int64_t g = p.first / kRows;
    const SlBitmap w{up(p.rows, kRows), chunks_, widths_.get() + g,
                     masks_ + g * chunks_ * kRows * mask_bytes(),
                     streams_.get() + starts_[g] * width_of(type)};
    few->bitmap[type](&w, tokens, x, sums, ld);
  }

 private:
  int64_t chunk() const { return 64 / width_of(type); }
  int64_t mask_bytes() const { return chunk() / 8; }

  int64_t chunks_ = 0;
  Array<int64_t> starts_;   // [groups + 1]: values before a group
  Array<uint8_t> widths_;   // [groups]
  Array<uint8_t> streams_;  // values, masks: one block of memory, for huge pages
  uint8_t* masks_ = nullptr;  // [groups][chunks][4]
};

}  // namespace

extern const Design kBitmap = {"bitmap", refuses, pack_as<Bitmap>};

namespace {

bool Bitmap::fill(const sl_matrix& w) {
  const int64_t groups = up(n, kRows), width = width_of(type);
  chunks_ = up(k, chunk());
  const size_t mask_size = product(groups * chunks_, kRows * mask_bytes());
  if (!fill_scales(w) || !starts_.make(static_cast<size_t>(groups + 1)) ||
      !widths_.make(static_cast<size_t>(groups))) {
    return false;
  }
  starts_[0] = 0;
  for (int64_t g = 0; g < groups; ++g) {
    starts_[g + 1] = starts_[g];
    for (int64_t r = g * kRows; r < least(n, (g + 1) * kRows); ++r) starts_[g + 1] += kept_in(w, r);
  }
  work_ = starts_[groups];
  const size_t value_size = product(up(work_ * width + kBehind, 64), 64);
  if (!streams_.make(value_size + mask_size)) return false;
  masks_ = streams_.get() + value_size;
  if (!cut(starts_, kRows, kMostPartRows)) return false;
  std::memset(streams_.get() + work_ * width, 0, kBehind);
  const uint8_t* from = static_cast<const uint8_t*>(w.values);
  uint8_t* to = streams_.get();
  uint8_t* mask = masks_;
  for (int64_t g = 0; g < groups; ++g) {
    const uint8_t* rows[kRows];  // the values of each that are not yet packed
    int64_t fullest = 0;
    for (int64_t r = 0; r < kRows; ++r) {
      rows[r] = from;
      if (g * kRows + r < n) from += kept_in(w, g * kRows + r) * width;
    }
    for (int64_t c = 0; c < chunks_; ++c) {
      for (int64_t r = 0; r < kRows; ++r, mask += mask_bytes()) {
        const int64_t row = g * kRows + r;
        const uint64_t bits = row < n ? mask_bits(w, row, c * chunk(), chunk()) : 0;
        std::memcpy(mask, &bits, static_cast<size_t>(mask_bytes()));
        const int64_t bytes = __builtin_popcountll(bits) * width;
        std::memcpy(to, rows[r], static_cast<size_t>(bytes));
        to += bytes;
        rows[r] += bytes;
        fullest = most(fullest, bytes);
      }
    }
    widths_[g] = fullest <= 16 ? 16 : fullest <= 32 ? 32 : 64;
  }
  return true;
}

void Bitmap::unpack(void* values) const {
  const int64_t width = width_of(type);
  const uint8_t* from = streams_.get();
  const uint8_t* mask = masks_;
  for (int64_t g = 0; g < up(n, kRows); ++g) {
    for (int64_t c = 0; c < chunks_; ++c) {
      for (int64_t r = g * kRows; r < (g + 1) * kRows; ++r, mask += mask_bytes()) {
        for (int64_t bit = 0; bit < chunk(); ++bit) {
          if ((mask[bit / 8] >> bit % 8 & 1) == 0) continue;
          std::memcpy(static_cast<uint8_t*>(values) + (r * k + c * chunk() + bit) * width, from,
                      static_cast<size_t>(width));
          from += width;
        }
      }
    }
  }
}

}  // namespace
}  // namespace sl
