// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.apache.commons.math3.special.Erf;

/** Slow fp64 versions of the operations, and the comparison with its bound. */
final class Reference {

  /** Half a unit in the last place of fp32, relative. */
  static final double U = Math.pow(2, -24);

  private Reference() {}

  /** A sum of products with what bounds its error. */
  record Sum(double value, double magnitude, int terms) {

    /** {@code terms * 2^-24 * sum|w * x|}, and one more rounding for an added bias. */
    double bound() {
      // 1.01: the bound is of first order; 1e-44: each term may lose half a denormal
      return 1.01 * (terms + 1) * U * magnitude + (terms + 1) * 1.4e-45;
    }
  }

  /** Row r of the matrix times a column whose element i is given by the function. */
  static Sum dot(Samples.Matrix w, int row, java.util.function.IntToDoubleFunction x, double bias) {
    double sum = 0;
    double magnitude = Math.abs(bias);
    int terms = 0;
    for (int i = 0; i < w.k(); i++) {
      int at = row * w.k() + i;
      if (w.kept()[at]) {
        double product = (double) w.values()[at] * x.applyAsDouble(i);
        sum += product;
        magnitude += Math.abs(product);
        terms++;
      }
    }
    return new Sum(sum + bias, magnitude, terms);
  }

  /** Equal within the bound; NaN meets NaN, infinity the same infinity. */
  static void close(float found, double expected, double bound, String what) {
    if (Double.isNaN(expected)) {
      assertThat(found).as(what).isNaN();
    } else if (Double.isInfinite(expected) || Math.abs(expected) > Float.MAX_VALUE) {
      assertThat((double) found)
          .as(what)
          .isEqualTo(Math.signum(expected) * Double.POSITIVE_INFINITY);
    } else if (!(Math.abs(found - expected) <= bound)) { // the assertion costs more than the kernel
      assertThat((double) found).as(what).isCloseTo(expected, within(bound));
    }
  }

  static double unary(UnaryOp op, double p0, double p1, double x) {
    return switch (op) {
      case IDENTITY -> x;
      case RELU -> Math.max(x, 0);
      case GELU -> x == Double.NEGATIVE_INFINITY ? 0 : x * 0.5 * Erf.erfc(-x / Math.sqrt(2));
      case GELU_TANH ->
          x == Double.NEGATIVE_INFINITY
              ? 0
              : 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case SILU -> x == Double.NEGATIVE_INFINITY ? 0 : x / (1 + Math.exp(-x));
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case TANH -> Math.tanh(x);
      case CLIP -> Math.min(Math.max(x, p0), p1);
      case SQRT -> Math.sqrt(x);
      case EXP -> Math.exp(x);
      case LOG -> Math.log(x);
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case SQUARE -> x * x;
      case LEAKY_RELU -> x > 0 ? x : p0 * x;
      case ELU -> x > 0 ? x : p0 * Math.expm1(x);
      case SOFTPLUS -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
      case ERF -> Erf.erf(x);
      case RECIPROCAL -> 1 / x;
      case AFFINE -> p0 * x + p1;
    };
  }

  static double activation(Activation act, double x) {
    return act == Activation.NONE ? x : unary(UnaryOp.valueOf(act.name()), 0, 0, x);
  }

  /** Error of a function built on exp or erf: some units of the result or, below 1, 2e-7. */
  static double functionBound(double x, double y) {
    return 8 * U * Math.max(Math.abs(y), Math.min(1, Math.abs(x))) + 1e-38;
  }
}
