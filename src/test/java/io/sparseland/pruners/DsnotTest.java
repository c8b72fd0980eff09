// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static io.sparseland.core.Fixtures.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Solution;
import io.sparseland.core.Statistic;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The worked case of algorithms/post-training.md section 8 and its invariants. */
class DsnotTest {

  private static final double THRESHOLD = 0.1 / 3; // per token; sequences of 3

  private static final double[][] X = {
    {-.9, .4, .3, .1, .9, -.6, -1, 1.2},
    {-.2, .8, -.5, -1.9, 0, -.4, -.9, .4},
    {-.3, .2, .5, 1.3, -1.3, .5, .1, 1.9},
    {.9, .4, .8, -.3, 1.1, .9, -.6, 1.2},
    {.5, .3, .9, .6, .2, 1, -.1, .6},
    {-.9, .8, 1, .4, -.7, .4, 1.7, .8}
  };

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void swaps_until_the_mean_output_is_back() {
    Solution found = swap(dsnot(50, false, false), start(Pattern.unstructured()));

    assertThat(bits(found.mask())).isEqualTo("01110001 01100011");
    assertThat(error(found.mask())).isCloseTo(6.224, within(1e-3));
  }

  @Test
  void a_swap_that_turns_the_sign_is_refused_if_asked() {
    Solution found = swap(dsnot(50, true, false), start(Pattern.unstructured()));

    assertThat(bits(found.mask())).isEqualTo("01011001 01101010");
    assertThat(error(found.mask())).isCloseTo(6.328, within(1e-3));
  }

  @Test
  void no_cycles_or_a_large_threshold_change_nothing() {
    Solution start = start(Pattern.unstructured());

    assertThat(bits(start.mask())).isEqualTo("10011001 11001010");
    assertThat(error(start.mask())).isCloseTo(6.934, within(1e-3));
    assertThat(swap(dsnot(0, false, false), start).mask()).isEqualTo(start.mask());
    Dsnot deaf = new Dsnot(Optional.of(50), 1e9, 1, false, false);
    assertThat(swap(deaf, start).mask()).isEqualTo(start.mask());
  }

  @Test
  void left_to_itself_it_swaps_one_twentieth_of_a_row_and_fifty_weights_at_most() {
    assertThat(swapsByDefault(40)).isEqualTo(2);
    assertThat(swapsByDefault(400)).isEqualTo(20);
    assertThat(swapsByDefault(2000)).isEqualTo(50);
  }

  @Test
  void groups_of_a_pattern_keep_their_number() {
    Solution found = swap(dsnot(50, false, false), start(Pattern.nm(2, 4)));

    assertThat(found.mask().pattern()).isEqualTo(Pattern.nm(2, 4));
    Pattern.nm(2, 4).verify(found.mask());
  }

  @Test
  void rows_keep_their_number_and_weights_their_dense_values() {
    Random random = new Random(4);
    for (int trial = 0; trial < 20; trial++) {
      int in = 16 + random.nextInt(40);
      Layer layer = Fixtures.linear(manager, "w", 3, in, Layerwise.weights(random, 3 * in));
      Evidence evidence = evidence(Layerwise.inputs(random, 60, in), 10);
      Solution start = Pruner.of(new Wanda()).solve(layer, evidence, 3L * (in / 2), null);

      Solution found = dsnot(50, false, false).rebuild(layer, start, evidence);

      for (int row = 0; row < 3; row++) {
        assertThat(found.mask().keptSet().get(row * in, row * in + in).cardinality())
            .isEqualTo(start.mask().keptSet().get(row * in, row * in + in).cardinality());
      }
      assertThat(found.weight().toDoubleArray()).isEqualTo(Layerwise.doubles(layer));
    }
  }

  @Test
  void guarded_rows_never_get_worse() {
    Random random = new Random(6);
    Layer layer = Fixtures.linear(manager, "w", 20, 32, Layerwise.weights(random, 640));
    double[][] x = Layerwise.inputs(random, 200, 32);
    Evidence evidence = evidence(x, 20);
    Solution start = Pruner.of(new Wanda()).solve(layer, evidence, 320, null);

    Solution free = dsnot(50, false, false).rebuild(layer, start, evidence);
    Solution guarded = dsnot(50, false, true).rebuild(layer, start, evidence);

    double[] before = rowErrors(layer, start.mask(), x);
    double[] worse = rowErrors(layer, free.mask(), x);
    double[] after = rowErrors(layer, guarded.mask(), x);
    int saved = 0;
    for (int row = 0; row < 20; row++) {
      assertThat(after[row]).isLessThanOrEqualTo(before[row] * (1 + 1e-6));
      saved += worse[row] > before[row] ? 1 : 0;
    }
    assertThat(saved).as("rows that needed the guard").isPositive();
  }

