// SPDX-License-Identifier: Apache-2.0
// words_from_rows, words_from_panel: words [ceil(k / words)][tokens] of bf16 or u8 from fp32. bf16 rounds
// to nearest even, NaN stays NaN. u8: token scale s = max|x| / 127 (or the given one), q =
// round_to_even(x / s) limited to [-127, 127], stored as q + 128; a token of zeros has scale 0 and
// stores 128. NaN gives 128 and infinities the limits: the caller refuses them where it matters.
//
// One element at a time in `words`, which takes what words_fast.h and words_bf16.h leave: there W tokens
// go at once, with the same bits.
#include "words_bf16.h"

namespace {

SL_INLINE uint32_t bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  if (x != x) return (bits >> 16) | 64;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

SL_INLINE uint32_t u8(float x, float inverse) {
  const float y = x * inverse;
  const float limited = y > 127.0f ? 127.0f : y < -127.0f ? -127.0f : y == y ? y : 0.0f;
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  return static_cast<uint32_t>(static_cast<int32_t>((limited + magic) - magic) + 128);
}

// Tokens [first, end) of `tokens`, of which those below rows exist. x of token t and input i is
// x[t * step_t + i * step_k].
template <int PER_WORD>
void words(int64_t first, int64_t end, int64_t rows, int64_t tokens, int64_t k, const float* x,
           int64_t step_t, int64_t step_k, float scale, uint32_t* to, float* scales) {
  for (int64_t t = first; t < end; ++t) {
    const float* from = x + t * step_t;
    const int64_t own = t < rows ? k : 0;
    float inverse = 0;
    if (PER_WORD == 4) {
      float largest = 0;
      for (int64_t i = 0; i < own && scale <= 0; ++i) {
        const float a = fabsf(from[i * step_k]);
        largest = a > largest ? a : largest;
      }
      scales[t] = scale > 0 ? scale : largest / 127.0f;
      inverse = inverse_of(scales[t]);
    }
    for (int64_t i = 0; i < k; i += PER_WORD) {
      uint32_t word = 0;
      for (int j = 0; j < PER_WORD; ++j) {
        const float v = i + j < own ? from[(i + j) * step_k] : 0.0f;
        word |= (PER_WORD == 4 ? u8(v, inverse) : bf16(v)) << (j * (32 / PER_WORD));
      }
      to[i / PER_WORD * tokens + t] = word;
    }
  }
}

}  // namespace

void SL_KERNEL(bf16_words_from_rows)(int64_t rows, int64_t tokens, int64_t k, const float* x,
                                     int64_t ld, float, void* words_to, float*) {
  uint32_t* to = static_cast<uint32_t*>(words_to);
  int64_t t = 0;
#if defined(SL_LANES)
  for (; t < rows && t + W <= tokens; t += W) bf16_rows({x + t * ld, ld, rows - t}, tokens, k, to + t);
#endif
  words<2>(t, tokens, rows, tokens, k, x, ld, 1, 0, to, nullptr);
}

void SL_KERNEL(u8_words_from_rows)(int64_t rows, int64_t tokens, int64_t k, const float* x,
                                   int64_t ld, float scale, void* words_to, float* scales) {
  uint32_t* to = static_cast<uint32_t*>(words_to);
  int64_t t = 0;
#if defined(SL_LANES)
  for (; t < rows && t + W <= tokens; t += W) {
    if (!u8_rows({x + t * ld, ld, rows - t}, tokens, k, scale, to + t, scales + t)) {
      words<4>(t, t + W, rows, tokens, k, x, ld, 1, scale, to, scales);
    }
  }
#endif
  words<4>(t, tokens, rows, tokens, k, x, ld, 1, scale, to, scales);
}

void SL_KERNEL(bf16_words_from_panel)(int64_t tokens, int64_t k, const float* x, float,
                                      void* words_to, float*) {
  uint32_t* to = static_cast<uint32_t*>(words_to);
  int64_t t = 0;
#if defined(SL_LANES)
  for (; t + W <= tokens; t += W) bf16_panel(tokens, k, x + t, to + t);
#endif
  words<2>(t, tokens, tokens, tokens, k, x, 1, tokens, 0, to, nullptr);
}

void SL_KERNEL(u8_words_from_panel)(int64_t tokens, int64_t k, const float* x, float scale,
                                    void* words_to, float* scales) {
  uint32_t* to = static_cast<uint32_t*>(words_to);
  int64_t t = 0;
#if defined(SL_LANES)
  for (; t + W <= tokens; t += W) {
    if (!u8_panel(tokens, k, x + t, scale, to + t, scales + t)) {
      words<4>(t, t + W, tokens, tokens, k, x, 1, tokens, scale, to, scales);
    }
  }
#endif
  words<4>(t, tokens, tokens, tokens, k, x, 1, tokens, scale, to, scales);
}
