// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Element-wise function of one tensor. The order is the code of the C API: append only. */
public enum UnaryOp {
  /** {@code y = x}. */
  IDENTITY,
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
  TANH,
  /** {@code y = min(max(x, p0), p1)}; NaN stays NaN. */
  CLIP,
  /** {@code y = sqrt(x)}. */
  SQRT,
  /** {@code y = exp(x)}. */
  EXP,
  /** {@code y = ln(x)}. */
  LOG,
  /** {@code y = -x}. */
  NEG,
  /** {@code y = |x|}. */
  ABS,
  /** {@code y = x^2}. */
  SQUARE,
  /** {@code y = x > 0 ? x : p0 * x}. */
  LEAKY_RELU,
  /** {@code y = x > 0 ? x : p0 * (exp(x) - 1)}. */
  ELU,
  /** {@code y = ln(1 + exp(x))}. */
  SOFTPLUS,
  /** {@code y = erf(x)}. */
  ERF,
  /** {@code y = 1 / x}. */
  RECIPROCAL,
  /** {@code y = p0 * x + p1}. */
  AFFINE
}
