// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Worked tables of algorithms/sparse-training.md section 4 and post-training.md section 2. */
class AllocationTest {

  private static final List<LayerShape> LENET =
      List.of(fc("1", 300, 784), fc("2", 100, 300), fc("3", 10, 100));
  private static final List<LayerShape> LENET5 =
      List.of(conv("1", 20, 1, 5), conv("2", 50, 20, 5), fc("3", 500, 800), fc("4", 10, 500));

  @Test
  void uniform_keeps_the_same_share_everywhere() {
    assertThat(Allocation.uniform().kept(LENET, 0.9)).containsExactly(23520, 3000, 100);
  }

  @ParameterizedTest
  @CsvSource({"0.9, 0.900377", "0.95, 0.950566"})
  void uniform_plus_keeps_a_fifth_of_the_head_and_the_total(double sparsity, double others) {
    long[] kept = Allocation.uniformPlus().kept(LENET, sparsity);

    assertThat(kept[2]).isEqualTo(200);
    assertThat(Arrays.stream(kept).sum()).isEqualTo(266_200 - Counts.pruned(sparsity, 266_200));
    assertThat(1 - kept[0] / 235_200.0).isCloseTo(others, within(1 / 235_200.0 + 5e-7));
    assertThat(1 - kept[1] / 30_000.0).isCloseTo(others, within(1 / 30_000.0 + 5e-7));
  }

  @Test
  void lamp_is_that_of_the_specification() {
    float[] w0 = Fixtures.w0();
    float[] v0 = {0.05f, -0.15f, 0.25f, 0.6f};
    for (float[] weights : List.of(w0, v0)) {
      for (int i = 0; i < weights.length; i++) {
        weights[i] = Math.abs(weights[i]);
      }
    }
    float[] expected = {
      .141856f, .390244f, .066849f, .100787f, .071637f, .019753f, 1, .004914f, .001227f, .031486f,
      .046814f, .246939f
    };

    assertThat(sharesInOrder(w0)).containsExactly(sorted(expected), within(1e-6f));
    assertThat(sharesInOrder(v0))
        .containsExactly(new float[] {.005587f, .050562f, .147929f, 1}, within(1e-6f));
    assertThat(Allocation.lamp().kept(List.of(fc("w", 3, 4), fc("v", 2, 2)), 0.5, List.of(w0, v0)))
        .containsExactly(6, 2);
  }

  private static float[] sharesInOrder(float[] scores) {
    float[] shares = sorted(scores);
    Lamp.share(shares);
    return shares;
  }

  private static float[] sorted(float[] values) {
    float[] copy = values.clone();
    Arrays.sort(copy);
    return copy;
  }

  @Test
  void global_counts_are_those_of_a_sort_of_everything() {
    Random random = new Random(9);
    for (int trial = 0; trial < 40; trial++) {
      float[] first = Fixtures.tied(random, 60); // few values, many ties
      float[] second = trial % 2 == 0 ? Fixtures.tied(random, 40) : first.clone();
      int count = random.nextInt(first.length + second.length + 1);
      record Place(float score, int layer, int index) {}
      List<Place> all = new ArrayList<>();
      for (int i = 0; i < first.length; i++) {
        all.add(new Place(first[i] + 0f, 0, i));
      }
      for (int i = 0; i < second.length; i++) {
        all.add(new Place(second[i] + 0f, 1, i));
      }
      all.sort(Comparator.comparingDouble(Place::score)); // stable: earlier ones first
      long ofFirst = all.subList(0, count).stream().filter(p -> p.layer() == 0).count();

      assertThat(Ranking.keptOfEach(List.of(first, second), count))
          .containsExactly(first.length - ofFirst, second.length - (count - ofFirst));
    }
  }

  @Test
  void numbers_of_every_kind_are_sorted() {
    Random random = new Random(8);
    float[] values = new float[5000];
    for (int i = 0; i < values.length; i++) {
      float any = Float.intBitsToFloat(random.nextInt());
      values[i] = Float.isNaN(any) || any == 0 ? random.nextInt(4) - 2 : any;
    }
    values[17] = Float.NEGATIVE_INFINITY;
    float[] expected = sorted(values);

    Ranking.sort(values);

    for (int i = 0; i < values.length; i++) { // == because -0 became 0
      assertThat(values[i] == expected[i]).as("place %d", i).isTrue();
    }
  }

