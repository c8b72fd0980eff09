// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.nio.FloatBuffer;

/** Element-wise operations; functions are computed in double and rounded once. */
final class JavaPointwise {

  private static final int CHUNK = 1 << 14;
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

  private JavaPointwise() {}

  static void unary(UnaryOp op, float p0, float p1, Tensor x, Tensor y) {
    int n = x.size();
    JavaWorkers.run(
        (n + CHUNK - 1) / CHUNK,
        task -> {
          float[] v = new float[Math.min(CHUNK, n - task * CHUNK)];
          x.floats().get(task * CHUNK, v);
          apply(op, p0, p1, v, v.length);
          y.floats().put(task * CHUNK, v);
        });
  }

  static void apply(UnaryOp op, float p0, float p1, float[] v, int n) {
    if (op == UnaryOp.RELU) {
      for (int i = 0; i < n; i++) {
        v[i] = Math.max(v[i], 0f);
      }
      return;
    }
    for (int i = 0; i < n; i++) {
      v[i] = apply(op, p0, p1, v[i]);
    }
  }

  private static float apply(UnaryOp op, float p0, float p1, float x) {
    return switch (op) {
      case IDENTITY -> x;
      case RELU -> Math.max(x, 0f);
      case GELU -> gelu(x);
      case GELU_TANH ->
          Float.isInfinite(x)
              ? (x > 0 ? x : 0f)
              : (float)
                  (0.5 * x * (1 + Math.tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * (double) x * x))));
      case SILU -> x == Float.NEGATIVE_INFINITY ? 0f : (float) (x / (1 + Math.exp(-(double) x)));
      case SIGMOID -> (float) (1 / (1 + Math.exp(-(double) x)));
      case TANH -> (float) Math.tanh(x);
      case CLIP -> Math.min(Math.max(x, p0), p1);
      case SQRT -> (float) Math.sqrt(x);
      case EXP -> (float) Math.exp(x);
      case LOG -> (float) Math.log(x);
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case SQUARE -> x * x;
      case LEAKY_RELU -> x > 0 ? x : p0 * x;
      case ELU -> x > 0 ? x : (float) (p0 * Math.expm1(x));
      case SOFTPLUS -> (float) (Math.max(x, 0.0) + Math.log1p(Math.exp(-Math.abs((double) x))));
      case ERF -> (float) erf(x);
      case RECIPROCAL -> 1 / x;
      case AFFINE -> p0 * x + p1;
    };
  }

  private static float gelu(float x) {
    if (Float.isInfinite(x)) {
      return x > 0 ? x : 0f;
    }
    return (float) (0.5 * x * (1 + erf(x * SQRT_HALF)));
  }

  /** {@code 2/sqrt(pi) * exp(-x^2) * sum 2^n x^(2n+1) / (2n+1)!!}: all terms of one sign. */
  static double erf(double x) {
    if (Double.isNaN(x) || Math.abs(x) >= 6) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  static void channelAffine(
      int outer, int channels, int inner, Tensor x, Tensor scale, Tensor shift, Tensor y) {
    float[] scales = scale.toArray();
    float[] shifts = shift.toArray();
    JavaWorkers.run(
        outer * channels,
        plane -> {
          float[] v = new float[inner];
          x.floats().get(plane * inner, v);
          float a = scales[plane % channels];
          float b = shifts[plane % channels];
          for (int i = 0; i < inner; i++) {
            v[i] = v[i] * a + b;
          }
          y.floats().put(plane * inner, v);
        });
  }

  static void binary(BinaryOp op, Broadcast plan, Tensor a, Tensor b, Tensor y) {
    int rank = plan.sizes().length;
    int n = plan.sizes()[rank - 1];
    int stepA = plan.stepsA()[rank - 1];
    int stepB = plan.stepsB()[rank - 1];
    FloatBuffer inA = a.floats();
    FloatBuffer inB = b.floats();
    FloatBuffer out = y.floats();
    int[] at = new int[rank];
    int offsetA = 0;
    int offsetB = 0;
    for (int row = 0; row < y.size(); row += n) {
      for (int i = 0; i < n; i++) {
        out.put(row + i, combine(op, inA.get(offsetA + i * stepA), inB.get(offsetB + i * stepB)));
      }
      for (int d = rank - 2; d >= 0; d--) {
        offsetA += plan.stepsA()[d];
        offsetB += plan.stepsB()[d];
        if (++at[d] < plan.sizes()[d]) {
          break;
        }
        offsetA -= plan.stepsA()[d] * plan.sizes()[d];
        offsetB -= plan.stepsB()[d] * plan.sizes()[d];
        at[d] = 0;
      }
    }
  }

  /** y += x, of the same layout, padding included. */
  static void add(Tensor x, Tensor y) {
    FloatBuffer from = x.floats();
    FloatBuffer to = y.floats();
    for (int i = 0; i < to.limit(); i++) {
      to.put(i, to.get(i) + from.get(i));
    }
  }

  private static float combine(BinaryOp op, float a, float b) {
    return switch (op) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case POW -> (float) Math.pow(a, b);
    };
  }
}
