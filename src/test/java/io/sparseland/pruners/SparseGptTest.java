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
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Scope;
import io.sparseland.core.Solution;
import io.sparseland.core.Statistic;
import java.util.BitSet;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The worked case of algorithms/post-training.md section 4, its invariants, and a slow twin. */
class SparseGptTest {

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
  void half_of_a_block_of_four_columns() {
    Solution found = solve(new SparseGpt(0.01, 4), Pattern.unstructured());

    assertThat(bits(found.mask())).isEqualTo("1011 0010 0011");
    assertWeights(found, 0.9, 0, 0.697610, 0.568197, 0, 0, 1.069471, 0, 0, 0, -0.537386, -0.962760);
    assertThat(loss(found)).isCloseTo(0.960050, within(1e-6));
  }

  @Test
  void half_of_each_block_of_two_columns() {
    Solution found = solve(new SparseGpt(0.01, 2), Pattern.unstructured());

    assertThat(bits(found.mask())).isEqualTo("1101 1010 0001");
    assertWeights(found, 0.9, -1.2, 0, 0.374491, -0.7, 0, 1.500797, 0, 0, 0, 0, -0.636099);
    assertThat(loss(found)).isCloseTo(0.812313, within(1e-6));
  }

  @Test
  void two_of_four() {
    Solution found = solve(SparseGpt.defaults(), Pattern.nm(2, 4));

    assertThat(bits(found.mask())).isEqualTo("1001 1010 0011");
    assertThat(found.mask().pattern()).isEqualTo(Pattern.nm(2, 4));
    assertWeights(found, 0.9, 0, 0, 0.144141, -0.7, 0, 1.500797, 0, 0, 0, -0.537386, -0.962760);
    assertThat(loss(found)).isCloseTo(0.630844, within(1e-6));
  }

  @Test
  void an_input_that_never_fires_loses_its_column() {
    double[][] x = Layerwise.x0();
    for (double[] row : x) {
      row[1] = 0;
    }

    Solution found =
        Pruner.of(new SparseGpt(0.01, 4))
            .solve(Layerwise.w0(manager), Layerwise.gram(manager, x), 6, null);

    assertWeights(found, 0.9, 0, 0.7, 0.8, -0.7, 0, 1.5, 0, 0, 0, 0, -0.732353);
  }

  @Test
  void the_first_number_of_a_pattern_is_what_stays() {
    Solution found =
        Pruner.of(SparseGpt.defaults())
            .with(Pattern.nm(1, 4))
            .solve(Layerwise.w0(manager), Layerwise.gram(manager, Layerwise.x0()), 3, null);

    assertThat(found.mask().kept()).isEqualTo(3);
    assertThat(found.mask().pattern()).isEqualTo(Pattern.nm(1, 4));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void equals_surgery_on_explicit_inverses_of_trailing_hessians(long seed) {
    Random random = new Random(seed);
    int out = 2 + random.nextInt(5);
    int in = 8 + random.nextInt(9);
    int block = 1 + random.nextInt(in + 2);
    double sparsity = random.nextDouble();
    Layer layer = Fixtures.linear(manager, "w", out, in, Layerwise.weights(random, out * in));
    double[][] x = Layerwise.inputs(random, 3 * in, in);
    RealMatrix h = Layerwise.hessian(x, 0.01);
    int pruned = (int) Math.floor(sparsity * out * in + 1e-9);
    int kept = out * in - pruned;

    Solution found =
        Pruner.of(new SparseGpt(0.01, block)).solve(layer, Layerwise.gram(manager, x), kept, null);

    double[] twin = Layerwise.doubles(layer);
    boolean[] stays = twin(twin, h, out, block, pruned);
    for (int i = 0; i < stays.length; i++) {
      assertThat(found.mask().get(i)).as("weight %d", i).isEqualTo(stays[i]);
    }
    assertThat(found.masked().toDoubleArray()).containsExactly(twin, within(1e-6));
    assertThat(found.mask().kept()).isEqualTo(kept);
  }

  /** Removes columns from the left, each time with the inverse of what is left of H. */
  private static boolean[] twin(double[] w, RealMatrix h, int out, int block, long toPrune) {
    int in = h.getRowDimension();
    boolean[] stays = new boolean[w.length];
    java.util.Arrays.fill(stays, true);
    for (int from = 0; from < in; from += block) {
      int to = Math.min(in, from + block);
      long count = toPrune * to / in - toPrune * from / in;
      double[] score = new double[w.length];
      for (int j = from; j < to; j++) {
        double first = inverse(h, j).getEntry(0, 0);
        for (int i = 0; i < out; i++) {
          score[i * in + j] = w[i * in + j] * w[i * in + j] / first;
        }
      }
      int start = from;
      IntStream.range(0, w.length)
          .filter(i -> i % in >= start && i % in < to)
          .boxed()
          .sorted(java.util.Comparator.comparingDouble(i -> score[i]))
          .limit(count)
          .forEach(i -> stays[i] = false);
      for (int j = from; j < to; j++) {
        RealMatrix inverse = inverse(h, j);
        for (int i = 0; i < out; i++) {
          if (!stays[i * in + j]) {
            double value = w[i * in + j];
            for (int k = j; k < in; k++) {
              w[i * in + k] -= value / inverse.getEntry(0, 0) * inverse.getEntry(0, k - j);
            }
            w[i * in + j] = 0;
          }
        }
      }
    }
    return stays;
  }

  private static RealMatrix inverse(RealMatrix h, int from) {
    int last = h.getRowDimension() - 1;
    return new LUDecomposition(h.getSubMatrix(from, last, from, last)).getSolver().getInverse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"unstructured", "2:4", "1:4", "4x1", "1x4", "4x4", "row", "channel"})
  void every_pattern_gets_its_exact_count(String pattern) {
    Random random = new Random(3);
    Layer layer = Fixtures.linear(manager, "w", 8, 40, Layerwise.weights(random, 320));
    Evidence evidence = Layerwise.gram(manager, Layerwise.inputs(random, 100, 40));
    Pattern wanted = Pattern.parse(pattern);
    long kept = wanted instanceof Pattern.NM nm ? 320L * nm.keep() / nm.group() : 160;

    Solution found =
        Pruner.of(new SparseGpt(0.01, 16)).with(wanted).solve(layer, evidence, kept, null);

    assertThat(found.mask().kept()).isEqualTo((int) kept);
    wanted.verify(found.mask());
  }