  @Test
  void lamp_does_not_see_the_scale_of_a_layer_and_empties_none() {
    Random random = new Random(3);
    float[] small = new float[1000];
    float[] large = new float[200];
    for (int i = 0; i < 1000; i++) {
      small[i] = random.nextFloat();
      large[i % 200] = small[i] * 1024; // exact in fp32
    }
    float[] unscaled = large.clone();
    for (int i = 0; i < 200; i++) {
      unscaled[i] /= 1024;
    }
    List<LayerShape> layers = List.of(fc("a", 10, 100), fc("b", 10, 20));

    long[] kept = Allocation.lamp().kept(layers, 0.7, List.of(small, large));

    assertThat(kept).isEqualTo(Allocation.lamp().kept(layers, 0.7, List.of(small, unscaled)));
    assertThat(kept[0] + kept[1]).isEqualTo(1200 - 840);
    assertThat(Allocation.lamp().kept(layers, 1198 / 1200.0, List.of(small, large)))
        .containsExactly(1, 1);
  }

  @Test
  void owl_is_that_of_the_specification() {
    // outliers of 20, 0 and 40 % at sparsity 0.7 and spread 0.08: sparsities 0.70, 0.78, 0.62
    List<LayerShape> layers =
        List.of(
            fc("layers.0.query", 10, 10),
            fc("layers.1.query", 10, 10),
            fc("layers.2.query", 10, 10));
    List<float[]> scores = List.of(outliers(20), outliers(0), outliers(40));

    assertThat(new Owl(0.08, 2).kept(layers, 0.7, scores)).containsExactly(30, 22, 38);
  }

  @Test
  void owl_gives_layers_of_a_block_the_same_and_keeps_the_exact_total() {
    List<LayerShape> layers =
        List.of(fc("layers.0.a", 10, 10), fc("layers.0.b", 10, 30), fc("layers.1.a", 10, 10));
    List<float[]> scores = List.of(outliers(40), outliers(0, 300), outliers(0));

    long[] kept = new Owl(0.1, 2).kept(layers, 0.53, scores);

    assertThat(kept[0] + kept[1] + kept[2]).isEqualTo(500 - 265);
    assertThat(kept[1]).isCloseTo(3 * kept[0], within(3L));
    assertThat(kept[0]).isGreaterThan(kept[2]);
  }

  @Test
  void owl_without_differences_is_uniform() {
    List<LayerShape> layers = List.of(fc("0.a", 10, 10), fc("1.a", 10, 10));

    assertThat(Allocation.owl().kept(layers, 0.6, List.of(outliers(3), outliers(3))))
        .containsExactly(40, 40);
  }

  private static float[] outliers(int count) {
    return outliers(count, 100);
  }

  private static float[] outliers(int count, int size) {
    float[] scores = new float[size];
    Arrays.fill(scores, 0.001f);
    Arrays.fill(scores, 0, count, 1);
    return scores;
  }

  @Test
  void uniform_plus_leaves_the_first_convolution_dense_and_out_of_the_budget() {
    long[] kept = Allocation.uniformPlus().kept(LENET5, 0.9);

    assertThat(kept[0]).isEqualTo(500);
    assertThat(kept[3]).isEqualTo(1000);
    assertThat(kept[1] + kept[2] + kept[3]).isEqualTo(430_000 - 387_000);
  }

  @Test
  void uniform_plus_below_the_heads_limit_is_uniform() {
    assertThat(Allocation.uniformPlus().kept(LENET, 0.5)).containsExactly(117_600, 15_000, 500);
  }

  @Test
  void uniform_plus_refuses_a_budget_smaller_than_the_head() {
    assertThatThrownBy(
            () -> Allocation.uniformPlus().kept(List.of(fc("a", 2, 2), fc("b", 100, 100)), 0.99))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the last layer alone keeps 2000 weights");
  }

