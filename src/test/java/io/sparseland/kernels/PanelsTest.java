// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each operation on panels against the same on rows. */
class PanelsTest {

  private static final int[] TOKENS = {1, 5, 16, 17, 32, 33, 48, 49, 67};

  static Stream<String> levels() {
    return Kernels.levels().stream();
  }

  @Test
  void token_33_is_the_first_of_a_panel_of_16() {
    Tensor rows = Tensor.allocate(ElementType.FLOAT32, 33, 2);
    for (int i = 0; i < 66; i++) {
      rows.floats().put(i, i);
    }

    float[] panels = panels(Kernels.of("java"), rows).toArray();

    assertThat(panels).hasSize(48 * 2);
    assertThat(panels[0]).isEqualTo(0); // token 0, feature 0
    assertThat(panels[31]).isEqualTo(62); // token 31, feature 0
    assertThat(panels[32]).isEqualTo(1); // token 0, feature 1
    assertThat(panels[64]).isEqualTo(64); // token 32, feature 0
    assertThat(panels[80]).isEqualTo(65); // token 32, feature 1
  }

  @ParameterizedTest
  @MethodSource("levels")
  void rows_come_back_from_panels(String level) {
    Kernels kernels = Kernels.of(level);
    for (int m : TOKENS) {
      for (int k : new int[] {1, 4, 19, 64}) {
        Tensor x = new Samples(m).tensor(m, k);
        assertThat(rows(kernels, panels(kernels, x)).toArray()).isEqualTo(x.toArray());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void linear_layers_take_and_give_either_layout_with_a_residual(String level) {
    Kernels kernels = Kernels.of(level);
    for (int m : TOKENS) {
      for (boolean sparse : new boolean[] {true, false}) {
        Samples samples = new Samples(m);
        Tensor x = samples.tensor(m, 70);
        Tensor residual = samples.tensor(m, 37);
        Tensor bias = samples.tensor(37);
        try (PackedWeights w = samples.matrix(37, 70, sparse ? 0.8 : 0).pack(kernels, sparse)) {
          Tensor expected = Tensor.allocate(ElementType.FLOAT32, m, 37);
          kernels.linear(w, bias, Activation.RELU, x, expected);
          kernels.binary(BinaryOp.ADD, expected, residual, expected);
          for (Tensor in : List.of(x, panels(kernels, x))) {
            for (Tensor added : List.of(residual, panels(kernels, residual))) {
              Tensor y = Tensor.allocate(added.layout(), ElementType.FLOAT32, m, 37);
              kernels.linear(w, bias, Activation.RELU, added, in, y);
              close(y, expected, kernels, 71 * 71);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void norms_functions_and_sums_are_those_of_rows(String level) {
    Kernels kernels = Kernels.of(level);
    for (int m : TOKENS) {
      Samples samples = new Samples(m);
      Tensor x = samples.tensor(m, 50);
      Tensor other = samples.tensor(m, 50);
      Tensor scale = samples.tensor(50);
      Tensor shift = samples.tensor(50);
      Tensor px = panels(kernels, x);
      Tensor pOther = panels(kernels, other);
      Tensor y = Tensor.allocate(ElementType.FLOAT32, m, 50);
      Tensor py = Tensor.allocate(Layout.PANELS, ElementType.FLOAT32, m, 50);

      kernels.layerNorm(x, scale, shift, 1e-5f, y);
      kernels.layerNorm(px, scale, shift, 1e-5f, py);
      close(py, y, kernels, 4);
      kernels.softmax(-1, false, x, y);
      kernels.softmax(1, false, px, py);
      close(py, y, kernels, 50);
      kernels.unary(UnaryOp.GELU, 0, 0, x, y);
      kernels.unary(UnaryOp.GELU, 0, 0, px, py);
      close(py, y, kernels, 0);
      kernels.binary(BinaryOp.SUB, x, other, y);
      kernels.binary(BinaryOp.SUB, px, pOther, py);
      close(py, y, kernels, 0);
      kernels.binary(BinaryOp.SUB, scale, x, y);
      kernels.binary(BinaryOp.SUB, scale, px, py);
      close(py, y, kernels, 0);
      Tensor two = Tensor.of(new float[] {2}, 1);
      kernels.binary(BinaryOp.MUL, x, two, y);
      kernels.binary(BinaryOp.MUL, px, two, px); // in place
      close(px, y, kernels, 0);
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void panels_have_the_same_bits_for_any_number_of_threads(String level) {
    Kernels kernels = Kernels.of(level);
    int before = Threads.count();
    Samples samples = new Samples(3);
    Tensor x = panels(kernels, samples.tensor(130, 300));
    Tensor norm = samples.tensor(700);
    Tensor hidden = Tensor.allocate(Layout.PANELS, ElementType.FLOAT32, 130, 700);
    try (PackedWeights w = samples.matrix(700, 300, 0.5).pack(kernels, true)) {
      float[][] found = new float[2][];
      for (int threads : new int[] {1, 3}) {
        Threads.set(threads);
        kernels.linear(w, null, Activation.GELU, null, x, hidden);
        kernels.layerNorm(hidden, norm, norm, 1e-5f, hidden);
        found[threads / 3] = rows(kernels, hidden).toArray();
      }
      assertThat(found[1]).isEqualTo(found[0]);
    } finally {
      Threads.set(before);
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void products_read_and_write_turned_tensors_as_if_they_were_transposed(String level) {
    Kernels kernels = Kernels.of(level);
    Samples samples = new Samples(8);
    Tensor q = samples.tensor(2, 21, 3, 40); // [batch, seq, heads, part]
    Tensor k = samples.tensor(2, 18, 3, 40);
    Tensor tq = Tensor.allocate(ElementType.FLOAT32, 2, 3, 21, 40);
    Tensor tk = Tensor.allocate(ElementType.FLOAT32, 2, 3, 40, 18);
    kernels.transpose(new int[] {0, 2, 1, 3}, q, tq);
    kernels.transpose(new int[] {0, 2, 3, 1}, k, tk);
    Tensor product = Tensor.allocate(ElementType.FLOAT32, 2, 3, 21, 18);
    kernels.matmul(tq, tk, product);
    Tensor expected = Tensor.allocate(ElementType.FLOAT32, 2, 21, 3, 18);
    kernels.transpose(new int[] {0, 2, 1, 3}, product, expected);

    Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, 21, 3, 18);
    kernels.matmul(
        new Turned(q, List.of(0, 2, 1, 3)),
        new Turned(k, List.of(0, 2, 3, 1)),
        new Turned(y, List.of(0, 2, 1, 3)));

    assertThat(y.toArray()).isEqualTo(expected.toArray());
  }

  @Test
  void panels_are_refused_where_rows_are_needed() {
    Kernels kernels = Kernels.best();
    Tensor x = new Samples(1).tensor(20, 6);
    Tensor px = panels(kernels, x);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 6, 20);
    Tensor same = Tensor.allocate(ElementType.FLOAT32, 20, 6);
    refused("transpose: x is FLOAT32[20, 6] in panels", () -> kernels.transpose(order(), px, y));
    refused("softmax: axis 0", () -> kernels.softmax(0, false, px, px));
    refused("unary: y is FLOAT32[20, 6]", () -> kernels.unary(UnaryOp.ABS, 0, 0, px, same));
    refused("binary: b is", () -> kernels.binary(BinaryOp.ADD, x, px, same));
    refused("binary: FLOAT32[20, 6] to", () -> kernels.binary(BinaryOp.ADD, px, x, px));
    refused("reduce: x is", () -> kernels.reduce(ReduceOp.SUM, new int[] {0, 1}, px, same));
    refused("matmul: a is", () -> kernels.matmul(px, y, same));
    refused("convert: y is", () -> kernels.convert(x, same));
    refused("matmul: y turned", () -> turnedColumns(kernels, x));
    refused("shape [10, 12]", () -> px.reshape(10, 12));
    refused("panels of INT64[4]", () -> Tensor.allocate(Layout.PANELS, ElementType.INT64, 4));
    assertThat(px.reshape(4, 5, 6).layout()).isEqualTo(Layout.PANELS);
  }

  private static void turnedColumns(Kernels kernels, Tensor x) {
    Tensor square = Tensor.allocate(ElementType.FLOAT32, 20, 20);
    kernels.matmul(Turned.of(x), new Turned(x, List.of(1, 0)), new Turned(square, List.of(1, 0)));
  }

  private static int[] order() {
    return new int[] {1, 0};
  }

  private static void refused(String message, Runnable call) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessageStartingWith(message);
  }

  /** Within that many units of 2^-24 of the largest expected value. */
  private static void close(Tensor y, Tensor expected, Kernels kernels, double units) {
    float[] found = (y.layout() == Layout.PANELS ? rows(kernels, y) : y).toArray();
    float[] wanted = expected.toArray();
    double top = 0;
    for (float value : wanted) {
      top = Math.max(top, Math.abs(value));
    }
    assertThat(found).hasSameSizeAs(wanted);
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i])
          .as("%s, element %d of %s", kernels.name(), i, expected)
          .isCloseTo(wanted[i], within(units * Reference.U * top));
    }
  }

  private static Tensor panels(Kernels kernels, Tensor rows) {
    Tensor panels = Tensor.allocate(Layout.PANELS, ElementType.FLOAT32, rows.shape());
    kernels.convert(rows, panels);
    return panels;
  }

  private static Tensor rows(Kernels kernels, Tensor panels) {
    Tensor rows = Tensor.allocate(ElementType.FLOAT32, panels.shape());
    kernels.convert(panels, rows);
    return rows;
  }
}
