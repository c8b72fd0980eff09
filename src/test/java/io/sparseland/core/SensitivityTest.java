// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Tracer;
import io.sparseland.pruners.Magnitude;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Allocations by measured losses, and budgets in other units than weights. */
class SensitivityTest {

  private static final List<LayerShape> TWO = List.of(fc("a", 10, 10), fc("b", 10, 30));

  private static LayerShape fc(String name, int out, int in) {
    return new LayerShape(name, LayerType.LINEAR, Geometry.linear(out, in));
  }

  @Test
  void a_loss_goes_with_the_square_below_the_first_level_and_is_log_linear_above() {
    LossCurves curves = new LossCurves(List.of(0.4, 0.6, 0.8), Map.of());
    List<Double> curve = List.of(1.0, 4.0, 36.0);

    assertThat(curves.loss(curve, 0.2)).isCloseTo(0.25, within(1e-12));
    assertThat(curves.loss(curve, 0.4)).isCloseTo(1, within(1e-12));
    assertThat(curves.loss(curve, 0.5)).isCloseTo(2, within(1e-12));
    assertThat(curves.loss(curve, 0.7)).isCloseTo(12, within(1e-12));
  }

  @ParameterizedTest
  @CsvSource({"0.5, 1, 1", "0.5, 1, 8", "0.45, 3, 0.2", "0.6, 0.5, 0.5", "0.4, 1, 2"})
  void no_other_spread_of_the_weights_loses_less(double sparsity, double a, double b) {
    Map<String, List<Double>> losses =
        Map.of("a", List.of(a, 3 * a, 9.5 * a), "b", List.of(b, 2.5 * b, 7 * b));
    LossCurves curves = new LossCurves(List.of(0.4, 0.5, 0.6), losses);

    long[] kept = curves.kept(TWO, sparsity);

    assertThat(kept[0] + kept[1]).isEqualTo(400 - Counts.pruned(sparsity, 400));
    double found = loss(curves, losses, kept[0], kept[1]);
    for (long first = 40; first <= 60; first++) {
      long second = kept[0] + kept[1] - first;
      if (second >= 120 && second <= 180) { // inside the levels
        assertThat(found).isLessThanOrEqualTo(1.002 * loss(curves, losses, first, second));
      }
    }
  }

  private static double loss(LossCurves curves, Map<String, List<Double>> all, long a, long b) {
    return curves.loss(all.getOrDefault("a", List.of()), 1 - a / 100.0)
        + curves.loss(all.getOrDefault("b", List.of()), 1 - b / 300.0);
  }

  @Test
  void curves_that_do_not_fit_are_refused() {
    assertThatThrownBy(() -> new LossCurves(List.of(0.5), Map.of("a", List.of(Double.NaN))))
        .hasMessageContaining("losses of layer a");
    assertThatThrownBy(() -> new LossCurves(List.of(0.5), Map.of("a", List.of(1.0))).kept(TWO, 0.5))
        .hasMessage("layer b was not scanned");
  }

