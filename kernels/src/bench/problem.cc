// SPDX-License-Identifier: Apache-2.0
#include "problem.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>
#include <stdexcept>

namespace bench {
namespace {

// A block or a single weight is kept at random; the count is exact, per group for N:M.
std::vector<bool> kept_weights(const Pattern& p, double sparsity, const Shape& s,
                               std::mt19937& random) {
  std::vector<bool> kept(s.n * s.k);
  if (p.of > 0) {
    std::vector<int> order(p.of);
    std::iota(order.begin(), order.end(), 0);
    for (int64_t group = 0; group + p.of <= s.n * s.k; group += p.of) {
      std::shuffle(order.begin(), order.end(), random);
      for (int i = 0; i < p.keep; ++i) kept[group + order[i]] = true;
    }
    return kept;
  }
  const int64_t across = s.k / p.columns, blocks = (s.n / p.rows) * across;
  int64_t wanted = std::max<int64_t>(1, std::llround(blocks * (1 - sparsity)));
  for (int64_t block = 0; block < blocks; ++block) {
    std::uniform_int_distribution<int64_t> among(0, blocks - block - 1);
    if (among(random) >= wanted) continue;
    --wanted;
    for (int r = 0; r < p.rows; ++r) {
      for (int c = 0; c < p.columns; ++c) {
        kept[(block / across * p.rows + r) * s.k + block % across * p.columns + c] = true;
      }
    }
  }
  return kept;
}

int64_t size_of(Type type) { return type == Type::kF32 ? 4 : type == Type::kBf16 ? 2 : 1; }

}  // namespace

const char* name(Type type) {
  return type == Type::kF32 ? "fp32" : type == Type::kBf16 ? "bf16" : "int8";
}

Pattern Pattern::of_name(const std::string& name) {
  Pattern p;
  p.name = name;
  if (name == "unstructured" || name == "dense") return p;
  if (std::sscanf(name.c_str(), "%d:%d", &p.keep, &p.of) == 2 && p.keep > 0 && p.keep <= p.of) {
    return p;
  }
  p.keep = p.of = 0;
  if (std::sscanf(name.c_str(), "%dx%d", &p.rows, &p.columns) == 2 && p.rows > 0 && p.columns > 0) {
    return p;
  }
  throw std::invalid_argument("pattern '" + name + "'; allowed: unstructured, RxC, N:M");
}

std::string Operation::name() const {
  switch (kind) {
    case kConv: {
      const std::string window = std::to_string(kernel) + "x" + std::to_string(kernel) +
                                 (stride > 1 ? "/" + std::to_string(stride) : "");
      const std::string input = std::to_string(channels) + "@" + std::to_string(size);
      return (groups == 1          ? "conv "
              : groups == channels ? "depthwise "
                                   : std::to_string(groups) + " groups ") +
             window + " " + input;
    }
    case kForward:
      return "forward";
    case kInputGradient:
      return "input gradient";
    case kWeightGradient:
      return "weight gradient";
    default:
      return "linear";
  }
}

Problem::Problem(Type type, const Pattern& pattern, double sparsity, const Shape& shape,
                 const Operation& op)
    : type(type), shape(shape), op(op), w(shape.n * shape.k) {
  std::mt19937 random(17);
  std::uniform_int_distribution<int> integer(-127, 127), positive(1, 127);
  std::normal_distribution<float> normal;
  const bool conv = op.kind == Operation::kConv;
  x.resize(conv ? shape.m / op.pixels() * op.channels * op.size * op.size : shape.m * shape.k);
  for (float& value : x) value = kInputScale * integer(random);
  if (!conv) {
    for (int64_t i = 0; i < shape.m; ++i) x[i * shape.k] = kInputScale * 127;
  }
  if (op.kind == Operation::kWeightGradient) {
    dy.resize(shape.m * shape.n);
    for (float& value : dy) value = kInputScale * integer(random);
  }
  if (type == Type::kI8) {
    w8.resize(w.size());
    scales.resize(shape.n);
    for (float& scale : scales) scale = 0.001f * positive(random);
  }
  const std::vector<bool> keep = kept_weights(pattern, sparsity, shape, random);
  kept = std::count(keep.begin(), keep.end(), true);
  mask.assign((w.size() + 63) / 64, 0);
  kept_values.resize(kept * size_of(type));
  char* next = kept_values.data();
  for (size_t i = 0; i < w.size(); ++i) {
    if (!keep[i]) continue;
    mask[i / 64] |= uint64_t{1} << i % 64;
    const int integral = positive(random) * (random() & 1 ? 1 : -1);
    const uint16_t half = to_bf16(integral * kInputScale);
    if (type == Type::kI8) {
      w8[i] = static_cast<int8_t>(integral);
      w[i] = scales[i / shape.k] * integral;
    } else {
      w[i] = type == Type::kBf16 ? integral * kInputScale : normal(random);
    }
    const void* stored = type == Type::kI8     ? static_cast<const void*>(&w8[i])
                         : type == Type::kBf16 ? static_cast<const void*>(&half)
                                               : &w[i];
    std::memcpy(next, stored, size_of(type));
    next += size_of(type);
  }
}

float Problem::pixel_input(int64_t token, int64_t output, int64_t j) const {
  const int64_t image = token / op.pixels(), pixel = token % op.pixels();
  const int64_t group = output / (shape.n / op.groups), taps = op.kernel * op.kernel;
  const int64_t channel = group * (op.channels / op.groups) + j / taps;
  const int64_t row = pixel / op.out_size() * op.stride + j % taps / op.kernel - op.kernel / 2;
  const int64_t column = pixel % op.out_size() * op.stride + j % op.kernel - op.kernel / 2;
  if (row < 0 || row >= op.size || column < 0 || column >= op.size) return 0;
  return x[((image * op.channels + channel) * op.size + row) * op.size + column];
}

void Problem::reference(int64_t token, int64_t output, double* y, double* magnitude) const {
  double sum = 0, absolute = 0;
  if (op.kind == Operation::kWeightGradient) {
    for (int64_t i = 0; i < shape.m; ++i) {
      const double product = double{dy[i * shape.n + token]} * x[i * shape.k + output];
      sum += product;
      absolute += std::fabs(product);
    }
    *y = sum;
    *magnitude = absolute;
    return;
  }
  for (int64_t j = 0; j < shape.k; ++j) {
    const float in = op.kind == Operation::kConv ? pixel_input(token, output, j)
                                                 : x[token * shape.k + j];
    const double product = double{in} *
                           (type == Type::kI8 ? double{scales[output]} * w8[output * shape.k + j]
                                              : double{w[output * shape.k + j]});
    sum += product;
    absolute += std::fabs(product);
  }
  *y = sum;
  *magnitude = absolute;
}

}  // namespace bench
