// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Pooling of each level: values worked out by hand, and all shapes against fp64. */
class PoolingTest {

  static Stream<String> levels() {
    return Kernels.levels().stream();
  }

  @ParameterizedTest
  @MethodSource("levels")
  void pools_as_worked_out_by_hand(String level) {
    // 1 2 3      2x2, stride 2, padding 1: windows {1}, {2,3}, {4,7}, {5,6,8,9}
    // 4 5 6
    // 7 8 9
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 1, 3, 3);

    assertThat(pool(level, PoolShape.Kind.MAX, false, x)).containsExactly(1, 3, 7, 9);
    assertThat(pool(level, PoolShape.Kind.AVERAGE, false, x)).containsExactly(1, 2.5f, 5.5f, 7);
    assertThat(pool(level, PoolShape.Kind.AVERAGE, true, x))
        .containsExactly(0.25f, 1.25f, 2.75f, 7);
  }

  @ParameterizedTest
  @MethodSource("levels")
  void equals_fp64_for_every_shape(String level) {
    List<PoolShape> shapes =
        List.of(
            PoolShape.square(PoolShape.Kind.MAX, 2, 2),
            PoolShape.square(PoolShape.Kind.AVERAGE, 3, 1),
            new PoolShape(PoolShape.Kind.MAX, 3, 2, 2, 3, 1, 1, true, true),
            new PoolShape(PoolShape.Kind.AVERAGE, 3, 3, 2, 2, 1, 1, true, true),
            new PoolShape(PoolShape.Kind.AVERAGE, 3, 3, 2, 2, 1, 1, true, false));
    for (PoolShape s : shapes) {
      for (int size : new int[] {3, 8, 17, 36}) {
        Tensor x = new Samples(size).tensor(2, 3, size, size + 1);
        int outH = s.outputH(size);
        int outW = s.outputW(size + 1);
        Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, 3, outH, outW);
        Kernels.of(level).pool2d(s, x, y);
        float[] in = x.toArray();
        float[] out = y.toArray();
        for (int i = 0; i < out.length; i++) {
          double expected =
              window(s, in, i / outW / outH, size, size + 1, i / outW % outH, i % outW);
          Reference.close(out[i], expected, 16 * Reference.U * 4, level + " " + s + " at " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void nan_wins_a_maximum(String level) {
    Tensor x = Tensor.of(new float[] {1, Float.NaN, 3, 4}, 1, 1, 2, 2);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 1, 1, 1, 1);

    Kernels.of(level).pool2d(PoolShape.square(PoolShape.Kind.MAX, 2, 2), x, y);

    assertThat(y.toArray()[0]).isNaN();
  }

  @Test
  void a_ceiling_window_that_starts_in_the_right_padding_does_not_count() {
    // size 3, kernel 2, stride 3, padding 1: windows start at -1, 2; ceil would give one at 5
    PoolShape s = new PoolShape(PoolShape.Kind.MAX, 2, 2, 3, 3, 1, 1, true, true);

    assertThat(s.outputH(3)).isEqualTo(2);
  }

  private static float[] pool(String level, PoolShape.Kind kind, boolean countPadding, Tensor x) {
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 1, 1, 2, 2);
    Kernels.of(level).pool2d(new PoolShape(kind, 2, 2, 2, 2, 1, 1, false, countPadding), x, y);
    return y.toArray();
  }

  private static double window(
      PoolShape s, float[] x, int plane, int height, int width, int oh, int ow) {
    int h0 = oh * s.strideH() - s.padH();
    int v0 = ow * s.strideW() - s.padW();
    double max = Double.NEGATIVE_INFINITY;
    double sum = 0;
    int real = 0;
    int padded = 0;
    for (int h = h0; h < h0 + s.kernelH(); h++) {
      for (int v = v0; v < v0 + s.kernelW(); v++) {
        if (h < height + s.padH() && v < width + s.padW()) {
          padded++;
        }
        if (h >= 0 && h < height && v >= 0 && v < width) {
          double value = x[(plane * height + h) * width + v];
          max = Math.max(max, value);
          sum += value;
          real++;
        }
      }
    }
    return s.kind() == PoolShape.Kind.MAX ? max : sum / (s.countPadding() ? padded : real);
  }
}