  @Test
  void a_scan_measures_each_layer_alone_and_puts_its_weights_back() {
    try (NDManager manager = NDManager.newBaseManager()) {
      manager.getEngine().setRandomSeed(3);
      Block block =
          new SequentialBlock()
              .add(Linear.builder().setUnits(8).build())
              .add(Linear.builder().setUnits(5).build());
      Shape shape = new Shape(7, 6);
      block.initialize(manager, DataType.FLOAT32, shape);
      Graph graph = Tracer.trace(block, shape);
      List<Layer> layers = Layers.of(graph);
      NDArray x = manager.randomNormal(shape);
      float[] first = Scores.weights(layers.get(0));
      float[] second = Scores.weights(layers.get(1));
      OneShot alone = new OneShot(Pruner.of(new Magnitude()), List.of(), Calibration.dense());

      LossCurves curves =
          new SensitivityScan(alone, SensitivityScan.Difference.DISTANCE)
              .curves(
                  graph,
                  block,
                  layers,
                  List.of(Calibrator.Batch.of(new NDList(x))),
                  new double[] {0.5, 1});

      assertThat(Scores.weights(layers.get(0))).isEqualTo(first);
      assertThat(Scores.weights(layers.get(1))).isEqualTo(second);
      // biases are 0: without its weights a layer gives nothing
      assertThat(curves.losses().values()).allSatisfy(c -> assertThat(c.get(1)).isEqualTo(1));
      // the second layer by hand: half of its weights gone
      NDArray hidden = x.matMul(manager.create(first, new Shape(8, 6)).transpose());
      NDArray dense = hidden.matMul(manager.create(second, new Shape(5, 8)).transpose());
      NDArray now = hidden.matMul(manager.create(halved(second), new Shape(5, 8)).transpose());
      double expected = dense.sub(now).square().sum().getFloat() / dense.square().sum().getFloat();
      assertThat(curves.losses().getOrDefault(layers.get(1).name(), List.of()).get(0))
          .isCloseTo(expected, within(1e-5));
    }
  }

  private static float[] halved(float[] weights) {
    float[] sorted = new float[weights.length];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = Math.abs(weights[i]);
    }
    Arrays.sort(sorted);
    float[] left = weights.clone();
    for (int i = 0; i < left.length; i++) {
      left[i] = Math.abs(left[i]) < sorted[left.length / 2] ? 0 : left[i];
    }
    return left;
  }

  @Test
  void the_divergence_is_that_of_the_probabilities_of_each_row() {
    try (NDManager manager = NDManager.newBaseManager()) {
      double log3 = Math.log(3);
      NDArray dense = manager.create(new float[] {0, 0, 5, 5}, new Shape(2, 2));
      NDArray pruned = manager.create(new float[] {0, (float) log3, 1, 1}, new Shape(2, 2));

      // row 1: halves against a quarter and three quarters; row 2: the same probabilities
      double nats = 0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.75);
      assertThat(SensitivityScan.Difference.DIVERGENCE.of(dense, pruned))
          .isCloseTo(nats / 2, within(1e-6));
    }
  }

  @Test
  void a_budget_of_multiplications_prunes_just_enough() {
    // dense 10 * 100 + 300 = 1300 uses, half are allowed; uniform: 1300 k / 400 <= 650
    Allocation budgeted = new Budgeted(Allocation.uniform(), Budget.FLOPS, Map.of("a", 10.0));

    assertThat(budgeted.kept(TWO, 0.5)).containsExactly(50, 150);

    // all weights of "b" (score 1) go before those of "a" (2): with 1 and 64 left it is 641, one
    // more of "a" would be 651
    Allocation global =
        new Budgeted(Allocation.global(), Budget.FLOPS, Map.of("a", 10.0, "b", 1.0));
    float[] high = new float[100];
    float[] low = new float[300];
    Arrays.fill(high, 2);
    Arrays.fill(low, 1);
    low[299] = 3; // every layer keeps one
    assertThat(global.kept(TWO, 0.5, List.of(high, low))).containsExactly(64, 1);
  }

  @Test
  void a_budget_of_bytes_counts_the_positions_of_what_is_kept() {
    // 400 weights of 4 bytes; 800 allowed, of which 50 are positions: 187.5 weights
    Allocation budgeted = new Budgeted(Allocation.uniform(), Budget.BYTES, Map.of());

    long[] kept = budgeted.kept(TWO, 0.5);

    assertThat(4 * (kept[0] + kept[1]) + 50).isLessThanOrEqualTo(800);
    assertThat(4 * (kept[0] + kept[1] + 1) + 50).isGreaterThan(796);
    assertThat(budgeted.kept(TWO, 0)).containsExactly(100, 300);
    assertThatThrownBy(() -> budgeted.kept(TWO, 0.99)).hasMessageContaining("BYTES cannot");
  }
}
