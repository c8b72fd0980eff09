// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static org.assertj.core.api.Assertions.assertThat;
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
import java.util.Map;
import java.util.Random;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Worked cases of algorithms/post-training.md sections 4 and 9, and their order on random ones. */
class ReconstructionTest {

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
  void least_squares_on_two_of_four_is_that_of_the_specification() {
    Layer layer = Layerwise.w0(manager);
    Evidence evidence = Layerwise.gram(manager, Layerwise.x0());
    Solution swept =
        Pruner.of(SparseGpt.defaults()).with(Pattern.nm(2, 4)).solve(layer, evidence, 6, null);

    Solution found = new LeastSquares(0.01).rebuild(layer, swept, evidence);

    double[] expected = {
      1.345756, 0, 0, 0.129879, -0.795379, 0, 1.604811, 0, 0, 0, -0.537386, -0.962760
    };
    assertThat(found.masked().toDoubleArray()).containsExactly(expected, within(1e-6));
    RealMatrix h = Layerwise.hessian(Layerwise.x0(), 0.01);
    assertThat(Layerwise.loss(layer, found.masked(), h)).isCloseTo(0.330191, within(1e-6));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void least_squares_beat_the_sweep_which_beats_the_mask_alone(long seed) {
    Random random = new Random(seed);
    int in = 12 + random.nextInt(20);
    Layer layer = Fixtures.linear(manager, "w", 6, in, Layerwise.weights(random, 6 * in));
    double[][] x = Layerwise.inputs(random, 4 * in, in);
    Evidence evidence = Layerwise.gram(manager, x);
    RealMatrix h = Layerwise.hessian(x, 0.01);
    Mask mask = Pruner.of(new Magnitude()).solve(layer, Evidence.none(), 3L * in, null).mask();
    Solution plain = Layerwise.untouched(layer, mask);

    Solution swept = new ObsUpdate(0.01).rebuild(layer, plain, evidence);
    Solution solved = new LeastSquares(0.01).rebuild(layer, plain, evidence);

    double best = Layerwise.loss(layer, solved.masked(), h);
    double middle = Layerwise.loss(layer, swept.masked(), h);
    assertThat(best).isLessThan(middle + 1e-9);
    assertThat(middle).isLessThan(Layerwise.loss(layer, plain.masked(), h) + 1e-9);
    assertThat(solved.mask()).isEqualTo(mask);
    assertNoBetterNearby(layer, solved, h, best, random);
  }

  /** Any small change of kept weights must cost. */
  private void assertNoBetterNearby(
      Layer layer, Solution solved, RealMatrix h, double best, Random random) {
    double[] values = solved.masked().toDoubleArray();
    for (int trial = 0; trial < 20; trial++) {
      double[] moved = values.clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += solved.mask().get(i) ? 1e-3 * random.nextGaussian() : 0;
      }
      Shape shape = new Shape(layer.geometry().out(), layer.geometry().in());
      assertThat(Layerwise.loss(layer, manager.create(moved, shape), h)).isGreaterThan(best);
    }
  }

  @Test
  void a_sweep_after_its_own_mask_is_the_same_in_any_block_size() {
    Random random = new Random(5);
    Layer layer = Fixtures.linear(manager, "w", 4, 24, Layerwise.weights(random, 96));
    Evidence evidence = Layerwise.gram(manager, Layerwise.inputs(random, 80, 24));
    Solution swept = Pruner.of(new SparseGpt(0.01, 5)).solve(layer, evidence, 48, null);

    Solution again = new ObsUpdate(0.01).rebuild(layer, swept, evidence);

    assertThat(again.masked().toDoubleArray())
        .containsExactly(swept.masked().toDoubleArray(), within(1e-12));
  }

  @Test
  void bias_compensation_is_that_of_the_specification() {
    Layer layer = Layerwise.w0(manager);
    java.util.BitSet keep = new java.util.BitSet();
    for (int i = 0; i < 12; i++) {
      keep.set(i, i % 4 != 1);
    }
    Mask mask = Mask.of(layer.geometry(), Pattern.unstructured(), keep);
    double[] mean = {0.5, 0.7 / 6, 3.5 / 6, 2.5 / 6};
    Evidence evidence = Evidence.of(Map.of(Statistic.INPUT_MEAN, manager.create(mean)), 6);

    Solution found =
        new BiasCompensation().rebuild(layer, Layerwise.untouched(layer, mask), evidence);

    assertThat(found.biasChange().orElseThrow().toDoubleArray())
        .containsExactly(new double[] {-0.14, 0.046667, 0.058333}, within(1e-6));
  }
}
