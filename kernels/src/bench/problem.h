// SPDX-License-Identifier: Apache-2.0
// What is multiplied: y [m, n] = x [m, k] * w [n, k]', the same numbers for ours and for every
// peer; or a convolution, or a product of a training step, written in the same sizes.
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

// What the sizes of a product stand for.
struct Operation {
  enum Kind {
    kLinear,
    kConv,           // m output pixels of all images, k = channels / groups * kernel^2, n outputs of all groups
    kForward,        // a training step's: y = x * w'
    kInputGradient,  // with w [n, k] = the transpose of the layer's
    kWeightGradient  // dw [n, k] = dy [m, n]' * x [m, k], at kept weights
  } kind = kLinear;
  // kConv: square, padded by kernel / 2.
  int64_t channels = 0, size = 0, kernel = 1, stride = 1, groups = 1;

  int64_t out_size() const { return (size + 2 * (kernel / 2) - kernel) / stride + 1; }
  int64_t pixels() const { return out_size() * out_size(); }
  std::string name() const;  // "linear", "conv 3x3/2 64@56", "input gradient"
};

// Inputs are multiples of 1/64 up to 127/64, reached in every row: bf16 and int8 hold them exactly,
// so one fp64 reference is right for all types.
struct Problem {
  Problem(Type type, const Pattern& pattern, double sparsity, const Shape& shape,
          const Operation& op);

  Type type;
  Shape shape;
  Operation op;
  int64_t kept = 0;
  std::vector<float> x;           // [m, k]; of a convolution [image, channel, row, column]
  std::vector<float> dy;          // [m, n], for kWeightGradient
  std::vector<float> w;           // [n, k], zeros where pruned; SL_I8: scale * value
  std::vector<int8_t> w8;         // [n, k], int8 only
  std::vector<float> scales;      // [n], int8 only
  std::vector<uint64_t> mask;     // bit per weight, row-major
  std::vector<char> kept_values;  // of the type, row-major

  // x [m, k] by w [n, k], not a convolution or a weight gradient.
  bool multiplies_rows() const {
    return op.kind != Operation::kConv && op.kind != Operation::kWeightGradient;
  }
  bool is_kept(int64_t output, int64_t input) const {
    const int64_t at = output * shape.k + input;
    return mask[at / 64] >> at % 64 & 1;
  }
  // Input j of an output pixel; 0 in the padding.
  float pixel_input(int64_t token, int64_t output, int64_t j) const;
  // y [token, output] (of a weight gradient dw [token, output]) and the sum of |x w| that bounds its
  // error.
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