  @ParameterizedTest
  @CsvSource({
    "0.2, 35.202156, 0.162241, 0.469362, 1, 38159, 14081, 1000, 2",
    "0.1, 17.264151, 0.079568, 0.230189, 1, 18714, 6906, 1000, 2",
    "0.05, 8.350063, 0.038484, 0.111334, 0.918507, 9051, 3340, 919, 1",
    "0.02, 3.340025, 0.015394, 0.044534, 0.367403, 3621, 1336, 367, 1",
    "0.01, 1.670013, 0.007697, 0.022267, 0.183701, 1810, 668, 184, 1"
  })
  void erk_on_lenet_300_100(
      double density,
      double epsilon,
      double d1,
      double d2,
      double d3,
      long n1,
      long n2,
      long n3,
      int rounds) {
    ErdosRenyi.Solution solution = new ErdosRenyi(true, 1).solve(LENET, density);

    assertThat(solution.epsilon()).isCloseTo(epsilon, within(5e-7));
    assertThat(solution.rounds()).isEqualTo(rounds);
    assertThat(solution.densities().get(0)).isCloseTo(d1, within(5e-7));
    assertThat(solution.densities().get(1)).isCloseTo(d2, within(5e-7));
    assertThat(solution.densities().get(2)).isCloseTo(d3, within(5e-7));
    assertThat(Allocation.erk().kept(LENET, 1 - density)).containsExactly(n1, n2, n3);
    assertThat(Allocation.er().kept(LENET, 1 - density)).containsExactly(n1, n2, n3);
  }

  @ParameterizedTest
  @CsvSource({
    "true, 1, 27.210145, 500, 2177, 35373, 5000",
    "false, 1, 12.311475, 500, 21545, 16005, 5000",
    "true, 0.5, 1.659657, 207, 2347, 37846, 2650"
  })
  void lenet_5_at_density_one_tenth(
      boolean kernel, double power, double epsilon, long n1, long n2, long n3, long n4) {
    ErdosRenyi allocation = new ErdosRenyi(kernel, power);

    assertThat(allocation.solve(LENET5, 0.1).epsilon()).isCloseTo(epsilon, within(5e-7));
    assertThat(allocation.kept(LENET5, 0.9)).containsExactly(n1, n2, n3, n4);
  }

  @Test
  void capping_takes_two_rounds_for_three_squares() {
    List<LayerShape> squares = List.of(fc("a", 64, 64), fc("b", 8, 8), fc("c", 4, 4));

    ErdosRenyi.Solution solution = new ErdosRenyi(true, 1).solve(squares, 0.5);

    assertThat(solution.epsilon()).isCloseTo(15.6875, within(1e-12));
    assertThat(solution.densities().get(0)).isCloseTo(0.490234, within(5e-7));
    assertThat(solution.densities().subList(1, 3)).containsExactly(1.0, 1.0);
    assertThat(solution.rounds()).isEqualTo(3);
    assertThat(Allocation.erk().kept(squares, 0.5)).containsExactly(2008, 64, 16);
  }

  @Test
  void four_layers_of_the_pruning_specification() {
    List<LayerShape> layers =
        List.of(conv("a", 16, 3, 3), conv("b", 32, 16, 3), conv("c", 64, 32, 3), fc("d", 10, 64));

    ErdosRenyi.Solution solution = new ErdosRenyi(true, 1).solve(layers, 0.2);

    assertThat(solution.epsilon()).isCloseTo(24.041026, within(5e-7));
    assertThat(solution.densities().get(1)).isCloseTo(0.281731, within(5e-7));
    assertThat(solution.densities().get(2)).isCloseTo(0.133040, within(5e-7));
    assertThat(List.of(solution.densities().get(0), solution.densities().get(3)))
        .containsExactly(1.0, 1.0);
  }