  @Test
  void rows_that_compete_within_themselves_lose_the_same_number() {
    Random random = new Random(4);
    Layer layer = Fixtures.linear(manager, "w", 5, 30, Layerwise.weights(random, 150));
    Evidence evidence = Layerwise.gram(manager, Layerwise.inputs(random, 100, 30));

    Mask mask =
        Pruner.of(new SparseGpt(0.01, 7))
            .within(Scope.ROW)
            .solve(layer, evidence, 150 - 5 * 11, null)
            .mask();

    for (int row = 0; row < 5; row++) {
      assertThat(mask.keptSet().get(row * 30, row * 30 + 30).cardinality()).isEqualTo(19);
    }
  }

  @Test
  void what_is_pruned_stays_pruned_and_the_count_is_exact() {
    Random random = new Random(5);
    Layer layer = Fixtures.linear(manager, "w", 6, 32, Layerwise.weights(random, 192));
    Evidence evidence = Layerwise.gram(manager, Layerwise.inputs(random, 100, 32));
    BitSet keep = new BitSet();
    keep.set(0, 192);
    IntStream.range(0, 40).forEach(i -> keep.clear(3 * i));
    Mask present = Mask.of(layer.geometry(), Pattern.unstructured(), keep);

    Mask mask = Pruner.of(new SparseGpt(0.01, 8)).solve(layer, evidence, 96, present).mask();

    assertThat(mask.kept()).isEqualTo(96);
    assertThat(mask.isSubsetOf(present)).isTrue();
  }

