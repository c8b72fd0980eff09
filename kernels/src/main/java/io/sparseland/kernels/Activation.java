// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Function fused behind a linear layer or a convolution. The order is the code of the C API. */
public enum Activation {
  /** {@code y = x}. */
  NONE,
  /** {@code y = max(x, 0)}; NaN stays NaN. */
  RELU,
  /** {@code y = x * (1 + erf(x / sqrt 2)) / 2}. */
  GELU,
  /** {@code y = x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2}. */
  GELU_TANH,
  /** {@code y = x / (1 + exp(-x))}. */
  SILU,
  /** {@code y = 1 / (1 + exp(-x))}. */
  SIGMOID,
  /** {@code y = tanh(x)}. */
  TANH;

  /** The same function as an operation of its own; null for {@link #NONE}. */
  @org.jspecify.annotations.Nullable
  UnaryOp unary() {
    return this == NONE ? null : UnaryOp.valueOf(name());
  }
}
