// SPDX-License-Identifier: Apache-2.0
// few_words: words of one token, [ceil(k / words)] padded with words of zeros to whole lines of 64 bytes,
// from x [k]; the values are those of words_from_rows. Any k.
#include "../few_level.h"
#include "vec.h"

namespace {

constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number

SL_INLINE uint16_t bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  const uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
  return static_cast<uint16_t>((x != x ? bits | 0x400000 : rounded) >> 16);
}

SL_INLINE void pad(void* words, int64_t bytes) {
  memset(static_cast<char*>(words) + bytes, 0, static_cast<size_t>((bytes + 63) / 64 * 64 - bytes));
}

// NaN does not count.
SL_INLINE float largest(int64_t k, const float* x) {
  vf most = zero();
  int64_t i = 0;
  for (; i + W <= k; i += W) {
    const vf a = absolute(load(x + i));
    most = select(a > most, a, most);
  }
  float all = 0;
  for (int j = 0; j < W; ++j) all = most[j] > all ? most[j] : all;
  for (; i < k; ++i) all = fabsf(x[i]) > all ? fabsf(x[i]) : all;
  return all;
}

}  // namespace

void SL_KERNEL(few_words_bf16)(int64_t k, const float* x, float, void* words, float*) {
  uint16_t* to = static_cast<uint16_t*>(words);
  for (int64_t i = 0; i < k; ++i) to[i] = bf16(x[i]);
  pad(words, k * 2);
}

void SL_KERNEL(few_words_u8)(int64_t k, const float* x, float scale, void* words,
                             float* token_scale) {
  typedef uint8_t bytes __attribute__((vector_size(W)));
  uint8_t* to = static_cast<uint8_t*>(words);
  const float s = scale > 0 ? scale : largest(k, x) / 127.0f;
  *token_scale = s;
  const float inverse = s > 0.0f ? 1.0f / s : 0.0f;
  for (int64_t i = 0; i < k; i += W) {
    const int64_t left = k - i;
    const vf y = (left >= W ? load(x + i) : load_part(x + i, left)) * inverse;
    const vf high = select(y > 127.0f, splat(127.0f), y);
    const vf limited = select(high < -127.0f, splat(-127.0f), select(high == high, high, zero()));
    const vi whole = __builtin_convertvector((limited + kMagic) - kMagic, vi) + 128;
    const bytes q = __builtin_convertvector(whole, bytes);
    memcpy(to + i, &q, static_cast<size_t>(left < W ? left : W));
  }
  pad(words, k);
}
