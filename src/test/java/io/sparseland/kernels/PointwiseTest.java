// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Element-wise operations of each level against fp64. */
class PointwiseTest {

  private static final float[] SPECIALS = {
    0f,
    -0f,
    1e-41f,
    -1e-41f,
    1e-30f,
    -1e-30f,
    1e30f,
    -1e30f,
    3.4e38f,
    -3.4e38f,
    88.7f,
    -88.7f,
    -104f,
    100f,
    6f,
    -6f,
    -6.5f,
    0.625f,
    1f,
    -1f,
    2f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY
  };

  static Stream<String> levels() {
    return Kernels.levels().stream();
  }

  static Stream<Arguments> levelsAndOperations() {
    return levels()
        .flatMap(
            level -> Stream.of(UnaryOp.values()).map(operation -> Arguments.of(level, operation)));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("levelsAndOperations")
  void a_function_stays_within_its_bound(String level, UnaryOp op) {
    float[] values = new float[20_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i - 10_000) * 1.7e-3f;
    }
    System.arraycopy(SPECIALS, 0, values, 0, SPECIALS.length);
    Tensor x = Tensor.of(values, values.length);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, values.length);

    Kernels.of(level).unary(op, -0.3f, 0.8f, x, y);

    float[] out = y.toArray();
    for (int i = 0; i < out.length; i++) {
      double expected = Reference.unary(op, -0.3f, 0.8f, values[i]);
      double bound =
          op == UnaryOp.AFFINE
              ? 2 * Reference.U * (Math.abs(0.3 * values[i]) + 0.8)
              : Reference.functionBound(values[i], expected);
      Reference.close(out[i], expected, bound, level + " " + op + " of " + values[i]);
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void binary_operations_broadcast_as_numpy(String level) {
    int[][][] shapes = {
      {{5}, {5}, {5}},
      {{3, 37}, {37}, {3, 37}},
      {{3, 37}, {3, 1}, {3, 37}},
      {{1}, {2, 9}, {2, 9}},
      {{2, 1, 5, 1}, {3, 1, 8}, {2, 3, 5, 8}},
      {{4, 3, 2, 2}, {1, 3, 1, 1}, {4, 3, 2, 2}},
      {{}, {}, {}},
      {{1, 20_000}, {2, 1}, {2, 20_000}},
    };
    for (int[][] shape : shapes) {
      for (BinaryOp op : BinaryOp.values()) {
        Samples samples = new Samples(2);
        Tensor a = samples.tensor(shape[0]);
        Tensor b = samples.tensor(shape[1]);
        if (op == BinaryOp.POW) {
          Kernels.of("java").unary(UnaryOp.ABS, 0, 0, a, a);
        }
        Tensor y = Tensor.allocate(ElementType.FLOAT32, shape[2]);
        Kernels.of(level).binary(op, a, b, y);
        compare(level, op, a, b, y);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void a_maximum_with_nan_is_nan(String level) {
    Tensor a = Tensor.of(new float[] {Float.NaN, 1, 2}, 3);
    Tensor b = Tensor.of(new float[] {1, Float.NaN, 1}, 3);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 3);

    Kernels.of(level).binary(BinaryOp.MAX, a, b, y);
    assertThat(y.toArray()).containsExactly(Float.NaN, Float.NaN, 2);
    Kernels.of(level).binary(BinaryOp.MIN, a, b, y);
    assertThat(y.toArray()).containsExactly(Float.NaN, Float.NaN, 1);
  }

  @ParameterizedTest
  @MethodSource("levels")
  void works_in_place(String level) {
    Tensor x = Tensor.of(new float[] {-1, 2, -3}, 3);

    Kernels.of(level).unary(UnaryOp.RELU, 0, 0, x, x);
    Kernels.of(level).binary(BinaryOp.ADD, x, x, x);

    assertThat(x.toArray()).containsExactly(0, 4, 0);
  }

  @ParameterizedTest
  @MethodSource("levels")
  void scales_and_shifts_each_channel(String level) {
    // x [2, 2, 2] = 1..8, scale [2, -1], shift [1, 0]
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, 2, 2);

    Kernels.of(level)
        .channelAffine(x, Tensor.of(new float[] {2, -1}, 2), Tensor.of(new float[] {1, 0}, 2), y);

    assertThat(y.toArray()).containsExactly(3, 5, -3, -4, 11, 13, -7, -8);
  }

  private static void compare(String level, BinaryOp op, Tensor a, Tensor b, Tensor y) {
    float[] inA = a.toArray();
    float[] inB = b.toArray();
    float[] out = y.toArray();
    for (int i = 0; i < out.length; i++) {
      double u = inA[index(a.shape(), y.shape(), i)];
      double v = inB[index(b.shape(), y.shape(), i)];
      double expected =
          switch (op) {
            case ADD -> u + v;
            case SUB -> u - v;
            case MUL -> u * v;
            case DIV -> u / v;
            case MAX -> Math.max(u, v);
            case MIN -> Math.min(u, v);
            case POW -> Math.pow(u, v);
          };
      Reference.close(out[i], expected, 2 * Reference.U * Math.abs(expected), level + " " + op);
    }
  }

  /** Flat index in a broadcast operand of element i of the result. */
  private static int index(int[] shape, int[] result, int i) {
    int index = 0;
    int step = 1;
    for (int d = 1; d <= shape.length; d++) {
      int n = shape[shape.length - d];
      index += (n == 1 ? 0 : i % result[result.length - d]) * step;
      i /= result[result.length - d];
      step *= n;
    }
    return index;
  }
}