  @Test
  void whole_blocks_cannot_be_swapped() {
    Solution start = start(Pattern.block(1, 4));

    assertThatThrownBy(() -> swap(dsnot(50, false, false), start))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("does not go with pattern 1x4");
  }

  private static double[] rowErrors(Layer layer, Mask mask, double[][] x) {
    double[] w = Layerwise.doubles(layer);
    int in = layer.geometry().in();
    double[] errors = new double[layer.geometry().out()];
    for (int row = 0; row < errors.length; row++) {
      for (double[] token : x) {
        double lost = 0;
        for (int i = 0; i < in; i++) {
          lost += mask.get(row * in + i) ? 0 : w[row * in + i] * token[i];
        }
        errors[row] += lost * lost;
      }
    }
    return errors;
  }

  /** Swaps of a row whose error of 0.05 in falls by 0.6 a swap. */
  private int swapsByDefault(int in) {
    float[] w = new float[in];
    for (int i = 0; i < in; i++) {
      w[i] = i % 2 == 0 ? 0.1f : -0.5f;
    }
    Layer layer = Fixtures.linear(manager, "w", 1, in, w);
    double[][] x = new double[2][in];
    for (double[] token : x) {
      Arrays.fill(token, 1);
    }
    Evidence evidence = evidence(x, 1);
    Solution start = Pruner.of(new Wanda()).solve(layer, evidence, in / 2, null);
    Dsnot dsnot = new Dsnot(Optional.empty(), THRESHOLD, 0, false, false);

    BitSet moved = dsnot.rebuild(layer, start, evidence).mask().keptSet();
    moved.xor(start.mask().keptSet());
    return moved.cardinality() / 2;
  }

  private static Dsnot dsnot(int cycles, boolean sameSign, boolean guard) {
    return new Dsnot(Optional.of(cycles), THRESHOLD, 1, sameSign, guard);
  }

  private Solution swap(Dsnot dsnot, Solution start) {
    return dsnot.rebuild(layer(), start, evidence(X, 2));
  }

  private Solution start(Pattern pattern) {
    return Pruner.of(new Wanda()).with(pattern).solve(layer(), evidence(X, 2), 8, null);
  }

  private Layer layer() {
    float[] w = {
      -.7f, -.6f, -.6f, 1.1f, .9f, -.2f, .4f, -.5f, -.5f, 1.5f, -.4f, -.3f, .6f, -.2f, .9f, -.2f
    };
    return Fixtures.linear(manager, "w", 2, 8, w);
  }

  private double error(Mask mask) {
    double sum = 0;
    for (double row : rowErrors(layer(), mask, X)) {
      sum += row;
    }
    return sum;
  }

  private Evidence evidence(double[][] x, int sequences) {
    int n = x[0].length;
    int length = x.length / sequences;
    double[] mean = new double[n];
    double[] variance = new double[n];
    double[] squares = new double[n];
    for (int i = 0; i < n; i++) {
      for (int s = 0; s < sequences; s++) {
        double sum = 0;
        double square = 0;
        for (int t = s * length; t < (s + 1) * length; t++) {
          sum += x[t][i];
          square += x[t][i] * x[t][i];
        }
        mean[i] += sum / x.length;
        squares[i] += square / x.length;
        variance[i] += (square / length - sum / length * sum / length) / sequences;
      }
    }
    Evidence gram = Layerwise.gram(manager, x);
    return Evidence.of(
        Map.of(
            Statistic.INPUT_MEAN, manager.create(mean),
            Statistic.INPUT_SEQUENCE_VARIANCE, manager.create(variance),
            Statistic.INPUT_MEAN_SQUARE, manager.create(squares),
            Statistic.INPUT_GRAM, gram.get(Statistic.INPUT_GRAM).reshape(new Shape(n, n))),
        x.length);
  }
}