  @Test
  void without_correlation_it_is_layer_wide_wanda_without_an_update() {
    Random random = new Random(6);
    Layer layer = Fixtures.linear(manager, "w", 4, 16, Layerwise.weights(random, 64));
    double[] gram = new double[256];
    float[] squares = new float[16];
    for (int i = 0; i < 16; i++) {
      squares[i] = 1 + random.nextInt(4);
      gram[17 * i] = squares[i];
    }
    Evidence diagonal =
        Evidence.of(Map.of(Statistic.INPUT_GRAM, manager.create(gram, new Shape(16, 16))), 1);
    Evidence norms = Evidence.of(Map.of(Statistic.INPUT_MEAN_SQUARE, manager.create(squares)), 1);

    Solution found = Pruner.of(new SparseGpt(1e-9, 16)).solve(layer, diagonal, 32, null);

    Mask wanda = Pruner.of(new Wanda()).within(Scope.LAYER).solve(layer, norms, 32, null).mask();
    assertThat(found.mask()).isEqualTo(wanda);
    assertThat(found.masked().toDoubleArray())
        .containsExactly(Layerwise.untouched(layer, wanda).masked().toDoubleArray(), within(1e-12));
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-2, 1e-4, 1e-6})
  void a_later_twin_takes_over_the_weight_of_a_pruned_input(double damping) {
    Random random = new Random(7);
    double[][] x = Layerwise.inputs(random, 200, 4);
    for (double[] row : x) {
      row[3] = row[1];
    }
    Layer layer = Fixtures.linear(manager, "w", 1, 4, 5, -0.01f, 5, 0.4f);

    Solution found =
        Pruner.of(new SparseGpt(damping, 4)).solve(layer, Layerwise.gram(manager, x), 3, null);

    assertThat(bits(found.mask())).isEqualTo("1011");
    // the two equal inputs share what damping makes each of them cost: exact as it goes to 0
    assertThat(found.weight().toDoubleArray()[3]).isCloseTo(0.39, within(damping));
  }

  @Test
  void scaled_inputs_change_nothing() {
    double[][] x = Layerwise.x0();
    for (double[] row : x) {
      for (int i = 0; i < 4; i++) {
        row[i] *= 8;
      }
    }

    Solution found =
        Pruner.of(new SparseGpt(0.01, 4))
            .solve(Layerwise.w0(manager), Layerwise.gram(manager, x), 6, null);

    Solution plain = solve(new SparseGpt(0.01, 4), Pattern.unstructured());
    assertThat(found.mask()).isEqualTo(plain.mask());
    assertThat(found.masked().toDoubleArray())
        .containsExactly(plain.masked().toDoubleArray(), within(1e-12));
  }

  @Test
  void groups_of_a_convolution_are_problems_of_their_own() {
    Random random = new Random(8);
    Geometry g = Geometry.convolution(new Shape(4, 4, 1, 3), 2);
    float[] w = Layerwise.weights(random, 48);
    Layer both = Fixtures.layer(manager, "c", LayerType.CONVOLUTION, g, new Shape(4, 4, 1, 3), w);
    Evidence first = Layerwise.gram(manager, Layerwise.inputs(random, 60, 12));
    Evidence second = Layerwise.gram(manager, Layerwise.inputs(random, 60, 12));
    Evidence evidence =
        Evidence.of(
            Map.of(
                Statistic.INPUT_GRAM,
                first.get(Statistic.INPUT_GRAM).stack(second.get(Statistic.INPUT_GRAM))),
            60);
    Pruner pruner = Pruner.of(SparseGpt.defaults()).with(Pattern.nm(2, 4));

    double[] found = pruner.solve(both, evidence, 24, null).masked().toDoubleArray();

    Geometry half = Geometry.convolution(new Shape(2, 4, 1, 3), 1);
    for (int group = 0; group < 2; group++) {
      Layer alone =
          Fixtures.layer(
              manager,
              "c",
              LayerType.CONVOLUTION,
              half,
              new Shape(2, 4, 1, 3),
              java.util.Arrays.copyOfRange(w, group * 24, group * 24 + 24));
      Solution own = pruner.solve(alone, group == 0 ? first : second, 12, null);
      assertThat(java.util.Arrays.copyOfRange(found, group * 24, group * 24 + 24))
          .containsExactly(own.masked().toDoubleArray(), within(1e-12));
    }
  }

  @Test
  void a_singular_hessian_is_damped_more_and_told() {
    double[] gram = {
      1, 2, 2, 1
    }; // eigenvalues 3 and -1: no data gives it, any damping below 1 fails
    Evidence evidence =
        Evidence.of(Map.of(Statistic.INPUT_GRAM, manager.create(gram, new Shape(2, 2))), 7);
    Layer layer = Fixtures.linear(manager, "encoder.0", 1, 2, 1, 2);

    Solution found = Pruner.of(new SparseGpt(0.2, 2)).solve(layer, evidence, 1, null);

    assertThat(found.notes())
        .singleElement()
        .asString()
        .contains("layer encoder.0", "7 samples", "pivot 1", "damping raised to 2.0");
    assertThatThrownBy(() -> Pruner.of(new SparseGpt(1e-5, 2)).solve(layer, evidence, 1, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("layer encoder.0: the Hessian of 7 samples is singular at pivot 1");
  }

  private Solution solve(SparseGpt method, Pattern pattern) {
    return Pruner.of(method)
        .with(pattern)
        .solve(Layerwise.w0(manager), Layerwise.gram(manager, Layerwise.x0()), 6, null);
  }

  private double loss(Solution found) {
    return Layerwise.loss(
        Layerwise.w0(manager), found.masked(), Layerwise.hessian(Layerwise.x0(), 0.01));
  }

  private static void assertWeights(Solution found, double... expected) {
    assertThat(found.masked().toDoubleArray()).containsExactly(expected, within(1e-6));
  }
}
