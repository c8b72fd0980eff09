// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Soft-max, layer norm, reductions and matrix products of each level against fp64. */
class RowsTest {

  private static final int[] SIZES = {1, 2, 7, 8, 9, 16, 17, 33, 131};

  static Stream<String> levels() {
    return Kernels.levels().stream();
  }

  @ParameterizedTest
  @MethodSource("levels")
  void soft_max_stays_within_its_bound(String level) {
    for (int n : SIZES) {
      for (int inner : new int[] {1, 3, 16, 21}) {
        for (boolean log : new boolean[] {false, true}) {
          Tensor x = new Samples(n).tensor(2, n, inner);
          Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, n, inner);
          Kernels.of(level).softmax(1, log, x, y);
          float[] in = x.toArray();
          for (int i = 0; i < in.length; i++) {
            int base = i / (n * inner) * n * inner + i % inner;
            double sum = 0;
            for (int j = 0; j < n; j++) {
              sum += Math.exp(in[base + j * inner]);
            }
            double p = log ? in[i] - Math.log(sum) : Math.exp(in[i]) / sum;
            // the sum's error (n roundings) and a few units for exp, log and the division
            double bound = (n + 12) * Reference.U * Math.max(Math.abs(p), log ? 4 : 0);
            Reference.close(y.toArray()[i], p, bound, level + " n=" + n + " inner=" + inner);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void soft_max_survives_large_values_and_shows_nan(String level) {
    Tensor x = Tensor.of(new float[] {1000, 1000, -1000, 1, Float.NaN, 2}, 2, 3);

    Kernels.of(level).softmax(-1, false, x, x);

    assertThat(x.toArray()).containsExactly(0.5f, 0.5f, 0, Float.NaN, Float.NaN, Float.NaN);
  }

  @ParameterizedTest
  @MethodSource("levels")
  void layer_norm_stays_within_its_bound(String level) {
    for (int n : SIZES) {
      Samples samples = new Samples(n);
      float[] in = samples.normal(3 * n);
      for (int i = 0; i < n; i++) {
        in[i] += 1000; // mean far from zero
      }
      Tensor scale = samples.tensor(n);
      Tensor shift = samples.tensor(n);
      Tensor y = Tensor.allocate(ElementType.FLOAT32, 3, n);
      Kernels.of(level).layerNorm(Tensor.of(in, 3, n), scale, shift, 1e-5f, y);
      for (int i = 0; i < in.length; i++) {
        double mean = 0;
        double variance = 0;
        for (int j = i / n * n; j < i / n * n + n; j++) {
          mean += in[j] / (double) n;
        }
        for (int j = i / n * n; j < i / n * n + n; j++) {
          variance += (in[j] - mean) * (in[j] - mean) / n;
        }
        double a = scale.toArray()[i % n];
        double b = shift.toArray()[i % n];
        double z = (in[i] - mean) / Math.sqrt(variance + 1e-5f);
        double bound = 4 * Reference.U * (Math.abs(z * a) + Math.abs(b)) + 1e-9;
        Reference.close(y.toArray()[i], z * a + b, bound, level + " n=" + n + " at " + i);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void reduces_any_axes(String level) {
    Tensor x = new Samples(9).tensor(3, 5, 4, 19);
    int[][] axes = {{3}, {0}, {1, 2}, {2, 3}, {0, 2}, {-1, 1}, {0, 1, 2, 3}, {}};
    for (int[] some : axes) {
      int[] kept = {3, 5, 4, 19};
      for (int axis : some) {
        kept[axis < 0 ? axis + 4 : axis] = 1;
      }
      for (ReduceOp op : ReduceOp.values()) {
        Tensor y = Tensor.allocate(ElementType.FLOAT32, kept);
        Kernels.of(level).reduce(op, some, x, y);
        double[] sums = new double[y.size()];
        double[] magnitudes = new double[y.size()];
        double[] tops = new double[y.size()];
        java.util.Arrays.fill(tops, Double.NEGATIVE_INFINITY);
        float[] in = x.toArray();
        for (int i = 0; i < in.length; i++) {
          int at = 0;
          for (int d = 0, rest = in.length; d < 4; d++) {
            rest /= x.dimension(d);
            at = at * kept[d] + i / rest % x.dimension(d) % kept[d];
          }
          sums[at] += in[i];
          magnitudes[at] += Math.abs(in[i]);
          tops[at] = Math.max(tops[at], in[i]);
        }
        int n = in.length / y.size();
        for (int i = 0; i < y.size(); i++) {
          double expected =
              op == ReduceOp.MAX ? tops[i] : op == ReduceOp.SUM ? sums[i] : sums[i] / n;
          double bound = (n + 1) * Reference.U * magnitudes[i] / (op == ReduceOp.MEAN ? n : 1);
          Reference.close(y.toArray()[i], expected, bound, level + " " + op + " at " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void a_reduction_may_leave_its_axes_out(String level) {
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 2);

    Kernels.of(level)
        .reduce(ReduceOp.MEAN, new int[] {1}, Tensor.of(new float[] {1, 3, 5, 9}, 2, 2), y);

    assertThat(y.toArray()).containsExactly(2, 7);
  }

  @ParameterizedTest
  @MethodSource("levels")
  void matrix_products_stay_within_the_bound(String level) {
    int[][][] shapes = {
      {{1, 1}, {1, 1}, {1, 1}},
      {{50, 17}, {17, 33}, {50, 33}},
      {{3, 2, 9, 8}, {3, 2, 8, 20}, {3, 2, 9, 20}},
      {{4, 7, 300}, {300, 5}, {4, 7, 5}},
      {{5, 6}, {2, 3, 6, 4}, {2, 3, 5, 4}},
    };
    for (int[][] shape : shapes) {
      Samples samples = new Samples(4);
      Tensor a = samples.tensor(shape[0]);
      Tensor b = samples.tensor(shape[1]);
      Tensor y = Tensor.allocate(ElementType.FLOAT32, shape[2]);
      Kernels.of(level).matmul(a, b, y);
      int m = y.dimension(y.rank() - 2);
      int n = y.dimension(y.rank() - 1);
      int k = a.dimension(a.rank() - 1);
      for (int i = 0; i < y.size(); i++) {
        int batch = i / (m * n);
        int atA = (a.rank() == y.rank() ? batch * m * k : 0) + i / n % m * k;
        int atB = (b.rank() == y.rank() ? batch * k * n : 0) + i % n;
        double sum = 0;
        double magnitude = 0;
        for (int j = 0; j < k; j++) {
          double product = (double) a.floats().get(atA + j) * b.floats().get(atB + j * n);
          sum += product;
          magnitude += Math.abs(product);
        }
        Reference.close(
            y.floats().get(i), sum, 1.01 * k * Reference.U * magnitude, level + " " + y + " " + i);
      }
    }
  }
}
