// SPDX-License-Identifier: Apache-2.0
// What is multiplied: y [m, n] = x [m, k] * w [n, k]', the same numbers for ours and for every
// peer.
#ifndef SPARSELAND_BENCH_PROBLEM_H_
#define SPARSELAND_BENCH_PROBLEM_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace bench {

enum class Type { kF32, kBf16, kI8 };
const char* name(Type type);

// "unstructured", "RxC" (R outputs by C inputs) or "N:M" along the inputs.
struct Pattern {
  std::string name;
  int rows = 1, columns = 1;  // of a block
  int keep = 0, of = 0;       // N:M
  static Pattern of_name(const std::string& name);
};

struct Shape {
  int64_t m, n, k;  // tokens, outputs, inputs
};

// Inputs are multiples of 1/64 up to 127/64, reached in every row: bf16 and int8 hold them exactly,
// so one fp64 reference is right for all types.
struct Problem {
  Problem(Type type, const Pattern& pattern, double sparsity, const Shape& shape);

  Type type;
  Shape shape;
  int64_t kept = 0;
  std::vector<float> x;           // [m, k]
  std::vector<float> w;           // [n, k], zeros where pruned; SL_I8: scale * value
  std::vector<int8_t> w8;         // [n, k], int8 only
  std::vector<float> scales;      // [n], int8 only
  std::vector<uint64_t> mask;     // bit per weight, row-major
  std::vector<char> kept_values;  // of the type, row-major

  // y [token, output] and the sum of |x w| that bounds its error.
  void reference(int64_t token, int64_t output, double* y, double* magnitude) const;
};

constexpr float kInputScale = 1.0f / 64;  // x = kInputScale * (an integer in [-127, 127])

inline uint16_t to_bf16(float exact) {  // of a float that bf16 holds
  uint32_t bits;
  std::memcpy(&bits, &exact, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);
}

}  // namespace bench
#endif  // SPARSELAND_BENCH_PROBLEM_H_
