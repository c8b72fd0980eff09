// SPDX-License-Identifier: Apache-2.0
// Words of bf16 and u8 bit for bit, from rows and panels, with every kind of special value and size; and
// the worked example of int8 4 x 1 blocks (inference-sparsity.md, B1).
#include <cfloat>
#include <limits>

#include "testing.h"

namespace sl_test {
namespace {

// Nearest, ties to even, by what is cut off.
uint32_t bf16_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const uint32_t kept = bits >> 16, rest = bits & 0xffff;
  if (std::isnan(x)) return kept | 0x40;
  return rest > 0x8000 || (rest == 0x8000 && kept % 2 == 1) ? kept + 1 : kept;
}

uint32_t u8_of(float x, float scale) {
  const float y = scale > 0 ? x * (1.0f / scale) : 0.0f * x;
  if (std::isnan(y)) return 128;
  return static_cast<uint32_t>(128 + static_cast<int>(std::nearbyint(std::fmin(std::fmax(y, -127.0f), 127.0f))));
}

enum Kind { kUsual, kTiny, kSpecial, kKinds };

float value_of(Kind kind) {
  std::normal_distribution<float> normal;
  const float usual = normal(engine);
  const float special[] = {std::numeric_limits<float>::quiet_NaN(), INFINITY, -INFINITY, 1e-40f, -1e-44f,
                           -0.0f, FLT_MAX, FLT_MIN, 1.00390625f /* a tie of bf16 */, 2.5f, -1e9f};
  const unsigned choice = engine() % 64;
  if (kind == kTiny) return usual * 1e-37f;
  return kind == kSpecial && choice < 11 ? special[choice] : usual;
}

void check_words(int level, int type, int64_t m, int64_t k, Kind kind, float given) {
  const int64_t per_word = type == SL_BF16 ? 2 : 4, words = (k + per_word - 1) / per_word;
  Floats rows(static_cast<size_t>(m * k));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = value_of(kind);
  Floats panels(static_cast<size_t>(sl_panels_size(m, k)));
  sl_to_panels(level, m, k, rows.data(), panels.data(), 1);
  for (int layout : {SL_ROWS, SL_PANELS}) {
    Guarded<uint32_t> packed(static_cast<size_t>(sl_panels_size(m, words)));
    Floats scales(static_cast<size_t>((m + 31) / 32 * 32));
    sl_pack_words(level, type, m, k, layout, layout == SL_ROWS ? rows.data() : panels.data(), given,
                  packed.data(), scales.data(), 2);
    for (int64_t t = 0; t < m; ++t) {
      float largest = 0;
      for (int64_t i = 0; i < k; ++i) largest = std::fmax(largest, std::fabs(rows[t * k + i]));
      const float scale = given > 0 ? given : largest / 127.0f;
      if (type == SL_I8 && scales[t] != scale) fail("token scale", level, t, scales[t], scale);
      const int64_t first = t / 32 * 32, width = m - first <= 16 ? 16 : 32;
      for (int64_t i = 0; i < words * per_word; ++i) {
        const float x = i < k ? rows[t * k + i] : 0.0f;
        const uint32_t expected = type == SL_BF16 ? bf16_of(x) : u8_of(x, scale);
        const uint32_t word = packed[first * words + i / per_word * width + t - first];
        const int bits = 32 / static_cast<int>(per_word), shift = static_cast<int>(i % per_word) * bits;
        const uint32_t found = word >> shift & ((1u << bits) - 1);
        ++checks;
        if (found != expected) fail("word", level, t * k + i, found, expected);
      }
    }
  }
}

// Columns 1, 4 and 6 of 8: one group, its last column repeated with weights of 0.
void check_worked_example(int level) {
  const int8_t columns[3][4] = {{1, 2, -3, 4}, {5, 0, 7, 8}, {-9, 10, 11, 0}};
  const int numbers[3] = {1, 4, 6};
  uint64_t mask = 0;
  int8_t values[12];
  float bias[4], scales[4] = {1, 1, 1, 1}, token_scales[16], y[16 * 4];
  for (int r = 0; r < 4; ++r) {
    int sum = 0;
    for (int c = 0; c < 3; ++c) {
      mask |= uint64_t{1} << (r * 8 + numbers[c]);
      values[r * 3 + c] = columns[c][r];
      sum += columns[c][r];
    }
    bias[r] = static_cast<float>(100 * (r + 1) + 128 * sum);  // takes the zero point back
  }
  uint32_t words[2 * 16] = {};
  for (int t = 0; t < 16; ++t) {
    token_scales[t] = 1;
    for (int i = 0; i < 8; ++i) words[i / 4 * 16 + t] |= static_cast<uint32_t>(16 * i + t) << (i % 4 * 8);
  }
  const sl_matrix w = {SL_I8, 4, 8, &mask, values, scales};
  for (int design : {SL_COLUMN4, SL_BLOCK4}) {
    sl_weights* packed = nullptr;
    if (sl_pack(level, design, 1, &w, &packed) != SL_OK) fail("pack", level, design, 0, 0);
    const sl_input in = {SL_WORDS, words, token_scales, 0};
    const sl_output out = {SL_ROWS, y, bias, SL_IDENTITY, nullptr};
    sl_linear(packed, 16, &in, &out, 1);
    sl_weights_free(packed);
    const float first[4] = {-428, 1192, 1756, 976}, last[4] = {-473, 1372, 1981, 1156};
    for (int r = 0; r < 4; ++r) {
      close("worked example", level, r, y[r], first[r], 0);
      close("worked example", level, 60 + r, y[60 + r], last[r], 0);
    }
  }
}

}  // namespace

void test_words(int level) {
  for (int64_t m : {1, 5, 16, 17, 32, 75}) {
    for (int64_t k : {1, 3, 4, 15, 16, 17, 31, 64, 130, 257}) {
      for (int kind = 0; kind < kKinds; ++kind) {
        check_words(level, SL_BF16, m, k, static_cast<Kind>(kind), 0);
        for (float scale : {0.0f, 0.02f, 1e-42f}) {
          check_words(level, SL_I8, m, k, static_cast<Kind>(kind), scale);
        }
      }
    }
  }
  check_worked_example(level);
}

}  // namespace sl_test