  @Test
  void erdos_renyi_totals_are_exact_and_densities_follow_the_raw_scores() {
    Random random = new Random(7);
    for (int trial = 0; trial < 200; trial++) {
      List<LayerShape> layers = new ArrayList<>();
      for (int l = 0; l <= random.nextInt(8); l++) {
        layers.add(
            random.nextBoolean()
                ? fc("l" + l, 1 + random.nextInt(60), 1 + random.nextInt(60))
                : conv(
                    "l" + l,
                    1 + random.nextInt(20),
                    1 + random.nextInt(20),
                    1 + random.nextInt(5)));
      }
      double sparsity = random.nextDouble();
      long total = Allocation.total(layers);

      long[] kept = Allocation.erk().kept(layers, sparsity);
      List<Double> densities = new ErdosRenyi(true, 1).solve(layers, 1 - sparsity).densities();

      assertThat(Arrays.stream(kept).sum())
          .isEqualTo(total - (long) Math.floor(sparsity * total + 1e-9));
      for (int l = 0; l < kept.length; l++) {
        assertThat(kept[l]).isBetween(0L, (long) layers.get(l).size());
        assertThat(densities.get(l)).isGreaterThan(0).isLessThanOrEqualTo(1 + 1e-12);
        for (int k = 0; k < kept.length; k++) {
          if (raw(layers.get(l)) > raw(layers.get(k))) {
            assertThat(densities.get(l)).isGreaterThanOrEqualTo(densities.get(k));
          }
        }
      }
    }
  }

  @Test
  void power_zero_is_uniform() {
    assertThat(new ErdosRenyi(true, 0).solve(LENET5, 0.3).densities())
        .allSatisfy(density -> assertThat(density).isCloseTo(0.3, within(1e-12)));
  }

  @Test
  void all_or_nothing_is_all_or_nothing() {
    for (Allocation allocation : List.of(Allocation.uniform(), Allocation.er(), Allocation.erk())) {
      assertThat(allocation.kept(LENET, 0)).containsExactly(235_200, 30_000, 1000);
      assertThat(allocation.kept(LENET, 1)).containsExactly(0, 0, 0);
    }
  }

  @Test
  void fixed_takes_the_named_and_leaves_the_rest() {
    assertThat(Allocation.fixed(Map.of("2", 0.5)).kept(LENET, 0.9))
        .containsExactly(23520, 15_000, 100);
  }

  @Test
  void fixed_names_a_near_layer() {
    assertThatThrownBy(
            () ->
                Allocation.fixed(Map.of("linear.4", 0.5)).kept(List.of(fc("linear.1", 2, 2)), 0.9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no layer is called 'linear.4'; nearest: 'linear.1'");
  }

  @Test
  void global_prunes_the_earlier_layer_on_a_tie() {
    List<LayerShape> layers = List.of(fc("W0", 3, 4), fc("V0", 2, 2));
    float[] w0 = {.9f, 1.2f, .7f, .8f, .7f, .4f, 1.5f, .2f, .1f, .5f, .6f, 1.1f};
    float[] v0 = {.05f, .15f, .25f, .6f};

    assertThat(new Global(0).kept(layers, 0.5, List.of(w0, v0))).containsExactly(7, 1);
  }

  @Test
  void global_keeps_one_weight_of_the_faintest_layer() {
    List<LayerShape> layers = List.of(fc("loud", 1, 4), fc("faint", 1, 4));
    List<float[]> scores = List.of(new float[] {5, 6, 7, 8}, new float[] {1, 2, 3, 4});

    assertThat(new Global(0).kept(layers, 0.5, scores)).containsExactly(4, 0);
    assertThat(Allocation.global().kept(layers, 0.5, scores)).containsExactly(3, 1);
    assertThatThrownBy(() -> Allocation.global().kept(layers, 0.9, scores))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("prunes 7 of 8 weights, but 2 layers keep at least 1 each");
  }

  @Test
  void global_without_scores_says_so() {
    assertThatThrownBy(() -> Allocation.global().kept(LENET, 0.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("compares scores");
  }

  private static double raw(LayerShape layer) {
    Geometry g = layer.geometry();
    int kernel = layer.type() == LayerType.CONVOLUTION ? g.kernelH() + g.kernelW() : 0;
    return (double) (g.out() + g.channels() + kernel) / g.size();
  }

  private static LayerShape fc(String name, int out, int in) {
    return new LayerShape(name, LayerType.LINEAR, Geometry.linear(out, in));
  }

  private static LayerShape conv(String name, int out, int in, int kernel) {
    return new LayerShape(
        name, LayerType.CONVOLUTION, Geometry.convolution(new Shape(out, in, kernel, kernel), 1));
  }
}
